/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides the file format of tests/vectors/ (described in its README.md): indentation says what
 * belongs to what. Knows no DHCP; what a packet's text means is assemble.c's.
 */
#include "tests/vector.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const files[] = {
	"tests/vectors/fixture.txt",
	"tests/vectors/v4-queries.txt",
	"tests/vectors/v4-responses.txt",
	"tests/vectors/v4-relayed.txt",
	"tests/vectors/v6-queries.txt",
	"tests/vectors/v6-responses.txt",
	"tests/vectors/v6-types.txt",
	"tests/vectors/v4-relay-mode.txt",
	"tests/vectors/v6-relay-mode.txt",
	"tests/vectors/user-chk.txt",
};

struct reader {
	struct vectors *vs;
	const char *file;
	FILE *f;
	unsigned line;
	char *text;              /* the line in hand, without its end */
	size_t cap;
	bool held;               /* it is to be read again */
	struct vector *v;        /* the case in hand */
	struct vector common;    /* what a fixture in the midst of a file gives to the cases below it */
};

static void die(const char *file, unsigned line, const char *format, ...)
	__attribute__((noreturn, format(printf, 3, 4)));

static void die(const char *file, unsigned line, const char *format, ...)
{
	va_list ap;

	fprintf(stderr, "%s:%u: ", file, line);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

static void *grow(void *p, size_t size)
{
	p = realloc(p, size);
	if (p == NULL)
		abort();
	return p;
}

static void append(char **text, const char *s, size_t n)
{
	size_t len = *text != NULL ? strlen(*text) : 0;

	*text = grow(*text, len + n + 1);
	memcpy(*text + len, s, n);
	(*text)[len + n] = '\0';
}

static bool next_line(struct reader *r)
{
	if (r->held) {
		r->held = false;
		return true;
	}
	if (getline(&r->text, &r->cap, r->f) < 0)
		return false;
	r->text[strcspn(r->text, "\n")] = '\0';
	r->line++;
	return true;
}

static size_t tabs(const struct reader *r)
{
	return strspn(r->text, "\t");
}

static bool blank(const struct reader *r)
{
	const char *p = r->text + strspn(r->text, " \t");

	return *p == '\0' || *p == '#';
}

/* All lines that are deeper than `depth` tabs. */
static struct vector_text read_block(struct reader *r, size_t depth)
{
	struct vector_text ret = { .text = NULL, .line = r->line + 1 };

	append(&ret.text, "", 0);
	while (next_line(r)) {
		if (!blank(r) && tabs(r) <= depth) {
			r->held = true;
			break;
		}
		append(&ret.text, r->text, strlen(r->text));
		append(&ret.text, "\n", 1);
	}
	return ret;
}

/* The text with every %bytes*count% written out, so that long values can be read. */
static char *expand(struct reader *r, const char *s)
{
	char *ret = NULL;

	append(&ret, "", 0);
	while (*s != '\0') {
		size_t n = strcspn(s, "%");
		const char *star, *end;

		append(&ret, s, n);
		s += n;
		if (*s == '\0')
			break;
		end = strchr(s + 1, '%');
		star = strchr(s + 1, '*');
		if (end == NULL || star == NULL || star > end)
			die(r->file, r->line, "%% without *count%%");
		for (unsigned long i = strtoul(star + 1, NULL, 10); i > 0; i--)
			append(&ret, s + 1, (size_t)(star - s - 1));
		s = end + 1;
	}
	return ret;
}

static void append_line(struct reader *r, struct vector_text *t, const char *s)
{
	char *text = expand(r, s);

	if (t->text == NULL)
		t->line = r->line;
	append(&t->text, text, strlen(text));
	append(&t->text, "\n", 1);
	free(text);
}

/* -- the lines of a case: one function each, `rest` is what stands behind the word ------------- */

static void read_say(struct reader *r, const char *rest)
{
	(void)r;
	(void)rest;
}

/* Takes the JSON text. The key may be there already, from the file's own fixture. */
static void set_key(struct vector *v, const char *key, size_t n, char *json)
{
	struct vector_key *k = v->config, *end = v->config + v->config_count;

	while (k < end && (strlen(k->key) != n || memcmp(k->key, key, n) != 0))
		k++;
	if (k == end) {
		append(&k->key, key, n);
		v->config_count++;
	}
	free(k->json);
	k->json = json;
}

static void read_config(struct reader *r, const char *rest)
{
	size_t n = strcspn(rest, " ");

	if (r->v->config_count == VECTOR_CONFIG || rest[n] == '\0')
		die(r->file, r->line, "a key and its value are wanted");
	set_key(r->v, rest, n, expand(r, rest + n + 1));
}

static void read_registry(struct reader *r, const char *rest)
{
	if (strcmp(rest, "none") == 0)
		append(&r->v->registry.text, "", 0);
	else
		append_line(r, &r->v->registry, rest);
}

static void read_from(struct reader *r, const char *rest)
{
	static const char *const names[] = { "unknown", "client", "server" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(rest, names[i]) == 0) {
			r->v->side = (enum vector_side)i;
			return;
		}
	}
	die(r->file, r->line, "from client, server or unknown");
}

static bool read_mac(const char *text, uint8_t ret[static 6])
{
	unsigned m[6];

	if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x", &m[0], &m[1], &m[2], &m[3], &m[4], &m[5]) != 6)
		return false;
	for (size_t i = 0; i < 6; i++)
		ret[i] = (uint8_t)m[i];
	return true;
}

/* NF_INET_... of linux/netfilter.h, by the name of the chain. */
static bool read_hook(const char *name, uint8_t *ret)
{
	static const char *const names[] = { "prerouting", "input", "forward", "output" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		*ret = (uint8_t)i;
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return false;
}

static void read_slot(struct reader *r, const char *rest)
{
	unsigned long n;

	if (strncmp(rest, "hw ", 3) == 0 && read_mac(rest + 3, r->v->hw)) {
		r->v->hw_len = 6;
	} else if (strncmp(rest, "hook ", 5) == 0 && read_hook(rest + 5, &r->v->hook)) {
		return;
	} else if (sscanf(rest, "indev %lu", &n) == 1) {
		r->v->indev = (uint32_t)n;
	} else if (sscanf(rest, "skb_info %lu", &n) == 1) {
		r->v->skb_info = (uint32_t)n;
	} else if (sscanf(rest, "physindev %lu", &n) == 1) {
		r->v->physindev = (uint32_t)n;
	} else if (sscanf(rest, "cap_len %lu", &n) == 1) {
		r->v->cap_len = (uint32_t)n;
	} else if (sscanf(rest, "own %63s", r->v->own) != 1) {
		die(r->file, r->line, "slot hw, hook, indev, skb_info, physindev, cap_len or own");
	}
}

static void read_in(struct reader *r, const char *rest)
{
	(void)rest;
	r->v->in = read_block(r, 1);
}

static void read_out(struct reader *r, const char *rest)
{
	(void)rest;
	r->v->expect = VECTOR_OUT;
	r->v->out = read_block(r, 1);
}

static void read_untouched(struct reader *r, const char *rest)
{
	(void)rest;
	r->v->expect = VECTOR_UNTOUCHED;
}

static void read_drop(struct reader *r, const char *rest)
{
	(void)rest;
	r->v->expect = VECTOR_DROP;
}

/* send routed [INDEX]; send link INDEX MAC */
static void read_send(struct reader *r, const char *rest)
{
	struct vector_send *s = &r->v->sends[r->v->send_count];
	unsigned long index = 0;
	int end = 0;

	if (r->v->send_count == VECTOR_SENDS)
		die(r->file, r->line, "more than %d packets to be sent", VECTOR_SENDS);
	s->link = sscanf(rest, "link %lu %n", &index, &end) == 1;
	if (s->link ? !read_mac(rest + end, s->hw)
		    : strcmp(rest, "routed") != 0 && sscanf(rest, "routed %lu", &index) != 1)
		die(r->file, r->line, "send routed, send routed INDEX or send link INDEX MAC");
	s->ifindex = (uint32_t)index;
	s->packet = read_block(r, 1);
	r->v->send_count++;
	r->v->expect = VECTOR_SEND;
}

static void read_cause(struct reader *r, const char *rest)
{
	snprintf(r->v->cause, sizeof(r->v->cause), "%s", rest);
}

static void read_event(struct reader *r, const char *rest)
{
	while (*(rest += strspn(rest, " ")) != '\0') {
		size_t n = strcspn(rest, " ");
		struct vector_event *e = &r->v->events[r->v->event_count];

		if (r->v->event_count == VECTOR_EVENTS)
			die(r->file, r->line, "more than %d events", VECTOR_EVENTS);
		e->absent = *rest == '!';
		snprintf(e->name, sizeof(e->name), "%.*s", (int)(n - e->absent), rest + e->absent);
		r->v->event_count++;
		rest += n;
	}
}

static void read_outcome(struct reader *r, const char *rest)
{
	if (strcmp(rest, "any") == 0)
		r->v->outcome_open = true;
	else
		append_line(r, &r->v->outcome, rest);
}

static const struct {
	const char *word;
	void (*run)(struct reader *r, const char *rest);
} words[] = {
	{ "say", read_say }, { "config", read_config }, { "registry", read_registry },
	{ "from", read_from }, { "slot", read_slot }, { "in", read_in }, { "out", read_out },
	{ "untouched", read_untouched }, { "drop", read_drop }, { "cause", read_cause },
	{ "event", read_event }, { "outcome", read_outcome }, { "send", read_send },
};

static void read_word(struct reader *r)
{
	const char *p = r->text + 1, *rest;
	size_t n = strcspn(p, " ");

	rest = p[n] == ' ' ? p + n + 1 : p + n;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strlen(words[i].word) == n && strncmp(p, words[i].word, n) == 0) {
			words[i].run(r, rest);
			return;
		}
	}
	die(r->file, r->line, "no such word: %.*s", (int)n, p);
}

/* -- what stands at the margin ----------------------------------------------------------------- */

static void begin_case(struct reader *r, const char *id)
{
	struct vectors *vs = r->vs;

	for (size_t i = 0; i < vs->count; i++)
		if (strcmp(vs->all[i].id, id) == 0)
			die(r->file, r->line, "a second case %s", id);
	vs->all = grow(vs->all, (vs->count + 1) * sizeof(*vs->all));
	r->v = &vs->all[vs->count++];
	*r->v = (struct vector){ .file = r->file, .line = r->line, .side = VECTOR_CLIENT };
	snprintf(r->v->id, sizeof(r->v->id), "%s", id);
	for (size_t i = 0; i < r->common.config_count; i++) {
		const struct vector_key *k = &r->common.config[i];
		char *json = NULL;

		append(&json, k->json, strlen(k->json));
		set_key(r->v, k->key, strlen(k->key), json);
	}
}

static void read_fragment(struct reader *r, const char *name)
{
	struct vectors *vs = r->vs;
	struct vector_fragment *f;

	if (vector_fragment(vs, name) != NULL)
		die(r->file, r->line, "a second fragment %s", name);
	vs->fragments = grow(vs->fragments, (vs->fragment_count + 1) * sizeof(*f));
	f = &vs->fragments[vs->fragment_count++];
	*f = (struct vector_fragment){ .file = r->file };
	snprintf(f->name, sizeof(f->name), "%s", name);
	f->body = read_block(r, 0);
}

static void free_vector(struct vector *v)
{
	for (size_t i = 0; i < v->config_count; i++) {
		free(v->config[i].key);
		free(v->config[i].json);
	}
	free(v->registry.text);
	free(v->in.text);
	free(v->out.text);
	free(v->outcome.text);
	for (size_t i = 0; i < v->send_count; i++)
		free(v->sends[i].packet.text);
}

static void read_file(struct vectors *vs, const char *file)
{
	struct reader r = { .vs = vs, .file = file, .f = fopen(file, "re"), .v = &vs->fixture };

	if (r.f == NULL)
		die(file, 0, "cannot be opened; the tests run from the top of the source tree");
	while (next_line(&r)) {
		if (blank(&r))
			continue;
		if (tabs(&r) == 1)
			read_word(&r);
		else if (strncmp(r.text, "case ", 5) == 0)
			begin_case(&r, r.text + 5);
		else if (strncmp(r.text, "let ", 4) == 0)
			read_fragment(&r, r.text + 4);
		else if (strcmp(r.text, "fixture") != 0)
			die(file, r.line, "case, let or fixture is wanted");
		else if (file != files[0])
			r.v = &r.common;
	}
	free_vector(&r.common);
	free(r.text);
	fclose(r.f);
}

struct vectors *vectors_read(void)
{
	struct vectors *vs = grow(NULL, sizeof(*vs));

	*vs = (struct vectors){ .fixture = { .id = "fixture" } };
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		read_file(vs, files[i]);
	for (size_t i = 0; i < vs->count; i++) {
		const struct vector *v = &vs->all[i];

		if (v->in.text == NULL || (v->expect == VECTOR_OUT && v->out.text == NULL))
			die(v->file, v->line, "case %s: in, and out, send, untouched or drop", v->id);
	}
	return vs;
}

void vectors_free(struct vectors *vs)
{
	if (vs == NULL)
		return;
	for (size_t i = 0; i < vs->count; i++)
		free_vector(&vs->all[i]);
	for (size_t i = 0; i < vs->fragment_count; i++)
		free(vs->fragments[i].body.text);
	free_vector(&vs->fixture);
	free(vs->all);
	free(vs->fragments);
	free(vs);
}

static bool has_key(const struct vector *v, const char *key)
{
	for (size_t i = 0; i < v->config_count; i++)
		if (strcmp(v->config[i].key, key) == 0)
			return true;
	return false;
}

static void append_keys(char **text, const struct vector *v, const struct vector *unless)
{
	for (size_t i = 0; i < v->config_count; i++) {
		const struct vector_key *k = &v->config[i];

		if (unless != NULL && has_key(unless, k->key))
			continue;
		append(text, ",\n  \"", 5);
		append(text, k->key, strlen(k->key));
		append(text, "\": ", 3);
		append(text, k->json, strlen(k->json));
	}
}

char *vector_config(const struct vectors *vs, const struct vector *v)
{
	static const char first[] = "{ \"control\": \"\"";
	char *ret = NULL;

	append(&ret, first, strlen(first));
	append_keys(&ret, &vs->fixture, v);
	append_keys(&ret, v, NULL);
	append(&ret, "\n}\n", 3);
	return ret;
}

const char *vector_registry(const struct vectors *vs, const struct vector *v)
{
	return v->registry.text != NULL ? v->registry.text : vs->fixture.registry.text;
}

const char *vector_fragment(const struct vectors *vs, const char *name)
{
	for (size_t i = 0; i < vs->fragment_count; i++)
		if (strcmp(vs->fragments[i].name, name) == 0)
			return vs->fragments[i].body.text;
	return NULL;
}

void vector_packet(const struct vector *v, const struct vector_text *text,
	const struct assemble_env *env, struct assembled *ret)
{
	if (!assemble(env, text->text, ret))
		die(v->file, text->line + ret->error_line, "case %s: %s", v->id, ret->error);
}
