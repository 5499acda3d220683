/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parking, through both halves: held without a verdict, decided on from elsewhere, no callout
 * called twice, what was done before is there again; too late, too many, and libraries that go
 * away.
 */
#include "tests/hook_rig.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char registry[] = "{ \"type\": \"HW_ADDR\", \"id\": \"02000000000a\" }\n";

static struct usher_library *self;
static uint64_t ticket;
static size_t received, parked, resumed;
static char said[64];

static int on_receive(struct usher_callout *c)
{
	struct usher_packet *p = usher_get_packet(c, "query4");

	received++;
	*(uint32_t *)usher_context(c) = 42;
	cr_expect_eq(usher_set_option(p, 224, (const uint8_t *)"\7", 1), 0);
	return 0;
}

static int on_resume(struct usher_callout *c)
{
	size_t len;
	const void *answer = usher_answer(c, &len);
	struct usher_packet *p = usher_get_packet(c, "query4");

	resumed++;
	cr_expect_eq(*(uint32_t *)usher_context(c), 42);
	snprintf(said, sizeof(said), "%.*s", (int)len, answer != NULL ? (const char *)answer : "");
	cr_expect_eq(usher_set_option(p, 225, (const uint8_t *)"\10", 1), 0);
	cr_expect_eq(usher_park(c, NULL), 0);
	return 0;
}

static int on_select(struct usher_callout *c)
{
	parked++;
	cr_expect_eq(usher_set_text(c, "subnet4", "second"), 0);
	ticket = usher_park(c, on_resume);
	return 0;
}

static const struct hook_fn parking[] = { { "pkt4_receive", on_receive },
	{ "subnet4_select", on_select }, { NULL, NULL } };

static struct hook_rig *begin(const char *more)
{
	ticket = 0;
	received = parked = resumed = 0;
	said[0] = '\0';
	return hook_rig_new(hook_call(parking, 4, &self), more, registry);
}

/* As the queue's half does. */
static const struct slot *again(struct hook_rig *r)
{
	struct slot *s = &r->rig->batch->slots[0];

	memset(s->out, 0xa5, 1024);
	pipeline_run(&r->rig->pipeline, r->rig->batch);
	return s;
}

Test(hook_park, goes_on_where_it_stopped)
{
	struct hook_rig *r = begin("");
	const struct slot *s = hook_query4(r, "350101ff", 0);
	uint64_t n = 0;
	const char *shown;

	cr_expect_str_eq(hook_shown(s), "parked");
	cr_expect(ticket != 0 && s->park == ticket);
	cr_expect_eq(r->rig->counters.packets, 0);
	cr_expect_eq(r->rig->counters.events[EVENT_registered], 1);
	cr_expect_eq(usher_unpark(self, ticket, USHER_CONTINUE, "yes", 3), 0);
	cr_expect_eq(read(r->wake, &n, sizeof(n)), 8);
	cr_expect_eq(r->board.ready[park_index(ticket)], ticket);
	/* Once. */
	cr_expect_eq(usher_unpark(self, ticket, USHER_DROP, NULL, 0), USHER_E_GONE);
	shown = hook_shown(again(r));
	cr_expect_not_null(strstr(shown, "224=07"), "%s", shown);
	cr_expect_not_null(strstr(shown, "225=08"), "%s", shown);
	cr_expect_not_null(strstr(shown, "82=0504ac110000"), "%s", shown);
	cr_expect(received == 1 && parked == 1 && resumed == 1);
	cr_expect_str_eq(said, "yes");
	cr_expect_eq(r->rig->counters.packets, 1);
	cr_expect_eq(r->rig->counters.events[EVENT_registered], 1);
	cr_expect_eq(r->rig->counters.events[EVENT_parked], 1);
	cr_expect_eq(usher_unpark(self, ticket, USHER_DROP, NULL, 0), USHER_E_GONE);
	hook_rig_free(r);
}

Test(hook_park, a_drop_drops)
{
	struct hook_rig *r = begin("");

	hook_query4(r, "350101ff", 0);
	cr_expect_eq(usher_unpark(self, ticket, USHER_DROP, NULL, 0), 0);
	cr_expect_str_eq(hook_shown(again(r)), "dropped");
	cr_expect_eq(r->rig->counters.causes[CAUSE_by_library], 1);
	hook_rig_free(r);
}

Test(hook_park, whoever_is_late_finds_nothing)
{
	for (int drop = 0; drop < 2; drop++) {
		struct hook_rig *r = begin(drop ? ", \"hooks_park\": { \"on_timeout\": \"drop\" }" : "");
		bool dropped;

		hook_query4(r, "350101ff", 0);
		dropped = strcmp(hook_shown(again(r)), "dropped") == 0;
		cr_expect_eq(dropped, drop);
		cr_expect_eq(resumed, 1);
		cr_expect_str_eq(said, "");
		cr_expect_eq(usher_unpark(self, ticket, USHER_CONTINUE, NULL, 0), USHER_E_GONE);
		cr_expect_eq(r->rig->counters.events[EVENT_park_late], 1);
		hook_rig_free(r);
	}
}

Test(hook_park, without_room_packets_go_on)
{
	struct hook_rig *r = begin(", \"hooks_park\": { \"packets\": 1 }");
	const char *shown;

	cr_expect_str_eq(hook_shown(hook_query4(r, "350101ff", 0)), "parked");
	shown = hook_shown(hook_query4(r, "350101ff", 0));
	cr_expect_eq(ticket, 0);
	cr_expect_not_null(strstr(shown, "224=07"), "%s", shown);
	hook_rig_free(r);
}

Test(hook_park, not_where_nobody_keeps_packets)
{
	struct hook_rig *r = begin("");

	r->rig->pipeline.board = NULL;
	cr_expect_not_null(strstr(hook_shown(hook_query4(r, "350101ff", 0)), "224=07"));
	cr_expect_eq(ticket, 0);
	hook_rig_free(r);
}

/*
 * After a reload: other libraries, who never heard of the packet, are asked as if it had just come.
 */
Test(hook_park, an_unknown_ticket_is_a_new_packet)
{
	struct hook_rig *r = begin("");
	struct slot *s = &r->rig->batch->slots[0];

	hook_query4(r, "350101ff", 0);
	s->park ^= (uint64_t)1 << 40;
	cr_expect_str_eq(hook_shown(again(r)), "parked");
	cr_expect(received == 2 && parked == 2 && resumed == 0);
	hook_rig_free(r);
}

static int on_second(struct usher_callout *c)
{
	received++;
	usher_set_step(c, USHER_CONTINUE);
	return 0;
}

Test(hook_park, another_library_may_overrule)
{
	struct hook_fn second[] = { { "subnet4_select", on_second }, { NULL, NULL } };
	char text[9000];
	struct hook_rig *r;

	snprintf(text, sizeof(text), "%s, %s", hook_call(parking, 4, &self), hook_call(second, 0, NULL));
	r = hook_rig_new(text, "", registry);
	cr_expect_not_null(strstr(hook_shown(hook_query4(r, "350101ff", 0)), "224=07"));
	cr_expect_eq(usher_unpark(self, ticket, USHER_CONTINUE, NULL, 0), USHER_E_GONE);
	hook_rig_free(r);
}

static struct usher_library *other;
static uint64_t other_ticket;

static int parks_too(struct usher_callout *c)
{
	other_ticket = usher_park(c, NULL);
	return 0;
}

Test(hook_park, it_waits_for_all)
{
	struct hook_fn second[] = { { "subnet4_select", parks_too }, { NULL, NULL } };
	char text[9000];
	struct hook_rig *r;

	resumed = 0;
	snprintf(text, sizeof(text), "%s, %s", hook_call(parking, 4, &self),
		hook_call(second, 0, &other));
	r = hook_rig_new(text, "", registry);
	hook_query4(r, "350101ff", 0);
	cr_expect_eq(ticket, other_ticket);
	cr_expect_eq(usher_unpark(self, ticket, USHER_CONTINUE, NULL, 0), 0);
	cr_expect_neq(r->board.ready[park_index(ticket)], ticket);
	cr_expect_eq(usher_unpark(other, ticket, USHER_CONTINUE, NULL, 0), 0);
	cr_expect_eq(r->board.ready[park_index(ticket)], ticket);
	cr_expect_not_null(strstr(hook_shown(again(r)), "225=08"));
	hook_rig_free(r);
}

static void *decide(void *arg)
{
	struct timespec ts = { .tv_nsec = 1000000 };

	(void)arg;
	nanosleep(&ts, NULL);
	usher_unpark(self, ticket, USHER_CONTINUE, "thread", 6);
	return NULL;
}

/* Both halves: park.h keeps, wakes and gives back. */
Test(hook_park, the_queues_half)
{
	struct hook_rig *r = begin("");
	struct park *park = park_new(&r->board);
	struct batch *b = r->rig->batch;
	struct timespec ts;
	pthread_t thread;
	uint64_t n;

	b->slots[0].id = 5;
	hook_query4(r, "350101ff", 0);
	cr_expect_eq(park_keep(park, b), 1);
	clock_gettime(CLOCK_MONOTONIC, &ts);
	n = (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
	cr_expect_eq(park_take(park, b, 1, (int64_t)n), 0);
	cr_expect(park_wait_ms(park, (int64_t)n) > 500 && park_wait_ms(park, (int64_t)n) <= 1001);
	b->count = 1;
	cr_assert_eq(pthread_create(&thread, NULL, decide, NULL), 0);
	while (read(r->wake, &n, sizeof(n)) != sizeof(n))
		;
	pthread_join(thread, NULL);
	memset(&b->slots[0], 0, 4096);
	cr_expect_eq(park_take(park, b, 1, 0), 1);
	cr_expect_eq(b->slots[0].id, 5);
	cr_expect_eq(b->slots[0].park, ticket);
	cr_expect_not_null(strstr(hook_shown(again(r)), "225=08"));
	cr_expect_str_eq(said, "thread");
	cr_expect_eq(park_keep(park, b), 0);
	cr_expect_eq(park_wait_ms(park, 0), -1);
	park_free(park);
	hook_rig_free(r);
}
