/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Conditions about numbers: the client's architecture (RFC 4578, RFC 5970), the address a relay
 * gives, the time of day. Times are local: what TZ or /etc/localtime said when the policy was made.
 */
#include "rules/match_row.h"

#include <stdio.h>
#include <string.h>

enum { DAY = 24 * 60 };

MATCH_PARSE(parse_client_arch)
{
	struct test *t = match_new(r, m);
	uint16_t *all = arena_alloc(r->arena, node_count(n) * sizeof(*all));
	enum rule_err e = match_not_empty(r, n, "at least one number");
	uint32_t count = 0, v = 0;

	if (t == NULL || all == NULL)
		return r->err->code = RULE_E_MEMORY;
	for (const struct node *i = node_items(n); e == RULE_OK && i != NULL; i = node_next(n, i)) {
		e = node_uint(i, 0, 65535, &v, r->err);
		all[count++] = (uint16_t)v;
	}
	t->numbers = all;
	t->count = count;
	return e;
}

MATCH_EVAL(eval_client_arch)
{
	const struct values *v = evidence_values(e, EVIDENCE_CLIENT_ARCH);

	for (size_t i = 0; i < v->count; i++)
		for (uint32_t k = 0; k < t->count; k++)
			if (be16_get(v->item[i].bytes.at) == t->numbers[k])
				return true;
	return false;
}

MATCH_PRINT(print_client_arch)
{
	const struct test *t = &ts->all[i];

	if (t->count > 1)
		writer_open(w, "client_arch", '[');
	for (uint32_t k = 0; k < t->count; k++)
		writer_uint(w, t->count > 1 ? NULL : "client_arch", t->numbers[k]);
	if (t->count > 1)
		writer_close(w, '[');
}

MATCH_PARSE(parse_relay)
{
	struct test *t = match_new(r, m);
	struct net *all = arena_alloc(r->arena, node_count(n) * sizeof(*all));
	enum rule_err e = match_not_empty(r, n, "at least one prefix");
	uint32_t count = 0;

	if (t == NULL || all == NULL)
		return r->err->code = RULE_E_MEMORY;
	for (const struct node *i = node_items(n); e == RULE_OK && i != NULL; i = node_next(n, i)) {
		e = prefix_read(i, &all[count].prefix, &all[count].family, r->err);
		count++;
	}
	t->nets = all;
	t->count = count;
	return e;
}

MATCH_EVAL(eval_relay)
{
	const uint8_t *addr = evidence_relay(e);

	for (uint32_t i = 0; addr != NULL && i < t->count; i++)
		if (t->nets[i].family == e->facts->family && prefix_holds(&t->nets[i].prefix, addr))
			return true;
	return false;
}

MATCH_PRINT(print_relay)
{
	const struct test *t = &ts->all[i];
	char text[PREFIX_TEXT_MAX];

	if (t->count > 1)
		writer_open(w, "relay", '[');
	for (uint32_t k = 0; k < t->count; k++)
		writer_text(w, t->count > 1 ? NULL : "relay",
			prefix_text(&t->nets[k].prefix, t->nets[k].family, text));
	if (t->count > 1)
		writer_close(w, '[');
}

/* "08:30" at *text: the minute of the day, *text behind it; -1 if it is none. */
static int minute_parse(const char **text)
{
	const char *p = *text;
	int hour, minute;

	for (int i = 0; i < 5; i++)
		if (i == 2 ? p[i] != ':' : p[i] < '0' || p[i] > '9')
			return -1;
	hour = 10 * (p[0] - '0') + p[1] - '0';
	minute = 10 * (p[3] - '0') + p[4] - '0';
	*text = p + 5;
	return minute > 59 || 60 * hour + minute > DAY ? -1 : 60 * hour + minute;
}

static enum rule_err read_span(const struct node *n, struct span *ret, struct rule_error *err)
{
	const char *text = n->kind == JSON_STRING ? n->text : "";
	int from = minute_parse(&text), to = -1;

	if (from >= 0 && *text == '-') {
		text++;
		to = minute_parse(&text);
	}
	if (from < 0 || from == DAY || to < 0 || from == to || *text != '\0')
		return node_expected(n, err, RULE_E_VALUE, "a time such as \"08:00-18:00\"");
	*ret = (struct span){ .from = (uint16_t)from, .to = (uint16_t)to };
	return RULE_OK;
}

MATCH_PARSE(parse_time)
{
	struct test *t = match_new(r, m);
	struct span *all = arena_alloc(r->arena, node_count(n) * sizeof(*all));
	enum rule_err e = match_not_empty(r, n, "at least one time");
	uint32_t count = 0;

	if (t == NULL || all == NULL)
		return r->err->code = RULE_E_MEMORY;
	for (const struct node *i = node_items(n); e == RULE_OK && i != NULL; i = node_next(n, i))
		e = read_span(i, &all[count++], r->err);
	t->spans = all;
	t->count = count;
	return e;
}

MATCH_EVAL(eval_time)
{
	uint8_t weekday;
	uint16_t now = evidence_minute(e, &weekday);

	for (uint32_t i = 0; i < t->count; i++) {
		const struct span *s = &t->spans[i];

		if (s->from < s->to ? now >= s->from && now < s->to : now >= s->from || now < s->to)
			return true;
	}
	return false;
}

MATCH_PRINT(print_time)
{
	const struct test *t = &ts->all[i];
	char text[16];

	if (t->count > 1)
		writer_open(w, "time", '[');
	for (uint32_t k = 0; k < t->count; k++) {
		const struct span *s = &t->spans[k];

		snprintf(text, sizeof(text), "%02u:%02u-%02u:%02u", s->from / 60 % 24u,
			s->from % 60u, s->to / 60 % 25u, s->to % 60u);
		writer_text(w, t->count > 1 ? NULL : "time", text);
	}
	if (t->count > 1)
		writer_close(w, '[');
}
