/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides dlopen(3). What is found is the same whoever looks for it, so two threads that load the
 * same do each other no harm.
 */
#include "registry/late.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

bool late_load(const struct late *l, char *err, size_t cap)
{
	/*
	 * Global: what it loads itself in turn, plugins of libmariadb, may look for what is in it.
	 */
	void *handle = dlopen(l->file, RTLD_NOW | RTLD_GLOBAL);
	char *to = l->calls;

	for (size_t i = 0; handle != NULL && i < l->count; i++) {
		void *call = dlsym(handle, l->names[i]);

		if (call == NULL)
			handle = NULL;
		memcpy(to + i * sizeof(call), &call, sizeof(call));
	}
	if (handle == NULL)
		snprintf(err, cap, "cannot load a library: %s", dlerror());
	return handle != NULL;
}
