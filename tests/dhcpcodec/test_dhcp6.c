/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dhcpcodec/dhcp6.h"
#include "tests/build.h"
#include "tests/corpus.h"
#include "tests/guard.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct build msg; /* of the test that runs: each has a process of its own */

#define ADDR1 "20010db8000000000000000000000001"
#define ADDR2 "20010db8000000000000000000000002"

static const struct {
	const char *message;
	enum dhcp_err err;
} rows[] = {
	{ "", DHCP_E_SHORT },
	{ "01", DHCP_E_SHORT },
	{ "010203", DHCP_E_SHORT },
	{ "01010203", DHCP_OK },
	{ "00010203", DHCP_OK },
	{ "ff010203", DHCP_OK },
	/* bounds */
	{ "01010203 00", DHCP_E_OPTLEN },
	{ "01010203 0008 00", DHCP_E_OPTLEN },
	{ "01010203 0008 0001", DHCP_E_OPTLEN },
	{ "01010203 0008 ffff 0000", DHCP_E_OPTLEN },
	{ "01010203 0008 0002 0000", DHCP_OK },
	{ "01010203 0008 0002 0000 0000", DHCP_E_OPTLEN },
	{ "14010203 0008 0003 0000", DHCP_E_OPTLEN },
	/* client identifier: 3 to 130 bytes, once */
	{ "01010203 0001 0000", DHCP_E_DUID },
	{ "01010203 0001 0002 0001", DHCP_E_DUID },
	{ "01010203 0001 0003 000100", DHCP_OK },
	{ "01010203 0001 0003 000100 0001 0003 000100", DHCP_E_DUID },
	{ "01010203 0001 0003 000100 0008 0000 0001 0003 000100", DHCP_E_DUID },
	/* a server's is not ours to judge */
	{ "01010203 0002 0000 0002 0000", DHCP_OK },
	/* identity associations and what is in them */
	{ "01010203 0003 000b 0000000100000000 000000", DHCP_E_OPTSIZE },
	{ "01010203 0003 000c 000000010000000000000000", DHCP_OK },
	{ "01010203 0003 000d 000000010000000000000000 00", DHCP_E_OPTLEN },
	{ "01010203 0019 000b 0000000100000000 000000", DHCP_E_OPTSIZE },
	{ "01010203 0004 0003 000000", DHCP_E_OPTSIZE },
	{ "01010203 0004 0004 00000001", DHCP_OK },
	{ "01010203 0004 0008 00000001 0000 0000", DHCP_OK },
	{ "01010203 0004 0008 00000001 0005 0000", DHCP_E_OPTSIZE },
	{ "01010203 0004 001f 00000001 0005 0017 " ADDR1 "00000000000000", DHCP_E_OPTSIZE },
	{ "01010203 0004 0020 00000001 0005 0018 " ADDR1 "0000000000000000", DHCP_OK },
	{ "01010203 0004 0020 00000001 0005 0019 " ADDR1 "0000000000000000", DHCP_E_OPTLEN },
	{ "01010203 0004 0020 00000001 001a 0018 " ADDR1 "0000000000000000", DHCP_E_OPTSIZE },
	{ "01010203 0004 0021 00000001 001a 0019 0000000000000000 40" ADDR1, DHCP_OK },
	{ "01010203 0004 0022 00000001 001a 001a 0000000000000000 40" ADDR1 "00", DHCP_E_OPTLEN },
	{ "01010203 0004 0025 00000001 0005 001d " ADDR1 "0000000000000000 000d 0001 00", DHCP_E_OPTSIZE },
	{ "01010203 0004 0026 00000001 0005 001e " ADDR1 "0000000000000000 000d 0002 0000", DHCP_OK },
	{ "01010203 0004 0009 00000001 000d 0001 00", DHCP_E_OPTSIZE },
	{ "01010203 0004 000a 00000001 000d 0002 0006", DHCP_OK },
	/* what has no place there is not read */
	{ "01010203 0004 0008 00000001 0003 0000", DHCP_OK },
	{ "01010203 0005 0000", DHCP_OK },
	/* status and authentication */
	{ "07010203 000d 0001 00", DHCP_E_OPTSIZE },
	{ "07010203 000d 0002 0000", DHCP_OK },
	{ "07010203 000b 000a 03010000000000000000", DHCP_E_OPTSIZE },
	{ "07010203 000b 000b 0301000000000000000000", DHCP_OK },
};

Test(dhcp6, view)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct dhcp6_view v = { .len = 77 };
		uint8_t *p;

		msg.len = 0;
		build_hex(&msg, rows[i].message);
		p = guard_copy(msg.b, msg.len);
		cr_assert_eq(dhcp6_view_init(&v, p, msg.len), rows[i].err, "%s", rows[i].message);
		if (rows[i].err != DHCP_OK) {
			cr_assert_eq(v.len, 77, "ret is untouched on error");
		} else {
			cr_assert(v.depth == 0 && v.inner == 0 && v.inner_len == msg.len);
			cr_assert(v.type == msg.b[0] && v.outer_type == msg.b[0]);
		}
		guard_free(p, msg.len);
	}
}

Test(dhcp6, client_identifier_of_130_bytes_and_one_more)
{
	for (size_t n = 129; n <= 131; n++) {
		struct dhcp6_view v;
		size_t opened;
		uint8_t *p;

		msg.len = 0;
		build_dhcp6(&msg, DHCPV6_SOLICIT);
		opened = build_open(&msg, D6O_CLIENTID);
		build_fill(&msg, 1, n);
		build_close(&msg, opened);
		p = guard_copy(msg.b, msg.len);
		cr_assert_eq(dhcp6_view_init(&v, p, msg.len), n > 130 ? DHCP_E_DUID : DHCP_OK);
		guard_free(p, msg.len);
	}
}

#define RELAY12 "0c00 " ADDR1 ADDR2
#define RELAY13 "0d00 " ADDR1 ADDR2

static const struct {
	const char *message;
	enum dhcp_err err;
} relays[] = {
	{ "0c00 " ADDR1 "20010db80000000000000000000000", DHCP_E_SHORT },
	{ "0c000000", DHCP_E_SHORT },
	{ RELAY12, DHCP_E_RELAY },
	{ RELAY12 "0012 0001 61", DHCP_E_RELAY },
	{ RELAY12 "0009 0004 01010203", DHCP_OK },
	{ RELAY12 "0009 0004 01010203 0012 0001 61", DHCP_OK },
	{ RELAY12 "0012 0001 61 0009 0004 01010203", DHCP_OK },
	{ RELAY13 "0009 0004 02010203", DHCP_OK },
	{ RELAY12 "0009 0004 01010203 0009 0004 01010203", DHCP_E_RELAY },
	{ RELAY12 "0009 0000", DHCP_E_SHORT },
	{ RELAY12 "0009 0003 010102", DHCP_E_SHORT },
	{ RELAY12 "0009 0005 01010203", DHCP_E_OPTLEN },
	{ RELAY12 "0009 0004 01010203 00", DHCP_E_OPTLEN },
	{ RELAY12 "0009 0004 01010203 0012 0002 61", DHCP_E_OPTLEN },
	{ RELAY12 "0009 0005 01010203 00", DHCP_E_OPTLEN },
	{ RELAY12 "0009 0008 01010203 0001 0000", DHCP_E_DUID },
	/* nested: both ways at once, or cut inside */
	{ RELAY12 "0009 002a " RELAY12 "0009 0004 01010203", DHCP_OK },
	{ RELAY12 "0009 002a " RELAY13 "0009 0004 02010203", DHCP_E_RELAY },
	{ RELAY12 "0009 0004 0c010203", DHCP_E_SHORT },
	{ RELAY12 "0009 0022 " RELAY12, DHCP_E_RELAY },
	{ RELAY12 "0009 002a " RELAY12 "0009 0005 01010203", DHCP_E_OPTLEN },
};

Test(dhcp6, relay_layers)
{
	for (size_t i = 0; i < sizeof(relays) / sizeof(relays[0]); i++) {
		struct dhcp6_view v;
		uint8_t *p;

		msg.len = 0;
		build_hex(&msg, relays[i].message);
		p = guard_copy(msg.b, msg.len);
		cr_assert_eq(dhcp6_view_init(&v, p, msg.len), relays[i].err, "%s",
			relays[i].message);
		guard_free(p, msg.len);
	}
}

/*
 * Layers with an option before and one behind the relayed message; the layer's number is in them.
 */
static void build_nested(unsigned depth)
{
	size_t opened[16], id;

	msg.len = 0;
	for (unsigned i = 0; i < depth; i++) {
		build_relay6(&msg, DHCPV6_RELAY_FORW, (uint8_t)(depth - 1 - i), (uint8_t)i, 1);
		id = build_open(&msg, D6O_INTERFACE_ID);
		build_fill(&msg, (uint8_t)i, 1);
		build_close(&msg, id);
		opened[i] = build_open(&msg, D6O_RELAY_MSG);
	}
	build_dhcp6(&msg, DHCPV6_SOLICIT);
	build_hex(&msg, "0001 0003 000301 000e 0000");
	for (unsigned i = depth; i-- > 0;) {
		build_close(&msg, opened[i]);
		id = build_open(&msg, D6O_SUBSCRIBER_ID);
		build_fill(&msg, (uint8_t)i, 1);
		build_close(&msg, id);
	}
}

/* The view of `depth` layers, of which the outermost is number `from`. */
static void check_nested(const struct dhcp6_view *v, unsigned depth, unsigned from)
{
	struct tlv t;

	cr_assert_eq(v->depth, depth);
	cr_assert_eq(v->type, DHCPV6_SOLICIT);
	cr_assert_eq(v->outer_type, depth > 0 ? DHCPV6_RELAY_FORW : DHCPV6_SOLICIT);
	for (unsigned i = 0; i < depth; i++) {
		const struct dhcp6_layer *l = &v->layers[i];

		cr_assert_eq(v->msg[l->at], DHCPV6_RELAY_FORW);
		cr_assert_eq(v->msg[l->at + DHCP6_LINK + 15], from + i);
		cr_assert(dhcp6_layer_get(v, i, D6O_INTERFACE_ID, &t) && t.val[0] == from + i);
		cr_assert(dhcp6_layer_get(v, i, D6O_SUBSCRIBER_ID, &t) && t.val[0] == from + i);
		cr_assert_eq(t.val + 1, v->msg + l->end);
		cr_assert(!dhcp6_layer_get(v, i, D6O_REMOTE_ID, &t));
		cr_assert_eq(l->relay_msg, i + 1 < depth ? v->layers[i + 1].at : v->inner);
	}
	cr_assert_eq(depth > 0 ? v->layers[0].end : v->inner_len, v->len);
	cr_assert_eq(v->inner_len, 15);
	cr_assert(dhcp6_get(v, D6O_CLIENTID, &t) && t.len == 3);
	cr_assert(dhcp6_has(v, D6O_RAPID_COMMIT) && !dhcp6_has(v, D6O_INTERFACE_ID));
}

Test(dhcp6, nesting_and_unwrapping)
{
	for (unsigned depth = 0; depth <= DHCP6_LAYERS; depth++) {
		struct dhcp6_view v, fresh;
		uint8_t *p;

		build_nested(depth);
		p = guard_copy(msg.b, msg.len);
		cr_assert_eq(dhcp6_view_init(&v, p, msg.len), DHCP_OK);
		check_nested(&v, depth, 0);
		for (unsigned gone = 1; gone <= depth; gone++) {
			dhcp6_view_unwrap(&v);
			check_nested(&v, depth - gone, gone);
			cr_assert_eq(dhcp6_view_init(&fresh, v.msg, v.len), DHCP_OK);
			check_nested(&fresh, depth - gone, gone);
		}
		guard_free(p, msg.len);
	}
}

Test(dhcp6, nesting_is_limited)
{
	for (unsigned depth = DHCP6_LAYERS + 1; depth < 16; depth++) {
		struct dhcp6_view v;
		uint8_t *p;

		build_nested(depth);
		p = guard_copy(msg.b, msg.len);
		cr_assert_eq(dhcp6_view_init(&v, p, msg.len), DHCP_E_DEPTH);
		guard_free(p, msg.len);
	}
}

Test(dhcp6, get_and_has)
{
	struct dhcp6_view v;
	struct tlv t;
	uint8_t *p;

	build_hex(&msg, "07010203 0007 0001 01 0007 0001 02 00bf 0000 00c0 0001 61 ffff 0001 62");
	p = guard_copy(msg.b, msg.len);
	cr_assert_eq(dhcp6_view_init(&v, p, msg.len), DHCP_OK);
	cr_assert(dhcp6_get(&v, 7, &t) && t.val[0] == 1, "the first one");
	cr_assert(dhcp6_has(&v, 191) && dhcp6_get(&v, 191, &t));
	cr_assert(dhcp6_get(&v, 192, &t) && t.val[0] == 'a', "beyond what is noted");
	cr_assert(dhcp6_get(&v, 65535, &t) && t.val[0] == 'b');
	cr_assert(!dhcp6_get(&v, 193, &t) && !dhcp6_get(&v, 8, &t) && !dhcp6_has(&v, 8));
	guard_free(p, msg.len);
}

static const char leases[] =
	"07010203"
	"0003 0034 00000001 00000e10 00001518" /* IA_NA: status, address, something else */
	"000d 0004 0000 6f6b"
	"0005 0018 " ADDR1 "0000012c 00000e10"
	"0063 0000"
	"0008 0002 0000"
	"0004 0020 00000002" /* IA_TA */
	"0005 0018 " ADDR2 "00000001 00000002"
	"0019 0035 00000003 00000000 ffffffff" /* IA_PD: prefix with a status in it, status */
	"001a 001f 00000e10 00001c20 38 20010db8010000000000000000000000 000d 0002 0005"
	"000d 0002 0000";

Test(dhcp6, identity_associations)
{
	static const char expected[] = "3/1: 128 300 3600; 4/2: 128 1 2; 25/3: p56 3600 7200; ";
	struct dhcp6_lease l;
	struct dhcp6_view v;
	struct tlv_iter it, sub;
	struct dhcp6_ia ia;
	char out[256], *at = out;
	uint8_t *p;

	build_hex(&msg, leases);
	p = guard_copy(msg.b, msg.len);
	cr_assert_eq(dhcp6_view_init(&v, p, msg.len), DHCP_OK);
	for (it = dhcp6_inner(&v); dhcp6_next_ia(&it, &ia);) {
		at += sprintf(at, "%d/%u: ", ia.code, be32_get(ia.val));
		for (sub = dhcp6_ia_begin(&ia); dhcp6_next_lease(&sub, &l);)
			at += sprintf(at, "%s%d %u %u; ", l.is_prefix ? "p" : "", l.prefix_len,
				l.preferred, l.valid);
	}
	cr_assert_str_eq(out, expected);
	cr_assert_eq(dhcp6_first_addr(&v)[15], 1);
	cr_assert_eq(dhcp6_top_status(&v), 0);
	guard_free(p, msg.len);
}

#define IA_NA_EMPTY "0003 000c 000000090000000000000000"
#define IA_TA_ONE "0004 0020 00000002 0005 0018 " ADDR2 "0000000000000000"

static const struct {
	const char *options, *leases; /* IAID and last byte of each address */
} walks[] = {
	{ "", "" },
	{ IA_NA_EMPTY, "" },
	{ IA_NA_EMPTY IA_NA_EMPTY, "" },
	{ IA_TA_ONE, "2:2 " },
	{ IA_NA_EMPTY IA_TA_ONE IA_NA_EMPTY IA_TA_ONE IA_NA_EMPTY, "2:2 2:2 " },
	{ "0063 0001 61" IA_TA_ONE "0063 0000", "2:2 " },
	{ "0003 0044 00000001 00000000 00000000 0005 0018 " ADDR1 "0000000000000000"
	  "0005 0018 " ADDR2 "0000000000000000" IA_TA_ONE, "1:1 1:2 2:2 " },
};

Test(dhcp6, a_walk_goes_through_the_leases_of_all_ias)
{
	for (size_t i = 0; i < sizeof(walks) / sizeof(walks[0]); i++) {
		char out[128] = "", *at = out;
		struct dhcp6_lease l;
		struct dhcp6_view v;
		struct dhcp6_walk w;
		uint8_t *p;

		msg.len = 0;
		build_hex(&msg, "07010203");
		build_hex(&msg, walks[i].options);
		p = guard_copy(msg.b, msg.len);
		cr_assert_eq(dhcp6_view_init(&v, p, msg.len), DHCP_OK, "row %zu", i);
		for (w = dhcp6_walk(dhcp6_inner(&v)); dhcp6_walk_next(&w, &l);)
			at += sprintf(at, "%u:%d ", be32_get(w.ia.val), l.addr[15]);
		cr_assert_str_eq(out, walks[i].leases, "row %zu", i);
		cr_assert(!dhcp6_walk_next(&w, &l), "row %zu: it stays at the end", i);
		guard_free(p, msg.len);
	}
}

static const struct {
	const char *message;
	int first, top, inside; /* last byte of the first address, -1: none; status codes */
} found[] = {
	{ "07010203", -1, 0, 0 },
	{ "07010203 000d 0002 0002", -1, 2, 0 },
	{ "07010203 000d 0002 0101 000d 0002 0002", -1, 257, 0 },
	{ "07010203 0003 000c 000000010000000000000000", -1, 0, 0 },
	{ "07010203 0003 0012 000000010000000000000000 000d 0002 0002", -1, 0, 2 },
	{ "07010203 0003 000c 000000010000000000000000 0004 0020 00000002 0005 0018 " ADDR2
	  "0000000000000000", 2, 0, 0 },
	/* a prefix is not an address */
	{ "07010203 0019 0029 000000010000000000000000 001a 0019 0000000000000000 40" ADDR1, -1, 0, 0 },
};

Test(dhcp6, first_address_and_status)
{
	for (size_t i = 0; i < sizeof(found) / sizeof(found[0]); i++) {
		const uint8_t *addr;
		struct dhcp6_view v;
		struct tlv_iter it;
		struct dhcp6_ia ia;
		uint8_t *p;

		msg.len = 0;
		build_hex(&msg, found[i].message);
		p = guard_copy(msg.b, msg.len);
		cr_assert_eq(dhcp6_view_init(&v, p, msg.len), DHCP_OK, "row %zu", i);
		addr = dhcp6_first_addr(&v);
		cr_assert_eq(addr == NULL ? -1 : addr[15], found[i].first, "row %zu", i);
		cr_assert_eq(dhcp6_top_status(&v), found[i].top, "row %zu", i);
		it = dhcp6_inner(&v);
		if (dhcp6_next_ia(&it, &ia))
			cr_assert_eq(dhcp6_status(ia.sub, ia.sub_len), found[i].inside, "row %zu", i);
		guard_free(p, msg.len);
	}
}

/* Reads everything that a view offers; the guard page and the sanitizers judge. */
static size_t read_all(const struct dhcp6_view *v)
{
	struct tlv_iter it = dhcp6_inner(v), sub;
	struct dhcp6_lease lease;
	struct dhcp6_ia ia;
	size_t n = 0;
	struct tlv t;

	while (dhcp6_next_ia(&it, &ia)) {
		n += dhcp6_status(ia.sub, ia.sub_len) + be32_get(ia.val);
		for (sub = dhcp6_ia_begin(&ia); dhcp6_next_lease(&sub, &lease);)
			n += lease.addr[15] + lease.valid + lease.preferred + lease.prefix_len;
	}
	for (unsigned code = 0; code < 200; code++)
		if (dhcp6_get(v, code, &t))
			n += t.len;
	for (unsigned i = 0; i < v->depth; i++)
		n += dhcp6_layer_get(v, i, D6O_INTERFACE_ID, &t) ? t.len : 0;
	return n + dhcp6_top_status(v) + (dhcp6_first_addr(v) != NULL);
}

Test(dhcp6, every_prefix_of_the_corpus)
{
	struct corpus *c = corpus_read(6);
	size_t good = 0;

	for (size_t i = 0; i < c->count; i++) {
		size_t len = c->messages[i].len < 2000 ? c->messages[i].len : 2000;
		uint8_t *p = guard_copy(NULL, len);

		for (size_t n = 0; n <= len; n++) {
			struct dhcp6_view v;

			memcpy(p + len - n, c->messages[i].bytes, n);
			if (dhcp6_view_init(&v, p + len - n, n) != DHCP_OK)
				continue;
			read_all(&v);
			good += n == c->messages[i].len;
		}
		guard_free(p, len);
	}
	cr_assert_gt(good, c->count / 3, "%zu of %zu", good, c->count);
	corpus_free(c);
}
