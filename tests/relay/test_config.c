/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tests/config/ holds configs: NAME.json with NAME.err, the error as it must be told, or with
 * NAME.ok, lines that the printed config must hold and, as "warning: ...", all warnings in their
 * order. PATH.json and PATH-bad.json are for the key of that path; x- are errors and y- configs
 * beyond.
 */
#include "relay/config.h"

#include "relay/config_key.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The whole of a file, NUL-terminated, to be freed; NULL if there is none. */
static char *slurp(const char *path)
{
	FILE *f = fopen(path, "r");
	char *text = NULL;
	size_t cap = 0;
	ssize_t n;

	if (f == NULL)
		return NULL;
	n = getdelim(&text, &cap, '\0', f);
	fclose(f);
	if (n < 0) {
		free(text);
		return strdup("");
	}
	return text;
}

static const char *base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

/* The path of the file beside it with another ending. */
static const char *beside(const char *path, const char *ending)
{
	static char buf[512];

	snprintf(buf, sizeof(buf), "%.*s%s", (int)(strlen(path) - strlen(".json")), path, ending);
	return buf;
}

struct text {
	char buf[65536];
	size_t len;
};

static void append(void *ctx, const char *text, size_t len)
{
	struct text *t = ctx;

	cr_assert_lt(len, sizeof(t->buf) - t->len);
	memcpy(t->buf + t->len, text, len);
	t->len += len;
	t->buf[t->len] = '\0';
}

static const char *printed(const struct config *c)
{
	static struct text t;

	t.len = 0;
	config_print(c, append, &t);
	return t.buf;
}

static void expect_error(const char *path, const char *json, const char *expected)
{
	struct config_error err = { .fault = CONFIG_NO_MEMORY };
	struct config *c = config_parse(base(path), json, strlen(json), &err);

	cr_expect_null(c, "%s was taken", path);
	cr_expect_eq(err.fault, CONFIG_BAD, "%s", path);
	cr_expect(strncmp(expected, err.text, strlen(err.text)) == 0 &&
		strcmp(expected + strlen(err.text), "\n") == 0, "%s:\n%sis expected, got\n%s", path,
		expected, err.text);
	config_free(c);
}

static void expect_lines(const char *path, const struct config *c, char *expected)
{
	const struct rule_warning *w = c->warnings;
	char *rest = expected;
	const char *line;

	while ((line = strsep(&rest, "\n")) != NULL) {
		if (strncmp(line, "warning: ", 9) != 0) {
			cr_expect_not_null(
				strstr(printed(c), line), "%s: %s\n%s", path, line, printed(c));
			continue;
		}
		cr_assert_not_null(w, "%s: too few warnings", path);
		cr_expect_str_eq(w->text, line + 9, "%s", path);
		w = w->next;
	}
	cr_expect_null(w, "%s: %s", path, w != NULL ? w->text : "");
}

/* What is printed makes the same config again. */
static void expect_again(const char *path, const struct config *c)
{
	struct config_error err = { .text = "" };
	char *text = strdup(printed(c));
	struct config *again = config_parse("printed", text, strlen(text), &err);

	cr_assert_not_null(again, "%s: %s", path, err.text);
	cr_expect_str_eq(printed(again), text, "%s", path);
	cr_expect_eq(again->policy->generation, c->policy->generation, "%s", path);
	config_free(again);
	free(text);
}

static void expect_good(const char *path, const char *json, char *expected)
{
	struct config_error err = { .text = "" };
	struct config *c = config_parse(base(path), json, strlen(json), &err);

	cr_assert_not_null(c, "%s", err.text);
	expect_lines(path, c, expected);
	expect_again(path, c);
	config_free(c);
}

Test(config, golden_files)
{
	glob_t found;

	cr_assert_eq(glob("tests/config/*.json", 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		const char *path = found.gl_pathv[i];
		char *json = slurp(path), *ok = slurp(beside(path, ".ok")),
			*bad = slurp(beside(path, ".err"));

		cr_assert((ok != NULL) != (bad != NULL), "%s needs either .ok or .err", path);
		if (bad != NULL)
			expect_error(path, json, bad);
		else
			expect_good(path, json, ok);
		free(json);
		free(ok);
		free(bad);
	}
	globfree(&found);
}

Test(config, every_key_has_its_files)
{
	size_t count;
	const struct config_key *keys = config_keys(&count);

	for (size_t i = 0; i < count; i++) {
		static const char *const endings[] = { ".json", ".ok", "-bad.json", "-bad.err" };
		char path[256];

		for (size_t k = 0; k < 4; k++) {
			snprintf(path, sizeof(path), "tests/config/%s%s", keys[i].path, endings[k]);
			cr_expect_eq(access(path, R_OK), 0, "%s", path);
		}
		cr_expect(keys[i].help != NULL && strlen(keys[i].help) > 0, "%s", keys[i].path);
	}
}

static struct config *parse(const char *json)
{
	struct config_error err = { .text = "" };
	struct config *c = config_parse("test", json, strlen(json), &err);

	cr_assert_not_null(c, "%s", err.text);
	return c;
}

Test(config, defaults)
{
	struct config *c = parse("{}");
	const struct treatment *t = &c->policy->treat;

	cr_expect_str_eq(c->path, "test");
	cr_expect_eq(c->mode, MODE_INLINE);
	cr_expect(c->queue_first == 67 && c->queue_last == 67 && c->fail_open);
	cr_expect_str_eq(c->registry.file, "/etc/usher/registry.jsonl");
	cr_expect(c->registry.bad_lines == LINES_REJECT && c->registry.refresh_wait_ms == 50);
	cr_expect_str_eq(c->outcome.file, "/var/log/usher/outcome.txt");
	cr_expect(c->outcome.format == OUTCOME_USER_CHK && !c->outcome.offers);
	cr_expect_eq(c->outcome.wait_ms, 20);
	cr_expect(c->client_interfaces.count == 0 && c->client_interfaces.all[0] == NULL);
	cr_expect_str_eq(c->control, "/run/usher/control.sock");
	cr_expect(c->batch == 256 && !c->pin && c->queue_length == 8192 && c->receive_buffer == 8 << 20);
	cr_expect(c->mark == 0 && c->mark_mask == 0 && c->log_level == LEVEL_INFO);
	cr_expect(t->hint == HINT_LINK_SELECTION && t->enterprise == 32473);
	cr_expect(t->enforce == ENFORCE_NAK && t->on_mismatch == MISMATCH_NAK);
	cr_expect(t->malformed_query == TREAT_DROP && t->malformed_response == TREAT_PASS);
	cr_expect(t->fragments == TREAT_DROP && t->ext_headers == TREAT_DROP);
	cr_expect(t->bootp == TREAT_PASS && t->oversize == TREAT_PASS);
	cr_expect_eq(t->leasequery, TREAT_DROP);
	cr_expect(!t->client_82_drop && !t->strict_chaddr && !t->pxe_auto && !t->vendor_create);
	cr_expect(!t->docsis_string && !t->auth_key_delivery);
	cr_expect(t->max_ip4 == 1472 && t->max_ip6 == 1500 && t->max_82 == 250);
	cr_expect(t->max_hops == 16 && t->max_hops6 == 8);
	cr_expect(t->relay_count4 == 0 && t->relay_count6 == 0);
	config_free(c);
}

/* A field gets what its key says, and no other does: the choices and numbers of every size. */
Test(config, keys_reach_their_fields)
{
	struct config *c = parse(
		"{ \"fail\": \"closed\", \"registry\": { \"bad_lines\": \"skip\" },"
		"\"outcome\": { \"format\": \"json\", \"offers\": true }, \"queues\": \"3-5\","
		"\"hint\": \"none\", \"enforce\": \"log\", \"on_mismatch\": \"server\","
		"\"client_82\": \"drop\", \"pxe_fields\": \"auto\", \"docsis_32\": \"string\","
		"\"auth\": \"key-delivery-ok\", \"max_ip4\": 65535, \"max_hops\": 255, \"max_82\": "
		"64,"
		"\"enterprise\": 4294967295, \"mark\": \"0x10/0xf0\", \"log_level\": \"error\","
		"\"trusted_relays\": [\"10.0.0.0/8\", \"192.0.2.1\", \"2001:db8::1\"],"
		"\"client_interfaces\": [\"a\", \"b\"],"
		"\"state_key\": \"000102030405060708090a0b0c0d0e0f\" }");
	const struct treatment *t = &c->policy->treat;

	cr_expect(!c->fail_open && c->registry.bad_lines == LINES_SKIP);
	cr_expect(c->outcome.format == OUTCOME_JSON && c->outcome.offers);
	cr_expect(c->queue_first == 3 && c->queue_last == 5);
	cr_expect(t->hint == HINT_NONE && t->enforce == ENFORCE_LOG);
	cr_expect_eq(t->on_mismatch, MISMATCH_SERVER);
	cr_expect(t->client_82_drop && t->pxe_auto && t->docsis_string && t->auth_key_delivery);
	cr_expect(t->max_ip4 == 65535 && t->max_ip6 == 1500 && t->max_hops == 255);
	cr_expect(t->max_82 == 64 && t->max_hops6 == 8 && t->enterprise == UINT32_MAX);
	cr_expect(c->mark == 0x10 && c->mark_mask == 0xf0 && c->log_level == LEVEL_ERROR);
	cr_assert(t->relay_count4 == 2 && t->relay_count6 == 1);
	cr_expect(t->relays4[0].bits == 8 && t->relays4[1].bits == 32 && t->relays6[0].bits == 128);
	cr_assert_eq(c->client_interfaces.count, 2);
	cr_expect_str_eq(c->client_interfaces.all[1], "b");
	cr_expect_null(c->client_interfaces.all[2]);
	for (uint8_t i = 0; i < 16; i++)
		cr_expect_eq(t->digest_key[i], i);
	config_free(c);
}

/* Two ushers with one config read each other's state; another enterprise number is another key. */
Test(config, the_state_key_comes_from_the_config)
{
	struct config *a = parse("{}"), *b = parse("{ \"fail\": \"closed\" }");
	struct config *c = parse("{ \"enterprise\": 9 }");

	cr_expect_arr_eq(a->policy->treat.digest_key, b->policy->treat.digest_key, 16);
	cr_expect_neq(memcmp(a->policy->treat.digest_key, c->policy->treat.digest_key, 16), 0);
	config_free(a);
	config_free(b);
	config_free(c);
}

Test(config, files_that_cannot_be_read)
{
	struct config_error err = { .text = "" };

	cr_expect_null(config_load("tests/config/no-such-file", &err));
	cr_expect_eq(err.fault, CONFIG_UNREADABLE);
	cr_expect_str_eq(err.text, "tests/config/no-such-file: No such file or directory");
	cr_expect_null(config_load("tests/config", &err));
	cr_expect_eq(err.fault, CONFIG_UNREADABLE);
	cr_expect_str_eq(err.text, "tests/config: Is a directory");
}

static void write_config(char *path, const char *text, mode_t mode)
{
	int fd = mkstemp(path);

	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	cr_assert_eq(fchmod(fd, mode), 0);
	close(fd);
}

Test(config, others_may_not_write_to_it)
{
	static const struct {
		mode_t mode;
		bool warned;
	} rows[] = { { 0600, false }, { 0644, false }, { 0664, true }, { 0606, true } };

	for (size_t i = 0; i < 4; i++) {
		char path[] = "/tmp/usher-config-XXXXXX";
		struct config_error err = { .text = "" };
		struct config *c;

		write_config(path,
			"{ \"subnets\": [ { \"name\": \"a\", \"prefixes\": \"10.0.0.0/8\" } ] }",
			rows[i].mode);
		c = config_load(path, &err);
		unlink(path);
		cr_assert_not_null(c, "%s", err.text);
		cr_expect_eq(c->warnings != NULL, rows[i].warned, "%o", rows[i].mode);
		if (c->warnings != NULL)
			cr_expect_not_null(strstr(c->warnings->text, "chmod go-w"));
		config_free(c);
	}
}

/* Larger than one read, and with an error on its last line. */
Test(config, long_files)
{
	size_t len = 300000;
	char path[] = "/tmp/usher-config-XXXXXX", *text = malloc(len + 64), expected[128];
	struct config_error err = { .text = "" };

	memset(text, '\n', len);
	strcpy(text + len, "{ \"mode\": 1 }");
	write_config(path, text, 0600);
	cr_expect_null(config_load(path, &err));
	unlink(path);
	snprintf(expected, sizeof(expected), "%s:300001: mode: expected \"inline\" or \"relay\", got 1", path);
	cr_expect_str_eq(err.text, expected);
	free(text);
}

/*
 * Every beginning of a config, and every byte of it changed: an error or a config, never a fault.
 */
Test(config, broken_in_every_place)
{
	char *json = slurp("tests/config/y-shadowed.json");
	size_t len = strlen(json), good = 0;

	for (size_t i = 0; i < 2 * len; i++) {
		struct config_error err = { .text = "" };
		char *copy = strdup(json);
		struct config *c;

		if (i >= len)
			copy[i - len] = (char)(copy[i - len] ^ 0x11);
		c = config_parse("broken", copy, i < len ? i : len, &err);
		good += c != NULL;
		cr_assert(c != NULL || strncmp(err.text, "broken:", 7) == 0, "%s", err.text);
		config_free(c);
		free(copy);
	}
	cr_expect_lt(good, len);
	free(json);
}

Test(config, free_takes_null)
{
	cr_expect_null(config_free(NULL));
}
