/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides how a set of libraries comes and goes: all or none, in their order, away in the reverse
 * one. A set belongs to the configs that were read with the same list of libraries; the last of
 * them takes it along. All memory that packets will need is here from the beginning.
 */
#include "relay/hook_parts.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

/* What makes two lists the same: all that the config says of them, and which files they are. */
static char *identity_of(const struct config *c)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	if (f == NULL)
		return NULL;
	fprintf(f, "%u %u %u %u %u %u %u\n", c->hook_slow_ms, c->park.packets, c->park.timeout_ms,
		c->park.drop, c->hook_leases.most, c->hook_leases.probation,
		c->hook_exchanges);
	for (size_t i = 0; i < c->libraries.count; i++) {
		const struct config_library *l = &c->libraries.all[i];
		struct stat st = { 0 };

		(void)!stat(l->path, &st);
		fprintf(f, "%s %ju %ju %jd.%09ld %d %s\n", l->path, (uintmax_t)st.st_dev,
			(uintmax_t)st.st_ino, (intmax_t)st.st_mtim.tv_sec, st.st_mtim.tv_nsec,
			l->drop_on_error, l->parameters);
	}
	if (fclose(f) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

static struct hook_memory *memory_free(struct hook_memory *m)
{
	if (m == NULL)
		return NULL;
	hook_park_free(m->park);
	munmap(m, sizeof(*m) + 2 * m->hooks->context_bytes);
	return NULL;
}

static struct hook_memory *memory_new(struct hooks *h, size_t worker)
{
	struct hook_memory *m = mmap(NULL, sizeof(*m) + 2 * h->context_bytes,
		PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (m == MAP_FAILED)
		return NULL;
	m->hooks = h;
	m->callout.memory = m->packet.memory = m->query_packet.memory = m;
	m->query_packet.p = &m->query;
	m->contexts = (uint8_t *)(m + 1);
	m->gone = m->contexts + h->context_bytes;
	m->park = hook_park_new(h, worker);
	return m->park != NULL ? m : memory_free(m);
}

static struct hooks *destroy(struct hooks *h)
{
	hook_exchanges_forget(h->exchanges);
	for (size_t i = 0; h->memory != NULL && i < h->workers; i++)
		if (h->memory[i] != NULL)
			hook_park_forget(h->memory[i]->park);
	for (size_t i = h->library_count; i-- > 0;)
		hook_library_stop(&h->libraries[i]);
	for (size_t i = 0; h->memory != NULL && i < h->workers; i++)
		memory_free(h->memory[i]);
	free(h->memory);
	hook_leases_free(h->leases);
	hook_exchanges_free(h->exchanges);
	arena_done(&h->arena);
	free(h->identity);
	free(h);
	return NULL;
}

struct hooks *hooks_free(struct hooks *h)
{
	if (h != NULL && atomic_fetch_sub(&h->users, 1) == 1)
		destroy(h);
	return NULL;
}

/* "/usr/lib/usher/hooks/thing.so" is called thing. */
static char *name_of(struct arena *a, const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
	size_t len = strlen(name);

	if (len > 3 && strcmp(name + len - 3, ".so") == 0)
		len -= 3;
	return arena_copy(a, name, len);
}

static int load_one(struct hooks *h, const struct config_library *from, char *why)
{
	struct usher_library *lib = &h->libraries[h->library_count];
	struct rule_error err = { .code = RULE_OK };
	const struct node *parameters;

	*lib = (struct usher_library){
		.hooks = h, .index = h->library_count, .drop_on_error = from->drop_on_error,
		.path = arena_copy(&h->arena, from->path, strlen(from->path)),
		.name = name_of(&h->arena, from->path),
	};
	parameters = node_parse(&h->arena, from->parameters, strlen(from->parameters), &err);
	if (lib->path == NULL || lib->name == NULL || parameters == NULL)
		return -ENOMEM;
	lib->parameters = parameters->kind == JSON_OBJECT ? hook_value_of(parameters) : NULL;
	h->library_count++;
	return hook_library_open(from->path, h->workers > 1, &lib->handle, &lib->minor, why);
}

/* Libraries are opened first, so that load() of one is not called where another is refused. */
static int load_all(struct hooks *h, const struct config *c, char *why)
{
	int err = 0;

	h->libraries = arena_alloc(&h->arena, c->libraries.count * sizeof(*h->libraries));
	if (h->libraries == NULL)
		return -ENOMEM;
	for (size_t i = 0; err == 0 && i < c->libraries.count; i++)
		err = load_one(h, &c->libraries.all[i], why);
	for (size_t i = 0; err == 0 && i < h->library_count; i++)
		err = hook_library_start(&h->libraries[i], why);
	for (size_t i = 0; err == 0 && i < h->library_count; i++) {
		h->libraries[i].context_at = h->context_bytes;
		h->context_bytes += (h->libraries[i].context_size + 15) & ~(size_t)15;
	}
	return err;
}

static bool wants_leases(const struct hooks *h)
{
	for (int v6 = 0; v6 < 2; v6++)
		if (h->lists[HOOK_LEASE_EXPIRE][v6][0].count > 0 ||
			h->lists[HOOK_LEASE_RECOVER][v6][0].count > 0)
			return true;
	return false;
}

static int make_memory(struct hooks *h, const struct config *c)
{
	h->memory = calloc(h->workers, sizeof(struct hook_memory *));
	if (h->memory == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < h->workers; i++)
		if ((h->memory[i] = memory_new(h, i)) == NULL)
			return -ENOMEM;
	if (hook_exchanges_new(h, c->hook_exchanges, &h->exchanges) != 0)
		return -ENOMEM;
	if (!wants_leases(h))
		return 0;
	h->leases = hook_leases_new(c->hook_leases.most, c->hook_leases.probation);
	return h->leases != NULL ? 0 : -ENOMEM;
}

int hooks_load(const struct config *c, size_t workers, struct hooks *before, struct hooks **ret,
	char why[static HOOK_WHY])
{
	struct hooks *h;
	int err;

	*ret = NULL;
	if (c->libraries.count == 0)
		return 0;
	snprintf(why, HOOK_WHY, "hook libraries: out of memory");
	h = calloc(1, sizeof(*h));
	if (h == NULL)
		return -ENOMEM;
	h->users = 1;
	h->workers = workers;
	h->slow_ms = c->hook_slow_ms;
	h->park_packets = c->park.packets;
	h->park_ms = c->park.timeout_ms;
	h->park_drop = c->park.drop;
	h->identity = identity_of(c);
	if (h->identity != NULL && before != NULL && before->workers == workers &&
		strcmp(before->identity, h->identity) == 0) {
		destroy(h);
		atomic_fetch_add(&before->users, 1);
		*ret = before;
		return 0;
	}
	err = h->identity == NULL ? -ENOMEM : load_all(h, c, why);
	if (err == 0)
		err = make_memory(h, c);
	if (err != 0)
		destroy(h);
	else
		*ret = h;
	return err;
}

/* --- saying ---------------------------------------------------------------------------------- */

static void add_callouts(const struct usher_library *lib, char *text, size_t cap)
{
	size_t n = strlen(text);

	for (size_t i = 0; i < (size_t)HOOK_KINDS * 4; i++) {
		const struct hook_list *list = &lib->hooks->lists[i / 4][i / 2 % 2][i % 2];

		for (size_t k = 0; k < list->count; k++)
			if (list->all[k].library == lib && n < cap)
				n += (size_t)snprintf(text + n, cap - n, " %s%s",
					hook_point((enum hook_kind)(i / 4))->name[i / 2 % 2],
					i % 2 != 0 ? " (before)" : "");
	}
}

void hooks_describe(const struct hooks *h, void (*say)(void *ctx, const char *text), void *ctx)
{
	for (size_t i = 0; h != NULL && i < h->library_count; i++) {
		const struct usher_library *lib = &h->libraries[i];
		char text[2048];

		snprintf(text, sizeof(text),
			"hook library %s: %llu errors, %llu slow, %llu edits refused, %llu parked, "
			"%llu too late; callouts:",
			lib->path, (unsigned long long)lib->calls_failed,
			(unsigned long long)lib->slow, (unsigned long long)lib->refused,
			(unsigned long long)lib->parked, (unsigned long long)lib->late);
		add_callouts(lib, text, sizeof(text));
		say(ctx, text);
	}
}

static void describe_names(void *handle, char *text, size_t cap)
{
	size_t n = strlen(text);

	for (size_t i = 0; i < (size_t)HOOK_KINDS * 2; i++) {
		const char *name = hook_point((enum hook_kind)(i / 2))->name[i % 2];

		if (name != NULL && n < cap && hook_library_symbol(handle, name) != NULL)
			n += (size_t)snprintf(text + n, cap - n, " %s", name);
	}
}

int hooks_try(const struct config *c, void (*say)(void *ctx, const char *text), void *ctx,
	char why[static HOOK_WHY])
{
	bool threads = c->queue_last > c->queue_first;

	for (size_t i = 0; i < c->libraries.count; i++) {
		const char *path = c->libraries.all[i].path;
		char text[2048];
		void *handle;
		int minor, err = hook_library_open(path, threads, &handle, &minor, why);

		if (err != 0)
			return err;
		snprintf(text, sizeof(text), "hook library %s: interface %d.%d, callouts by name:",
			path, USHER_HOOKS_MAJOR, minor);
		describe_names(handle, text, sizeof(text));
		dlclose(handle);
		say(ctx, text);
	}
	return 0;
}
