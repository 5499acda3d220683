/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry/record.h"
#include "registry/layout.h"
#include "tests/registry/make.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Attributes of one user and the options they become, or the error. */
static const struct {
	const char *attrs, *expect;
} rows[] = {
	{ "", "" },
	{ "\"note\":\"x\"", "" },
	{ "\"domain-name-servers\":\"10.0.0.53, 10.0.1.53\"", "4:6=0a0000350a000135;" },
	{ "\"routers\":\"\"", "" },
	{ "\"option-224\":\"hex:c0ffee\"", "4:224=c0ffee;" },
	{ "\"option-6\":\"10.0.0.1\"", "4:6=0a000001;" },
	{ "\"option6-59\":\"tftp://x\"", "6:59=746674703a2f2f78;" },
	{ "\"dns-servers\":\"2001:db8::1\"", "6:23=20010db8000000000000000000000001;" },
	/* one name, two families: where it encodes */
	{ "\"nis-servers\":\"10.0.0.1\"", "4:41=0a000001;" },
	{ "\"nis-servers\":\"2001:db8::1\"", "6:27=20010db8000000000000000000000001;" },
	{ "\"domain-search\":\"a.b\"", "4:119=0161016200;6:24=0161016200;" },
	{ "\"nis-servers\":\"ten\"",
	  "t:1: nis-servers: expected an IPv4 address such as 192.0.2.1, got \"ten\"" },
	/* several, in the order of the file */
	{ "\"routers\":\"10.0.0.1\",\"x\":\"y\",\"dns-servers\":\"::\",\"subnet-mask\":\"255.0.0.0\"",
	  "4:3=0a000001;4:1=ff000000;6:23=00000000000000000000000000000000;" },
	/* vendor options */
	{ "\"vendor-4491.33\":\"hex:01\"", "4:125/4491.33=01;6:17/4491.33=01;" },
	{ "\"vendor-9.1\":\"hex:\",\"vendor-9.2\":\"hex:02\"",
	  "4:125/9.1=;4:125/9.2=02;6:17/9.1=;6:17/9.2=02;" },
	/* known attributes are not options */
	{ "\"bootfile\":\"b\",\"tftp_server\":\"t\",\"subnet\":\"s\"", "" },
	/* wrong values */
	{ "\"routers\":\"10.0.0\"",
	  "t:1: routers: expected an IPv4 address such as 192.0.2.1, got \"10.0.0\"" },
	{ "\"interface-mtu\":\"70000\"", "t:1: interface-mtu: expected a number from 0 to 65535*" },
	{ "\"note\":\"x\",\"option6-23\":\"10.0.0.1\"", "t:1: option6-23: expected an IPv6 address*" },
	/* not ours to set */
	{ "\"dhcp-message-type\":\"5\"", "t:1: dhcp-message-type: option may not be overridden" },
	{ "\"option-82\":\"hex:0101\"", "t:1: option-82: option may not be overridden" },
	{ "\"option6-1\":\"hex:0101\"", "t:1: option6-1: option may not be overridden" },
	{ "\"status-code\":\"1 x\"", "t:1: status-code: option may not be overridden" },
	{ "\"dhcp-lease-time\":\"60\"", "t:1: dhcp-lease-time: lease times are set by max_lease*" },
	/* no such option */
	{ "\"option-256\":\"hex:00\"", "t:1: option-256: no such option, expected option-1 to*" },
	{ "\"option6-65536\":\"hex:00\"", "t:1: option6-65536: no such option*" },
	{ "\"vendor-1\":\"hex:00\"", "t:1: vendor-1: no such option*" },
	{ "\"option-x\":\"an attribute\"", "" },
	{ "\"vendor-name\":\"an attribute\"", "" },
	{ "\"vendor-2nd-floor\":\"an attribute\",\"option-82-port\":\"7\"", "" },
	/* one option twice */
	{ "\"routers\":\"10.0.0.1\",\"option-3\":\"10.0.0.2\"",
	  "t:1: option-3: that option is already set by another attribute" },
	{ "\"routers\":\"\",\"option-3\":\"10.0.0.2\"", "4:3=0a000002;" },
	{ "\"vendor-9.1\":\"hex:01\",\"vendor-9.1\":\"hex:02\"", "4:125/9.1=02;6:17/9.1=02;" },
};

Test(record, attributes_to_options)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t n = strlen(rows[i].expect);
		char line[1024], buf[1024];
		struct reg_error err = { "" };
		struct registry *reg;
		enum reg_err e;

		snprintf(line, sizeof(line), "{\"type\":\"DUID\",\"id\":\"01\"%s%s}",
			rows[i].attrs[0] != '\0' ? "," : "", rows[i].attrs);
		reg = make_registry(line, NULL, &e, &err, NULL, NULL);
		if (reg != NULL)
			options_text(registry_next(reg, NULL), buf);
		else
			snprintf(buf, sizeof(buf), "%s", err.text);
		cr_assert_eq(e, strncmp(rows[i].expect, "t:1:", 4) == 0 ? REG_E_OPTION : REG_OK);
		if (n > 0 && rows[i].expect[n - 1] == '*')
			cr_assert_eq(strncmp(buf, rows[i].expect, n - 1), 0, "%s: %s", line, buf);
		else
			cr_assert_str_eq(buf, rows[i].expect);
		registry_free(reg);
	}
}

static enum reg_err write_one(size_t count, size_t value_len, size_t *ret_len)
{
	static char value[70000];
	static uint8_t out[RECORD_ROOM];
	static const uint8_t key[16];
	struct reg_pair *pairs = calloc(count + 1, sizeof(*pairs));
	char (*names)[24] = calloc(count + 1, sizeof(*names));
	struct reg_entry entry = { .count = count, .pairs = pairs };
	struct attr_names all;
	struct reg_error err;
	enum reg_err e;

	memset(value, 'v', sizeof(value));
	for (size_t i = 0; i < count; i++) {
		snprintf(names[i], sizeof(names[i]), "n%zu", i);
		pairs[i] = (struct reg_pair){ names[i], value, strlen(names[i]), value_len };
	}
	attr_names_init(&all, NULL, key);
	reg_id_set(&entry.id, REG_DUID, (const uint8_t *)"\1", 1);
	e = record_write(&entry, 1, &all, "t", out, ret_len, &err);
	if (e != REG_OK)
		cr_assert_str_eq(err.text, "t: attributes take more than 65535 bytes when packed");
	attr_names_done(&all);
	free(pairs);
	free(names);
	return e;
}

Test(record, length_when_packed)
{
	size_t head = sizeof(struct reg_user) + 1 + sizeof(struct reg_body) + REG_ATTR_HEAD, len;

	cr_assert_eq(write_one(0, 0, &len), REG_OK);
	cr_assert_eq(len, 12, "header, a byte of id, padding");
	cr_assert_eq(write_one(1, REG_USER_MAX - head, &len), REG_OK);
	cr_assert_eq(len, RECORD_ROOM);
	cr_assert_eq(write_one(1, REG_USER_MAX - head + 1, &len), REG_E_LIMIT);
	cr_assert_eq(write_one(REG_PAIRS_MAX, 10, &len), REG_OK);
	cr_assert_eq(write_one(REG_PAIRS_MAX + 1, 10, &len), REG_E_LIMIT);
	cr_assert_eq(write_one(REG_PAIRS_MAX, 200, &len), REG_E_LIMIT);
}

/* A value that becomes longer when encoded: a list of numbers of one digit. */
Test(record, options_that_do_not_fit)
{
	static char value[60000];
	static uint8_t out[RECORD_ROOM];
	static const uint8_t key[16];
	struct reg_pair pair = { "path-mtu-plateau-table", value, 22, 0 };
	struct reg_entry entry = { .count = 1, .pairs = &pair };
	struct attr_names names;
	struct reg_error err;
	size_t len;

	attr_names_init(&names, NULL, key);
	reg_id_set(&entry.id, REG_DUID, (const uint8_t *)"\1", 1);
	for (size_t n = 1; n < sizeof(value); n += 2) {
		value[n - 1] = '1';
		value[n] = ',';
		pair.value_len = n;
	}
	cr_assert_eq(record_write(&entry, 1, &names, "t", out, &len, &err), REG_E_LIMIT);
	pair.value_len = 32765;
	cr_assert_eq(record_write(&entry, 1, &names, "t", out, &len, &err), REG_E_LIMIT);
	pair.value_len = 32699;
	cr_assert_eq(record_write(&entry, 1, &names, "t", out, &len, &err), REG_OK, "%s", err.text);
	attr_names_done(&names);
}
