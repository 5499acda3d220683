/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides the two formats. A record of user_chk is read into the members that it has in common with
 * JSON; then there is one way to write them. docs/outcome.md describes both.
 */
#include "relay/tail.h"

#include "relay/log.h"
#include "rules/node.h"
#include "rules/writer.h"

#include <stdlib.h>
#include <string.h>

/* What is shown; all may be "". Borrowed from the record or its tree. */
struct shown {
	const char *time, *event, *id_type, *id, *address, *prefix_len, *lease, *subnet, *rule;
	const char *server, *answer_us, *lost, *line;
	bool registered, knows;          /* knows: the record says whether it is registered */
};

/* --- reading --------------------------------------------------------------------------------- */

static const char *member(const struct node *root, const char *name)
{
	const struct node *n = node_get(root, name);

	return n != NULL && (n->kind == JSON_STRING || n->kind == JSON_NUMBER) ? n->text : "";
}

static void read_json(const struct node *root, struct shown *s)
{
	const struct node *registered = node_get(root, "registered");
	const char *prefix = member(root, "prefix");

	*s = (struct shown){
		.time = member(root, "time"), .event = member(root, "event"),
		.id_type = member(root, "id_type"), .id = member(root, "id"),
		.address = prefix[0] != '\0' ? prefix : member(root, "address"),
		.prefix_len = member(root, "prefix_len"), .lease = member(root, "lease_sent"),
		.subnet = member(root, "subnet"), .rule = member(root, "rule"),
		.server = member(root, "server"), .answer_us = member(root, "answer_us"),
		.lost = member(root, "lost"), .line = member(root, "user_line"),
		.knows = registered != NULL && registered->kind == JSON_BOOL,
	};
	s->registered = s->knows && registered->truth;
}

/* The value of "key=" at the start of the line, which it cuts off; NULL: another line. */
static char *value_of(char **line, const char *key)
{
	size_t n = strlen(key);
	char *at = *line, *end = at != NULL ? strchr(at, '\n') : NULL;

	if (at == NULL || strncmp(at, key, n) != 0 || at[n] != '=')
		return NULL;
	if (end != NULL)
		*end = '\0';
	*line = end != NULL ? end + 1 : NULL;
	return at + n + 1;
}

/* Four lines, cut up in place. */
static bool read_user_chk(char *text, struct shown *s)
{
	char *type = value_of(&text, "id_type"), *client = value_of(&text, "client");
	char *addr = value_of(&text, "addr"), *registered = value_of(&text, "registered");
	char *space;

	if (type == NULL || client == NULL || addr == NULL || registered == NULL ||
		(text != NULL && *text != '\0'))
		return false;
	space = strchr(client, ' ');
	*s = (struct shown){
		.time = "", .event = "lease", .id_type = type, .address = addr,
		.id = space != NULL ? space + 1 : client, .prefix_len = "", .lease = "",
		.subnet = "", .rule = "", .server = "", .answer_us = "", .lost = "", .line = "",
		.knows = true, .registered = strcmp(registered, "yes") == 0,
	};
	return true;
}

/* --- writing --------------------------------------------------------------------------------- */

/* width 0: no column. What is wider than its column moves the rest. */
static void put(struct tail *t, const char *text, int width)
{
	char safe[512];
	size_t len = log_escape(safe, sizeof(safe), text, strlen(text));

	fprintf(t->out, "%-*s", width, safe);
	if (width > 0 && len >= (size_t)width)
		fputc(' ', t->out);
}

static const char *colour_of(const struct shown *s)
{
	static const struct {
		const char *event, *colour;
	} rows[] = {
		{ "granted", "\033[32m" }, { "renewed", "\033[32m" }, { "lease", "\033[32m" },
		{ "moved", "\033[33m" }, { "refused", "\033[31m" }, { "declined", "\033[31m" },
		{ "gap", "\033[1;31m" }, { "released", "\033[36m" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].event, s->event) == 0)
			return rows[i].colour;
	return "\033[2m";
}

/* "2026-11-28 01:52:07.978" of RFC 3339's "2026-11-28T01:52:07.978029Z". */
static void put_time(struct tail *t, const char *time)
{
	char text[24];

	snprintf(text, sizeof(text), "%.23s", time);
	if (strlen(text) > 10 && text[10] == 'T')
		text[10] = ' ';
	put(t, text[0] != '\0' ? text : "-", 24);
}

/* Behind a comma, if there is anything. */
static void put_note(struct tail *t, const char *before, const char *text)
{
	if (text[0] == '\0')
		return;
	fprintf(t->out, ", %s ", before);
	put(t, text, 0);
}

static void put_notes(struct tail *t, const struct shown *s)
{
	if (s->lost[0] != '\0') {
		put(t, s->lost, 0);
		fputs(" records are missing here", t->out);
	}
	if (s->knows)
		fputs(s->registered ? "registered" : "not registered", t->out);
	put_note(t, "line", s->line);
	put_note(t, "subnet", s->subnet);
	put_note(t, "rule", s->rule);
	put_note(t, "server", s->server);
	if (s->answer_us[0] != '\0')
		fprintf(t->out, " in %.1f ms", strtod(s->answer_us, NULL) / 1000);
}

static void write_line(struct tail *t, const struct shown *s)
{
	char address[512], lease[32];

	snprintf(address, sizeof(address), "%s%s%s", s->address[0] != '\0' ? s->address : "-",
		s->prefix_len[0] != '\0' ? "/" : "", s->prefix_len);
	snprintf(lease, sizeof(lease), "%.20s%s", s->lease, s->lease[0] != '\0' ? " s" : "");
	put_time(t, s->time);
	if (t->colour)
		fputs(colour_of(s), t->out);
	put(t, s->event, 9);
	if (t->colour)
		fputs("\033[0m", t->out);
	put(t, s->id[0] != '\0' ? s->id : "-", 18);
	put(t, address, 16);
	put(t, lease, 8);
	put_notes(t, s);
	fputc('\n', t->out);
}

static void to_file(void *ctx, const char *text, size_t len)
{
	fwrite(text, 1, len, ctx);
}

static void write_node(struct writer *w, const struct node *n)
{
	if (n->kind == JSON_BOOL)
		writer_bool(w, n->key, n->truth);
	else if (n->kind == JSON_NUMBER)
		writer_uint(w, n->key, strtoull(n->text, NULL, 10));
	else if (n->kind == JSON_STRING)
		writer_string(w, n->key, n->text, n->len);
}

/* The members of a JSON record as they are; those of a record of user_chk by the same names. */
static void write_json(struct tail *t, const struct shown *s, const struct node *root)
{
	struct writer w = writer_begin(to_file, t->out);

	writer_open_inline(&w, NULL, '{');
	for (const struct node *n = root != NULL ? root->first : NULL; n != NULL; n = n->next)
		write_node(&w, n);
	if (root == NULL) {
		writer_text(&w, "event", s->event);
		writer_uint(&w, "family", strcmp(s->id_type, "DUID") == 0 ? 6 : 4);
		writer_text(&w, "id_type", s->id_type);
		writer_text(&w, "id", s->id);
		writer_bool(&w, "registered", s->registered);
		writer_text(&w, "address", s->address);
	}
	writer_close(&w, '{');
}

static void write_damaged(struct tail *t, const char *text)
{
	char safe[64];

	log_escape(safe, sizeof(safe), text, strlen(text));
	if (!t->json)
		fprintf(t->out, "%-24s%-9s%s\n", "-", "?", safe);
}

/* --- records --------------------------------------------------------------------------------- */

/* text[0..len) is a whole record with its newline; it is cut up. */
static void take_record(struct tail *t, char *text, size_t len)
{
	struct arena arena = { .last = NULL };
	const struct node *root = NULL;
	struct rule_error err;
	struct shown s;
	bool good;

	if (t->count++ < t->skip || t->out == NULL)
		return;
	while (len > 0 && text[len - 1] == '\n')
		len--;
	text[len] = '\0';
	if (text[0] == '{') {
		root = node_parse(&arena, text, len, &err);
		good = root != NULL && root->kind == JSON_OBJECT;
		if (good)
			read_json(root, &s);
	} else {
		good = strlen(text) == len && read_user_chk(text, &s);
	}
	if (!good)
		write_damaged(t, text);
	else if (t->json)
		write_json(t, &s, root);
	else
		write_line(t, &s);
	arena_done(&arena);
}

/* The length of the record at text[0..n), its end included; 0: it is not whole. */
static size_t record_length(const char *text, size_t n)
{
	bool json = text[0] == '{';
	const char *end = json ? memchr(text, '\n', n) : memmem(text, n, "\n\n", 2);

	if (end == NULL)
		return 0;
	return (size_t)(end - text) + (json ? 1 : 2);
}

void tail_begin(struct tail *t)
{
	t->len = t->count = 0;
}

static void take_records(struct tail *t)
{
	size_t at = 0, n;

	while (at < t->len) {
		if (t->buf[at] == '\n') {
			at++;
			continue;
		}
		n = record_length(t->buf + at, t->len - at);
		if (n == 0)
			break;
		take_record(t, t->buf + at, n);
		at += n;
	}
	t->len -= at;
	memmove(t->buf, t->buf + at, t->len);
	if (t->len == sizeof(t->buf))
		t->len = 0;
}

void tail_feed(struct tail *t, const char *bytes, size_t n)
{
	while (n > 0) {
		size_t room = sizeof(t->buf) - t->len, now = n < room ? n : room;

		memcpy(t->buf + t->len, bytes, now);
		t->len += now;
		bytes += now;
		n -= now;
		take_records(t);
	}
}

size_t tail_resume(const char *bytes, size_t n)
{
	for (size_t i = 0; i + 2 < n; i++)
		if (bytes[i] == '\n' && (bytes[i + 1] == '{' ||
			(bytes[i + 1] == '\n' && bytes[i + 2] != '\n')))
			return i + (bytes[i + 1] == '{' ? 1 : 2);
	return n;
}
