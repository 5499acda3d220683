/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dhcpcodec/edit4.h"
#include "tests/build.h"
#include "tests/guard.h"

#include <criterion/criterion.h>
#include <string.h>

enum { POISON = 0xa5, CAP = 3000 };

static struct build msg; /* of the test that runs: each has a process of its own */

struct open {
	struct dhcp4_edit e;
	uint8_t *p;
	size_t cap;
};

static void open_msg(struct open *o, size_t cap)
{
	struct dhcp4_view v;

	cr_assert_eq(dhcp4_view_init(&v, msg.b, msg.len), DHCP_OK);
	o->p = guard_copy(NULL, cap);
	o->cap = cap;
	memset(o->p, POISON, cap);
	memcpy(o->p, msg.b, v.end);
	dhcp4_edit_init(&o->e, &v, o->p, cap);
}

static const char *finish(struct open *o)
{
	size_t len;

	cr_assert_eq(dhcp4_edit_finish(&o->e, DHCP4_PAD_RESPONSE, &len), DHCP_OK);
	cr_assert_null(memchr(o->p, POISON, len));
	return show4(o->p, len);
}

#define NONE "-" /* the sub-option is to be removed */

static const struct {
	const char *options;
	uint8_t sub;
	const char *val; /* of enterprise 4491, 0000118b */
	enum dhcp_err err;
	const char *expected;
} rows[] = {
	/* nothing there: made, or nothing to remove */
	{ "350105 ff", 1, "6162", DHCP_OK, "53=05 125=0000118b0401026162" },
	{ "350105 ff", 1, "", DHCP_OK, "53=05 125=0000118b020100" },
	{ "350105 ff", 1, NONE, DHCP_OK, "53=05" },
	{ "350105 5201aa ff", 1, "61", DHCP_OK, "53=05 125=0000118b03010161 82=aa" },
	/* there: replaced where it stood, added, removed */
	{ "7d08 0000118b03 010178 0c0161 ff", 1, "7a7a", DHCP_OK, "125=0000118b0401027a7a 12=61" },
	{ "7d0b 0000118b06 010178 020179 ff", 1, "7a7a", DHCP_OK, "125=0000118b0701027a7a020179" },
	{ "7d08 0000118b03 020179 ff", 1, "78", DHCP_OK, "125=0000118b06020179010178" },
	{ "7d0b 0000118b06 010178 020179 ff", 1, NONE, DHCP_OK, "125=0000118b03020179" },
	{ "7d08 0000118b03 010178 ff", 1, NONE, DHCP_OK, "" },
	{ "7d08 0000118b03 020179 ff", 1, NONE, DHCP_OK, "125=0000118b03020179" },
	/* given twice it is set once */
	{ "7d0e 0000118b09 010178 020179 01017a ff", 1, "77", DHCP_OK, "125=0000118b06010177020179" },
	/* in whichever of several parts of the enterprise; one with nothing left goes */
	{ "7d10 0000118b03 010178 0000118b03 01017a ff", 1, "77", DHCP_OK, "125=0000118b03010177" },
	{ "7d13 0000118b03 020178 0000118b06 01017a 030179 ff", 1, "77", DHCP_OK,
	  "125=0000118b060201780101770000118b03030179" },
	{ "7d10 0000118b03 010178 0000118b03 01017a ff", 1, NONE, DHCP_OK, "" },
	{ "7d10 0000118b03 010178 0000118b03 01027a ff", 1, "77", DHCP_E_OPTLEN,
	  "125=0000118b030101780000118b0301027a" },
	/* other enterprises stay, in their order */
	{ "7d0d 0000000903 010178 0000118b00 ff", 1, "61", DHCP_OK,
	  "125=00000009030101780000118b03010161" },
	{ "7d10 0000118b03 010178 0000000903 010178 ff", 1, NONE, DHCP_OK, "125=0000000903010178" },
	{ "7d08 0000000903 010178 ff", 1, "61", DHCP_OK, "125=00000009030101780000118b03010161" },
	{ "7d08 0000000903 010178 ff", 1, NONE, DHCP_OK, "125=0000000903010178" },
	/* RFC 3396: several instances are one value */
	{ "7d06 0000118b0301 0c0161 7d02 0178 ff", 1, "7a", DHCP_OK, "125=0000118b0301017a 12=61" },
	/* broken: left as it is */
	{ "7d04 0000118b ff", 1, "61", DHCP_E_OPTLEN, "125=0000118b" },
	{ "7d07 0000118b03 0101 ff", 1, "61", DHCP_E_OPTLEN, "125=0000118b030101" },
	{ "7d08 0000118b03 010278 ff", 1, "61", DHCP_E_OPTLEN, "125=0000118b03010278" },
	{ "7d06 0000118b01 01 ff", 1, NONE, DHCP_E_OPTLEN, "125=0000118b0101" },
	{ "7d0a 0000118b00 0000000901 ff", 1, "61", DHCP_E_OPTLEN, "125=0000118b000000000901" },
};

Test(vendor4, tables)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool none = strcmp(rows[i].val, NONE) == 0;
		uint8_t val[16];
		size_t n = none ? 0 : hex_read(rows[i].val, val, sizeof(val));
		struct open o;

		msg.len = 0;
		build_message4(&msg, BOOTREPLY, rows[i].options);
		open_msg(&o, CAP);
		cr_assert_eq(dhcp4_edit_vendor(&o.e, 4491, rows[i].sub, none ? NULL : val, n),
			rows[i].err, "row %zu", i);
		cr_assert_eq(o.e.err, DHCP_OK, "nothing sticks");
		cr_assert_str_eq(finish(&o), rows[i].expected, "row %zu: %s", i,
			show4(o.p, o.e.len + 1));
		guard_free(o.p, o.cap);
	}
}

/*
 * RFC 3396 section 5: the value goes on in file and sname; it is then put into the options field.
 */
Test(vendor4, overloaded_fields)
{
	struct open o;

	build_overloaded4(&msg, BOOTREPLY, "350105 340103 7d06 0000118b0301 ff", "7d02 0178 0c0161 ff",
		"7d08 0000000903 010178 ff");
	open_msg(&o, CAP);
	cr_assert_eq(dhcp4_edit_vendor(&o.e, 4491, 1, (const uint8_t *)"ab", 2), DHCP_OK);
	cr_assert_str_eq(finish(&o),
		"53=05 52=03 125=0000118b0401026162" "0000000903010178|12=61|");
	guard_free(o.p, o.cap);
}

/* A block has one byte of length: 255 bytes of sub-options, so 253 of a value. */
Test(vendor4, the_longest_values)
{
	static const uint8_t val[300];
	struct open o;

	for (size_t n = 250; n < 260; n++) {
		msg.len = 0;
		build_message4(&msg, BOOTREPLY, "350105 ff");
		open_msg(&o, CAP);
		cr_assert_eq(dhcp4_edit_vendor(&o.e, 4491, 1, val, n),
			n <= 253 ? DHCP_OK : DHCP_E_RANGE, "%zu", n);
		/* With another one in the block there is less room. */
		if (n <= 253)
			cr_assert_eq(dhcp4_edit_vendor(&o.e, 4491, 2, val, 4), DHCP_E_RANGE);
		finish(&o);
		guard_free(o.p, o.cap);
	}
}

/* The whole value may have 1024 bytes; it is split over instances, and read back from them. */
Test(vendor4, many_enterprises)
{
	static const uint8_t val[200];
	struct open o;
	uint32_t enterprise;

	build_message4(&msg, BOOTREPLY, "350105 ff");
	open_msg(&o, CAP);
	for (enterprise = 1; enterprise <= 4; enterprise++)
		cr_assert_eq(dhcp4_edit_vendor(&o.e, enterprise, 1, val, sizeof(val)), DHCP_OK);
	cr_assert_eq(dhcp4_edit_vendor(&o.e, enterprise, 1, val, sizeof(val)), DHCP_E_RANGE);
	cr_assert_eq(dhcp4_edit_vendor(&o.e, 2, 1, NULL, 0), DHCP_OK);
	cr_assert_eq(o.e.len, DHCP4_OPTIONS + 3 + 3 * 207 + 3 * 2);
	finish(&o);
	guard_free(o.p, o.cap);
}

/* A server that sends more than that is not understood, and left alone. */
Test(vendor4, more_than_can_be_gathered)
{
	static const uint8_t block[255] = { 0, 0, 0, 9, 250 };
	struct open o;

	build_message4(&msg, BOOTREPLY, "350105 ff");
	open_msg(&o, CAP);
	for (size_t i = 0; i < 5; i++)
		dhcp4_edit_append(&o.e, 125, block, sizeof(block));
	cr_assert_eq(dhcp4_edit_vendor(&o.e, 4491, 1, (const uint8_t *)"a", 1), DHCP_E_RANGE);
	cr_assert_eq(o.e.len, DHCP4_OPTIONS + 3 + 5 * 257);
	finish(&o);
	guard_free(o.p, o.cap);
}

Test(vendor4, no_room)
{
	struct open o;
	uint8_t before[300];

	build_message4(&msg, BOOTREPLY, "7d08 0000118b03 010178 ff");
	open_msg(&o, msg.len + 1);
	memcpy(before, o.p, o.cap);
	cr_assert_eq(dhcp4_edit_vendor(&o.e, 4491, 1, (const uint8_t *)"abc", 3), DHCP_E_NOSPACE);
	cr_assert_eq(memcmp(before, o.p, o.cap), 0, "as it was");
	cr_assert_eq(dhcp4_edit_vendor(&o.e, 4491, 1, (const uint8_t *)"ab", 2), DHCP_OK);
	cr_assert_str_eq(finish(&o), "125=0000118b0401026162");
	guard_free(o.p, o.cap);
}

Test(vendor4, an_error_before_stays)
{
	struct open o;

	build_message4(&msg, BOOTREPLY, "350105 ff");
	open_msg(&o, msg.len);
	dhcp4_edit_append(&o.e, 12, (const uint8_t *)"abc", 3);
	cr_assert_eq(dhcp4_edit_vendor(&o.e, 4491, 1, (const uint8_t *)"a", 1), DHCP_E_NOSPACE);
	guard_free(o.p, o.cap);
}
