/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Configs and registries come and go; a reader always sees a pair that belongs together. */
#include "relay/live.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct live_store *store;

/* A config whose enterprise number is `number`. */
static struct config *make_config(unsigned number)
{
	struct config_error err;
	char text[64];
	struct config *c;
	int n = snprintf(text, sizeof(text), "{ \"enterprise\": %u }", number);

	c = config_parse("test", text, (size_t)n, &err);
	cr_assert_not_null(c, "%s", err.text);
	return c;
}

/* A registry of `users` users. */
static struct registry *make_registry(unsigned users, struct load_stats *ret_stats)
{
	char path[] = "/tmp/usher-registry-XXXXXX";
	struct load_result result;
	struct reg_error err;
	FILE *f = fdopen(mkstemp(path), "w");

	for (unsigned i = 0; i < users; i++)
		fprintf(f, "{\"type\":\"HW_ADDR\",\"id\":\"0000000000%02x\"}\n", i);
	fclose(f);
	cr_assert_eq(registry_load_file(path, false, NULL, &result, &err), REG_OK, "%s", err.text);
	unlink(path);
	*ret_stats = result.stats;
	return result.registry;
}

static void set_registry(unsigned users)
{
	struct load_stats stats;
	struct registry *reg = make_registry(users, &stats);

	live_set_registry(store, reg, &stats);
}

static void begin(void)
{
	store = aligned_alloc(64, sizeof(*store));
	live_init(store, make_config(1));
	set_registry(1);
}

static void end(void)
{
	live_done(store);
	free(store);
}

TestSuite(live, .init = begin, .fini = end, .timeout = 60);

static void expect(unsigned enterprise, size_t users, uint64_t generation)
{
	const struct snapshot *s = snapshot_enter(&store->slot, 0);

	cr_assert_eq(s->policy->treat.enterprise, enterprise);
	cr_assert_eq(registry_count(s->registry), users);
	cr_assert_eq(s->generation, generation);
	cr_assert_eq(((const struct live *)s)->config->policy, s->policy);
	snapshot_leave(&store->slot, 0);
}

Test(live, a_registry_replaces_the_one_before)
{
	struct live_status status;

	expect(1, 1, 1);
	set_registry(2);
	expect(1, 2, 2);
	set_registry(3);
	expect(1, 3, 3);
	live_status(store, &status);
	cr_assert_eq(status.generation, 3);
	cr_assert_eq(status.registry.users, 3);
	cr_assert_lt(status.age_ms, 5000);
}

Test(live, a_config_waits_for_the_next_registry)
{
	live_offer_config(store, make_config(2));
	expect(1, 1, 1);
	set_registry(2);
	expect(2, 2, 2);
	live_take_config(store);
	expect(2, 2, 2);
}

Test(live, a_config_can_be_taken_without_a_registry)
{
	live_offer_config(store, make_config(2));
	live_offer_config(store, make_config(3));
	live_take_config(store);
	expect(3, 1, 2);
	live_offer_config(store, make_config(4));
	live_take_config(store);
	expect(4, 1, 3);
}

Test(live, what_waits_at_the_end_is_freed)
{
	live_offer_config(store, make_config(2));
}

enum { PAIRS = 60 };

static _Atomic bool stop;

/* Config n always comes with a registry of n users. */
static void *read_pairs(void *arg)
{
	size_t *torn = arg;

	while (!stop) {
		const struct snapshot *s = snapshot_enter(&store->slot, 1);

		*torn += s->policy->treat.enterprise != registry_count(s->registry);
		snapshot_leave(&store->slot, 1);
	}
	return NULL;
}

Test(live, pairs_are_never_torn)
{
	pthread_t thread;
	size_t torn = 0;

	pthread_create(&thread, NULL, read_pairs, &torn);
	for (unsigned i = 2; i < PAIRS; i++) {
		live_offer_config(store, make_config(i));
		set_registry(i);
	}
	stop = true;
	pthread_join(thread, NULL);
	cr_assert_eq(torn, 0);
}
