/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parameters of a library: the nodes that the config was read into, under another name, so that
 * a library depends on none of ours.
 */
#include "relay/hook_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct node *node_of(const struct usher_value *v)
{
	return (const struct node *)(const void *)v;
}

const struct usher_value *hook_value_of(const struct node *n)
{
	return (const struct usher_value *)(const void *)n;
}

enum usher_kind usher_value_kind(const struct usher_value *v)
{
	static const enum usher_kind kinds[] = {
		[JSON_NULL] = USHER_NULL, [JSON_BOOL] = USHER_BOOL, [JSON_NUMBER] = USHER_NUMBER,
		[JSON_STRING] = USHER_STRING, [JSON_OBJECT] = USHER_OBJECT,
		[JSON_ARRAY] = USHER_ARRAY,
	};

	return v != NULL ? kinds[node_of(v)->kind] : USHER_NULL;
}

const struct usher_value *usher_value_get(const struct usher_value *object, const char *key)
{
	return object != NULL ? hook_value_of(node_get(node_of(object), key)) : NULL;
}

const struct usher_value *usher_value_first(const struct usher_value *v)
{
	return v != NULL ? hook_value_of(node_of(v)->first) : NULL;
}

const struct usher_value *usher_value_next(const struct usher_value *v)
{
	return v != NULL ? hook_value_of(node_of(v)->next) : NULL;
}

const char *usher_value_key(const struct usher_value *v)
{
	return v != NULL ? node_of(v)->key : NULL;
}

const char *usher_value_text(const struct usher_value *v, const char *fallback)
{
	return usher_value_kind(v) == USHER_STRING ? node_of(v)->text : fallback;
}

int64_t usher_value_int(const struct usher_value *v, int64_t fallback)
{
	char *end;
	long long n;

	if (usher_value_kind(v) != USHER_NUMBER)
		return fallback;
	errno = 0;
	n = strtoll(node_of(v)->text, &end, 10);
	return errno == 0 && *end == '\0' ? n : fallback;
}

bool usher_value_bool(const struct usher_value *v, bool fallback)
{
	return usher_value_kind(v) == USHER_BOOL ? node_of(v)->truth : fallback;
}
