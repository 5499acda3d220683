/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dhcpcodec/agent.h"
#include "tests/build.h"
#include "tests/guard.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

enum { ENTERPRISE = 32473 };
static const uint8_t magic[2] = { 'D', 'X' };

static const struct {
	const char *vendor;   /* value of sub-option 9 */
	int at, size;         /* of the block found, -1: none */
	const char *data;
} blocks[] = {
	{ "", -1, 0, "" },
	{ "00007ed9", -1, 0, "" },
	{ "00007ed9 02 4458", 0, 7, "4458" },
	{ "00007ed9 04 4458 0102", 0, 9, "44580102" },
	{ "00007ed9 02 4458 ff", 0, 7, "4458" },
	/* another enterprise, and ours behind, before, between */
	{ "0000118b 02 4458", -1, 0, "" },
	{ "0000118b 03 010203 00007ed9 02 4458", 8, 7, "4458" },
	{ "00007ed9 02 4458 0000118b 03 010203", 0, 7, "4458" },
	{ "0000118b 00 00007ed9 03 445801 0000118b 00", 5, 8, "445801" },
	/* our enterprise, somebody else's data */
	{ "00007ed9 00", -1, 0, "" },
	{ "00007ed9 01 44", -1, 0, "" },
	{ "00007ed9 02 5844", -1, 0, "" },
	{ "00007ed9 02 5844 00007ed9 03 445801", 7, 8, "445801" },
	{ "00007ed9 01 44 00007ed9 03 445801", 6, 8, "445801" },
	/* broken: before it is reached, and in it */
	{ "0000118b ff 01 00007ed9 02 4458", -1, 0, "" },
	{ "00007ed9 03 4458", -1, 0, "" },
	{ "0000118b 03 010203 00007ed9", -1, 0, "" },
};

Test(agent, block)
{
	for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
		uint8_t bytes[64], data[64], *p;
		size_t n = hex_read(blocks[i].vendor, bytes, sizeof(bytes));
		struct agent_block b;
		struct tlv vendor;
		bool found;

		p = guard_copy(bytes, n);
		vendor = (struct tlv){ .code = RAI_VENDOR, .val = p, .len = (uint16_t)n };
		found = agent_block(&vendor, ENTERPRISE, magic, sizeof(magic), &b);
		cr_assert_eq(found, blocks[i].at >= 0, "row %zu", i);
		if (found) {
			cr_assert_eq(b.at - p, blocks[i].at, "row %zu", i);
			cr_assert_eq(b.size, (size_t)blocks[i].size, "row %zu", i);
			cr_assert_eq(b.len, hex_read(blocks[i].data, data, sizeof(data)));
			cr_assert_eq(memcmp(b.data, data, b.len), 0);
		}
		guard_free(p, n);
	}
}

static const struct {
	const char *vendor;
	bool whole;
} wholes[] = {
	{ "", true },
	{ "0000118b00", true },
	{ "0000118b 03 010203 00007ed9 02 4458", true },
	{ "00", false },
	{ "0000118b", false },
	{ "0000118b 01", false },
	{ "0000118b 03 0102", false },
	{ "0000118b ff 01", false },
	{ "0000118b 00 00007ed9", false },
	{ "0000118b 00 00", false },
};

Test(agent, vendor_whole)
{
	for (size_t i = 0; i < sizeof(wholes) / sizeof(wholes[0]); i++) {
		uint8_t bytes[64], *p;
		size_t n = hex_read(wholes[i].vendor, bytes, sizeof(bytes));
		struct tlv vendor;

		p = guard_copy(bytes, n);
		vendor = (struct tlv){ .code = RAI_VENDOR, .val = p, .len = (uint16_t)n };
		cr_assert_eq(agent_vendor_whole(&vendor), wholes[i].whole, "row %zu", i);
		guard_free(p, n);
	}
}

static const struct {
	const char *value;
	bool whole;
	int link; /* offset of the value of sub-option 5, -1: none */
} values[] = {
	{ "", true, -1 },
	{ "0504 0a630000", true, 2 },
	{ "0103 636964 0504 0a630000", true, 7 },
	{ "0504 0a630000 0504 0a630001", true, 2 },
	{ "0000 0504 0a630000", true, 4 },
	{ "ff00 0504 0a630000", true, 4 },
	{ "0500", true, 2 },
	{ "05", false, -1 },
	{ "0504 0a6300", false, -1 },
	{ "0504 0a630000 01ff", false, 2 },
};

Test(agent, sub_options)
{
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		uint8_t bytes[64];
		size_t n = hex_read(values[i].value, bytes, sizeof(bytes));
		uint8_t *p = guard_copy(bytes, n);
		struct tlv t = { 0 };

		cr_assert_eq(agent_whole(p, n), values[i].whole, "row %zu", i);
		cr_assert_eq(agent_get(p, n, RAI_LINK_SELECTION, &t), values[i].link >= 0);
		if (values[i].link >= 0)
			cr_assert_eq(t.val - p, values[i].link, "row %zu", i);
		guard_free(p, n);
	}
}

static void check_written(const struct agent_writer *w, const char *expected)
{
	char hex[2 * 255 + 1];

	cr_assert_eq(w->err, DHCP_OK);
	hex_write(w->buf, w->len, hex);
	cr_assert_str_eq(hex, expected);
	cr_assert(agent_whole(w->buf, w->len));
}

Test(agent, writer)
{
	static const uint8_t link[4] = { 10, 99, 0, 0 }, foreign[6] = { 0, 0, 0x11, 0x8b, 1, 0xaa };
	struct agent_writer w = { .buf = guard_copy(NULL, 40), .cap = 40 };

	agent_put(&w, RAI_LINK_SELECTION, link, 4);
	agent_put_bytes(&w, (const uint8_t *)"\1\3cid", 5);
	agent_put(&w, RAI_RELAY_FLAGS, NULL, 0);
	check_written(&w, "05040a630000" "0103636964" "0a00");
	agent_put_vendor(&w, foreign, sizeof(foreign), ENTERPRISE, magic, 2);
	check_written(&w, "05040a630000" "0103636964" "0a00" "090d0000118b01aa00007ed9024458");
	agent_put_vendor(&w, NULL, 0, ENTERPRISE, NULL, 0);
	check_written(&w, "05040a630000" "0103636964" "0a00" "090d0000118b01aa00007ed9024458"
			  "090500007ed900");
	guard_free(w.buf, 40);
}

Test(agent, what_the_writer_wrote_the_reader_finds)
{
	for (size_t foreign_len = 0; foreign_len <= 200; foreign_len += 5) {
		for (size_t len = 2; foreign_len + 5 + len <= 255 - 2; len += 9) {
			uint8_t foreign[200], data[255] = { 'D', 'X' };
			struct agent_writer w = { .buf = guard_copy(NULL, 255), .cap = 255 };
			struct agent_block b;
			struct tlv t;

			/* Blocks of no data, of another enterprise. */
			for (size_t i = 0; i < foreign_len; i++)
				foreign[i] = i % 5 == 4 ? 0 : 1;
			memset(data + 2, 'd', sizeof(data) - 2);
			agent_put_vendor(&w, foreign, foreign_len, ENTERPRISE, data, len);
			cr_assert_eq(w.err, DHCP_OK);
			cr_assert_eq(w.len, 2 + foreign_len + 5 + len);
			cr_assert(agent_get(w.buf, w.len, RAI_VENDOR, &t));
			cr_assert(agent_block(&t, ENTERPRISE, magic, 2, &b));
			cr_assert_eq(b.at, t.val + foreign_len);
			cr_assert(b.len == len && b.size == len + 5);
			cr_assert_eq(memcmp(b.data, data, len), 0);
			guard_free(w.buf, 255);
		}
	}
}

static const struct {
	size_t cap, first, second; /* values of two sub-options put one after the other */
	enum dhcp_err err;
} limits[] = {
	{ 12, 4, 4, DHCP_OK }, { 11, 4, 4, DHCP_E_NOSPACE }, { 6, 4, 0, DHCP_E_NOSPACE },
	{ 7, 4, 0, DHCP_E_NOSPACE }, { 8, 4, 0, DHCP_OK }, { 0, 0, 0, DHCP_E_NOSPACE },
	{ 300, 255, 0, DHCP_OK }, { 300, 256, 0, DHCP_E_RANGE }, { 10, 256, 0, DHCP_E_RANGE },
	{ 5, 4, 256, DHCP_E_NOSPACE },
};

Test(agent, writer_errors_stick)
{
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		struct agent_writer w = { .buf = guard_copy(NULL, limits[i].cap), .cap = limits[i].cap };
		static const uint8_t val[256];

		agent_put(&w, 1, val, limits[i].first);
		agent_put(&w, 2, val, limits[i].second);
		cr_assert_eq(w.err, limits[i].err, "row %zu", i);
		cr_assert_leq(w.len, w.cap);
		guard_free(w.buf, limits[i].cap);
	}
}

Test(agent, a_vendor_sub_option_of_more_than_255_bytes_does_not_fit)
{
	static const uint8_t bytes[512];
	static const struct {
		size_t foreign, len;
		enum dhcp_err err;
	} rows[] = {
		{ 0, 250, DHCP_OK }, { 0, 251, DHCP_E_NOSPACE }, { 240, 10, DHCP_OK },
		{ 240, 11, DHCP_E_NOSPACE }, { 0, 256, DHCP_E_NOSPACE }, { 251, 255, DHCP_E_NOSPACE },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct agent_writer w = { .buf = guard_copy(NULL, 1024), .cap = 1024 };

		agent_put_vendor(&w, bytes, rows[i].foreign, ENTERPRISE, bytes, rows[i].len);
		cr_assert_eq(w.err, rows[i].err, "row %zu", i);
		guard_free(w.buf, 1024);
	}
}
