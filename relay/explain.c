/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides the message that a client would send and which of a packet's fields tell what. Runs the
 * real pipeline and decides nothing itself, so it cannot say other than what is done.
 */
#include "relay/explain.h"

#include "relay/data_source.h"
#include "relay/describe.h"
#include "relay/override.h"
#include "relay/relay.h"

#include "dhcpcodec/value.h"
#include "rules/explain.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <time.h>

enum { EXPLAIN_LINES = 2048 };

struct explain {
	struct offline *o;
	FILE *out;
	const struct packet *packet;
	bool response;
};

static void to_file(void *ctx, const char *text, size_t len)
{
	fwrite(text, 1, len, ctx);
}

/*
 * RFC 8415 11.2, 11.4: a DUID of type LLT (1) or LL (3) ends with a hardware address, behind its
 * type and, in LLT, a time. The id by which the other protocol would know the same machine, as far
 * as one follows from the other.
 */
static bool other_id(const struct packet *p, struct reg_id *ret)
{
	static const uint8_t ll[] = { 0, 3, 0, 1 };
	size_t head = p->id_len > 2 && p->id[1] == 1 ? 8 : 4;

	if (p->id_type == REG_HW_ADDR && p->id_len == 6) {
		*ret = (struct reg_id){ .type = REG_DUID, .len = sizeof(ll) + 6 };
		memcpy(ret->bytes, ll, sizeof(ll));
		memcpy(ret->bytes + sizeof(ll), p->id, 6);
		return true;
	}
	if (p->id_type != REG_DUID || p->id_len != head + 6 || p->id[0] != 0 ||
		(p->id[1] != 1 && p->id[1] != 3))
		return false;
	*ret = (struct reg_id){ .type = REG_HW_ADDR, .len = 6 };
	memcpy(ret->bytes, p->id + head, 6);
	return true;
}

/* Who is registered for one protocol alone is a stranger to the other, and wonders why. */
static void explain_other(const struct explain *x, const struct packet *p, const char *source)
{
	const struct reg_user *user;
	struct reg_id id;

	if (p->id == NULL || p->registry == NULL || !other_id(p, &id))
		return;
	user = registry_find(p->registry, id.type, id.bytes, id.len);
	if (user != NULL)
		fprintf(x->out, "            but the machine is known by its %s, on line %u of %s: DHCPv%d "
			"needs a line of its own\n", reg_id_type_name(id.type),
			registry_source_line(user), source, p->v6 ? 6 : 4);
}

static void explain_user(const struct explain *x, const struct packet *p)
{
	struct description d;
	char buf[256];
	const char *name = data_source_name(x->o->config, buf, sizeof(buf));

	describe(p, &d);
	fprintf(x->out, "client      %s\n", d.client);
	if (p->user != NULL)
		fprintf(x->out, "user        registered, %s:%u\n", name,
			registry_source_line(p->user));
	else if (override_user(p) != NULL)
		fprintf(x->out,
			"user        not registered; the default user of %s:%u gives its options\n",
			name, registry_source_line(override_user(p)));
	else
		fprintf(x->out, "user        not registered in %s\n", name);
	if (p->user == NULL)
		explain_other(x, p, name);
}

static void print_rule(void *ctx, const struct explained *e)
{
	const struct explain *x = ctx;
	const struct packet *p = x->packet;
	struct writer w = writer_begin(to_file, x->out);
	const struct rule *r = &p->policy->rules[e->rule];

	fprintf(x->out, "  rule %-4zu ", e->rule + 1);
	if (r->line > 0)
		fprintf(x->out, "(line %u) ", r->line);
	if (e->matched) {
		fprintf(x->out, "matches\n");
		return;
	}
	fprintf(x->out, "does not match: ");
	writer_open_inline(&w, NULL, '{');
	explain_test(p->policy, e->failed, &w);
	writer_close(&w, '{');
}

static void explain_rules(struct explain *x, const struct packet *p)
{
	struct facts f = packet_facts(p);

	fprintf(x->out, "rules       %zu, the first that matches decides%s\n",
		p->policy->rule_count,
		p->policy->default_rules ? " (the config has none: the default ones)" : "");
	policy_explain(p->policy, &f, print_rule, x);
	if (p->decision.rule == NULL)
		fprintf(x->out, "  none matches: the restricted subnet\n");
}

static void explain_subnet(const struct explain *x, const struct packet *p)
{
	static const char *const sources[] = {
		[SUBNET_BY_RULE] = "the rule says so",
		[SUBNET_BY_USER] = "an attribute of the user says so",
		[SUBNET_BY_DEFAULT] = "the rule names none",
		[SUBNET_BY_NO_RULE] = "no rule matches",
		[SUBNET_BY_UNKNOWN] = "the user's attribute names no subnet of the config",
	};
	const struct decision *d = &p->decision;
	char text[INET6_ADDRSTRLEN];

	fprintf(x->out, "subnet      %s: %s\n",
		d->subnet != NULL ? d->subnet->name : "the server's own choice, not the restricted one",
		sources[d->source]);
	if (d->max_lease > 0)
		fprintf(x->out, "max_lease   %u s\n", d->max_lease);
	if (d->drop || d->pass)
		fprintf(x->out, "packet      %s\n", d->drop ? "dropped" : "passed untouched");
	if (p->hinted == NULL)
		fprintf(x->out, "hint        none\n");
	else if (!p->v6 && d->hint == HINT_GIADDR && relay_giaddr(p) != NULL)
		fprintf(x->out, "hint        giaddr %s\n",
			inet_ntop(AF_INET, relay_giaddr(p), text, sizeof(text)));
	else if (p->v6)
		fprintf(x->out, "hint        link-address %s\n",
			inet_ntop(AF_INET6, p->hinted->hint6, text, sizeof(text)));
	else
		fprintf(x->out, "hint        %s%s%s %s\n",
			(d->hint & HINT_LINK_SELECTION) != 0 ? "82.5" : "",
			d->hint == HINT_BOTH ? " and " : "",
			(d->hint & HINT_SUBNET_SELECTION) != 0 ? "118" : "",
			inet_ntop(AF_INET, p->hinted->hint4, text, sizeof(text)));
}

/* Relay mode: who would be asked now, when none of them is known to be down. */
static void explain_upstreams(const struct explain *x, const struct packet *p)
{
	static const char *const ways[] = {
		[CHOOSE_ALL] = "all are asked",
		[CHOOSE_FIRST] = "one is asked, the first that answers,",
		[CHOOSE_HASH] = "one is asked, by the client's id,",
	};
	const struct upstreams *s = &p->policy->upstreams;
	const char *before = "";

	if (!p->policy->treat.relay.on)
		return;
	fprintf(x->out, "upstreams   ");
	for (size_t i = 0; i < s->count; i++) {
		const struct upstream *u = &s->all[i];
		char text[INET6_ADDRSTRLEN];

		if ((p->upstreams >> i & 1) == 0)
			continue;
		if (p->v6 && u->multicast[0] != '\0')
			fprintf(x->out, "%s%s (multicast on %s)", before, u->name, u->multicast);
		else
			fprintf(x->out, "%s%s (%s)", before, u->name,
				inet_ntop(p->v6 ? AF_INET6 : AF_INET,
					p->v6 ? (const void *)u->addresses6[0] : u->addresses4[0],
					text, sizeof(text)));
		before = ", ";
	}
	fprintf(x->out, "%s; %s%s\n", *before == '\0' ? "none" : "",
		ways[p->policy->treat.relay.choose],
		p->decision.upstreams != 0 ? " of those that the rule names" : "");
}

static void print_option(const struct explain *x, const struct dhcp_option_def *def,
	const char *how, const uint8_t *bytes, size_t len)
{
	char name[128], value[EXPLAIN_LINES], hex[EXPLAIN_LINES];

	dhcp_option_name(def, name, sizeof(name));
	if (dhcp_value_decode(def, bytes, len, value, sizeof(value)) != DHCP_OK)
		value[0] = '\0';
	if (dhcp_value_hex(bytes, len, hex, sizeof(hex)) != DHCP_OK)
		snprintf(hex, sizeof(hex), "%zu bytes", len);
	fprintf(x->out, "  %-8s%3u%s %s = %s  [%s]\n", how, def->code,
		def->suboption != 0 ? "*" : "", name, value, hex);
}

static void print_known(const struct explain *x, const struct reg_user *user, enum reg_attr attr,
	const char *what)
{
	char safe[EXPLAIN_LINES];
	const char *val;
	size_t len;

	if (!registry_known(user, attr, &val, &len))
		return;
	log_escape(safe, sizeof(safe), val, len);
	fprintf(x->out, "  set     %s = %s  (%s)\n", reg_attr_name(attr), safe, what);
}

static void explain_options(const struct explain *x, const struct packet *p)
{
	static const char *const hows[] = {
		[OPTION_REMOVE] = "remove",
		[OPTION_DEFAULT] = "default",
		[OPTION_SET] = "set",
	};
	struct override_iter it = override_begin(p);
	const struct reg_user *user = override_user(p);
	struct override o;

	fprintf(x->out, "options     %s\n",
		override_any(p) ? "put into the answer:" : "as the server sends them");
	while (override_next(&it, &o)) {
		const struct dhcp_option_def *row =
			dhcp_option_by_code(p->v6 ? 6 : 4, o.code);
		struct dhcp_option_def def = { .family = p->v6 ? 6 : 4, .code = o.code };

		if (row != NULL && o.suboption == 0)
			def = *row;
		def.suboption = o.suboption;
		def.enterprise = o.enterprise;
		print_option(x, &def, hows[o.how], o.bytes, o.len);
	}
	if (user == NULL)
		return;
	print_known(x, user, REG_ATTR_BOOTFILE,
		p->v6 ? "vendor option 17, enterprise 4491, suboption 33" : "option 67 and file");
	print_known(x, user, REG_ATTR_TFTP_SERVER,
		p->v6 ? "vendor option 17, enterprise 4491, suboption 32" : "option 66");
}

/* The options of a message as it leaves. */
static void explain_response(const struct explain *x, const struct packet *p)
{
	struct dhcp4_view v4;
	struct dhcp6_view v6;
	struct description d;
	const uint8_t *msg = p->slot->edited ? p->slot->out + p->frame.pay_off : packet_msg(p);
	size_t len = p->slot->edited ? p->slot->out_len - p->frame.pay_off : p->frame.pay_len;
	struct tlv_iter it = tlv_begin(NULL, 0);
	struct tlv t;

	describe(p, &d);
	fprintf(x->out, "\nresponse    %s: %s, %s%s%s\n", d.message, d.verdict, d.why,
		d.detail[0] != '\0' ? "; " : "", d.detail);
	if (p->slot->verdict == SLOT_DROP || p->type == 0)
		return;
	if (p->v6 && dhcp6_view_init(&v6, msg, len) == DHCP_OK)
		it = dhcp6_inner(&v6);
	else if (!p->v6 && dhcp4_view_init(&v4, msg, len) == DHCP_OK)
		it = tlv_begin(msg + DHCP4_OPTIONS, v4.end - DHCP4_OPTIONS);
	while (tlv_next(p->v6 ? &TLV_DHCP6 : &TLV_DHCP4, &it, &t)) {
		struct dhcp_option_def def = { .family = p->v6 ? 6 : 4, .code = t.code };
		const struct dhcp_option_def *row = dhcp_option_by_code(def.family, t.code);

		print_option(x, row != NULL ? row : &def, "", t.val, t.len);
	}
}

static void on_packet(void *ctx, const struct packet *p)
{
	struct explain *x = ctx;

	x->packet = p;
	if (x->response) {
		explain_response(x, p);
		return;
	}
	explain_user(x, p);
	explain_rules(x, p);
	explain_subnet(x, p);
	explain_upstreams(x, p);
	explain_options(x, p);
}

/* An envelope around a DHCP message: from a client to everybody, or from a server to it. */
static size_t envelope(uint8_t *pkt, bool v6, bool response, const uint8_t *msg, size_t len)
{
	static const uint8_t link_local[16] = { 0xfe, 0x80, [15] = 1 };
	static const uint8_t all_servers[16] = { 0xff, 2, [13] = 1, [15] = 2 };
	size_t udp = v6 ? 40 : 20;
	struct frame f = { .family = v6 ? 6 : 4, .udp_off = udp, .pay_off = udp + 8 };

	memset(pkt, 0, udp + 8);
	pkt[0] = v6 ? 0x60 : 0x45;
	pkt[v6 ? 6 : 9] = 17;
	pkt[v6 ? 7 : 8] = 64;
	f.src_off = v6 ? 8 : 12;
	f.dst_off = v6 ? 24 : 16;
	if (v6) {
		memcpy(pkt + 8, link_local, 16);
		memcpy(pkt + 24, response ? link_local : all_servers, 16);
	} else {
		memset(pkt + 16, 0xff, 4);
	}
	/* A Relay-reply goes to the server's port as it would to our relay layer. */
	be16_put(pkt + udp, v6 ? (response ? 547 : 546) : (response ? 67 : 68));
	be16_put(pkt + udp + 2, v6 ? (response && msg[0] != DHCPV6_RELAY_REPL ? 546 : 547)
				   : (response ? 68 : 67));
	memcpy(pkt + udp + 8, msg, len);
	return frame_seal(&f, pkt, len);
}

static size_t make_query(const struct reg_id *id, uint8_t *msg)
{
	static const uint8_t discover[] = { 99, 130, 83, 99, DHO_MESSAGE_TYPE, 1, DHCPDISCOVER, 255 };

	memset(msg, 0, DHCP4_MIN_LEN);
	if (id->type == REG_DUID) {
		msg[0] = DHCPV6_SOLICIT;
		be16_put(msg + 4, D6O_CLIENTID);
		be16_put(msg + 6, id->len);
		memcpy(msg + 8, id->bytes, id->len);
		return 8U + id->len;
	}
	msg[DHCP4_OP] = BOOTREQUEST;
	msg[DHCP4_HTYPE] = 1;
	msg[DHCP4_HLEN] = id->len;
	memcpy(msg + DHCP4_CHADDR, id->bytes, id->len < 16 ? id->len : 16);
	memcpy(msg + DHCP4_COOKIE, discover, sizeof(discover));
	return DHCP4_MIN_LEN;
}

size_t explain_hex(const char *text, uint8_t *out, size_t cap)
{
	size_t n = 0;
	int high = -1;

	for (; *text != '\0'; text++) {
		int digit = isdigit((unsigned char)*text) ? *text - '0' : (*text | 32) - 'a' + 10;

		if (*text == ':' || *text == ' ')
			continue;
		if (!isxdigit((unsigned char)*text) || n == cap)
			return 0;
		if (high < 0) {
			high = digit;
			continue;
		}
		out[n++] = (uint8_t)(high << 4 | digit);
		high = -1;
	}
	return high < 0 ? n : 0;
}

static void run(struct explain *x, bool v6, const uint8_t *msg, size_t len)
{
	uint8_t pkt[EXPLAIN_MESSAGE + 64];
	size_t n = envelope(pkt, v6, x->response, msg, len);

	offline_run(x->o, pkt, n, n, (int64_t)time(NULL) * 1000000000);
}

bool explain_id(const char *text, struct reg_id *ret, char *why, size_t cap)
{
	char reason[REG_WHY], safe[256];

	log_escape(safe, sizeof(safe), text, strlen(text));
	if (reg_id_parse_any(text, strlen(text), ret, reason) != REG_OK) {
		snprintf(why, cap, "\"%s\": %s", safe, reason);
		return false;
	}
	if (ret->type == REG_DUID ||
		(ret->type == REG_HW_ADDR && ret->len <= DHCP4_CHADDR_LEN))
		return true;
	snprintf(why, cap, "\"%s\": expected a hardware address of at most 16 bytes or a DUID",
		safe);
	return false;
}

void explain(struct offline *o, const struct reg_id *id, const uint8_t *message, size_t len,
	FILE *out)
{
	struct explain x = { .o = o, .out = out };
	uint8_t query[EXPLAIN_MESSAGE];

	o->pipeline.trace = on_packet;
	o->pipeline.ctx = &x;
	run(&x, id->type == REG_DUID, query, make_query(id, query));
	if (len == 0)
		return;
	x.response = true;
	run(&x, id->type == REG_DUID, message, len);
}
