/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The cases are lines: "+1 TYPE ID attrs" puts user 1, "-1" takes it out, "(" and ")" hold edits
 * that are one, "= ..." is what must then be in force, sorted, "! ..." what must be said while all
 * stays as it was.
 */
#include "tests/registry/source_cases.h"

#include "registry/reload.h"
#include "tests/registry/make.h"
#include "tests/registry/temp.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SETTLE = 30, PATIENCE = 20000, STEP = 5, TEXT = 4096 };

static const struct {
	const char *what;
	bool skip_bad;
	const char *lines;
} cases[] = {
	{ "what is there at first", false,
	  "+1 HW_ADDR 0c:0e:0a:01:ff:04 bootfile=a;\n+2 DUID 0001 \n"
	  "= HW_ADDR=0c0e0a01ff04 bootfile=a;|DUID=0001 |" },
	{ "inserted, updated, deleted", false,
	  "= \n+1 HW_ADDR 01 bootfile=a;\n= HW_ADDR=01 bootfile=a;|\n"
	  "+1 HW_ADDR 01 bootfile=b;\n= HW_ADDR=01 bootfile=b;|\n-1\n= " },
	{ "an attribute comes and goes", false,
	  "+1 HW_ADDR 01 \n= HW_ADDR=01 |\n+1 HW_ADDR 01 subnet=open;\n= HW_ADDR=01 subnet=open;|\n"
	  "+1 HW_ADDR 01 \n= HW_ADDR=01 |" },
	{ "another id", false,
	  "+1 HW_ADDR 01 bootfile=a;\n= HW_ADDR=01 bootfile=a;|\n+1 HW_ADDR 02 bootfile=a;\n"
	  "= HW_ADDR=02 bootfile=a;|" },
	{ "another type", false,
	  "+1 HW_ADDR 01 \n= HW_ADDR=01 |\n+1 DUID 01 \n= DUID=01 |" },
	{ "ids written in other ways", false,
	  "+1 HW_ADDR 0C:0E:0A \n+2 HW_ADDR 0d0e:0a \n= HW_ADDR=0c0e0a |HW_ADDR=0d0e0a |\n"
	  "+1 HW_ADDR 0c0e0a bootfile=x;\n= HW_ADDR=0c0e0a bootfile=x;|HW_ADDR=0d0e0a |" },
	{ "two exchange their ids", false,
	  "+1 HW_ADDR 01 bootfile=one;\n+2 HW_ADDR 02 bootfile=two;\n"
	  "= HW_ADDR=01 bootfile=one;|HW_ADDR=02 bootfile=two;|\n"
	  "(\n-1\n-2\n+1 HW_ADDR 02 bootfile=one;\n+2 HW_ADDR 01 bootfile=two;\n)\n"
	  "= HW_ADDR=01 bootfile=two;|HW_ADDR=02 bootfile=one;|" },
	{ "deleted and inserted again", false,
	  "+1 HW_ADDR 01 bootfile=a;\n= HW_ADDR=01 bootfile=a;|\n"
	  "(\n-1\n+2 HW_ADDR 01 bootfile=b;\n)\n"
	  "= HW_ADDR=01 bootfile=b;|" },
	{ "several edits are one", false,
	  "(\n+1 HW_ADDR 01 \n+2 HW_ADDR 02 \n+3 HW_ADDR 03 \n)\n"
	  "= HW_ADDR=01 |HW_ADDR=02 |HW_ADDR=03 |\n"
	  "(\n-2\n+3 HW_ADDR 03 bootfile=c;\n+4 HW_ADDR 04 \n)\n"
	  "= HW_ADDR=01 |HW_ADDR=03 bootfile=c;|HW_ADDR=04 |" },
	{ "all kinds of ids", false,
	  "+1 CLIENT_ID 0102 \n+2 CIRCUIT_ID 01 \n+3 REMOTE_ID 01 \n+4 SUBSCRIBER_ID 01 \n"
	  "= CLIENT_ID=0102 |CIRCUIT_ID=01 |REMOTE_ID=01 |SUBSCRIBER_ID=01 |" },
	{ "attributes of every kind", false,
	  "+1 HW_ADDR 01 bootfile=a;domain-name-servers=10.0.0.53, 10.0.1.53;customer=4711;"
	  "option-224=hex:c0ffee;\n"
	  "= HW_ADDR=01 bootfile=a;domain-name-servers=10.0.0.53, 10.0.1.53;customer=4711;"
	  "option-224=hex:c0ffee;|" },
	{ "an empty attribute is one", false,
	  "+1 HW_ADDR 01 bootfile=;\n= HW_ADDR=01 bootfile=;|" },
	{ "the default user", false,
	  "+1 HW_ADDR 00000000 bootfile=a;\n= HW_ADDR=00000000 bootfile=a;|\n-1\n= " },
	{ "a bad attribute: all stays as it was, until it is mended", false,
	  "+1 HW_ADDR 01 \n= HW_ADDR=01 |\n(\n+2 HW_ADDR 02 routers=x;\n-1\n)\n"
	  "! routers: expected an IPv4 address such as 192.0.2.1, got \"x\"\n"
	  "+2 HW_ADDR 02 routers=10.0.0.1;\n= HW_ADDR=02 routers=10.0.0.1;|" },
	{ "a bad type", false,
	  "+1 HW_ADDR 01 \n= HW_ADDR=01 |\n+2 BOGUS 02 \n"
	  "! unknown type \"BOGUS\", expected \"HW_ADDR\" or \"DUID\"\n-2\n= HW_ADDR=01 |" },
	{ "a bad id", false,
	  "+1 HW_ADDR 01 \n= HW_ADDR=01 |\n+2 HW_ADDR 020 \n! id: odd number of hex digits (3)\n"
	  "+2 HW_ADDR xx \n! id: 'x' is not a hex digit\n-2\n= HW_ADDR=01 |" },
	{ "an id that is too long", false,
	  "+1 HW_ADDR 000102030405060708090a0b0c0d0e0f1011121314 \n"
	  "! id of 21 bytes, a HW_ADDR has 1 to 20\n-1\n= " },
	{ "one option by two names", false,
	  "+1 HW_ADDR 01 routers=10.0.0.1;option-3=hex:0a000001;\n"
	  "! option-3: that option is already set by another attribute\n-1\n= " },
	{ "bad ones left out", true,
	  "+1 HW_ADDR 01 \n= HW_ADDR=01 |\n+2 HW_ADDR 02 routers=x;\n+3 HW_ADDR 03 \n"
	  "= HW_ADDR=01 |HW_ADDR=03 |\n+1 HW_ADDR 01 routers=x;\n= HW_ADDR=03 |\n"
	  "+1 HW_ADDR 01 bootfile=a;\n= HW_ADDR=01 bootfile=a;|HW_ADDR=03 |\n"
	  "+2 HW_ADDR 02 routers=10.0.0.1;\n"
	  "= HW_ADDR=01 bootfile=a;|HW_ADDR=02 routers=10.0.0.1;|HW_ADDR=03 |" },
};

/* A source, what is in force of it, and what was said last. */
struct world {
	struct source *source;
	struct reload reload;
	struct registry *reg;
	char said[512];
};

static void publish(void *ctx, struct registry *reg, int fd, const struct load_stats *stats)
{
	struct world *w = ctx;

	(void)fd;
	(void)stats;
	registry_free(w->reg);
	w->reg = reg;
}

static void say(void *ctx, enum reload_news news, const char *text)
{
	struct world *w = ctx;

	snprintf(w->said, sizeof(w->said), "%s", news == RELOAD_FAILED ? text : "");
}

static int compare(const void *a, const void *b)
{
	const struct reg_user *users[2];
	struct reg_id id[2];

	memcpy(&users[0], a, sizeof(users[0]));
	memcpy(&users[1], b, sizeof(users[1]));
	for (size_t i = 0; i < 2; i++) {
		const uint8_t *bytes;
		size_t len;
		enum reg_id_type type = registry_user_id(users[i], &bytes, &len);

		cr_assert_eq(reg_id_set(&id[i], type, bytes, len), REG_OK);
	}
	return reg_id_compare(&id[0], &id[1]);
}

/* The users in force, but for the one that is always there. */
static const char *in_force(const struct world *w)
{
	static char text[TEXT];
	const struct reg_user *users[16], *user = NULL;
	size_t count = 0, n = 0;

	while ((user = registry_next(w->reg, user)) != NULL)
		users[count++] = user;
	qsort(users, count, sizeof(users[0]), compare);
	text[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		char id[REG_ID_TEXT], attrs[1024];
		const uint8_t *bytes;
		size_t len;
		enum reg_id_type type = registry_user_id(users[i], &bytes, &len);

		reg_id_text(type, bytes, len, id);
		if (strcmp(id, "DUID=ffff") != 0)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s %s|", id,
				attrs_text(users[i], attrs));
	}
	return text;
}

static bool reached(const struct world *w, char what, const char *expect)
{
	return what == '=' ? strcmp(in_force(w), expect) == 0 : strstr(w->said, expect) != NULL;
}

/* Passes as the thread would make them. */
static void expect(struct world *w, const char *name, char what, const char *expected)
{
	char before[TEXT];

	strcpy(before, in_force(w));
	for (unsigned int ms = 0; ms < PATIENCE && !reached(w, what, expected); ms += STEP) {
		temp_sleep_ms(STEP);
		w->source->ops->stirred(w->source);
		reload_pass(&w->reload, false, NULL);
	}
	cr_assert(reached(w, what, expected), "%s: %s: wanted %s, got %s; said: %s",
		w->source->ops->kind, name, expected, in_force(w), w->said);
	if (what == '!')
		cr_assert_str_eq(in_force(w), before, "%s: %s: nothing is half applied",
			w->source->ops->kind, name);
}

static void edit(const struct medium *m, const char *line)
{
	unsigned int number = (unsigned int)(line[1] - '0');
	char type[32], id[64];
	int at = 0;

	if (line[0] == '(' && m->begin != NULL)
		m->begin(m->ctx);
	else if (line[0] == ')' && m->commit != NULL)
		m->commit(m->ctx);
	else if (line[0] == '-')
		m->take(m->ctx, number);
	else if (line[0] == '+') {
		cr_assert_eq(sscanf(line + 2, "%31s %63s %n", type, id, &at), 2);
		m->put(m->ctx, number, type, id, line + 2 + at);
	}
}

/* Edits before the first expectation are there when the source is read for the first time. */
static void begin(struct world *w, const struct medium *m, bool skip_bad)
{
	struct reload_options options = { .skip_bad = skip_bad, .settle_ms = SETTLE,
		.start_without = true, .publish = publish, .say = say, .ctx = w };
	struct reg_error err;

	memset(w, 0, sizeof(*w));
	options.source = w->source = m->source(m->ctx);
	cr_assert_eq(reload_first(&w->reload, &options, &err), REG_OK, "%s", err.text);
}

static void run_case(const struct medium *m, size_t number)
{
	char *lines = strdup(cases[number].lines), *rest = lines, *line;
	struct world w = { .source = NULL };

	m->clear(m->ctx);
	while ((line = strsep(&rest, "\n")) != NULL) {
		if (line[0] != '=' && line[0] != '!') {
			edit(m, line);
			continue;
		}
		if (w.source == NULL && line[0] == '!') {
			/* something must be in force to stay so */
			begin(&w, m, cases[number].skip_bad);
			if (w.reg == NULL)
				w.reg = make_registry("", NULL, NULL, NULL, NULL, NULL);
		}
		if (w.source == NULL)
			begin(&w, m, cases[number].skip_bad);
		expect(&w, cases[number].what, line[0], line + 2);
	}
	reload_done(&w.reload);
	w.source->ops->free(w.source);
	registry_free(w.reg);
	free(lines);
}

void source_cases_run(const struct medium *m)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		run_case(m, i);
}
