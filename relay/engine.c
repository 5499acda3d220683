/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides what the pipeline asks of its surroundings: on which side an interface is, whether an
 * address is ours, and the line of the debug log.
 */
#include "relay/engine.h"

#include "relay/describe.h"
#include "relay/log.h"

static enum side side_of(void *ctx, const struct slot *s, const char **ret_name)
{
	struct engine *e = ctx;

	return interfaces_side(&e->interfaces, s, ret_name);
}

static bool own_address(void *ctx, const uint8_t *addr, size_t len)
{
	struct engine *e = ctx;

	return interfaces_own(&e->interfaces, addr, len);
}

/* The debug log: a line for each packet. */
static void trace(void *ctx, const struct packet *p)
{
	const struct engine *e = ctx;
	struct description d;

	describe(p, &d);
	log_debug("queue %u: %s %s of %s: %s: %s%s%s: %s", e->queue, d.direction, d.message,
		d.client, d.verdict, d.decision, d.detail[0] != '\0' ? ", " : "", d.detail, d.why);
}

void engine_init(struct engine *e, struct counters *counters, struct records *records)
{
	e->config = NULL;
	e->generation = 0;
	e->pipeline = (struct pipeline){
		.counters = counters, .records = records, .side_of = side_of,
		.own_address = own_address, .ctx = e,
	};
}

struct demand engine_demand(const struct config *c)
{
	static const uint8_t late[] = {
		[UNAVAILABLE_WAIT] = LATE_DROP,
		[UNAVAILABLE_RESTRICT] = LATE_STRANGER,
		[UNAVAILABLE_PASS] = LATE_PASS,
	};
	const struct config_mysql *m = config_on_demand(c);

	if (m == NULL)
		return (struct demand){ .on = false };
	return (struct demand){
		.on = true, .late = late[m->on_unavailable], .wait_ms = m->lookup_timeout_ms,
	};
}

/* A new snapshot may bring new lists of interfaces; the log level may change without one. */
bool engine_use(struct engine *e, const struct config *c, const struct snapshot *s)
{
	e->pipeline.snapshot = s;
	e->pipeline.trace = log_enabled(LEVEL_DEBUG) ? trace : NULL;
	if (c == e->config && s->generation == e->generation)
		return false;
	e->config = c;
	e->generation = s->generation;
	e->pipeline.outcome_offers = c->outcome.offers;
	interfaces_use(&e->interfaces,
		(struct interface_list){ c->client_interfaces.all, c->client_interfaces.count },
		(struct interface_list){ c->server_interfaces.all, c->server_interfaces.count });
	return true;
}

void engine_run(struct engine *e, const struct config *c, const struct snapshot *s,
	struct batch *b)
{
	engine_use(e, c, s);
	pipeline_run(&e->pipeline, b);
}
