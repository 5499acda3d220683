/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides JSON's escapes. Only what must be escaped is: quotes, backslashes, control characters.
 * Bytes that are not UTF-8 stay as they are, since entry.c takes them so.
 */
#include "registry/entry_text.h"

#include "registry/spelling.h"

#include <string.h>

struct out {
	char *buf;
	size_t cap, len; /* len also counts what did not fit */
};

static void put(struct out *o, const char *text, size_t len)
{
	if (o->len < o->cap) {
		size_t room = o->cap - o->len;

		memcpy(o->buf + o->len, text, len < room ? len : room);
	}
	o->len += len;
}

static void put_char(struct out *o, char c)
{
	unsigned char u = (unsigned char)c;
	char escape[SPELLING_ESCAPE];

	if (c == '"' || c == '\\') {
		put(o, "\\", 1);
		put(o, &c, 1);
	} else if (u < ' ') {
		spelling_escape(u, escape);
		put(o, escape, sizeof(escape));
	} else {
		put(o, &c, 1);
	}
}

static void put_string(struct out *o, const char *text, size_t len)
{
	put(o, "\"", 1);
	for (size_t i = 0; i < len; i++)
		put_char(o, text[i]);
	put(o, "\"", 1);
}

static void put_pair(struct out *o, const char *name, size_t name_len, const char *value,
	size_t value_len)
{
	if (o->len > 1)
		put(o, ", ", 2);
	put_string(o, name, name_len);
	put(o, ": ", 2);
	put_string(o, value, value_len);
}

char *colon_hex(const uint8_t *bytes, size_t len, char *buf)
{
	static const char digits[] = "0123456789abcdef";
	char *p = buf;

	*buf = '\0';
	for (size_t i = 0; i < len; i++) {
		*p++ = digits[bytes[i] >> 4];
		*p++ = digits[bytes[i] & 15];
		*p++ = i + 1 < len ? ':' : '\0';
	}
	return buf;
}

size_t entry_text(const struct reg_id *id, const struct reg_pair *pairs, size_t count, char *buf,
	size_t cap)
{
	const char *type = reg_id_type_name(id->type);
	struct out o = { .buf = buf, .cap = cap };
	char hex[3 * REG_ID_MAX];

	colon_hex(id->bytes, id->len, hex);
	put(&o, "{", 1);
	put_pair(&o, "type", 4, type, strlen(type));
	put_pair(&o, "id", 2, hex, strlen(hex));
	for (size_t i = 0; i < count; i++)
		put_pair(&o, pairs[i].name, pairs[i].name_len, pairs[i].value, pairs[i].value_len);
	put(&o, "}", 1);
	if (cap > 0)
		buf[o.len < cap ? o.len : cap - 1] = '\0';
	return o.len;
}

size_t user_pairs(const struct reg_user *user, struct reg_pair pairs[static REG_PAIRS_MAX])
{
	struct reg_iter it = { 0 };
	size_t n = 0;

	while (n < REG_PAIRS_MAX && registry_attr_next(user, &it, &pairs[n]))
		n++;
	return n;
}

struct reg_id user_id(const struct reg_user *user)
{
	struct reg_id id = { .len = 0 };
	const uint8_t *bytes;
	size_t len;
	enum reg_id_type type = registry_user_id(user, &bytes, &len);

	reg_id_set(&id, type, bytes, len);
	return id;
}

size_t user_text(const struct reg_user *user, char *buf, size_t cap)
{
	struct reg_pair pairs[REG_PAIRS_MAX];
	struct reg_id id = user_id(user);
	size_t count = user_pairs(user, pairs);

	return entry_text(&id, pairs, count, buf, cap);
}
