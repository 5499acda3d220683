/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry/import.h"
#include "tests/registry/temp.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct text {
	char buf[8192];
	size_t len, stop_after;
};

static bool collect(void *ctx, const struct reg_entry *entry)
{
	struct text *t = ctx;
	char id[REG_ID_TEXT];

	reg_id_text(entry->id.type, entry->id.bytes, entry->id.len, id);
	t->len += (size_t)snprintf(t->buf + t->len, sizeof(t->buf) - t->len, "%u %s", entry->line,
		id);
	for (size_t i = 0; i < entry->count; i++)
		t->len += (size_t)snprintf(t->buf + t->len, sizeof(t->buf) - t->len, " %.*s=%.*s",
			(int)entry->pairs[i].name_len, entry->pairs[i].name,
			(int)entry->pairs[i].value_len, entry->pairs[i].value);
	t->len += (size_t)snprintf(t->buf + t->len, sizeof(t->buf) - t->len, "\n");
	return t->stop_after == 0 || --t->stop_after > 0;
}

/* Entries as "line id name=value...", then what was left out, then the error, each on a line. */
struct row {
	const char *format, *text, *expect;
};

static void check(const struct row *rows, size_t count)
{
	struct temp t;

	temp_make(&t);
	for (size_t i = 0; i < count; i++) {
		struct text out = { .len = 0 };
		struct reg_report report = { 0 };
		struct reg_error err = { "" };
		enum reg_err e;

		temp_put(t.path, rows[i].text);
		e = registry_import(rows[i].format, t.path, collect, &out, &report, &err);
		for (size_t k = 0; k < report.count; k++)
			out.len += (size_t)snprintf(out.buf + out.len, sizeof(out.buf) - out.len,
				"-%s\n", report.first[k].text + strlen(t.path));
		if (e != REG_OK)
			snprintf(out.buf + out.len, sizeof(out.buf) - out.len, "!%s\n",
				err.text + strlen(t.path));
		cr_assert_eq(e, strchr(rows[i].expect, '!') != NULL ? REG_E_FORMAT : REG_OK);
		cr_assert_str_eq(out.buf, rows[i].expect);
	}
	temp_remove(&t);
}

static const struct row csv[] = {
	{ "csv", "type,id,bootfile\nHW_ADDR,0c:0e,x\nDUID,01,\n", "2 HW_ADDR=0c0e bootfile=x\n3 DUID=01\n" },
	{ "csv", "MAC;note;DUID\r\n0c-0e-0a;\"a;\"\"b\"\"\";\r\n;x;0001\r\n\r\n0c0e.0a0b;;01:02",
	  "2 HW_ADDR=0c0e0a note=a;\"b\"\n3 DUID=0001 note=x\n5 HW_ADDR=0c0e0a0b\n5 DUID=0102\n" },
	{ "csv", "mac\trouters\n0c:0e\t10.0.0.1\n0c:0f\tx\nzz\t\n\t10.0.0.1\n", "2 HW_ADDR=0c0e "
	  "routers=10.0.0.1\n-:3: routers: expected an IPv4 address such as 192.0.2.1, got \"x\"\n"
	  "-:4: id: 'z' is not a hex digit\n-:5: no hardware address, client id or DUID\n" },
	{ "csv", "\xef\xbb\xbfid,x\n\"0c\n0d\",\"l1\nl2\"\n0e,y\n", "2 HW_ADDR=0c0d x=l1\nl2\n5 HW_ADDR=0e x=y\n" },
	{ "csv", "type,id\nX,01\n", "-:2: unknown type, expected HW_ADDR or DUID\n" },
	{ "csv", "name,x\n", "!:1: first row: no column \"id\", \"mac\" or \"duid\"\n" },
	{ "csv", "", "!:1: first row: no column \"id\", \"mac\" or \"duid\"\n" },
	{ "csv", "mac,x\n01,2,3\n", "!:2: more fields than columns, or a quote too many\n" },
	{ "csv", "mac,x\n\"01\"2,3\n", "!:2: more fields than columns, or a quote too many\n" },
};

static const struct row dnsmasq[] = {
	{ "dnsmasq", "# a file\ninterface=eth0\ndhcp-range=10.0.0.1,10.0.0.9,12h\n"
	  "dhcp-host=11:22:33:44:55:66,192.168.0.60 # one\n"
	  "dhcp-host = 1-11:22:33:44:55:67 , fred , 192.168.0.61, 45m\n"
	  "dhcp-host=11:22:33:44:55:68,set:red,set:blue,tag:wifi,ignore\n"
	  "dhcp-host=11:22:33:44:55:69,12:34:56:78:90:12,192.168.0.62,infinite\n"
	  "dhcp-host=id:01:02:02:04,192.168.0.60\n"
	  "dhcp-host=id:marjorie,192.168.0.60\n"
	  "dhcp-host=id:00:01:00:01:16:d2:83:fc:92:d4:19:e2:d8:b2, fred, [1234::5]\n"
	  "dhcp-host=id:00:03:00:01:16:d2:83:fc, barney\n"
	  "dhcp-host=bert,192.168.0.70,infinite\n"
	  "dhcp-host=11:22:33:*:*:*,set:odd\n"
	  "dhcp-host=11:22:33:44:55:70,id:*\n",
	  "4 HW_ADDR=112233445566 ip-address=192.168.0.60\n"
	  "5 HW_ADDR=112233445567 host-name=fred ip-address=192.168.0.61 lease-time=45m\n"
	  "6 HW_ADDR=112233445568 tag=red, blue if-tag=wifi ignore=true\n"
	  "7 HW_ADDR=112233445569 ip-address=192.168.0.62 lease-time=infinite\n"
	  "7 HW_ADDR=123456789012 ip-address=192.168.0.62 lease-time=infinite\n"
	  "8 CLIENT_ID=01020204 ip-address=192.168.0.60\n"
	  "9 CLIENT_ID=6d61726a6f726965 ip-address=192.168.0.60\n"
	  "10 DUID=0001000116d283fc92d419e2d8b2 host-name=fred ip-address=1234::5\n"
	  "11 DUID=0003000116d283fc host-name=barney\n"
	  "14 HW_ADDR=112233445570\n"
	  "-:12: no hardware address, client id or DUID\n"
	  "-:13: a hardware address with a '*' is not one user\n" },
	{ "dnsmasq", "11:22:33:44:55:66,fred\nid:01:02,x\n\n# c\n",
	  "1 HW_ADDR=112233445566 host-name=fred\n2 CLIENT_ID=0102 host-name=x\n" },
	{ "dnsmasq", "", "" },
};

static const struct row isc[] = {
	{ "isc", "# dhcpd.conf\noption domain-name \"x; } {\"; # c\nsubnet 10.0.0.0 netmask 255.0.0.0 {\n"
	  "  range 10.0.0.1 10.0.0.9;\n"
	  "  host fantasia {\n    hardware ethernet 8:0:7:26:c0:a5;\n    fixed-address 10.0.0.5, "
	  "10.1.0.5;\n    filename \"boot\\\"x\";\n    option routers 10.0.0.1,10.0.0.2;\n"
	  "    option host-name \"fan\";\n    option ip-forwarding on;\n"
	  "    option vendor-encapsulated-options 1:2:ff:e;\n    option bootfile-name \"b\";\n"
	  "    if known { filename \"other\"; }\n    next-server 10.0.0.9;\n  }\n}\n"
	  "group { host six { host-identifier option dhcp6.client-id 0:1:0:1:a;\n"
	  "  fixed-address6 2001:db8::5; option dhcp6.name-servers 2001:db8::1; }\n"
	  "  host text { option dhcp-client-identifier \"ab\"; }\n"
	  "  host both { hardware ethernet 02:00:00:00:00:01; host-identifier option "
	  "agent.circuit-id \"p1\"; }\n  host none { fixed-address 10.0.0.7; }\n"
	  "  host bad { hardware ethernet zz; } }\n",
	  "5 HW_ADDR=08000726c0a5 name=fantasia ip-address=10.0.0.5, 10.1.0.5 bootfile=boot\"x "
	  "routers=10.0.0.1, 10.0.0.2 host-name=fan ip-forwarding=true "
	  "vendor-encapsulated-options=hex:0102ff0e boot-file-name=b next-server=10.0.0.9\n"
	  "18 DUID=000100010a name=six ip-address=2001:db8::5 dns-servers=2001:db8::1\n"
	  "20 CLIENT_ID=6162 name=text\n21 HW_ADDR=020000000001 name=both\n"
	  "21 CIRCUIT_ID=7031 name=both\n"
	  "-:22: no hardware address, client id or DUID\n-:23: id: 'z' is not a hex digit\n" },
	{ "isc", "host x { hardware ethernet 01;", "!:1: the file ends inside of a block or statement\n" },
	{ "isc", "}\n", "!:1: a '}' too many\n" },
	{ "isc", "authoritative", "!:1: the file ends inside of a block or statement\n" },
	{ "isc", "", "" },
};

static const struct row kea[] = {
	{ "kea", "{ # a comment with a \" in it\n\"Dhcp4\": { // \"another\n\"reservations\": [\n"
	  "{ \"hw-address\": \"1a:1b:1c:1d:1e:1f\", \"hostname\": \"a\", \"ip-address\": \"10.0.0.1\" } ],\n"
	  "\"subnet4\": [ { \"id\": 1, \"reservations\": [\n"
	  "{ \"client-id\": \"01:11:22\", \"boot-file-name\": \"/x\", \"client-classes\": [ \"a\", \"b\" ],\n"
	  "  \"option-data\": [ { \"name\": \"domain-name-servers\", \"data\": \"10.1.1.1, 10.1.1.2\" },\n"
	  "    { \"code\": 224, \"data\": \"0x0102\", \"csv-format\": false },\n"
	  "    { \"space\": \"vendor-4491\", \"code\": 2, \"csv-format\": false, \"data\": \"01 02\" } ] },\n"
	  "{ \"circuit-id\": \"'charter950'\", \"user-context\": { \"comment\": \"no\" } },\n"
	  "{ \"hw-address\": \"0c0e\", \"duid\": \"01:02\" },\n{ \"flex-id\": \"'x'\" } ] } ] } }\n",
	  "4 HW_ADDR=1a1b1c1d1e1f host-name=a ip-address=10.0.0.1\n"
	  "6 CLIENT_ID=011122 bootfile=/x client-classes=a, b domain-name-servers=10.1.1.1, 10.1.1.2 "
	  "option-224=hex:0102 vendor-4491.2=hex:0102\n"
	  "10 CIRCUIT_ID=63686172746572393530\n11 HW_ADDR=0c0e\n11 DUID=0102\n"
	  "-:12: no hardware address, client id or DUID\n" },
	{ "kea", "{ \"Dhcp6\": { \"reservations\": [ { \"duid\": \"01:02:03:04:05:0A\", \"ip-addresses\": "
	  "[ \"2001:db8::1\", \"2001:db8::2\" ], \"hostname\": \"h\", \"option-data\": [ { \"code\": 23, "
	  "\"data\": \"2001:db8::9\" }, { \"name\": \"nis-servers\", \"data\": \"2001:db8::8\" } ] } ] } }",
	  "1 DUID=01020304050a ip-addresses=2001:db8::1, 2001:db8::2 hostname=h "
	  "option6-23=2001:db8::9 nis-servers=2001:db8::8\n" },
	{ "kea", "{ \"reservations\": [ { \"hw-address\": \"zz\" }, { \"hw-address\": \"01\", "
	  "\"option-data\": [ { \"name\": \"routers\", \"data\": \"x\" } ] } ] }",
	  "-:1: id: 'z' is not a hex digit\n"
	  "-:1: routers: expected an IPv4 address such as 192.0.2.1, got \"x\"\n" },
	{ "kea", "{\n\"Dhcp4\":\n", "!:2: it ends too early: a bracket or a quote is not closed\n" },
	{ "kea", "{}", "" },
};

#define CHECK(rows) check(rows, sizeof(rows) / sizeof(rows[0]))

Test(import, tables)
{
	CHECK(csv);
}

Test(import, from_dnsmasq)
{
	CHECK(dnsmasq);
}

Test(import, from_isc)
{
	CHECK(isc);
}

Test(import, from_kea)
{
	CHECK(kea);
}

Test(import, files)
{
	struct text out = { .len = 0, .stop_after = 1 };
	struct reg_error err;
	struct temp t;

	temp_make(&t);
	cr_assert_eq(registry_import("csv", t.path, collect, &out, NULL, &err), REG_E_OPEN);
	cr_assert_eq(registry_import("csv", t.dir, collect, &out, NULL, &err), REG_E_KIND);
	temp_put(t.path, "mac\n01\n02\n");
	cr_assert_eq(registry_import("xls", t.path, collect, &out, NULL, &err), REG_E_FORMAT);
	cr_assert_str_eq(err.text, "no format \"xls\", expected kea, isc, dnsmasq or csv");
	cr_assert_eq(registry_import("csv", t.path, collect, &out, NULL, &err), REG_E_STOPPED);
	cr_assert_str_eq(out.buf, "2 HW_ADDR=01\n");
	temp_write(t.path, "mac\n\0001\n", 8);
	cr_assert_eq(registry_import("csv", t.path, collect, &out, NULL, &err), REG_E_FORMAT);
	temp_put(t.path, "");
	cr_assert_eq(truncate(t.path, (off_t)1 << 30), 0);
	cr_assert_eq(registry_import("csv", t.path, collect, &out, NULL, &err), REG_E_SIZE);
	for (size_t i = 0; *registry_import_format(i) != '\0'; i++)
		cr_assert_leq(i, 4);
	temp_remove(&t);
}

/* Whatever is cut off or changed in them: an answer, and no byte read outside of the file. */
Test(import, cut_and_changed)
{
	static const struct row *const all[] = { csv, dnsmasq, isc, kea };
	struct temp t;

	temp_make(&t);
	for (size_t f = 0; f < 4; f++) {
		const char *text = f == 0 ? csv[1].text : all[f][0].text;
		size_t len = strlen(text);
		char *copy = malloc(len + 1);
		unsigned int seed = 1;

		for (size_t n = 0; n < len; n += 1 + n / 40) {
			struct text out = { .len = 0 };
			struct reg_error err = { "" };
			enum reg_err e;

			temp_write(t.path, text, n);
			e = registry_import(all[f][0].format, t.path, collect, &out, NULL, &err);
			cr_assert(e == REG_OK || e == REG_E_FORMAT);
			memcpy(copy, text, len);
			for (int i = 0; i < 3; i++) {
				seed = seed * 1103515245 + 12345;
				copy[(seed >> 8) % len] = "{}\"',;:\\\n#x0"[(seed >> 3) % 12];
			}
			temp_write(t.path, copy, len);
			out.len = 0;
			e = registry_import(all[f][0].format, t.path, collect, &out, NULL, &err);
			cr_assert(e == REG_OK || e == REG_E_FORMAT);
		}
		free(copy);
	}
	temp_remove(&t);
}
