/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides how a pipeline is put together without a queue, and how an answer comes about: the query
 * goes through the pipeline first, and what a server makes of that is the answer.
 */
#include "tests/bench/steering.h"

#include "tests/bench/bench.h"

#include <stdlib.h>
#include <string.h>

static const char config_text[] =
	"{ \"outcome\": { \"file\": \"\" }, \"control\": \"\", \"subnets\": ["
	" { \"name\": \"open\", \"prefixes\": [\"10.1.0.0/16\", \"2001:db8:1::/64\"] },"
	" { \"name\": \"restricted\", \"prefixes\": [\"10.99.0.0/16\", \"2001:db8:99::/64\"] } ] }";

const char *steering_config(void)
{
	return config_text;
}

void steering_init(struct steering *s, size_t users)
{
	struct config_error err;

	memset(s, 0, sizeof(*s));
	s->config = config_parse("bench", config_text, sizeof(config_text) - 1, &err);
	s->batch = batch_new(BATCH_MAX);
	s->records = (struct records){ .text = malloc(STEERING_RECORDS), .cap = STEERING_RECORDS };
	if (s->config == NULL)
		bench_die("config", err.text);
	if (s->batch == NULL || s->records.text == NULL)
		bench_die("pipeline", "no memory");
	s->registry = users_registry(users);
	s->snapshot = (struct snapshot){ .registry = s->registry, .policy = s->config->policy };
	s->pipeline = (struct pipeline){
		.snapshot = &s->snapshot, .counters = &s->counters, .records = &s->records,
		.answers = &s->answers, .servers = &s->servers,
	};
}

void steering_done(struct steering *s)
{
	batch_free(s->batch, BATCH_MAX);
	registry_free(s->registry);
	config_free(s->config);
	free(s->records.text);
}

void steering_put(struct slot *slot, const struct traffic *t)
{
	slot->in_off = 100;          /* about where the kernel's message has it */
	slot->in_len = (uint32_t)t->len;
	memcpy(slot->raw + slot->in_off, t->packet, t->len);
}

void steering_packet(struct steering *s, struct traffic *t, enum traffic_kind query,
	enum traffic_class class, bool answer)
{
	struct slot *slot = &s->batch->slots[0];

	traffic_query(t, query);
	if (!answer)
		return;
	traffic_turn(t, class, 0);
	steering_put(slot, t);
	s->batch->count = 1;
	pipeline_run(&s->pipeline, s->batch);
	if (slot->edited)
		traffic_answer(t, slot->out, slot->out_len);
	else
		traffic_answer(t, t->packet, t->len);
	memset(&s->counters, 0, sizeof(s->counters));
	s->records.len = 0;
}
