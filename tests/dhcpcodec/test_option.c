/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The dictionary against itself, against the names that users know from Kea, against what may never
 * be set, and against docs/options.md: run with USHER_WRITE_DOCS=1 to write its tables anew.
 */
#include "dhcpcodec/option.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DOC "docs/options.md"

static bool find(unsigned family, const char *name, struct dhcp_option_def *ret)
{
	return dhcp_option_find(family, name, strlen(name), ret);
}

static const struct {
	unsigned family, code;
	const char *name;
} known[] = {
	{ 4, 1, "subnet-mask" }, { 4, 3, "routers" }, { 4, 6, "domain-name-servers" },
	{ 4, 12, "host-name" }, { 4, 15, "domain-name" }, { 4, 42, "ntp-servers" },
	{ 4, 43, "vendor-encapsulated-options" }, { 4, 51, "dhcp-lease-time" },
	{ 4, 60, "vendor-class-identifier" }, { 4, 66, "tftp-server-name" },
	{ 4, 67, "boot-file-name" }, { 4, 77, "user-class" }, { 4, 81, "fqdn" },
	{ 4, 82, "dhcp-agent-options" }, { 4, 93, "client-system" }, { 4, 97, "uuid-guid" },
	{ 4, 108, "v6-only-preferred" }, { 4, 114, "v4-captive-portal" },
	{ 4, 118, "subnet-selection" }, { 4, 119, "domain-search" },
	{ 4, 121, "classless-static-route" }, { 4, 124, "vivco-suboptions" },
	{ 4, 125, "vivso-suboptions" }, { 4, 150, "tftp-server-address" },
	{ 4, 212, "option-6rd" }, { 4, 249, "ms-classless-static-route" },
	{ 6, 1, "clientid" }, { 6, 3, "ia-na" }, { 6, 17, "vendor-opts" }, { 6, 23, "dns-servers" },
	{ 6, 24, "domain-search" }, { 6, 25, "ia-pd" }, { 6, 31, "sntp-servers" },
	{ 6, 39, "client-fqdn" }, { 6, 56, "ntp-server" }, { 6, 59, "bootfile-url" },
	{ 6, 60, "bootfile-param" }, { 6, 64, "aftr-name" }, { 6, 82, "solmax-rt" },
	{ 6, 103, "v6-captive-portal" }, { 6, 144, "v6-dnr" },
};

Test(option, names_that_users_know)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct dhcp_option_def def;

		cr_assert(find(known[i].family, known[i].name, &def), "%s", known[i].name);
		cr_assert_eq(def.code, known[i].code, "%s is %u", known[i].name, def.code);
		cr_assert_eq(def.family, known[i].family);
		cr_assert_eq(def.suboption, 0);
	}
}

static void check_name(const struct dhcp_option_def *def)
{
	cr_assert_eq(strlen(def->name), def->name_len, "%s", def->name);
	cr_assert_eq(strspn(def->name, "abcdefghijklmnopqrstuvwxyz0123456789-"), def->name_len,
		"%s", def->name);
}

/* Types that take all the rest can only stand last, and not repeat. */
static bool greedy(unsigned type)
{
	return type == DHCP_STRING || type == DHCP_BINARY || type == DHCP_SIP4;
}

static void check_types(const struct dhcp_option_def *def)
{
	size_t n = strlen((const char *)def->type);

	cr_assert(n >= 1 && n <= DHCP_OPTION_FIELDS, "%s", def->name);
	for (size_t i = 0; i < n; i++) {
		cr_assert_lt(def->type[i], DHCP_TYPE_COUNT, "%s", def->name);
		if (greedy(def->type[i]))
			cr_assert(i == n - 1 && def->repeat == DHCP_ONE, "%s", def->name);
		if (def->type[i] == DHCP_EMPTY)
			cr_assert(n == 1 && def->repeat == DHCP_ONE, "%s", def->name);
	}
	cr_assert(def->repeat != DHCP_GROUPS || n > 1, "%s", def->name);
}

Test(option, rows_are_in_order_and_unique)
{
	for (unsigned family = 4; family <= 6; family += 2) {
		size_t n;
		const struct dhcp_option_def *rows = dhcp_option_table(family, &n);

		cr_assert_gt(n, 140);
		for (size_t i = 0; i < n; i++) {
			check_name(&rows[i]);
			check_types(&rows[i]);
			cr_assert_eq(rows[i].family, family);
			cr_assert(i == 0 || rows[i - 1].code < rows[i].code, "%s", rows[i].name);
			cr_assert_eq(dhcp_option_by_code(family, rows[i].code), &rows[i]);
			for (size_t k = 0; k < i; k++)
				cr_assert_str_neq(rows[k].name, rows[i].name);
		}
	}
}

/* The registry has no gaps that we left: every code but the unassigned ones has a row. */
Test(option, registry_is_complete)
{
	static const uint8_t unassigned4[] = { 84, 96, 102, 103, 104, 105, 106, 107, 110, 111, 115,
		126, 127, 149, 160 };
	static const uint8_t unassigned6[] = { 10, 35 };

	for (unsigned code = 0; code <= 162; code++) {
		bool gap = memchr(unassigned4, (int)code, sizeof(unassigned4)) != NULL;

		cr_expect_eq(dhcp_option_by_code(4, code) == NULL, gap, "v4 %u", code);
	}
	for (unsigned code = 1; code <= 150; code++) {
		bool gap = memchr(unassigned6, (int)code, sizeof(unassigned6)) != NULL;

		cr_expect_eq(dhcp_option_by_code(6, code) == NULL, gap, "v6 %u", code);
	}
	cr_expect_null(dhcp_option_by_code(6, 0));
	cr_expect_null(dhcp_option_by_code(6, 151));
	cr_expect_null(dhcp_option_by_code(5, 1));
}

Test(option, what_may_never_be_set)
{
	static const uint8_t never4[] = { 0, 50, 52, 53, 54, 55, 57, 61, 80, 82, 90, 118, 255 };
	static const uint8_t clamp4[] = { 51, 58, 59 };
	static const uint8_t free4[] = { 1, 3, 6, 12, 15, 28, 43, 60, 66, 67, 119, 121, 125, 150,
		249 };
	static const uint8_t never6[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 18, 19, 20, 25,
		26, 37, 38, 53, 79, 87, 135 };
	static const uint8_t free6[] = { 15, 16, 17, 21, 23, 24, 31, 32, 39, 56, 59, 60, 82, 83,
		103 };

	for (size_t i = 0; i < sizeof(never4); i++)
		cr_expect_eq(dhcp_option_by_code(4, never4[i])->override, DHCP_NEVER, "%u",
			never4[i]);
	for (size_t i = 0; i < sizeof(clamp4); i++)
		cr_expect_eq(dhcp_option_by_code(4, clamp4[i])->override, DHCP_CLAMP, "%u",
			clamp4[i]);
	for (size_t i = 0; i < sizeof(free4); i++)
		cr_expect_eq(dhcp_option_by_code(4, free4[i])->override, DHCP_FREE, "%u", free4[i]);
	for (size_t i = 0; i < sizeof(never6); i++)
		cr_expect_eq(dhcp_option_by_code(6, never6[i])->override, DHCP_NEVER, "%u",
			never6[i]);
	for (size_t i = 0; i < sizeof(free6); i++)
		cr_expect_eq(dhcp_option_by_code(6, free6[i])->override, DHCP_FREE, "%u", free6[i]);
}

/* Every number leads to its row, or to nameless bytes, and back to a name that finds it again. */
static void check_number(unsigned family, unsigned code)
{
	const struct dhcp_option_def *row = dhcp_option_by_code(family, code);
	struct dhcp_option_def def, same;
	char name[64];

	snprintf(name, sizeof(name), family == 4 ? "option-%u" : "option6-%u", code);
	cr_assert(find(family, name, &def), "%s", name);
	cr_assert_eq(def.code, code);
	cr_assert_eq(def.family, family);
	if (row != NULL)
		cr_assert_eq(memcmp(&def, row, sizeof(def)), 0);
	else
		cr_assert(def.name == NULL && def.type[0] == DHCP_BINARY &&
			def.override == DHCP_FREE);
	cr_assert_lt(dhcp_option_name(&def, name, sizeof(name)), sizeof(name));
	cr_assert(find(family, name, &same), "%s", name);
	cr_assert_eq(memcmp(&def, &same, sizeof(def)), 0);
}

Test(option, by_number)
{
	for (unsigned code = 0; code <= 255; code++)
		check_number(4, code);
	for (unsigned code = 1; code <= 65535; code += code < 400 ? 1 : 997)
		check_number(6, code);
	check_number(6, 65535);
}

Test(option, vendor_suboptions)
{
	static const char *const names[] = { "vendor-4491.config-file", "vendor-4491.tftp-servers",
		"vendor-32473.65535", "vendor-0.1", "vendor-4294967295.7" };
	struct dhcp_option_def def, same;
	char name[64];

	cr_assert(find(6, "vendor-4491.33", &def));
	cr_assert_str_eq(def.name, "config-file");
	cr_assert(def.code == 17 && def.suboption == 33 && def.enterprise == 4491);
	cr_assert_eq(def.type[0], DHCP_STRING);
	cr_assert(find(4, "vendor-4491.2", &def));
	cr_assert(def.code == 125 && def.suboption == 2 && def.enterprise == 4491);
	cr_assert_eq(def.type[0], DHCP_IPV4);
	cr_assert(find(4, "vendor-32473.9", &def));
	cr_assert(def.code == 125 && def.suboption == 9 && def.enterprise == 32473 &&
		def.name == NULL && def.type[0] == DHCP_BINARY);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		cr_assert(find(6, names[i], &def), "%s", names[i]);
		cr_assert_lt(dhcp_option_name(&def, name, sizeof(name)), sizeof(name));
		cr_assert_str_eq(name, names[i]);
		cr_assert(find(6, name, &same) && memcmp(&def, &same, sizeof(def)) == 0);
	}
}

Test(option, names_that_are_none)
{
	static const struct {
		unsigned family;
		const char *name;
	} none[] = {
		{ 4, "" }, { 4, "router" }, { 4, "Routers" }, { 4, "routers " }, { 4,
		  "dns-servers" },
		{ 6, "routers" }, { 5, "routers" }, { 4, "option-" }, { 4, "option-256" },
		{ 4, "option-01" }, { 4, "option--1" }, { 4, "option-1x" }, { 4, "option- 1" },
		{ 4, "option6-59" }, { 6, "option-59" }, { 6, "option6-0" }, { 6, "option6-65536" },
		{ 6, "option6-99999999999999999999" }, { 4, "vendor-" }, { 4, "vendor-4491" },
		{ 4, "vendor-4491." }, { 4, "vendor-4491.0" }, { 4, "vendor-4491.255" },
		{ 4, "vendor-.1" }, { 4, "vendor-4491.1x" }, { 4, "vendor-4491.config-file" },
		{ 6, "vendor-4492.config-file" }, { 6, "vendor-4491.config" },
		{ 6, "vendor-4491.65536" }, { 6, "vendor-4294967296.1" },
	};
	struct dhcp_option_def def = { .code = 77 };

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		cr_expect_not(find(none[i].family, none[i].name, &def), "\"%s\"", none[i].name);
		cr_expect_eq(def.code, 77);
	}
}

Test(option, length_that_fits)
{
	static const struct {
		unsigned family;
		const char *name;
		size_t good[3], bad[3];
	} rows[] = {
		{ 4, "subnet-mask", { 4, 4, 4 }, { 0, 3, 8 } },
		{ 4, "routers", { 4, 8, 252 }, { 0, 5, 2 } },
		{ 4, "static-routes", { 8, 16, 80 }, { 0, 4, 12 } },
		{ 4, "slp-directory-agent", { 5, 9, 13 }, { 1, 4, 8 } },
		{ 4, "host-name", { 1, 2, 300 }, { 0, 0, 0 } },
		{ 4, "option-230", { 0, 1, 300 }, { 99999, 99999, 99999 } },
		{ 6, "addr-reg-enable", { 0, 0, 0 }, { 1, 2, 16 } },
		{ 6, "vendor-opts", { 8, 9, 100 }, { 0, 4, 7 } },
		{ 6, "nii", { 3, 3, 3 }, { 0, 2, 6 } },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct dhcp_option_def def;

		cr_assert(find(rows[i].family, rows[i].name, &def));
		for (size_t k = 0; k < 3; k++) {
			cr_expect(dhcp_option_fits(&def, rows[i].good[k]), "%s %zu", rows[i].name,
				rows[i].good[k]);
			cr_expect(rows[i].bad[k] == 99999 || !dhcp_option_fits(&def,
				rows[i].bad[k]), "%s %zu", rows[i].name, rows[i].bad[k]);
		}
	}
}

Test(option, types_in_words)
{
	static const struct {
		unsigned family;
		const char *name, *words;
	} rows[] = {
		{ 4, "routers", "list of ipv4-address" },
		{ 4, "static-routes", "list of groups of ipv4-address, ipv4-address" },
		{ 4, "slp-directory-agent", "boolean, list of ipv4-address" },
		{ 6, "nii", "uint8, uint8, uint8" },
	};
	char buf[64];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct dhcp_option_def def;

		cr_assert(find(rows[i].family, rows[i].name, &def));
		cr_expect_eq(dhcp_option_type(&def, buf, sizeof(buf)), strlen(rows[i].words));
		cr_expect_str_eq(buf, rows[i].words);
		cr_expect_eq(dhcp_option_type(&def, buf, 5), strlen(rows[i].words));
		cr_expect(strlen(buf) == 4 && strncmp(buf, rows[i].words, 4) == 0);
	}
	cr_expect_str_eq(dhcp_type_name(0), "?");
	cr_expect_str_eq(dhcp_type_name(DHCP_TYPE_COUNT), "?");
}

static void write_table(FILE *f, unsigned family)
{
	static const char *const words[] = { [DHCP_FREE] = "yes", [DHCP_CLAMP] = "shorter only",
		[DHCP_NEVER] = "no" };
	size_t n;
	const struct dhcp_option_def *rows = dhcp_option_table(family, &n);

	fprintf(f, "| code | name | type | may be set |\n|---:|---|---|---|\n");
	for (size_t i = 0; i < n; i++) {
		char type[128];

		dhcp_option_type(&rows[i], type, sizeof(type));
		fprintf(f, "| %u | `%s` | %s | %s |\n", rows[i].code, rows[i].name, type,
			words[rows[i].override]);
	}
}

/* Copies what is between the tables and writes the tables anew. */
static char *renewed(const char *doc)
{
	static const char *const marks[] = { "<!-- DHCPv4 -->\n", "<!-- DHCPv6 -->\n" };
	char *buf = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&buf, &len);

	cr_assert_not_null(f);
	for (unsigned i = 0; i < 2; i++) {
		const char *begin = strstr(doc, marks[i]);
		const char *end = begin != NULL ? strstr(begin, "<!-- end -->\n") : NULL;

		cr_assert_not_null(end, "%s lost its mark %s", DOC, marks[i]);
		begin += strlen(marks[i]);
		fprintf(f, "%.*s", (int)(begin - doc), doc);
		write_table(f, 4 + 2 * i);
		doc = end;
	}
	fprintf(f, "%s", doc);
	fclose(f);
	return buf;
}

Test(option, documentation_shows_the_table)
{
	static char doc[131072];
	FILE *f = fopen(DOC, "r");
	char *want;

	cr_assert_not_null(f, "run from the top of the source tree");
	doc[fread(doc, 1, sizeof(doc) - 1, f)] = '\0';
	fclose(f);
	want = renewed(doc);
	if (getenv("USHER_WRITE_DOCS") != NULL) {
		f = fopen(DOC, "w");
		cr_assert_not_null(f);
		fputs(want, f);
		fclose(f);
	} else {
		cr_assert(strcmp(doc, want) == 0, "%s differs from the dictionary; "
			"run the test with USHER_WRITE_DOCS=1", DOC);
	}
	free(want);
}
