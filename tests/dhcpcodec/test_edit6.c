/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dhcpcodec/edit6.h"
#include "tests/build.h"
#include "tests/guard.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { POISON = 0xa5, CAP = 1500 };

static struct build msg; /* of the test that runs: each has a process of its own */

/*
 * `depth` relay layers, each with an Interface-ID before and a Remote-ID behind the relayed
 * message.
 */
static void build_nested(unsigned depth, uint8_t type, const char *options)
{
	size_t opened[DHCP6_LAYERS];

	msg.len = 0;
	for (unsigned i = 0; i < depth; i++) {
		size_t id;

		build_relay6(&msg, DHCPV6_RELAY_REPL, (uint8_t)(depth - i - 1), (uint8_t)i, 1);
		id = build_open(&msg, D6O_INTERFACE_ID);
		build_hex(&msg, "6966");
		build_close(&msg, id);
		opened[i] = build_open(&msg, D6O_RELAY_MSG);
	}
	build_dhcp6(&msg, type);
	build_hex(&msg, options);
	while (depth-- > 0) {
		size_t id;

		build_close(&msg, opened[depth]);
		id = build_open(&msg, D6O_REMOTE_ID);
		build_hex(&msg, "0000000972");
		build_close(&msg, id);
	}
}

struct open {
	struct dhcp6_edit e;
	uint8_t *p;
	size_t cap;
};

static void open_msg(struct open *o, size_t cap)
{
	uint8_t *original = guard_copy(msg.b, msg.len);
	struct dhcp6_view v;

	cr_assert_eq(dhcp6_view_init(&v, original, msg.len), DHCP_OK);
	o->p = guard_copy(NULL, cap);
	o->cap = cap;
	memset(o->p, POISON, cap);
	memcpy(o->p, original, msg.len < cap ? msg.len : cap);
	dhcp6_edit_init(&o->e, &v, o->p, cap);
	guard_free(original, msg.len);
}

static void close_msg(struct open *o)
{
	guard_free(o->p, o->cap);
}

/* "set 12 616263; del 82; vendor 4491 33 78; create 4491 33 78; unset 4491 33" */
static void run(struct open *o, const char *script)
{
	static uint8_t val[70000];
	char word[16], hex[1024];
	long code, enterprise;
	int used;

	for (; *script != '\0'; script += used + (int)strspn(script + used, "; ")) {
		const uint8_t *p;
		bool vendor;
		size_t len;

		code = enterprise = 0;
		hex[0] = '\0';
		cr_assert_geq(sscanf(script, "%15[a-z]%n", word, &used), 1, "%s", script);
		vendor = strcmp(word, "vendor") == 0 || strcmp(word, "create") == 0 ||
			strcmp(word, "unset") == 0;
		if (vendor) {
			int more = 0;

			cr_assert_eq(sscanf(script + used, " %ld%n", &enterprise, &more), 1);
			used += more;
		}
		script += used;
		used = 0;
		sscanf(script, " %ld%n %1023[0-9a-fx]%n", &code, &used, hex, &used);
		if (hex[0] == 'x')
			memset(val, 'x', len = strtoul(hex + 1, NULL, 10));
		else
			len = hex_read(hex, val, sizeof(val));
		p = len > 0 || vendor ? val : NULL;
		if (strcmp(word, "set") == 0)
			dhcp6_edit_set(&o->e, (uint16_t)code, p, len);
		else if (strcmp(word, "del") == 0)
			dhcp6_edit_del(&o->e, (uint16_t)code);
		else if (strcmp(word, "limit") == 0)
			dhcp6_edit_limit(&o->e, (size_t)code);
		else if (strcmp(word, "unset") == 0)
			dhcp6_edit_vendor(&o->e, (uint32_t)enterprise, (uint16_t)code, NULL, 0, true);
		else if (vendor)
			dhcp6_edit_vendor(&o->e, (uint32_t)enterprise, (uint16_t)code, p, len,
				strcmp(word, "create") == 0);
		else
			cr_assert(false, "unknown word in %s", script);
	}
}

/*
 * Every length that encloses the innermost message must be right, and the layers' own options kept.
 */
static const char *finish(struct open *o, unsigned depth, size_t *ret_len)
{
	struct dhcp6_view v;
	struct tlv t;

	cr_assert_eq(dhcp6_edit_finish(&o->e, ret_len), DHCP_OK);
	cr_assert(*ret_len <= o->cap);
	cr_assert_null(memchr(o->p, POISON, *ret_len), "nothing of the buffer is in the message");
	cr_assert_eq(dhcp6_view_init(&v, o->p, *ret_len), DHCP_OK);
	cr_assert_eq(v.depth, depth);
	for (unsigned i = 0; i < depth; i++) {
		cr_assert_eq(v.layers[i].relay_msg, o->e.relay_msg[i]);
		cr_assert(dhcp6_layer_get(&v, i, D6O_INTERFACE_ID, &t) && t.len == 2);
		cr_assert(dhcp6_layer_get(&v, i, D6O_REMOTE_ID, &t) && t.len == 5);
		cr_assert_eq(t.val + t.len, o->p + v.layers[i].end);
	}
	cr_assert_eq(v.inner, o->e.inner);
	cr_assert_eq(v.inner_len, o->e.inner_len);
	return show6(o->p + v.inner, v.inner_len);
}

static const struct {
	const char *options, *script, *expected;
} rows[] = {
	{ "", "", "7" },
	{ "0001 0003 000301", "", "7 1=000301" },
	/* set: same length, longer, shorter, empty, not there yet, one in the place of many */
	{ "0007 0001 01 0017 0000", "set 7 02", "7 7=02 23=" },
	{ "0007 0001 01 0017 0000", "set 7 020304", "7 7=020304 23=" },
	{ "0007 0003 010203 0017 0000", "set 7 02", "7 7=02 23=" },
	{ "0007 0003 010203 0017 0000", "set 7", "7 7= 23=" },
	{ "0017 0000", "set 7 01", "7 23= 7=01" },
	{ "", "set 7 01; set 59 61", "7 7=01 59=61" },
	{ "0007 0000 0017 0001 78 0007 0001 01", "set 7 0203", "7 7=0203 23=78" },
	{ "0007 0000 0017 0001 78 0007 0001 01", "set 7 0203040506", "7 7=0203040506 23=78" },
	{ "0017 0001 78 0007 0001 01 0007 0001 02", "set 7", "7 23=78 7=" },
	{ "", "set 65535 61", "7 65535=61" },
	/* del: none, first, many, all */
	{ "0017 0000", "del 7", "7 23=" },
	{ "000c 0010 20010db8000000000000000000000001 0017 0000", "del 12", "7 23=" },
	{ "0007 0001 01 0017 0001 78 0007 0000 0018 0000 0007 0001 02", "del 7", "7 23=78 24=" },
	{ "0007 0001 01 0007 0000", "del 7", "7" },
	/* vendor options: replace, add, of several enterprises, create, remove */
	{ "0011 0009 0000118b 0021 0001 78 0017 0000", "vendor 4491 33 797a",
	  "7 17=0000118b00210002797a 23=" },
	{ "0011 000a 0000118b 0063 0002 6b6b 0017 0000", "vendor 4491 33 79",
	  "7 17=0000118b006300026b6b0021000179 23=" },
	{ "0011 0009 00000009 0021 0001 78 0011 0004 0000118b", "vendor 4491 33 79",
	  "7 17=000000090021000178 17=0000118b0021000179" },
	{ "0011 0009 00000009 0021 0001 78", "vendor 4491 33 79", "7 17=000000090021000178" },
	{ "0011 0009 00000009 0021 0001 78", "create 4491 33 79",
	  "7 17=000000090021000178 17=0000118b0021000179" },
	{ "", "create 4491 33 79; create 4491 32", "7 17=0000118b002100017900200000" },
	{ "", "create 4491 33 79; unset 4491 33", "7 17=0000118b" },
	{ "", "unset 4491 33", "7" },
	{ "0011 000e 0000118b 0021 0001 78 0063 0001 6b", "unset 4491 33", "7 17=0000118b006300016b" },
	{ "0011 0004 0000118b", "unset 4491 33", "7 17=0000118b" },
	/* a sub-option given twice is set once */
	{ "0011 0013 0000118b 0021 0001 78 0063 0001 6b 0021 0001 7a", "vendor 4491 33 79",
	  "7 17=0000118b0021000179006300016b" },
	/* in whichever of several options of the enterprise; one with nothing left goes */
	{ "0011 0009 0000118b 0021 0001 78 0017 0000 0011 000e 0000118b 0021 0001 7a 0063 0001 6b",
	  "vendor 4491 33 79", "7 17=0000118b0021000179 23= 17=0000118b006300016b" },
	{ "0011 0009 0000118b 0063 0001 78 0011 0009 0000118b 0021 0001 7a 0017 0000",
	  "vendor 4491 33 79", "7 17=0000118b00630001780021000179 23=" },
	{ "0011 0004 0000118b 0011 0009 0000118b 0021 0001 7a 0011 0009 00000009 0021 0001 78",
	  "unset 4491 33", "7 17=0000118b 17=000000090021000178" },
	{ "0011 0004 0000118b 0011 0004 0000118b 0017 0000", "unset 4491 33",
	  "7 17=0000118b 17=0000118b 23=" },
	/* too short to have an enterprise: nobody's */
	{ "0011 0002 1234", "create 4491 33 79", "7 17=1234 17=0000118b0021000179" },
	/* IAs are values like others */
	{ "0003 000c 00000001 00000e10 00001518 0017 0000", "set 23 78; set 59 61",
	  "7 3=0000000100000e1000001518 23=78 59=61" },
};

Test(edit6, tables_at_every_depth)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (unsigned depth = 0; depth <= DHCP6_LAYERS; depth++) {
			struct open o;
			size_t len;

			build_nested(depth, DHCPV6_REPLY, rows[i].options);
			open_msg(&o, CAP);
			run(&o, rows[i].script);
			cr_assert_str_eq(finish(&o, depth, &len), rows[i].expected, "row %zu: %s", i,
				show6(o.p, len));
			close_msg(&o);
		}
	}
}

static const struct {
	const char *options, *script; /* of messages with room for exactly eight more bytes */
	enum dhcp_err err;
} limits[] = {
	{ "", "set 7 01020304", DHCP_OK },
	{ "", "set 7 0102030405", DHCP_E_NOSPACE },
	{ "0007 0001 01", "set 7 010203040506070809", DHCP_OK },
	{ "0007 0001 01", "set 7 01020304050607080910", DHCP_E_NOSPACE },
	{ "0007 0001 01", "del 7; set 23 010203040506070809", DHCP_OK },
	{ "", "set 7 x65536", DHCP_E_RANGE },
	{ "", "set 7 x65535", DHCP_E_NOSPACE },
	{ "0011 0004 0000118b", "vendor 4491 33 01020304", DHCP_OK },
	{ "0011 0004 0000118b", "vendor 4491 33 0102030405", DHCP_E_NOSPACE },
	{ "", "create 4491 33", DHCP_E_NOSPACE },
	{ "0007 0000", "del 7; create 4491 33", DHCP_OK },
	{ "0007 0000", "del 7; create 4491 33 01", DHCP_E_NOSPACE },
	{ "", "limit 0; set 7", DHCP_E_NOSPACE },
	{ "", "limit 65535; set 7 0102030405", DHCP_E_NOSPACE },
	/* a message that is over the limit already may change and shrink, not grow */
	{ "0007 0001 01", "limit 0; set 7 02", DHCP_OK },
	{ "0007 0001 01", "limit 0; set 7", DHCP_OK },
	{ "0007 0000 0007 0001 01", "limit 0; set 7 0203040506", DHCP_OK },
	{ "0007 0001 01", "limit 0; set 7 0203", DHCP_E_NOSPACE },
	{ "0011 0009 0000118b 0021 0001 78", "limit 0; vendor 4491 33 79", DHCP_OK },
	{ "0011 0004 0000118b 0011 0009 0000118b 0021 0001 78", "limit 0; vendor 4491 33 79", DHCP_OK },
	{ "0011 0004 0000118b 0011 0009 0000118b 0021 0001 78", "limit 0; vendor 4491 33 7979",
	  DHCP_E_NOSPACE },
	/* the first error sticks */
	{ "0017 0000", "set 7 x9; del 23; set 8; vendor 4491 33 79; set 7 x65536", DHCP_E_NOSPACE },
};

Test(edit6, space)
{
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		struct open o;
		size_t len = 77;
		uint8_t before[400];

		build_nested(2, DHCPV6_REPLY, limits[i].options);
		open_msg(&o, msg.len + 8);
		memcpy(before, o.p, o.cap);
		run(&o, limits[i].script);
		if (limits[i].err == DHCP_OK) {
			finish(&o, 2, &len);
		} else if (strncmp(limits[i].script, "del", 3) == 0) {
			cr_assert_eq(dhcp6_edit_finish(&o.e, &len), limits[i].err);
		} else {
			cr_assert_eq(dhcp6_edit_finish(&o.e, &len), limits[i].err, "row %zu", i);
			cr_assert_eq(len, 77);
			cr_assert_eq(dhcp6_edit_room(&o.e), 0);
			cr_assert_eq(memcmp(o.p, before, o.cap), 0, "row %zu: as it was", i);
			/* So a caller may forgive the error and go on. */
			o.e.err = DHCP_OK;
			finish(&o, 2, &len);
			cr_assert_eq(len, msg.len);
		}
		close_msg(&o);
	}
}

Test(edit6, init_without_room)
{
	struct open o;
	size_t len;

	build_nested(1, DHCPV6_REPLY, "");
	open_msg(&o, msg.len - 1);
	cr_assert_eq(dhcp6_edit_finish(&o.e, &len), DHCP_E_NOSPACE);
	close_msg(&o);
	open_msg(&o, msg.len);
	finish(&o, 1, &len);
	cr_assert_eq(len, msg.len);
	close_msg(&o);
}

static const struct {
	const char *options;
	bool create;
	const uint8_t *val;
	enum dhcp_err err;
} vendors[] = {
	{ "", false, (const uint8_t *)"x", DHCP_E_ABSENT },
	{ "", true, NULL, DHCP_E_ABSENT },
	{ "0011 0005 0000118b 00", true, (const uint8_t *)"x", DHCP_E_OPTLEN },
	{ "0011 0008 0000118b 0021 0001", true, (const uint8_t *)"x", DHCP_E_OPTLEN },
	{ "0011 0008 0000118b 0021 0001", true, NULL, DHCP_E_OPTLEN },
	{ "0011 0004 0000118b 0011 0005 0000118b 00", true, (const uint8_t *)"x", DHCP_E_OPTLEN },
	{ "0011 0005 00000009 00", true, (const uint8_t *)"x", DHCP_OK },
};

Test(edit6, vendor_errors_change_nothing_and_do_not_stick)
{
	for (size_t i = 0; i < sizeof(vendors) / sizeof(vendors[0]); i++) {
		struct open o;
		size_t len;

		build_nested(1, DHCPV6_REPLY, vendors[i].options);
		open_msg(&o, CAP);
		cr_assert_eq(dhcp6_edit_vendor(&o.e, 4491, 33, vendors[i].val, 1, vendors[i].create),
			vendors[i].err, "row %zu", i);
		finish(&o, 1, &len);
		if (vendors[i].err != DHCP_OK)
			cr_assert(len == msg.len && memcmp(o.p, msg.b, len) == 0);
		close_msg(&o);
	}
}

Test(edit6, iterated_places_are_writable)
{
	struct tlv_iter it, sub;
	struct dhcp6_lease lease;
	struct dhcp6_ia ia;
	struct open o;
	size_t len;

	build_nested(2, DHCPV6_REPLY,
		"0003 0028 00000001 00000e10 00001518"
		"0005 0018 20010db8000000000000000000000099 00000e10 00001c20");
	open_msg(&o, CAP);
	it = dhcp6_edit_inner(&o.e);
	cr_assert(dhcp6_next_ia(&it, &ia));
	sub = dhcp6_ia_begin(&ia);
	cr_assert(dhcp6_next_lease(&sub, &lease));
	be32_put(dhcp6_edit_at(&o.e, lease.times), 300);
	be32_put(dhcp6_edit_at(&o.e, lease.times) + 4, 301);
	cr_assert_str_eq(finish(&o, 2, &len),
		"7 3=0000000100000e10000015180005001820010db8000000000000000000000099"
		"0000012c0000012d");
	close_msg(&o);
}

/* Leases with the last digit that is given, 24 bytes and 25 (RFC 8415 21.6, 21.22). */
#define ADDRESS(digit) "0005 0018 20010db800000000000000000000000" digit " 00000e10 00001c20"
#define PREFIX(digit) "001a 0019 00000e10 00001c20 38 20010db8000" digit "00000000000000000000"
#define IAID "00000001 00000e10 00001518"

static const struct {
	const char *options;
	unsigned number; /* of the lease that is cut, in the message's order */
	const char *left;
} cuts[] = {
	/* the only one takes its IA with it */
	{ "0003 0028" IAID ADDRESS("1") "0017 0000", 0, "0017 0000" },
	{ "0019 0029" IAID PREFIX("1"), 0, "" },
	/* nothing but leases holds an IA: a status code does not */
	{ "0003 002e" IAID "000d 0002 0000" ADDRESS("1"), 0, "" },
	/* one of several: the first, the middle one, the last */
	{ "0003 0060" IAID ADDRESS("1") ADDRESS("2") ADDRESS("3"), 0, "0003 0044" IAID ADDRESS("2") ADDRESS("3") },
	{ "0003 0060" IAID ADDRESS("1") ADDRESS("2") ADDRESS("3"), 1, "0003 0044" IAID ADDRESS("1") ADDRESS("3") },
	{ "0003 0060" IAID ADDRESS("1") ADDRESS("2") ADDRESS("3"), 2, "0003 0044" IAID ADDRESS("1") ADDRESS("2") },
	{ "0019 0046" IAID PREFIX("1") PREFIX("2") "0017 0000", 1, "0019 0029" IAID PREFIX("1") "0017 0000" },
	/* another IA's leases are not company */
	{ "0003 0028" IAID ADDRESS("1") "0003 0028" IAID ADDRESS("2"), 1, "0003 0028" IAID ADDRESS("1") },
	{ "0003 0028" IAID ADDRESS("1") "0019 0046" IAID PREFIX("1") PREFIX("2"), 1,
	  "0003 0028" IAID ADDRESS("1") "0019 0029" IAID PREFIX("2") },
	/* IA_TA has no times */
	{ "0004 003c 00000001" ADDRESS("1") ADDRESS("2"), 0, "0004 0020 00000001" ADDRESS("2") },
};

static void cut(struct open *o, unsigned number)
{
	struct tlv_iter it = dhcp6_edit_inner(&o->e), sub;
	struct dhcp6_lease lease;
	struct dhcp6_ia ia;

	while (dhcp6_next_ia(&it, &ia)) {
		for (sub = dhcp6_ia_begin(&ia); dhcp6_next_lease(&sub, &lease); number--) {
			if (number == 0) {
				dhcp6_edit_cut_lease(&o->e, &ia, &lease);
				return;
			}
		}
	}
	cr_assert(false, "the row has so many leases");
}

Test(edit6, cut_leases_at_every_depth)
{
	for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
		for (unsigned depth = 0; depth <= DHCP6_LAYERS; depth++) {
			struct open o;
			size_t len;

			build_nested(depth, DHCPV6_RELEASE, cuts[i].options);
			open_msg(&o, msg.len);
			cut(&o, cuts[i].number);
			finish(&o, depth, &len);
			build_nested(depth, DHCPV6_RELEASE, cuts[i].left);
			cr_assert(len == msg.len && memcmp(o.p, msg.b, len) == 0, "row %zu", i);
			close_msg(&o);
		}
	}
}

Test(edit6, cuts_nothing_behind_an_error)
{
	struct open o;
	size_t len;

	build_nested(1, DHCPV6_RELEASE, cuts[0].options);
	open_msg(&o, msg.len);
	run(&o, "set 7 01");
	cut(&o, 0);
	cr_assert_eq(dhcp6_edit_finish(&o.e, &len), DHCP_E_NOSPACE);
	cr_assert_eq(memcmp(o.p, msg.b, msg.len), 0);
	close_msg(&o);
}

static const struct {
	struct dhcp6_wrap w;
	const char *expected;
} wraps[] = {
	{ { .interface_id = (const uint8_t *)"", .interface_id_len = 0 }, "12/0 18= > 1 14=" },
	{ { .hops = 8, .interface_id = (const uint8_t *)"ab", .interface_id_len = 2 },
	  "12/8 18=6162 > 1 14=" },
	{ { .hops = 1, .interface_id = (const uint8_t *)"ab", .interface_id_len = 2,
		  .mac = (const uint8_t *)"\2\0\0\0\0\x0a", .mac_len = 6, .mac_type = 1 },
	  "12/1 18=6162 79=000102000000000a > 1 14=" },
	{ { .interface_id = (const uint8_t *)"i", .interface_id_len = 1,
		  .mac = (const uint8_t *)"", .mac_len = 0, .mac_type = 0x1234 },
	  "12/0 18=69 79=1234 > 1 14=" },
	{ { .interface_id = (const uint8_t *)"i", .interface_id_len = 1, .port = 1234 },
	  "12/0 18=69 135=04d2 > 1 14=" },
	{ { .interface_id = (const uint8_t *)"", .mac = (const uint8_t *)"m", .mac_len = 1,
		  .mac_type = 1, .port = 65535 },
	  "12/0 18= 79=00016d 135=ffff > 1 14=" },
};

Test(edit6, wrap)
{
	static const uint8_t peer[16] = "\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\x0b";
	static const uint8_t link[16] = "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01";

	for (size_t i = 0; i < 2 * sizeof(wraps) / sizeof(wraps[0]); i++) {
		struct dhcp6_wrap w = wraps[i / 2].w;
		size_t size = dhcp6_wrap_size(&w);
		struct dhcp6_view v;
		uint8_t *p;

		msg.len = 0;
		build_dhcp6(&msg, DHCPV6_SOLICIT);
		build_hex(&msg, "000e 0000");
		p = guard_copy(NULL, size + msg.len);
		memset(p, POISON, size);
		memcpy(p + size, msg.b, msg.len);
		w.peer = peer;
		w.link = i % 2 == 0 ? NULL : link;
		dhcp6_wrap_put(&w, p, msg.len);
		cr_assert_str_eq(show6(p, size + msg.len), wraps[i / 2].expected);
		cr_assert_null(memchr(p, POISON, size));
		cr_assert_eq(dhcp6_view_init(&v, p, size + msg.len), DHCP_OK);
		cr_assert_eq(v.inner, size);
		cr_assert_eq(memcmp(p + DHCP6_PEER, peer, 16), 0);
		if (w.link == NULL)
			cr_assert(bytes_zero(p + DHCP6_LINK, 16));
		else
			cr_assert_eq(memcmp(p + DHCP6_LINK, link, 16), 0);
		guard_free(p, size + msg.len);
	}
}

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* 64 KB of empty options and of empty vendor sub-options, nine layers down. */
Test(edit6, nothing_is_quadratic)
{
	static char options[140000];
	static const uint8_t val[60000];
	double best = 1e9;
	char *at = options;

	at += sprintf(at, "0011 7d04 0000118b");
	for (int i = 0; i < 4000; i++)
		at += sprintf(at, "00210000 00220000");
	for (int i = 0; i < 3900; i++)
		at += sprintf(at, "00070000 00080000");
	for (int round = 0; round < 3; round++) {
		struct dhcp6_view v;
		struct open o;
		double start;
		size_t len;

		build_nested(DHCP6_LAYERS, DHCPV6_REPLY, options);
		open_msg(&o, 65535);
		start = seconds();
		cr_assert_eq(dhcp6_view_init(&v, msg.b, msg.len), DHCP_OK);
		cr_assert_eq(dhcp6_edit_vendor(&o.e, 4491, 33, val, 1, false), DHCP_OK);
		cr_assert_eq(dhcp6_edit_vendor(&o.e, 4491, 34, NULL, 0, false), DHCP_OK);
		dhcp6_edit_del(&o.e, 7);
		dhcp6_edit_set(&o.e, 8, val, 45000);
		dhcp6_edit_set(&o.e, 8, NULL, 0);
		cr_assert_eq(dhcp6_edit_finish(&o.e, &len), DHCP_OK);
		best = seconds() - start < best ? seconds() - start : best;
		cr_assert_str_eq(finish(&o, DHCP6_LAYERS, &len), "7 17=0000118b0021000100 8=");
		close_msg(&o);
	}
	cr_assert_lt(best, 0.03, "%f s", best);
}
