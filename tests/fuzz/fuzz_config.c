/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A config file: printed as understood it is a config again, and prints the same. */
#include "relay/config.h"
#include "tests/fuzz/fuzz.h"

struct text {
	char *p;
	size_t len, cap;
};

static void add_text(void *ctx, const char *text, size_t len)
{
	struct text *t = ctx;

	if (len > t->cap - t->len) {
		t->cap = 2 * (t->cap + len);
		t->p = realloc(t->p, t->cap);
		MUST(t->p != NULL);
	}
	memcpy(t->p + t->len, text, len);
	t->len += len;
}

static struct text print(const struct config *c)
{
	struct text t = { NULL, 0, 0 };

	config_print(c, add_text, &t);
	return t;
}

int fuzz_one(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	char *text = (char *)take_rest(&in);
	struct config_error err = { 0 };
	struct config *c = config_parse("usher.json", text, in.n, &err), *again;
	struct text first, second;

	free(text);
	if (c == NULL) {
		MUST(memchr(err.text, '\0', sizeof(err.text)) != NULL && err.text[0] != '\0');
		return 0;
	}
	first = print(c);
	again = config_parse("printed", first.p, first.len, &err);
	MUST(again != NULL);
	second = print(again);
	MUST(first.len == second.len && memcmp(first.p, second.p, first.len) == 0);
	free(first.p);
	free(second.p);
	config_free(c);
	config_free(again);
	return 0;
}
