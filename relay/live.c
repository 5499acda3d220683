/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides who frees what. Two publications suffice, because publishing waits until nobody reads the
 * one before; so nothing is allocated here and publishing cannot fail. The refresher's thread
 * publishes registries and the main thread configs, one at a time under a lock that no reader
 * takes.
 */
#include "relay/live.h"

#include "registry/clock.h"

#include "relay/hook.h"

#include <string.h>

void live_init(struct live_store *s, struct config *first)
{
	memset(s, 0, sizeof(*s));
	pthread_mutex_init(&s->lock, NULL);
	s->first = s->config = first;
}

static void free_config(struct live_store *s, struct config *c)
{
	if (c != s->first)
		config_free(c);
	else
		c->hooks = hooks_free(c->hooks);
}

/* With the lock. Afterwards the registry and the config of before are nobody's. */
static void publish(struct live_store *s, struct registry *reg, struct config *c)
{
	struct live *next = &s->two[++s->generation % 2];

	*next = (struct live){
		.snapshot = { .registry = reg, .policy = c->policy, 
			.generation = s->generation, .hooks = c->hooks },
		.config = c,
	};
	snapshot_publish(&s->slot, &next->snapshot);
	if (reg != s->registry)
		registry_free(s->registry);
	if (c != s->config)
		free_config(s, s->config);
	s->registry = reg;
	s->config = c;
}

/* With the lock. */
static struct config *next_config(struct live_store *s)
{
	struct config *c = s->pending != NULL ? s->pending : s->config;

	s->pending = NULL;
	return c;
}

void live_offer_config(struct live_store *s, struct config *c)
{
	pthread_mutex_lock(&s->lock);
	config_free(s->pending);
	s->pending = c;
	pthread_mutex_unlock(&s->lock);
}

void live_take_config(struct live_store *s)
{
	pthread_mutex_lock(&s->lock);
	if (s->pending != NULL)
		publish(s, s->registry, next_config(s));
	pthread_mutex_unlock(&s->lock);
}

void live_set_registry(struct live_store *s, struct registry *reg, const struct load_stats *stats)
{
	pthread_mutex_lock(&s->lock);
	s->stats = *stats;
	s->since_ms = clock_now_ms();
	publish(s, reg, next_config(s));
	pthread_mutex_unlock(&s->lock);
}

struct config *live_hold(struct live_store *s, struct registry **ret_registry)
{
	pthread_mutex_lock(&s->lock);
	*ret_registry = s->registry;
	return s->config;
}

void live_release(struct live_store *s)
{
	pthread_mutex_unlock(&s->lock);
}

void live_status(struct live_store *s, struct live_status *ret)
{
	pthread_mutex_lock(&s->lock);
	*ret = (struct live_status){ s->generation, s->stats, clock_now_ms() - s->since_ms };
	pthread_mutex_unlock(&s->lock);
}

void live_done(struct live_store *s)
{
	registry_free(s->registry);
	config_free(s->pending);
	if (s->config != s->first)
		config_free(s->config);
	config_free(s->first);
	pthread_mutex_destroy(&s->lock);
}
