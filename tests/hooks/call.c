/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Callouts that are functions of the program that loads it: "after" and "before" are objects of
 * hook point and address, "0x...". "context" is the size of its context, "destroy" the address of
 * its destroy function, "self" that of a pointer that is to be set to the library.
 */
#include "usher/hooks.h"

#include <stdlib.h>
#include <string.h>

int version(void)
{
	return USHER_HOOKS_VERSION;
}

int multi_threading_compatible(void)
{
	return 1;
}

static void *address(const struct usher_value *v)
{
	return (void *)(uintptr_t)strtoull(usher_value_text(v, "0"), NULL, 16);
}

static int add(struct usher_library *lib, const struct usher_value *points, enum usher_place place)
{
	int rc = USHER_OK;

	for (const struct usher_value *v = usher_value_first(points); rc == USHER_OK && v != NULL;
		v = usher_value_next(v)) {
		void *at = address(v);
		usher_callout_fn *fn;

		memcpy(&fn, &at, sizeof(fn));
		rc = usher_register(lib, usher_value_key(v), fn, place);
	}
	return rc;
}

int load(struct usher_library *lib)
{
	const struct usher_value *p = usher_parameters(lib);
	struct usher_library **self = address(usher_value_get(p, "self"));
	void *at = address(usher_value_get(p, "destroy"));
	usher_destroy_fn *destroy;
	int rc = add(lib, usher_value_get(p, "after"), USHER_AFTER);

	if (rc == USHER_OK)
		rc = add(lib, usher_value_get(p, "before"), USHER_BEFORE);
	if (rc == USHER_OK)
		rc = usher_context_size(lib, (size_t)usher_value_int(usher_value_get(p, "context"), 0));
	memcpy(&destroy, &at, sizeof(destroy));
	if (rc == USHER_OK)
		rc = usher_context_destroy(lib, destroy);
	if (self != NULL)
		*self = lib;
	return rc;
}
