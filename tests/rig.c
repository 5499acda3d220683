/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides how a pipeline is put together without a queue, and how a slot is mapped so that one byte
 * read beside a packet, or written into it, ends the test: the guard pages lie within the slot's
 * own room for a packet as received.
 */
#include "tests/rig.h"

#include "registry/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static void die(const char *what, const char *why)
{
	fprintf(stderr, "%s: %s\n", what, why);
	exit(1);
}

static enum side side_of(void *ctx, const struct slot *s, const char **ret_name)
{
	const struct rig *r = ctx;

	(void)s;
	*ret_name = r->side == SIDE_CLIENT ? "eth1" : r->side == SIDE_SERVER ? "eth0" : "";
	return r->side;
}

static bool own_address(void *ctx, const uint8_t *addr, size_t len)
{
	const struct rig *r = ctx;

	return len == r->own_len && memcmp(addr, r->own, len) == 0;
}

static void load_config(struct rig *r, const char *text)
{
	struct config_error err;

	r->config = config_parse("config", text, strlen(text), &err);
	if (r->config == NULL) {
		fputs(text, stderr);
		die("the config is refused", err.text);
	}
}

static void load_registry(struct rig *r, const char *text)
{
	char path[] = "/tmp/usher-rig-XXXXXX";
	int fd = mkstemp(path);
	struct load_result result;
	struct reg_error err;
	size_t len = strlen(text);

	if (fd < 0 || write(fd, text, len) != (ssize_t)len || close(fd) != 0)
		die(path, "cannot be written");
	if (registry_load_file(path, false, NULL, &result, &err) != REG_OK) {
		fputs(text, stderr);
		die("the registry is refused", err.text);
	}
	unlink(path);
	r->registry = result.registry;
}

struct rig *rig_new(const char *config, const char *registry)
{
	struct rig *r = calloc(1, sizeof(*r));
	void *map;

	r->batch_size = sizeof(struct batch) + sizeof(struct slot);
	map = mmap(NULL, r->batch_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED)
		die("mmap", "no memory");
	r->batch = map;
	r->batch->count = 1;
	load_config(r, config);
	load_registry(r, registry);
	links_use(&r->links, r->config);
	for (size_t i = 0; i < r->links.count; i++) {
		struct client_link *l = &r->links.all[i];

		l->index = (uint32_t)i + 1;
		memcpy(l->local6, (uint8_t[16]){ 0xfe, 0x80, [15] = 1 }, sizeof(l->local6));
		l->has_local = true;
	}
	for (size_t i = 0; i < UPSTREAMS_MAX; i++)
		r->links.multicast[i] = 9;
	r->learned = learned_new();
	r->time_ns = INT64_C(1700000000) * 1000000000;
	r->snapshot = (struct snapshot){ .registry = r->registry, .policy = r->config->policy };
	r->pipeline = (struct pipeline){
		.snapshot = &r->snapshot,
		.counters = &r->counters,
		.records = &r->records,
		.outcome_offers = r->config->outcome.offers,
		.outcome_json = r->config->outcome.format == OUTCOME_JSON,
		.side_of = side_of,
		.own_address = own_address,
		.links = &r->links,
		.learned = r->learned,
		.ctx = r,
	};
	return r;
}

void rig_free(struct rig *r)
{
	if (r == NULL)
		return;
	learned_free(r->learned);
	registry_free(r->registry);
	config_free(r->config);
	munmap(r->batch, r->batch_size);
	free(r);
}

/* The page boundaries within the slot's room: first and last with a whole page on either side. */
static void boundaries(const struct slot *s, uintptr_t *first, uintptr_t *last)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), raw = (uintptr_t)s->raw;

	*first = (raw + page - 1) / page * page + page;
	*last = (raw + SLOT_RAW) / page * page - page;
}

static void protect(const struct slot *s, size_t len, enum rig_place place, bool on)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), first, last, at, from, to;
	int err;

	boundaries(s, &first, &last);
	at = place == RIG_FLUSH_END ? last : first - page;
	from = place == RIG_FLUSH_END ? (last - len) / page * page : first;
	to = place == RIG_FLUSH_END ? last : (first + len + page - 1) / page * page;
	err = mprotect((void *)at, page, on ? PROT_NONE : PROT_READ | PROT_WRITE);
	if (err == 0 && to > from)
		err = mprotect((void *)from, to - from, on ? PROT_READ : PROT_READ | PROT_WRITE);
	if (err != 0)
		die("mprotect", "refused");
}

static size_t place_packet(const struct slot *s, size_t len, enum rig_place place)
{
	uintptr_t first, last;

	boundaries(s, &first, &last);
	if (place == RIG_FLUSH_END)
		return last - len - (uintptr_t)s->raw;
	return place == RIG_FLUSH_START ? first - (uintptr_t)s->raw : 0;
}

const struct slot *rig_run(struct rig *r, const struct rig_packet *p)
{
	struct slot *s = &r->batch->slots[0];

	s->in_off = (uint32_t)place_packet(s, p->len, p->place);
	s->in_len = (uint32_t)p->len;
	s->cap_len = p->cap_len;
	s->skb_info = p->skb_info;
	s->physindev = p->physindev;
	s->indev = p->indev;
	s->hook = p->hook;
	s->hw_len = p->hw_len;
	if (p->hw_len > 0)
		memcpy(s->hw, p->hw, p->hw_len);
	s->verdict = SLOT_ACCEPT;
	s->edited = false;
	s->out_len = 0;
	s->time_ns = r->time_ns;
	if (p->len > 0)
		memcpy(s->raw + s->in_off, p->bytes, p->len);
	/* What a packet before has left there must not show. */
	memset(s->out, 0xa5, sizeof(s->out));
	memset(&r->counters, 0, sizeof(r->counters));
	r->records = (struct records){ .text = r->text, .cap = sizeof(r->text) - 1 };
	r->side = p->side;
	if (p->place != RIG_PLAIN)
		protect(s, p->len, p->place, true);
	pipeline_run(&r->pipeline, r->batch);
	if (p->place != RIG_PLAIN)
		protect(s, p->len, p->place, false);
	r->text[r->records.len] = '\0';
	return s;
}

uint8_t rig_subnet_id(void *ctx, const char *name)
{
	const struct rig *r = ctx;
	const struct subnet *s = subnet_named(&r->config->policy->subnets, name, strlen(name));

	return s != NULL ? s->id : 0;
}
