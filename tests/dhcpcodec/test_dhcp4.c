/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dhcpcodec/dhcp4.h"
#include "tests/build.h"
#include "tests/corpus.h"
#include "tests/guard.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct build msg; /* of the test that runs: each has a process of its own */

static enum dhcp_err view_of(struct dhcp4_view *ret, uint8_t **flush)
{
	*flush = guard_copy(msg.b, msg.len);
	return dhcp4_view_init(ret, *flush, msg.len);
}

static const struct {
	const char *options;
	enum dhcp_err err;
	uint8_t type;
	size_t end; /* from the first option */
} rows[] = {
	{ "", DHCP_OK, 0, 0 },
	{ "ff", DHCP_OK, 0, 0 },
	{ "0000", DHCP_OK, 0, 2 },
	{ "350101 ff", DHCP_OK, 1, 3 },
	{ "350101", DHCP_OK, 1, 3 },
	{ "350101 000000", DHCP_OK, 1, 6 },
	{ "00 350105 00 ff 0000", DHCP_OK, 5, 5 },
	{ "3501ff ff", DHCP_OK, 255, 3 },
	{ "350100 ff", DHCP_OK, 0, 3 },
	/* what stands behind END is nobody's */
	{ "350101 ff 350103 37ff", DHCP_OK, 1, 3 },
	{ "350101 ff 37", DHCP_OK, 1, 3 },
	/* broken */
	{ "35", DHCP_E_OPTLEN, 0, 0 },
	{ "3501", DHCP_E_OPTLEN, 0, 0 },
	{ "350101 37", DHCP_E_OPTLEN, 0, 0 },
	{ "350101 37ff 01 ff", DHCP_E_OPTLEN, 0, 0 },
	{ "350101 0c02 61", DHCP_E_OPTLEN, 0, 0 },
	/* message type and overload: once, one byte */
	{ "3500 ff", DHCP_E_OPTSIZE, 0, 0 },
	{ "35020101 ff", DHCP_E_OPTSIZE, 0, 0 },
	{ "3400 ff", DHCP_E_OPTSIZE, 0, 0 },
	{ "34020103 ff", DHCP_E_OPTSIZE, 0, 0 },
	{ "350101 350103 ff", DHCP_E_REPEAT, 0, 0 },
	{ "350101 350101 ff", DHCP_E_REPEAT, 0, 0 },
	{ "340101 340101 ff", DHCP_E_REPEAT, 0, 0 },
	{ "350101 3500 ff", DHCP_E_REPEAT, 0, 0 },
};

Test(dhcp4, view)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct dhcp4_view v = { .len = 77 };
		uint8_t *p;

		msg.len = 0;
		build_message4(&msg, BOOTREQUEST, rows[i].options);
		cr_assert_eq(view_of(&v, &p), rows[i].err, "%s", rows[i].options);
		if (rows[i].err != DHCP_OK) {
			cr_assert_eq(v.len, 77, "ret is untouched on error");
		} else {
			cr_assert_eq(v.type, rows[i].type, "%s", rows[i].options);
			cr_assert_eq(v.end, DHCP4_OPTIONS + rows[i].end, "%s", rows[i].options);
			cr_assert_eq(v.len, msg.len);
		}
		guard_free(p, msg.len);
	}
}

static const struct {
	size_t at;
	uint8_t byte;
	enum dhcp_err err;
} fixed[] = {
	{ DHCP4_OP, 0, DHCP_E_OP }, { DHCP4_OP, 1, DHCP_OK }, { DHCP4_OP, 2, DHCP_OK },
	{ DHCP4_OP, 3, DHCP_E_OP }, { DHCP4_OP, 255, DHCP_E_OP }, { DHCP4_HLEN, 0, DHCP_OK },
	{ DHCP4_HLEN, 16, DHCP_OK }, { DHCP4_HLEN, 17, DHCP_E_HLEN },
	{ DHCP4_HLEN, 255, DHCP_E_HLEN },
};

Test(dhcp4, fixed_fields)
{
	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
		struct dhcp4_view v;
		uint8_t *p;

		msg.len = 0;
		build_message4(&msg, BOOTREPLY, "350105 ff");
		msg.b[fixed[i].at] = fixed[i].byte;
		cr_assert_eq(view_of(&v, &p), fixed[i].err, "row %zu", i);
		guard_free(p, msg.len);
	}
}

Test(dhcp4, shorter_than_bootp)
{
	struct dhcp4_view v;
	uint8_t *p;

	build_message4(&msg, BOOTREQUEST, "");
	for (msg.len = 0; msg.len < DHCP4_COOKIE; msg.len++) {
		cr_assert_eq(view_of(&v, &p), DHCP_E_SHORT);
		guard_free(p, msg.len);
	}
}

/* Without the cookie nothing behind the 236 bytes is an option, whatever it looks like. */
Test(dhcp4, bootp_has_no_options)
{
	for (size_t len = DHCP4_COOKIE; len < 300; len++) {
		struct dhcp4_view v;
		struct dhcp4_iter it;
		struct tlv t;
		uint8_t *p;

		msg.len = 0;
		build_message4(&msg, BOOTREQUEST, "350101 0c016137");
		build_pad(&msg, 300);
		if (len >= DHCP4_OPTIONS)
			msg.b[DHCP4_COOKIE] ^= 1;
		msg.len = len;
		cr_assert_eq(view_of(&v, &p), DHCP_OK);
		cr_assert_eq(v.type, DHCP4_BOOTP);
		cr_assert_eq(v.end, DHCP4_COOKIE);
		it = dhcp4_begin(&v);
		cr_assert(!dhcp4_next(&it, &t));
		cr_assert(!dhcp4_has(&v, 12) && !dhcp4_get(&v, 12, &t));
		guard_free(p, len);
	}
}

static const struct {
	const char *options, *file, *sname;
	enum dhcp_err err;
	const char *expected; /* code:value in the order walked */
} overloaded[] = {
	/* options, then file, then sname */
	{ "350101 340103 0c0161 ff", "0c0162 ff", "0c0163 ff", DHCP_OK, "53:01 52:03 12:61 12:62 12:63 " },
	{ "350101 340101 ff", "0c0162 ff", "0c0163 ff", DHCP_OK, "53:01 52:01 12:62 " },
	{ "350101 340102 ff", "0c0162 ff", "0c0163 ff", DHCP_OK, "53:01 52:02 12:63 " },
	{ "350101 ff", "0c0162 ff", "0c0163 ff", DHCP_OK, "53:01 " },
	/* servers test the bits, so must we */
	{ "350101 340100 ff", "0c0162 ff", "0c0163 ff", DHCP_OK, "53:01 52:00 " },
	{ "350101 340104 ff", "0c0162 ff", "0c0163 ff", DHCP_OK, "53:01 52:04 " },
	{ "350101 340105 ff", "0c0162 ff", "0c0163 ff", DHCP_OK, "53:01 52:05 12:62 " },
	{ "350101 3401fe ff", "0c0162 ff", "0c0163 ff", DHCP_OK, "53:01 52:fe 12:63 " },
	{ "350101 3401ff ff", "0c0162 ff", "0c0163 ff", DHCP_OK, "53:01 52:ff 12:62 12:63 " },
	/* fields that are empty, without END, or hold the message type */
	{ "350101 340103 ff", "", "", DHCP_OK, "53:01 52:03 " },
	{ "350101 340103 ff", "0000 0c0162 00", "ff", DHCP_OK, "53:01 52:03 12:62 " },
	{ "340101 ff", "350108 ff", "", DHCP_OK, "52:01 53:08 " },
	/* broken within the field, though the bytes go on behind it */
	{ "350101 340101 ff", "0cff", "", DHCP_E_OPTLEN, "" },
	{ "350101 340102 ff", "", "0c40", DHCP_E_OPTLEN, "" },
	{ "350101 340103 ff", "ff 0cff", "ff", DHCP_OK, "53:01 52:03 " },
	{ "350101 340102 ff", "0cff", "ff", DHCP_OK, "53:01 52:02 " },
	/* repeats across fields */
	{ "350101 340101 ff", "350103 ff", "", DHCP_E_REPEAT, "" },
	{ "350101 340101 ff", "340102 ff", "", DHCP_E_REPEAT, "" },
	{ "340103 ff", "350103 ff", "350103 ff", DHCP_E_REPEAT, "" },
	{ "340103 ff", "", "3500 ff", DHCP_E_OPTSIZE, "" },
};

static void walk(const struct dhcp4_view *v, char *out)
{
	struct dhcp4_iter it;
	struct tlv t;

	*out = '\0';
	for (it = dhcp4_begin(v); dhcp4_next(&it, &t);) {
		out += sprintf(out, "%d:", t.code);
		hex_write(t.val, t.len, out);
		out += strlen(out);
		*out++ = ' ';
		*out = '\0';
		cr_assert(dhcp4_has(v, (uint8_t)t.code));
		cr_assert(it.field == 0 ? dhcp4_in_main(v, (uint8_t)t.code) :
					  dhcp4_in_field(v, (uint8_t)t.code));
	}
	cr_assert(!dhcp4_next(&it, &t), "a walk that is over stays over");
}

Test(dhcp4, overload)
{
	for (size_t i = 0; i < sizeof(overloaded) / sizeof(overloaded[0]); i++) {
		struct dhcp4_view v;
		char out[512];
		uint8_t *p;

		msg.len = 0;
		build_overloaded4(&msg, BOOTREQUEST, overloaded[i].options, overloaded[i].file,
			overloaded[i].sname);
		cr_assert_eq(view_of(&v, &p), overloaded[i].err, "row %zu", i);
		if (overloaded[i].err == DHCP_OK) {
			walk(&v, out);
			cr_assert_str_eq(out, overloaded[i].expected);
		}
		guard_free(p, msg.len);
	}
}

static const struct {
	const char *options, *file;
	uint8_t code;
	size_t cap;
	const char *expected; /* NULL: none */
	bool borrowed;
} concats[] = {
	{ "350101 0c03616263 ff", "", 12, 8, "616263", true },
	{ "350101 0c00 ff", "", 12, 8, "", true },
	{ "350101 ff", "", 12, 8, NULL, false },
	{ "350101 0c0161 37020103 0c026263 ff", "", 12, 8, "616263", false },
	{ "350101 0c0161 0c00 0c0162 ff", "", 12, 8, "6162", false },
	{ "340101 0c0161 ff", "0c0162 0c0163 ff", 12, 8, "616263", false },
	{ "340101 ff", "0c0162 ff", 12, 8, "62", true },
	{ "0c0161 0c026263 ff", "", 12, 3, "616263", false },
	{ "0c0161 0c026263 ff", "", 12, 2, NULL, false },
	{ "0c0161 0c026263 ff", "", 12, 0, NULL, false },
	{ "0c03616263 ff", "", 12, 2, NULL, false },
};

Test(dhcp4, concat)
{
	for (size_t i = 0; i < sizeof(concats) / sizeof(concats[0]); i++) {
		uint8_t *p, *buf = guard_copy(NULL, concats[i].cap), expected[64];
		struct dhcp4_view v;
		const uint8_t *val;
		size_t len = 0;

		msg.len = 0;
		build_overloaded4(&msg, BOOTREQUEST, concats[i].options, concats[i].file, "");
		cr_assert_eq(view_of(&v, &p), DHCP_OK);
		val = dhcp4_concat(&v, concats[i].code, buf, concats[i].cap, &len);
		if (concats[i].expected == NULL) {
			cr_assert_null(val, "row %zu", i);
		} else {
			cr_assert_eq(len, hex_read(concats[i].expected, expected, 64), "row %zu", i);
			cr_assert_eq(memcmp(val, expected, len), 0, "row %zu", i);
			cr_assert_eq(val != buf, concats[i].borrowed, "row %zu", i);
		}
		guard_free(buf, concats[i].cap);
		guard_free(p, msg.len);
	}
}

Test(dhcp4, get_takes_the_first_instance)
{
	struct dhcp4_view v;
	uint32_t number;
	struct tlv t;
	uint8_t *p;

	build_overloaded4(&msg, BOOTREQUEST,
		"340101 3604c0000201 3604c0000202 3303000102 3a040001e240 320500000000ff ff",
		"6304deadbeef ff", "");
	cr_assert_eq(view_of(&v, &p), DHCP_OK);
	cr_assert(dhcp4_get(&v, 54, &t));
	cr_assert_eq(be32_get(t.val), 0xc0000201);
	cr_assert_eq(be32_get(dhcp4_get_addr(&v, 54)), 0xc0000201);
	cr_assert(dhcp4_get32(&v, 58, &number));
	cr_assert_eq(number, 123456);
	cr_assert(dhcp4_get32(&v, 99, &number), "also from file");
	cr_assert_eq(number, 0xdeadbeef);
	number = 7;
	cr_assert(!dhcp4_get32(&v, 51, &number), "three bytes");
	cr_assert_null(dhcp4_get_addr(&v, 50), "five bytes");
	cr_assert_null(dhcp4_get_addr(&v, 3), "absent");
	cr_assert_eq(number, 7);
	guard_free(p, msg.len);
}

Test(dhcp4, every_code_is_found_where_it_is)
{
	for (unsigned code = 1; code < 255; code++) {
		struct dhcp4_view v;
		uint8_t *p;

		msg.len = 0;
		build_dhcp4(&msg, BOOTREPLY);
		build_fill(&msg, (uint8_t)code, 1);
		build_hex(&msg, "0101 ff");
		cr_assert_eq(view_of(&v, &p), DHCP_OK);
		for (unsigned other = 0; other < 256; other++)
			cr_assert_eq(dhcp4_in_main(&v, (uint8_t)other), other == code);
		cr_assert(bytes_zero((const uint8_t *)v.field_has, sizeof(v.field_has)));
		guard_free(p, msg.len);
	}
}

/*
 * What a view says of a message: the iterator, the sets of codes and the single getters must agree.
 */
static void check_view(const struct dhcp4_view *v)
{
	static uint8_t buf[65536];
	struct dhcp4_iter it;
	size_t count[256] = { 0 }, sum[256] = { 0 }, len;
	struct tlv t;

	for (it = dhcp4_begin(v); dhcp4_next(&it, &t);) {
		cr_assert(t.code > 0 && t.code < 255);
		count[t.code]++;
		sum[t.code] += t.len;
	}
	for (unsigned code = 0; code < 256; code++) {
		const uint8_t *val = dhcp4_concat(v, (uint8_t)code, buf, sizeof(buf), &len);

		cr_assert_eq(dhcp4_has(v, (uint8_t)code), count[code] > 0);
		cr_assert_eq(dhcp4_get(v, (uint8_t)code, &t), count[code] > 0);
		cr_assert_eq(val != NULL, count[code] > 0);
		if (val != NULL)
			cr_assert_eq(len, sum[code]);
	}
	cr_assert_leq(count[DHO_MESSAGE_TYPE], 1);
	cr_assert_leq(count[DHO_OVERLOAD], 1);
}

Test(dhcp4, corpus_is_read_whole)
{
	struct corpus *c = corpus_read(4);
	size_t good = 0;

	for (size_t i = 0; i < c->count; i++) {
		uint8_t *p = guard_copy(c->messages[i].bytes, c->messages[i].len);
		struct dhcp4_view v;

		if (dhcp4_view_init(&v, p, c->messages[i].len) == DHCP_OK) {
			check_view(&v);
			good++;
		}
		guard_free(p, c->messages[i].len);
	}
	cr_assert_gt(good, c->count * 3 / 4, "%zu of %zu", good, c->count);
	corpus_free(c);
}

Test(dhcp4, every_prefix_of_the_corpus)
{
	struct corpus *c = corpus_read(4);

	for (size_t i = 0; i < c->count; i++) {
		size_t len = c->messages[i].len < 700 ? c->messages[i].len : 700;
		uint8_t *p = guard_copy(NULL, len);

		for (size_t n = 0; n <= len; n++) {
			struct dhcp4_view v;

			memcpy(p + len - n, c->messages[i].bytes, n);
			if (dhcp4_view_init(&v, p + len - n, n) == DHCP_OK)
				cr_assert(v.end <= n && v.end >= DHCP4_COOKIE);
		}
		guard_free(p, len);
	}
	corpus_free(c);
}
