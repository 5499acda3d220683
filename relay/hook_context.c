/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Contexts: a library's own memory of a query and its answers, bytes that are moved about with
 * them. Whoever moves them is the owner, and whoever lets them go calls the library's destroy
 * function.
 */
#include "relay/hook_parts.h"

#include <string.h>

void *usher_context(struct usher_callout *c)
{
	struct hook_memory *m = c->memory;
	uint64_t bit = UINT64_C(1) << c->library->index;
	uint8_t *at = m->contexts + c->library->context_at;

	if (c->library->context_size == 0)
		return NULL;
	/* In an answer, what the query has left. */
	(void)hook_exchange_find(m);
	if ((m->context_begun & bit) == 0) {
		m->context_begun |= bit;
		memset(at, 0, c->library->context_size);
	}
	return at;
}

int usher_context_size(struct usher_library *lib, size_t size)
{
	if (!lib->loading)
		return USHER_E_PLACE;
	if (size > HOOK_CONTEXT_MAX)
		return USHER_E_VALUE;
	lib->context_size = size;
	return USHER_OK;
}

int usher_context_destroy(struct usher_library *lib, usher_destroy_fn *fn)
{
	if (!lib->loading)
		return USHER_E_PLACE;
	lib->destroy = fn;
	lib->hooks->destroys |= fn != NULL;
	return USHER_OK;
}

void hook_contexts_destroy(const struct hooks *h, uint8_t *contexts, uint64_t begun)
{
	for (size_t i = 0; begun != 0 && h->destroys && i < h->library_count; i++) {
		struct usher_library *lib = &h->libraries[i];

		if ((begun >> i & 1) != 0 && lib->destroy != NULL)
			lib->destroy(lib, contexts + lib->context_at);
	}
}

void hook_contexts_end(struct hook_memory *m)
{
	hook_contexts_destroy(m->hooks, m->contexts, m->context_begun);
	m->context_begun = 0;
}
