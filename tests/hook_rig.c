/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hides where the libraries were built, and how a query and its answer follow each other. */
#include "tests/hook_rig.h"

#include "tests/answer.h"
#include "tests/build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { IP4 = 28, IP6 = 48 };

static void die(const char *what, const char *why)
{
	fprintf(stderr, "%s: %s\n", what, why);
	exit(1);
}

const char *hook_path(const char *name)
{
	static char path[4][2300];
	static int turn;
	char exe[2048];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	char *ret = path[turn++ % 4];

	exe[n > 0 ? n : 0] = '\0';
	*strrchr(exe, '/') = '\0';
	snprintf(ret, sizeof(path[0]), "%s/%s.so", exe, name);
	return ret;
}

struct hook_rig *hook_rig_new(const char *libraries, const char *more_config, const char *registry)
{
	static char text[16384];
	struct hook_rig *r = calloc(1, sizeof(*r));
	char why[HOOK_WHY];

	snprintf(text, sizeof(text),
		"{ \"subnets\": ["
		" { \"name\": \"open\", \"prefixes\": [ \"172.16.0.0/24\", \"2001:db8:1::/64\" ] },"
		" { \"name\": \"second\", \"prefixes\": [ \"172.17.0.0/24\", \"2001:db8:2::/64\" ] },"
		" { \"name\": \"restricted\", \"prefixes\": [ \"172.18.0.0/24\", \"2001:db8:3::/64\" ],"
		" \"max_lease\": 300 } ],"
		" \"rules\": [ { \"subnet\": \"open\" } ],"
		" \"hooks_libraries\": [ %s ]%s }", libraries, more_config);
	r->rig = rig_new(text, registry);
	if (hooks_load(r->rig->config, 1, NULL, &r->rig->config->hooks, why) != 0)
		die("the libraries are refused", why);
	r->rig->snapshot.hooks = r->rig->config->hooks;
	r->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r->rig->pipeline.board = &r->board;
	r->rig->pipeline.wake = r->wake;
	return r;
}

void hook_rig_free(struct hook_rig *r)
{
	rig_free(r->rig);
	close(r->wake);
	free(r);
}

static size_t put_fns(char *text, size_t cap, const struct hook_fn *fns, bool before)
{
	size_t n = (size_t)snprintf(text, cap, "\"%s\": {", before ? "before" : "after");
	const char *comma = "";

	for (; fns->point != NULL; fns++) {
		void *at;

		if ((fns->point[0] == '!') != before)
			continue;
		memcpy(&at, &fns->fn, sizeof(at));
		n += (size_t)snprintf(text + n, cap - n, "%s \"%s\": \"%p\"", comma,
			fns->point + before, at);
		comma = ",";
	}
	return n + (size_t)snprintf(text + n, cap - n, " }, ");
}

usher_destroy_fn *hook_destroy;

const char *hook_call(const struct hook_fn *fns, size_t context, struct usher_library **self)
{
	static char all[4][4096];
	static int turn;
	char *text = all[turn++ % 4];
	size_t n = (size_t)snprintf(text, sizeof(all[0]), "{ \"library\": \"%s\", \"parameters\": { ",
		hook_path("test-hooks/call"));
	void *destroy;

	n += put_fns(text + n, sizeof(all[0]) - n, fns, false);
	n += put_fns(text + n, sizeof(all[0]) - n, fns, true);
	memcpy(&destroy, &hook_destroy, sizeof(destroy));
	snprintf(text + n, sizeof(all[0]) - n,
		"\"self\": \"%p\", \"context\": %zu, \"destroy\": \"%p\" } }", (void *)self, context,
		destroy);
	return text;
}

static void set_xid(const struct hook_rig *r, uint8_t *last)
{
	if (r->xid != 0)
		*last = r->xid;
}

static const struct slot *run(struct hook_rig *r, const uint8_t *ip, size_t len, enum side side)
{
	struct rig_packet p = { .bytes = ip, .len = len, .side = side };
	const struct slot *s;

	r->rig->batch->slots[0].park = 0;
	s = rig_run(r->rig, &p);
	if (side != SIDE_CLIENT)
		return s;
	r->query_len = s->edited ? s->out_len : len;
	memcpy(r->query, s->edited ? s->out : ip, r->query_len);
	return s;
}

const struct slot *hook_query4(struct hook_rig *r, const char *options, uint32_t ciaddr)
{
	static struct build msg, ip;

	msg.len = ip.len = 0;
	build_message4(&msg, 1, options);
	set_xid(r, &msg.b[7]);
	for (int i = 0; i < 4; i++)
		msg.b[12 + i] = (uint8_t)(ciaddr >> (24 - 8 * i));
	build_pad(&msg, 300);
	build_ip4(&ip, "", 68, 67, msg.b, msg.len);
	return run(r, ip.b, ip.len, SIDE_CLIENT);
}

/* Sums are made anew by way of the builder. */
const struct slot *hook_answer4(struct hook_rig *r, uint8_t type)
{
	static struct build ip;
	uint8_t out[ANSWER_MAX];
	size_t len = answer4(r->query, r->query_len, ECHO_VERBATIM, SIZE_MAX, out);

	for (size_t i = IP4 + 240; i + 2 < len && out[i] != 255; i += 2 + (size_t)out[i + 1])
		if (out[i] == 53)
			out[i + 2] = type;
	set_xid(r, &out[IP4 + 7]);
	ip.len = 0;
	build_ip4(&ip, "", 67, 68, out + IP4, len - IP4);
	return run(r, ip.b, ip.len, SIDE_SERVER);
}

static const char client_id[] = "0001000a 00030001 02000000000a";

const struct slot *hook_query6(struct hook_rig *r, uint8_t type, const char *options)
{
	static struct build msg, ip;

	msg.len = ip.len = 0;
	build_dhcp6(&msg, type);
	set_xid(r, &msg.b[3]);
	build_hex(&msg, client_id);
	build_hex(&msg, options);
	build_ip6(&ip, 17, "", 546, 547, msg.b, msg.len);
	return run(r, ip.b, ip.len, SIDE_CLIENT);
}

/* The Interface-ID of the layer that usher has put around the last query. */
static const uint8_t *interface_id(const struct hook_rig *r, size_t *ret_len)
{
	for (size_t i = IP6 + 34; i + 4 <= r->query_len;) {
		size_t code = (size_t)r->query[i] << 8 | r->query[i + 1];
		size_t len = (size_t)r->query[i + 2] << 8 | r->query[i + 3];

		if (code == 18) {
			*ret_len = len;
			return r->query + i + 4;
		}
		i += 4 + len;
	}
	return NULL;
}

const struct slot *hook_answer6(struct hook_rig *r, uint8_t type, const char *options)
{
	static struct build msg, ip;
	bool wrapped = r->query_len > IP6 && r->query[IP6] == 12;
	size_t len = 0, at[2] = { 0, 0 };
	const uint8_t *id = wrapped ? interface_id(r, &len) : NULL;

	msg.len = ip.len = 0;
	if (wrapped) {
		build_bytes(&msg, r->query + IP6, 34);
		msg.b[0] = 13;
		at[0] = build_open(&msg, 18);
		build_bytes(&msg, id, len);
		build_close(&msg, at[0]);
		at[1] = build_open(&msg, 9);
	}
	build_dhcp6(&msg, type);
	set_xid(r, &msg.b[msg.len - 1]);
	build_hex(&msg, client_id);
	build_hex(&msg, "0002000a 00030001 020000000001");
	build_hex(&msg, options);
	if (wrapped)
		build_close(&msg, at[1]);
	build_ip6(&ip, 17, "", 547, wrapped ? 547 : 546, msg.b, msg.len);
	return run(r, ip.b, ip.len, SIDE_SERVER);
}

const char *hook_shown(const struct slot *s)
{
	const uint8_t *ip = s->edited ? s->out : s->raw + s->in_off;
	size_t len = s->edited ? s->out_len : s->in_len;

	if (s->verdict != SLOT_ACCEPT)
		return s->verdict == SLOT_PARK ? "parked" : "dropped";
	if (ip[0] >> 4 == 6)
		return show6(ip + IP6, len - IP6);
	return show4(ip + IP4, len - IP4);
}
