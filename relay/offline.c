/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides how a pipeline is put together when there is no queue to feed it. Fills a slot as the queue
 * half would, from memory. No interface is known here, so every query counts as a client's, in
 * relay mode one on the first link.
 */
#include "relay/offline.h"

#include "registry/clock.h"

#include "relay/data_source.h"
#include "relay/hook.h"
#include "relay/park.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

static int load_registry(struct offline *o)
{
	struct load_result result;
	struct reg_error err;

	if (data_source_read(o->config, o->config->registry.bad_lines == LINES_SKIP, NULL, &result,
		&err) != REG_OK) {
		fprintf(stderr, "usher: %s\n", err.text);
		return 1;
	}
	o->registry = result.registry;
	return 0;
}

/* On the machine that the config is for, the subnets' own giaddr are there. */
static void add_giaddrs(struct client_link *l, const struct subnets *s)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->all[i].has_giaddr && l->count4 < LINK_ADDRESSES)
			memcpy(l->all4[l->count4++], s->all[i].giaddr, sizeof(l->all4[0]));
}

/* A link without an address now gets that of an example. */
static void set_links(struct links *l, const struct config *c)
{
	static const uint8_t addr4[4] = { 192, 0, 2, 1 };
	static const uint8_t addr6[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 };
	struct client_link *first = &l->all[0];

	links_use(l, c);
	links_tick(l);
	if (l->count == 0)
		return;
	first->index = 0;
	if (!first->has4)
		memcpy(first->addr4, addr4, sizeof(first->addr4));
	if (!first->has6)
		memcpy(first->addr6, addr6, sizeof(first->addr6));
	if (!first->has_local)
		memcpy(first->local6, addr6, sizeof(first->local6));
	first->has4 = first->has6 = first->has_local = true;
	add_giaddrs(first, &c->policy->subnets);
}

int offline_begin(struct offline *o)
{
	o->batch = batch_new(1);
	if (o->batch == NULL)
		return -errno;
	o->batch->count = 1;
	o->records = (struct records){ .text = o->text, .cap = sizeof(o->text) };
	o->snapshot = (struct snapshot){ .registry = o->registry, .policy = o->config->policy };
	/* No interface is known of a packet that comes from nowhere, so it came by the first. */
	set_links(&o->links, o->config);
	o->pipeline = (struct pipeline){
		.links = &o->links,
		.snapshot = &o->snapshot,
		.counters = &o->counters,
		.records = &o->records,
		.outcome_offers = o->config->outcome.offers,
		.outcome_json = o->config->outcome.format == OUTCOME_JSON,
	};
	return 0;
}

void offline_end(struct offline *o)
{
	if (o->batch != NULL)
		o->batch = batch_free(o->batch, 1);
}

/* Libraries run here too; a packet that one of them parks is waited for. */
static int load_hooks(struct offline *o)
{
	char why[HOOK_WHY];
	int rc = hooks_load(o->config, 1, NULL, &o->config->hooks, why);

	if (rc != 0) {
		fprintf(stderr, "usher: %s\n", why);
		return rc == -ENOMEM ? 4 : 1;
	}
	o->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	o->board = calloc(1, sizeof(*o->board));
	o->snapshot.hooks = o->config->hooks;
	o->pipeline.board = o->board;
	o->pipeline.wake = o->wake;
	return o->wake >= 0 && o->board != NULL ? 0 : 4;
}

int offline_init(struct offline *o, const char *config_path)
{
	struct config_error err;
	int code;

	memset(o, 0, sizeof(*o));
	o->wake = -1;
	o->config = config_load(config_path, &err);
	if (o->config == NULL) {
		fprintf(stderr, "usher: %s\n", err.text);
		return err.fault == CONFIG_NO_MEMORY ? 4 : 1;
	}
	code = load_registry(o);
	if (code == 0 && offline_begin(o) != 0) {
		fprintf(stderr, "usher: no memory for a packet\n");
		code = 4;
	}
	if (code == 0)
		code = load_hooks(o);
	if (code != 0)
		offline_done(o);
	return code;
}

void offline_done(struct offline *o)
{
	offline_end(o);
	o->registry = registry_free(o->registry);
	o->config = config_free(o->config);
	if (o->wake >= 0)
		close(o->wake);
	free(o->board);
}

/* Until the library has decided, or its time is up; the packet then goes on. */
static void await(const struct offline *o, const struct slot *s)
{
	struct pollfd fd = { .fd = o->wake, .events = POLLIN };
	int64_t left;
	uint64_t n;

	do {
		left = s->park_until_ns - clock_now_ns();
		if (left > 0 && poll(&fd, 1, (int)(left / 1000000) + 1) > 0)
			(void)!read(o->wake, &n, sizeof(n));
	} while (left > 0 && atomic_load(&o->board->ready[park_index(s->park)]) != s->park);
}

struct slot *offline_run(
	struct offline *o, const uint8_t *ip, size_t len, size_t wire_len, int64_t time_ns)
{
	struct slot *s = &o->batch->slots[0];

	s->in_off = 0;
	s->in_len = (uint32_t)(len < SLOT_RAW ? len : SLOT_RAW);
	s->cap_len = wire_len > s->in_len ? (uint32_t)wire_len : 0;
	s->time_ns = time_ns;
	s->verdict = SLOT_ACCEPT;
	s->park = 0;
	memcpy(s->raw, ip, s->in_len);
	o->records.len = 0;
	pipeline_run(&o->pipeline, o->batch);
	while (s->verdict == SLOT_PARK) {
		await(o, s);
		pipeline_run(&o->pipeline, o->batch);
	}
	return s;
}
