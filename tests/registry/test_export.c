/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry/export.h"
#include "registry/import.h"
#include "tests/registry/make.h"
#include "tests/registry/temp.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

struct text {
	char buf[4096];
	size_t len, stop_after;
};

static bool collect(void *ctx, const char *line, size_t len)
{
	struct text *t = ctx;

	t->len += (size_t)snprintf(t->buf + t->len, sizeof(t->buf) - t->len, "%.*s\n", (int)len,
		line);
	return t->stop_after == 0 || --t->stop_after > 0;
}

static const char registry[] =
	"# c\n{\"type\":\"HW_ADDR\",\"id\":\"0c0e\",\"note\":\"a, \\\"b\\\"\",\"x\":\" y\"}\n\n"
	"{\"id\":\"01\",\"type\":\"DUID\",\"z\":\"\"}\n"
	"{\"id\":\"02\",\"type\":\"DUID\",\"x\":\"l1\\nl2\",\"note\":\"M\xc3\xbc\"}\n";

static const struct {
	const char *format, *text;
} rows[] = {
	{ "jsonl", "{\"type\": \"HW_ADDR\", \"id\": \"0c:0e\", \"note\": \"a, \\\"b\\\"\", \"x\": \" y\"}\n"
	  "{\"type\": \"DUID\", \"id\": \"01\", \"z\": \"\"}\n"
	  "{\"type\": \"DUID\", \"id\": \"02\", \"x\": \"l1\\u000al2\", \"note\": \"M\xc3\xbc\"}\n" },
	{ "csv", "type,id,note,x,z\nHW_ADDR,0c:0e,\"a, \"\"b\"\"\",\" y\",\nDUID,01,,,\n"
	  "DUID,02,M\xc3\xbc,\"l1\nl2\",\n" },
};

Test(export, formats)
{
	struct registry *reg = make_registry(registry, NULL, NULL, NULL, NULL, NULL);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct text t = { .len = 0 };

		cr_assert_str_eq(registry_export_format(i), rows[i].format);
		cr_assert_eq(registry_export(reg, rows[i].format, collect, &t), REG_OK);
		cr_assert_str_eq(t.buf, rows[i].text);
		t.stop_after = 2;
		cr_assert_eq(registry_export(reg, rows[i].format, collect, &t), REG_E_STOPPED);
	}
	cr_assert_str_eq(registry_export_format(2), "");
	cr_assert_eq(registry_export(reg, "xml", collect, NULL), REG_E_FORMAT);
	cr_assert_eq(registry_export(reg, "", collect, NULL), REG_E_FORMAT);
	registry_free(reg);
}

static bool collect_entry(void *ctx, const struct reg_entry *entry)
{
	struct text *t = ctx;
	char id[REG_ID_TEXT];

	reg_id_text(entry->id.type, entry->id.bytes, entry->id.len, id);
	t->len += (size_t)snprintf(t->buf + t->len, sizeof(t->buf) - t->len, "%s ", id);
	for (size_t i = 0; i < entry->count; i++)
		t->len += (size_t)snprintf(t->buf + t->len, sizeof(t->buf) - t->len, "%.*s=%.*s;",
			(int)entry->pairs[i].name_len, entry->pairs[i].name,
			(int)entry->pairs[i].value_len, entry->pairs[i].value);
	return true;
}

Test(export, a_table_reads_back)
{
	struct registry *reg = make_registry(registry, NULL, NULL, NULL, NULL, NULL);
	struct text table = { .len = 0 }, back = { .len = 0 };
	struct reg_report report = { 0 };
	struct reg_error err;
	struct temp t;

	temp_make(&t);
	cr_assert_eq(registry_export(reg, "csv", collect, &table), REG_OK);
	temp_put(t.path, table.buf);
	cr_assert_eq(registry_import("csv", t.path, collect_entry, &back, &report, &err), REG_OK);
	cr_assert_eq(report.count, 0);
	cr_assert_str_eq(back.buf, "HW_ADDR=0c0e note=a, \"b\";x= y;DUID=01 "
		"DUID=02 note=M\xc3\xbc;x=l1\nl2;");
	registry_free(reg);
	temp_remove(&t);
}
