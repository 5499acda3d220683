/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides dlopen(3): how a library gets in, which of its functions count, and how it leaves. As in
 * Kea (USER_CHK.md 6.1): version first, callouts found by name next, load() last; a library that is
 * not taken leaves nothing behind. A function counts only if the library itself defines it: what
 * another object that it is linked with calls load() is none of ours.
 */
#include "relay/hook_parts.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { CALLOUTS_MAX = 64 };      /* of one point */

typedef int plain_fn(void);
typedef int library_fn(struct usher_library *lib);

/* A function out of a data pointer, as dlsym(3) would have it. */
static void take(void *fn, size_t size, void *symbol)
{
	memcpy(fn, &symbol, size);
}

void *hook_library_symbol(void *handle, const char *name)
{
	void *symbol = dlsym(handle, name);
	struct link_map *map, *own;
	Dl_info info;

	if (symbol == NULL || dlinfo(handle, RTLD_DI_LINKMAP, &own) != 0 ||
		dladdr1(symbol, &info, (void **)&map, RTLD_DL_LINKMAP) == 0)
		return NULL;
	return map == own ? symbol : NULL;
}

static int refuse(char *why, const char *path, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int refuse(char *why, const char *path, const char *fmt, ...)
{
	va_list args;
	int n = snprintf(why, HOOK_WHY, "hook library %s: ", path);

	va_start(args, fmt);
	vsnprintf(why + n, (size_t)(n < HOOK_WHY ? HOOK_WHY - n : 0), fmt, args);
	va_end(args);
	return -EINVAL;
}

static int check_version(const char *path, void *handle, int *ret_minor, char *why)
{
	plain_fn *version;
	int v;

	take(&version, sizeof(version), hook_library_symbol(handle, "version"));
	if (version == NULL)
		return refuse(why, path,
			"it has no version(): is it a hook library of usher? See usher-hooks(3)");
	v = version();
	*ret_minor = v % 1000;
	if (v / 1000 != USHER_HOOKS_MAJOR || v % 1000 > USHER_HOOKS_MINOR)
		return refuse(why, path,
			"built for version %d.%d of the hook interface, and this usher has %d.%d: "
			"build it against this usher's usher/hooks.h",
			v / 1000, v % 1000, USHER_HOOKS_MAJOR, USHER_HOOKS_MINOR);
	return 0;
}

static int check_threads(const char *path, void *handle, char *why)
{
	plain_fn *compatible;

	take(&compatible, sizeof(compatible),
		hook_library_symbol(handle, "multi_threading_compatible"));
	if (compatible != NULL && compatible() == 1)
		return 0;
	return refuse(why, path,
		"it is not multi-threading compatible, and there is more than one queue: use one "
		"queue, or a library whose multi_threading_compatible() returns 1");
}

int hook_library_open(const char *path, bool threads, void **ret_handle, int *ret_minor,
	char why[static HOOK_WHY])
{
	void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	int err;

	if (handle == NULL)
		return access(path, R_OK) != 0 && errno == EACCES
			? refuse(why, path,
				  "user %u, as which usher's workers run, may not read it: let others read it, "
				  "and search the folders that it lies in",
				  (unsigned int)geteuid())
			: refuse(why, path, "cannot be loaded: %s", dlerror());
	err = check_version(path, handle, ret_minor, why);
	if (err == 0 && threads)
		err = check_threads(path, handle, why);
	if (err != 0)
		dlclose(handle);
	else
		*ret_handle = handle;
	return err;
}

static int add_callout(struct usher_library *lib, enum hook_kind kind, bool v6, bool before,
	usher_callout_fn *fn)
{
	struct hook_list *list = &lib->hooks->lists[kind][v6][before];
	struct hook_callout *all;

	if (list->count == CALLOUTS_MAX)
		return USHER_E_NO_SPACE;
	all = arena_grow(&lib->hooks->arena, list->all, list->count, sizeof(*all));
	if (all == NULL)
		return USHER_E_NO_SPACE;
	all[list->count++] = (struct hook_callout){ fn, lib };
	list->all = all;
	return USHER_OK;
}

int usher_register(
	struct usher_library *lib, const char *point, usher_callout_fn *fn, enum usher_place place)
{
	enum hook_kind kind;
	bool v6;

	if (!lib->loading || fn == NULL)
		return USHER_E_PLACE;
	if (!hook_point_find(point, &kind, &v6))
		return USHER_E_NOT_FOUND;
	return add_callout(lib, kind, v6, hook_point(kind)->core && place == USHER_BEFORE, fn);
}

static int register_by_name(struct usher_library *lib)
{
	for (size_t i = 0; i < (size_t)HOOK_KINDS * 2; i++) {
		const char *name = hook_point((enum hook_kind)(i / 2))->name[i % 2];
		usher_callout_fn *fn;

		if (name == NULL)
			continue;
		take(&fn, sizeof(fn), hook_library_symbol(lib->handle, name));
		if (fn != NULL && add_callout(lib, (enum hook_kind)(i / 2), i % 2 != 0, false,
					  fn) != USHER_OK)
			return -ENOMEM;
	}
	return 0;
}

int hook_library_start(struct usher_library *lib, char why[static HOOK_WHY])
{
	library_fn *load;
	int rc;

	if (register_by_name(lib) != 0) {
		refuse(why, lib->path, "out of memory");
		return -ENOMEM;
	}
	take(&load, sizeof(load), hook_library_symbol(lib->handle, "load"));
	lib->loading = true;
	lib->loaded = true;
	rc = load != NULL ? load(lib) : 0;
	lib->loading = false;
	if (rc == 0)
		return 0;
	return refuse(why, lib->path, "its load() failed (%d): see what it has logged", rc);
}

void hook_library_stop(struct usher_library *lib)
{
	library_fn *unload;
	int rc;

	if (lib->handle == NULL)
		return;
	take(&unload, sizeof(unload), hook_library_symbol(lib->handle, "unload"));
	rc = lib->loaded && unload != NULL ? unload(lib) : 0;
	if (rc != 0)
		log_warning("hook library %s: its unload() failed (%d)", lib->path, rc);
	dlclose(lib->handle);
	lib->handle = NULL;
}

const struct usher_value *usher_parameters(const struct usher_library *lib)
{
	return lib->parameters;
}

void usher_set_data(struct usher_library *lib, void *data)
{
	lib->data = data;
}

void *usher_data(const struct usher_library *lib)
{
	return lib->data;
}

void usher_log(struct usher_library *lib, enum usher_level level, const char *fmt, ...)
{
	static const enum log_level levels[] = { LEVEL_ERROR, LEVEL_WARNING, LEVEL_INFO, LEVEL_DEBUG };
	char text[512], safe[sizeof(text) * 2];
	va_list args;

	if ((unsigned)level > USHER_DEBUG || !log_enabled(levels[level]))
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	log_escape(safe, sizeof(safe), text, strlen(text));
	log_say(levels[level], "%s: %s", lib->name, safe);
}
