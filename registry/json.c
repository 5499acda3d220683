/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides yajl: its callbacks, its error texts and its memory. RFC 8259, plus C comments on request.
 *
 * yajl does not look at what its allocator returns, so an allocation that failed inside it would be
 * a crash. It is therefore given one piece of memory that is taken before it starts; should that
 * ever be too small, the parse is left by longjmp() and yajl, which owns nothing else, is
 * forgotten. yajl_tree is not used: it recurses, and a million open brackets end the program in it.
 * Text is fed in one piece, because a long string fed in small pieces costs quadratic time.
 */
#include "registry/json.h"

#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

enum { TEXT_MAX = 64 << 20, DEPTH_MAX = 512 };

const struct json_rules json_config_rules = { .max_depth = 32, .comments = true };

struct arena {
	char *base;
	size_t used, size;
};

struct parse {
	const char *text;
	size_t len;
	const struct json_rules *rules;
	json_event_fn *fn;
	void *ctx;
	struct arena arena;
	yajl_handle yajl;
	bool finishing;      /* all text was fed: yajl's offset no longer counts in it */
	unsigned int depth;
	size_t counted, line; /* lines up to text[counted) */
	enum reg_err fault;
	jmp_buf full;
};

/* Each piece is preceded by its size, and all are multiples of 16. */
static void *arena_alloc(void *ctx, size_t n)
{
	struct parse *p = ctx;
	struct arena *a = &p->arena;
	char *piece = a->base + a->used;

	if (n > a->size || a->size - a->used < (n + 31) / 16 * 16)
		longjmp(p->full, 1);
	memcpy(piece, &n, sizeof(n));
	a->used += (n + 31) / 16 * 16;
	return piece + 16;
}

static void *arena_realloc(void *ctx, void *old, size_t n)
{
	size_t had = 0;
	void *piece;

	if (old != NULL)
		memcpy(&had, (char *)old - 16, sizeof(had));
	piece = arena_alloc(ctx, n);
	if (had > 0)
		memcpy(piece, old, had < n ? had : n);
	return piece;
}

static void arena_free(void *ctx, void *piece)
{
	(void)ctx;
	(void)piece;
}

static void count_lines(struct parse *p, size_t upto)
{
	const char *nl;

	while (p->counted < upto &&
		(nl = memchr(p->text + p->counted, '\n', upto - p->counted)) != NULL) {
		p->line++;
		p->counted = (size_t)(nl - p->text) + 1;
	}
	if (p->counted < upto)
		p->counted = upto;
}

/* No JSON token holds a line end, so the line where a token ends is the one where it began. */
static void reach(struct parse *p)
{
	size_t upto = p->finishing ? p->len : yajl_get_bytes_consumed(p->yajl);

	count_lines(p, upto < p->len ? upto : p->len);
}

static int emit(struct parse *p, const struct json_event *proto)
{
	struct json_event ev = *proto;

	reach(p);
	ev.depth = p->depth;
	ev.line = p->line;
	if (!p->fn(p->ctx, &ev)) {
		p->fault = REG_E_STOPPED;
		return 0;
	}
	return 1;
}

static int emit_text(struct parse *p, enum json_kind kind, const char *text, size_t len)
{
	struct json_event ev = { .kind = kind, .text = text, .len = len };

	if (len > 0 && memchr(text, '\0', len) != NULL) {
		reach(p);
		p->fault = REG_E_NUL;
		return 0;
	}
	return emit(p, &ev);
}

static int on_null(void *ctx)
{
	return emit(ctx, &(struct json_event){ .kind = JSON_NULL });
}

static int on_bool(void *ctx, int truth)
{
	return emit(ctx, &(struct json_event){ .kind = JSON_BOOL, .truth = truth != 0 });
}

static int on_number(void *ctx, const char *text, size_t len)
{
	return emit_text(ctx, JSON_NUMBER, text, len);
}

static int on_string(void *ctx, const unsigned char *text, size_t len)
{
	return emit_text(ctx, JSON_STRING, (const char *)text, len);
}

static int on_key(void *ctx, const unsigned char *text, size_t len)
{
	return emit_text(ctx, JSON_KEY, (const char *)text, len);
}

static int open_container(struct parse *p, enum json_kind kind)
{
	if (p->depth >= p->rules->max_depth || p->depth >= DEPTH_MAX) {
		reach(p);
		p->fault = REG_E_DEPTH;
		return 0;
	}
	if (!emit(p, &(struct json_event){ .kind = kind }))
		return 0;
	p->depth++;
	return 1;
}

static int close_container(struct parse *p, enum json_kind kind)
{
	p->depth--;
	return emit(p, &(struct json_event){ .kind = kind });
}

static int on_object(void *ctx)
{
	return open_container(ctx, JSON_OBJECT);
}

static int on_object_end(void *ctx)
{
	return close_container(ctx, JSON_OBJECT_END);
}

static int on_array(void *ctx)
{
	return open_container(ctx, JSON_ARRAY);
}

static int on_array_end(void *ctx)
{
	return close_container(ctx, JSON_ARRAY_END);
}

static const yajl_callbacks callbacks = {
	.yajl_null = on_null,
	.yajl_boolean = on_bool,
	.yajl_number = on_number,
	.yajl_string = on_string,
	.yajl_start_map = on_object,
	.yajl_map_key = on_key,
	.yajl_end_map = on_object_end,
	.yajl_start_array = on_array,
	.yajl_end_array = on_array_end,
};

/* What yajl says, and what somebody who has made the mistake is told. */
static const struct {
	const char *yajl, *text;
} reasons[] = {
	{ "premature EOF", "it ends too early: a bracket or a quote is not closed" },
	{ "trailing garbage", "there is more behind the end" },
	{ "unallowed token at this point", "a comma, colon or bracket is missing, or is one too many" },
	{ "after key and value, inside map", "after a value there must be a comma or '}'" },
	{ "after array element", "after an element there must be a comma or ']'" },
	{ "object key and value must be separated", "after a name there must be a colon" },
	{ "invalid object key", "a name must stand in double quotes" },
	{ "invalid char in json text", "a name or text must stand in double quotes" },
	{ "invalid string in json text", "a name or text must stand in double quotes" },
	{ "invalid character inside string", "a control character in a text: write \\t, \\n, \\u00XX" },
	{ "inside a string, '\\' occurs before a character",
	  "a backslash in a text must be followed by one of \"\\/bfnrtu" },
	{ "probable comment found", "a comment is a line that begins with #" },
};

static const char *reason_of(const char *yajl)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (strncmp(yajl, reasons[i].yajl, strlen(reasons[i].yajl)) == 0)
			return reasons[i].text;
	return yajl;
}

/* yajl writes "parse error: trailing garbage\n"; what stands between is looked up. */
static void copy_reason(char *to, size_t cap, const char *from)
{
	const char *colon = strstr(from, ": ");
	size_t n;

	if (colon != NULL)
		from = reason_of(colon + 2);
	n = strcspn(from, "\n");
	while (n > 0 && from[n - 1] == '.')
		n--;
	snprintf(to, cap, "%.*s", (int)n, from);
}

/* Where a text ends too early is its last line with anything on it. */
static void reach_end(struct parse *p)
{
	size_t n = p->len;

	while (n > 0 && strchr(" \t\r\n", p->text[n - 1]) != NULL)
		n--;
	count_lines(p, n);
}

static void explain(struct parse *p, enum reg_err e, struct json_error *err)
{
	if (err == NULL)
		return;
	err->text[0] = '\0';
	if (e == REG_E_SYNTAX) {
		unsigned char *why = yajl_get_error(p->yajl, 0,
			(const unsigned char *)p->text, p->len);

		copy_reason(err->text, sizeof(err->text), (const char *)why);
	} else if (e == REG_E_DEPTH) {
		snprintf(err->text, sizeof(err->text), "nested more than %u deep",
			p->rules->max_depth);
	} else if (e != REG_E_STOPPED) {
		snprintf(err->text, sizeof(err->text), "%s", reg_strerror(e));
	}
	err->line = p->line;
}

static enum reg_err run(struct parse *p)
{
	yajl_alloc_funcs memory = { arena_alloc, arena_realloc, arena_free, p };
	yajl_status status;

	p->yajl = yajl_alloc(&callbacks, &memory, p);
	yajl_config(p->yajl, yajl_allow_comments, p->rules->comments ? 1 : 0);
	yajl_config(p->yajl, yajl_dont_validate_strings, p->rules->any_bytes ? 1 : 0);
	status = yajl_parse(p->yajl, (const unsigned char *)p->text, p->len);
	if (status == yajl_status_ok) {
		p->finishing = true;
		status = yajl_complete_parse(p->yajl);
	}
	if (status == yajl_status_ok)
		return REG_OK;
	if (p->fault != REG_OK)
		return p->fault;
	if (p->finishing)
		reach_end(p);
	else
		reach(p);
	return REG_E_SYNTAX;
}

/* Apart from run(): what setjmp's caller changes of its own locals would be lost. */
static enum reg_err run_bounded(struct parse *p)
{
	if (setjmp(p->full) != 0)
		return REG_E_NOMEM;
	return run(p);
}

enum reg_err json_parse_in(void *scratch, size_t scratch_len, const char *text, size_t len,
	const struct json_rules *rules, json_event_fn *fn, void *ctx, struct json_error *err)
{
	struct parse p = { .text = text, .len = len, .rules = rules, .fn = fn, .ctx = ctx,
		.line = 1 };
	uintptr_t skew = (uintptr_t)scratch % 16;
	const char *nul = len > 0 ? memchr(text, '\0', len) : NULL;
	enum reg_err e;

	p.arena.base = (char *)scratch + (16 - skew) % 16;
	p.arena.size = scratch_len < 16 ? 0 : scratch_len - 16;
	if (nul != NULL) {
		count_lines(&p, (size_t)(nul - text));
		explain(&p, REG_E_NUL, err);
		return REG_E_NUL;
	}
	e = run_bounded(&p);
	if (e != REG_OK)
		explain(&p, e, err);
	return e;
}

enum reg_err json_parse(const char *text, size_t len, const struct json_rules *rules,
	json_event_fn *fn, void *ctx, struct json_error *err)
{
	size_t room = 8 * len + JSON_SCRATCH;
	enum reg_err e;
	void *scratch;

	if (len > TEXT_MAX)
		e = REG_E_LIMIT;
	else if ((scratch = malloc(room)) == NULL)
		e = REG_E_NOMEM;
	else {
		e = json_parse_in(scratch, room, text, len, rules, fn, ctx, err);
		free(scratch);
		return e;
	}
	if (err != NULL) {
		err->line = 1;
		snprintf(err->text, sizeof(err->text), "%s", reg_strerror(e));
	}
	return e;
}

bool json_int(const struct json_event *ev, long long min, long long max, long long *ret)
{
	char buf[24], *end;
	long long v;

	if (ev->kind != JSON_NUMBER || ev->len >= 20 || ev->len == 0)
		return false;
	memcpy(buf, ev->text, ev->len);
	buf[ev->len] = '\0';
	v = strtoll(buf, &end, 10);
	if (*end != '\0' || v < min || v > max)
		return false;
	*ret = v;
	return true;
}
