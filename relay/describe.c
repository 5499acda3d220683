/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides which of a packet's fields are set at which of its ends. Reads only; prints nothing. Not on
 * the packet path unless somebody listens.
 */
#include "relay/describe.h"

#include "dhcpcodec/message.h"

#include <arpa/inet.h>
#include <stdio.h>

static void describe_client(const struct packet *p, char *out, size_t cap)
{
	size_t n;

	if (p->id == NULL) {
		snprintf(out, cap, "-");
		return;
	}
	n = (size_t)snprintf(out, cap, "%s=", reg_id_type_name(p->id_type));
	for (size_t i = 0; i < p->id_len && n + 3 < cap; i++)
		n += (size_t)snprintf(out + n, cap - n, "%02x", p->id[i]);
}

/* Only where the rules were asked. */
static void describe_decision(const struct packet *p, char *out, size_t cap)
{
	const struct decision *d = &p->decision;
	const char *subnet = d->subnet != NULL ? d->subnet->name : "server's choice";
	const char *registered = p->user != NULL ? "registered" : "unregistered";

	if (d->rule == NULL && d->subnet == NULL)
		snprintf(out, cap, "-");
	else if (d->rule == NULL)
		snprintf(out, cap, "%s, subnet %s, no rule", registered, subnet);
	else
		snprintf(out, cap, "%s, subnet %s, rule %u", registered, subnet,
			(unsigned)d->rule_index + 1);
}

static void describe_addresses6(const struct packet *p, char *out, size_t cap)
{
	struct dhcp6_walk w =
		dhcp6_walk(p->editing ? dhcp6_edit_inner(&p->edit6) : dhcp6_inner(&p->view6));
	char text[INET6_ADDRSTRLEN];
	struct dhcp6_lease l;
	size_t n = 0;

	while (dhcp6_walk_next(&w, &l)) {
		if (n + sizeof(text) + 40 > cap)
			return;
		inet_ntop(AF_INET6, l.addr, text, sizeof(text));
		n += (size_t)snprintf(
			out + n, cap - n, "%s%s", n > 0 ? ", " : "address ", text);
		if (l.is_prefix)
			n += (size_t)snprintf(out + n, cap - n, "/%u", l.prefix_len);
		n += (size_t)snprintf(out + n, cap - n, " for %u s", l.valid);
	}
}

static void describe_detail(const struct packet *p, char *out, size_t cap)
{
	const uint8_t *yiaddr = packet_msg(p) + DHCP4_YIADDR;
	char text[INET_ADDRSTRLEN];

	out[0] = '\0';
	if (p->cause != CAUSE_rewritten && p->cause != CAUSE_untouched &&
		p->cause != CAUSE_wrong_subnet && p->cause != CAUSE_moved &&
		p->cause != CAUSE_relayed)
		return;
	if (!p->response && p->hinted != NULL)
		snprintf(out, cap, "hint %s", p->hinted->name);
	else if (p->response && p->v6)
		describe_addresses6(p, out, cap);
	else if (p->response && !p->v6 && be32_get(yiaddr) != 0)
		snprintf(out, cap, "address %s for %u s",
			inet_ntop(AF_INET, yiaddr, text, sizeof(text)), p->sent);
}

void describe(const struct packet *p, struct description *ret)
{
	const char *message = p->v6 ? dhcp6_message_name(p->type) : dhcp4_message_name(p->type);

	ret->direction = p->type == 0 ? "-" : p->response ? "response" : "query";
	ret->message = message != NULL ? message : "-";
	ret->verdict = p->slot->send_count > 0 ? (p->refused ? "answered" : "relayed")
		: p->slot->verdict == SLOT_DROP ? "dropped"
		: p->slot->edited                    ? "edited"
						     : "untouched";
	ret->cause = cause_name(p->cause);
	ret->why = cause_text(p->cause);
	describe_client(p, ret->client, sizeof(ret->client));
	describe_decision(p, ret->decision, sizeof(ret->decision));
	describe_detail(p, ret->detail, sizeof(ret->detail));
}
