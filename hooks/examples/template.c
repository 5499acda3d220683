/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * template: copy this file, keep what you need. docs/hooks.md goes through it line by line.
 *
 *   { "library": "/usr/local/lib/usher/hooks/template.so", "parameters": { "greeting": "hello" } }
 *
 * Build: cc -shared -fPIC -o template.so template.c
 */
#include <usher/hooks.h>

#include <stdlib.h>

/* What the library has: no globals, since after a reload two copies may be loaded for a moment. */
struct template {
	const char *greeting;
};

/* What it remembers of one packet. */
struct context {
	bool greeted;
};

int version(void)
{
	return USHER_HOOKS_VERSION;
}

/* 1 if callouts may run on several threads at a time: this one only reads what load() has written. */
int multi_threading_compatible(void)
{
	return 1;
}

int load(struct usher_library *lib)
{
	struct template *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return 1;
	t->greeting = usher_value_text(usher_value_get(usher_parameters(lib), "greeting"), "hello");
	usher_set_data(lib, t);
	return usher_context_size(lib, sizeof(struct context));
}

int unload(struct usher_library *lib)
{
	free(usher_data(lib));
	return 0;
}

/* A query was read and its client looked up. */
int pkt4_receive(struct usher_callout *c)
{
	struct usher_library *lib = usher_library_of(c);
	struct usher_packet *query = usher_get_packet(c, "query4");
	const struct template *t = usher_data(lib);
	struct context *x = usher_context(c);

	if (usher_get_step(c) != USHER_CONTINUE)
		return 0;
	usher_log(lib, USHER_DEBUG, "%s, client of type %u, %s", t->greeting, usher_type(query),
		usher_registered(query) ? "registered" : "not registered");
	x->greeted = true;
	return 0;
}

/* An answer is about to leave, usher's own options in it. */
int pkt4_send(struct usher_callout *c)
{
	struct usher_packet *answer = usher_get_packet(c, "response4");
	int rc;

	if (usher_get_step(c) != USHER_CONTINUE || usher_registered(answer))
		return 0;
	rc = usher_set_option_text(answer, "domain-name", "guest.example.com");
	/* What does not fit, or may not be edited, is no error of ours. */
	return rc == USHER_OK || rc == USHER_E_NO_SPACE || rc == USHER_E_READ_ONLY ? 0 : rc;
}
