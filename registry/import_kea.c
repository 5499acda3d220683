/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kea's host reservations: the objects in any array called "reservations", of a whole configuration
 * or of a part of one. Each scalar member becomes an attribute, under its own name or the one that
 * usher acts on; option-data becomes the options that it says.
 */
#include "registry/import_parts.h"

#include "registry/json.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

struct kea {
	struct import *im;
	bool v6;
	unsigned int users;   /* depth of objects that are users, 0: not in "reservations" */
	char keys[8][64];     /* the last key at each depth from the user's on: [0] its members */
	char last[64];        /* the last key anywhere */
	bool list;            /* the member is an array */
	bool option;          /* inside of an option-data object: */
	char name[64], code[16], space[64], data[2048];
	bool hex;
	enum reg_err err;
};

static const struct {
	const char *key;
	enum reg_id_type type;
} ids[] = {
	{ "hw-address", REG_HW_ADDR }, { "duid", REG_DUID }, { "client-id", REG_CLIENT_ID },
	{ "circuit-id", REG_CIRCUIT_ID },
};

static void copy(char *to, size_t cap, const struct json_event *ev)
{
	snprintf(to, cap, "%.*s", (int)ev->len, ev->text);
}

static void begin_option(struct kea *k)
{
	k->option = true;
	k->hex = false;
	k->name[0] = k->code[0] = k->space[0] = k->data[0] = '\0';
}

/* "vendor-4491.33", "option6-23", or the name. */
static void name_option(const struct kea *k, char *to, size_t cap)
{
	const char *what = k->name[0] != '\0' ? k->name : k->code;

	if (strncmp(k->space, "vendor-", 7) == 0)
		snprintf(to, cap, "%s.%s", k->space, what);
	else if (k->name[0] != '\0')
		snprintf(to, cap, "%s", k->name);
	else
		snprintf(to, cap, "%s-%s", k->v6 ? "option6" : "option", k->code);
}

static void end_option(struct kea *k)
{
	char name[160], value[sizeof(k->data) + 4];
	const char *data = k->data;
	size_t n;

	k->option = false;
	if (k->name[0] == '\0' && k->code[0] == '\0')
		return;
	name_option(k, name, sizeof(name));
	n = (size_t)snprintf(value, sizeof(value), "%s", k->hex ? "hex:" : "");
	if (k->hex && strncmp(data, "0x", 2) == 0)
		data += 2;
	for (const char *p = data; *p != '\0'; p++) {
		if (!k->hex || isxdigit((unsigned char)*p))
			value[n++] = *p;
	}
	import_named(k->im, name, value, n);
}

static void option_member(struct kea *k, const char *key, const struct json_event *ev)
{
	if (strcmp(key, "name") == 0)
		copy(k->name, sizeof(k->name), ev);
	else if (strcmp(key, "code") == 0)
		copy(k->code, sizeof(k->code), ev);
	else if (strcmp(key, "space") == 0)
		copy(k->space, sizeof(k->space), ev);
	else if (strcmp(key, "csv-format") == 0)
		k->hex = ev->kind == JSON_BOOL && !ev->truth;
	else if (strcmp(key, "data") == 0) {
		copy(k->data, sizeof(k->data), ev);
		if (ev->len >= sizeof(k->data))
			import_refuse(k->im, "option-data of more than 2047 bytes");
	}
}

static void user_member(struct kea *k, const char *key, const struct json_event *ev)
{
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		if (strcmp(key, ids[i].key) == 0) {
			import_id(k->im, ids[i].type, ev->text, ev->len);
			return;
		}
	}
	if (strcmp(key, "boot-file-name") == 0)
		key = "bootfile";
	else if (strcmp(key, "hostname") == 0 && !k->v6)
		key = "host-name";
	if (ev->kind == JSON_STRING || ev->kind == JSON_NUMBER)
		import_named(k->im, key, ev->text, ev->len);
	else if (ev->kind == JSON_BOOL)
		import_named(k->im, key, ev->truth ? "true" : "false", ev->truth ? 4 : 5);
}

/* Events inside of a user: d is the depth below it. */
static void inside(struct kea *k, unsigned int d, const struct json_event *ev)
{
	bool options = strcmp(k->keys[0], "option-data") == 0;

	if (ev->kind == JSON_KEY && d >= 1 && d <= 8) {
		copy(k->keys[d - 1], sizeof(k->keys[0]), ev);
	} else if (d == 1 && (ev->kind == JSON_ARRAY || ev->kind == JSON_OBJECT)) {
		k->list = ev->kind == JSON_ARRAY;
	} else if (ev->kind == JSON_OBJECT && d == 2 && options) {
		begin_option(k);
	} else if (ev->kind == JSON_OBJECT_END && d == 2 && k->option) {
		end_option(k);
	} else if (ev->kind == JSON_STRING || ev->kind == JSON_NUMBER || ev->kind == JSON_BOOL) {
		if (k->option && d == 3)
			option_member(k, k->keys[2], ev);
		else if (d == 1)
			user_member(k, k->keys[0], ev);
		else if (d == 2 && ev->kind == JSON_STRING && k->list && !options)
			import_attr_more(k->im, k->keys[0], ev->text, ev->len);
	}
}

static bool on_event(void *ctx, const struct json_event *ev)
{
	struct kea *k = ctx;

	if (k->users == 0) {
		if (ev->kind == JSON_KEY) {
			copy(k->last, sizeof(k->last), ev);
			if (ev->depth == 1)
				k->v6 = strcmp(k->last, "Dhcp6") == 0;
		} else if (ev->kind == JSON_ARRAY && strcmp(k->last, "reservations") == 0) {
			k->users = ev->depth + 1;
		}
		return true;
	}
	if (ev->depth < k->users) {
		k->users = 0;
		k->last[0] = '\0';
	} else if (ev->depth > k->users) {
		inside(k, ev->depth - k->users, ev);
	} else if (ev->kind == JSON_OBJECT) {
		k->keys[0][0] = '\0';
		import_begin(k->im, ev->line);
	} else if (ev->kind == JSON_OBJECT_END) {
		k->err = import_end(k->im);
	}
	return k->err == REG_OK;
}

/* Kea also takes comments that begin with '#'. Other comments and strings are stepped over. */
static void blank_comments(char *text)
{
	bool quoted = false;

	for (; *text != '\0'; text++) {
		if (*text == '\\' && quoted && text[1] != '\0') {
			text++;
		} else if (*text == '"') {
			quoted = !quoted;
		} else if (!quoted && *text == '#') {
			memset(text, ' ', strcspn(text, "\n"));
		} else if (!quoted && text[0] == '/' && text[1] == '/') {
			text += strcspn(text, "\n") - 1;
		} else if (!quoted && text[0] == '/' && text[1] == '*') {
			char *end = strstr(text + 2, "*/");

			text = end != NULL ? end + 1 : text + strlen(text) - 1;
		}
	}
}

enum reg_err import_kea(struct import *im, char *text, size_t len)
{
	struct kea k = { .im = im };
	struct json_error err;
	enum reg_err e;

	blank_comments(text);
	e = json_parse(text, len, &json_config_rules, on_event, &k, &err);
	if (k.err != REG_OK)
		return k.err;
	if (e == REG_E_NOMEM) {
		reg_error_set(im->err, im->path, 0, "%s", reg_strerror(e));
		return e;
	}
	return e == REG_OK ? REG_OK : import_wrong(im, err.line, err.text);
}
