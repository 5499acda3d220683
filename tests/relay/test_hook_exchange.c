/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The query at an answer's hook points, and a library's context from the one to the other: found,
 * not found, too old, overwritten, sent once more; and each context destroyed once, whatever became
 * of it.
 */
#include "tests/hook_rig.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char registry[] =
	"{ \"type\": \"HW_ADDR\", \"id\": \"02000000000a\", \"floor\": \"3\" }\n"
	"{ \"type\": \"DUID\", \"id\": \"0003000102000000000a\" }\n";

#define REQUEST "350103 3204ac100001 3604ac100002 ff"
#define IA "00030028 00000007 00000000 00000000 00050018 20010db8000100000000000000000009" \
	"00000100 00000200"

static struct usher_library *self;
static uint32_t made, answers, met;  /* contexts made; answers seen; the context that the last one met */
static int alive;
static unsigned query_type;          /* of the last answer's query; 0: not known */
static uint8_t query_xid;

static int on_query(struct usher_callout *c)
{
	uint32_t *context = usher_context(c);

	cr_assert_eq(*context, 0);
	*context = ++made;
	alive++;
	return 0;
}

static int on_answer(struct usher_callout *c)
{
	bool v6 = usher_point(c)[strcspn(usher_point(c), "46")] == '6';
	struct usher_packet *q = usher_get_packet(c, v6 ? "query6" : "query4");
	uint32_t *context = usher_context(c);
	const uint8_t *xid;
	size_t len;

	answers++;
	query_type = 0;
	if (q != NULL) {
		query_type = usher_type(q);
		cr_assert_eq(usher_get_field(q, USHER_XID, &xid, &len), USHER_OK);
		query_xid = xid[len - 1];
	}
	met = *context;
	if (*context == 0) {
		*context = ++made;
		alive++;
	}
	return 0;
}

static void on_destroy(struct usher_library *lib, void *context)
{
	cr_assert_eq(lib, self);
	cr_assert_neq(*(uint32_t *)context, 0);
	*(uint32_t *)context = 0;
	alive--;
}

static const struct hook_fn both[] = { { "pkt4_receive", on_query }, { "pkt4_send", on_answer },
	{ "pkt6_receive", on_query }, { "pkt6_send", on_answer }, { NULL, NULL } };

static struct hook_rig *begin(const char *more)
{
	made = answers = met = 0;
	alive = 0;
	query_type = 0;
	hook_destroy = on_destroy;
	return hook_rig_new(hook_call(both, sizeof(uint32_t), &self), more, registry);
}

static void end(struct hook_rig *r)
{
	hook_rig_free(r);
	cr_expect_eq(alive, 0);
}

static uint64_t unknown(const struct hook_rig *r)
{
	return r->rig->counters.events[EVENT_query_unknown];
}

Test(hook_exchange, an_answer_has_its_query_and_what_was_noted_at_it)
{
	struct hook_rig *r = begin("");

	hook_query4(r, "350101ff", 0);
	hook_answer4(r, 2);
	cr_expect(query_type == 1 && met == 1);
	/* Another server's. */
	hook_answer4(r, 2);
	cr_expect(query_type == 1 && met == 1);
	hook_query4(r, REQUEST, 0);
	hook_answer4(r, 5);
	cr_expect(query_type == 3 && met == 2);
	cr_expect_eq(alive, 2);
	/*
	 * RFC 2131 4.4.1: with the xid of the OFFER. One that comes late answers the DISCOVER all
	 * the same.
	 */
	hook_answer4(r, 2);
	cr_expect(query_type == 1 && met == 1);
	hook_query6(r, 1, IA);
	hook_answer6(r, 2, IA);
	cr_expect(query_type == 1 && met == 3);
	hook_query6(r, 5, IA);
	hook_answer6(r, 7, IA);
	cr_expect(query_type == 5 && met == 4);
	cr_expect_eq(unknown(r), 0);
	end(r);
}

/* RFC 4039: an ACK is the answer to a DISCOVER. */
Test(hook_exchange, rapid_commit)
{
	struct hook_rig *r = begin("");

	hook_query4(r, "350101 5000 ff", 0);
	hook_answer4(r, 5);
	cr_expect(query_type == 1 && met == 1);
	end(r);
}

Test(hook_exchange, a_query_that_nobody_saw)
{
	struct hook_rig *r = begin("");

	hook_query4(r, "350101ff", 0);
	r->xid = 9;
	hook_answer4(r, 2);
	cr_expect(answers == 1 && query_type == 0 && met == 0);
	/* Its context lasts as long as itself. */
	cr_expect_eq(alive, 1);
	cr_expect_eq(unknown(r), 1);
	end(r);
}

Test(hook_exchange, too_old)
{
	struct hook_rig *r = begin("");
	struct hooks *h = r->rig->config->hooks;
	const int64_t then = r->rig->time_ns / 1000000000;

	hook_query4(r, "350101ff", 0);
	cr_expect_eq(hooks_tick(h, 0, then + 59), 1000);
	cr_expect_eq(alive, 1);
	r->rig->time_ns += INT64_C(60) * 1000000000;
	hook_answer4(r, 2);
	cr_expect(query_type == 0 && unknown(r) == 1);
	cr_expect_eq(hooks_tick(h, 0, then + 60), -1);
	cr_expect_eq(alive, 0);
	end(r);
}

Test(hook_exchange, sent_once_more_it_is_another)
{
	struct hook_rig *r = begin("");

	hook_query4(r, "350101ff", 0);
	hook_query4(r, "350101ff", 0);
	cr_expect_eq(alive, 1);
	hook_answer4(r, 2);
	cr_expect(query_type == 1 && met == 2);
	cr_expect_eq(r->rig->counters.events[EVENT_query_overwritten], 0);
	end(r);
}

Test(hook_exchange, the_oldest_makes_room)
{
	struct hook_rig *r = begin(", \"hooks_exchanges\": 2");

	for (r->xid = 1; r->xid <= 3; r->xid++)
		hook_query4(r, "350101ff", 0);
	cr_expect_eq(alive, 2);
	cr_expect_eq(r->rig->counters.events[EVENT_query_overwritten], 1);
	for (r->xid = 1; r->xid <= 3; r->xid++) {
		hook_answer4(r, 2);
		cr_expect_eq(query_type, r->xid > 1);
		cr_expect(r->xid == 1 || (query_xid == r->xid && met == r->xid));
	}
	end(r);
}

/* Nor has a RELEASE an answer. */
Test(hook_exchange, what_goes_nowhere_is_not_kept)
{
	struct hook_rig *r = begin("");

	hook_query4(r, "350107 3604ac100002 ff", 0xac100001);
	cr_expect_eq(alive, 0);
	end(r);
	r = begin(", \"hooks_exchanges\": 0");
	hook_query4(r, "350101ff", 0);
	cr_expect_eq(alive, 0);
	hook_answer4(r, 2);
	cr_expect(answers == 1 && query_type == 0 && alive == 0);
	end(r);
}

/*
 * --- what can be done with it ------------------------------------------------------------------
 */

static int reads(struct usher_callout *c)
{
	struct usher_packet *q = usher_get_packet(c, "query4"), *a = usher_get_packet(c, "response4");
	const char *type, *text;
	const uint8_t *val;
	size_t len;

	cr_assert(q != NULL && a != NULL && q != a);
	cr_expect_str_eq(usher_argument(c, 0), "query4");
	cr_expect_eq(usher_family(q), 4);
	cr_expect(usher_type(q) == 3 && usher_type(a) == 5);
	cr_expect_str_eq(usher_interface(q), "eth1");
	cr_expect_not(usher_relayed(q));
	cr_expect(usher_registered(q));
	cr_expect_eq(usher_identity(q, &type, &val, &len), USHER_OK);
	cr_expect(strcmp(type, "HW_ADDR") == 0 && len == 6 && val[5] == 0x0a);
	cr_expect_eq(usher_attribute(q, "floor", &text, &len), USHER_OK);
	cr_expect_eq(usher_get_option(q, 60, &val, &len), USHER_OK);
	cr_expect(len == 3 && memcmp(val, "pxe", 3) == 0);
	cr_expect_eq(usher_get_option(a, 60, &val, &len), USHER_E_NOT_FOUND);
	cr_expect_eq(usher_get_field(q, USHER_OP, &val, &len), USHER_OK);
	cr_expect_eq(val[0], 1);
	cr_expect_not_null(usher_message(q, &len));
	cr_expect_geq(len, 300);
	answers++;
	return 0;
}

static int cannot_change(struct usher_callout *c)
{
	struct usher_packet *q = usher_get_packet(c, "query4");
	static uint8_t bytes[300];

	cr_expect_eq(usher_set_option(q, 224, bytes, 1), USHER_E_READ_ONLY);
	cr_expect_eq(usher_set_option_text(q, "domain-name", "x"), USHER_E_READ_ONLY);
	cr_expect_eq(usher_delete_option(q, 60), USHER_E_READ_ONLY);
	cr_expect_eq(usher_set_vendor(q, 4491, 2, bytes, 1), USHER_E_READ_ONLY);
	cr_expect_eq(usher_set_field(q, USHER_SIADDR, bytes, 4), USHER_E_READ_ONLY);
	answers++;
	return 0;
}

/* Kea's buffer4_send has the response alone. */
static int has_none(struct usher_callout *c)
{
	cr_expect_null(usher_get_packet(c, "query4"));
	answers++;
	return 0;
}

Test(hook_exchange, it_is_there_to_be_read)
{
	struct hook_fn fns[] = { { "lease4_select", reads }, { "leases4_committed", reads },
		{ "!pkt4_send", reads }, { "pkt4_send", cannot_change }, { "buffer4_send", has_none },
		{ NULL, NULL } };
	struct hook_rig *r;

	answers = 0;
	hook_destroy = NULL;
	r = hook_rig_new(hook_call(fns, 0, NULL), "", registry);
	hook_query4(r, "350103 3204ac100001 3604ac100002 3c03707865 ff", 0);
	hook_answer4(r, 5);
	cr_expect_eq(answers, 5);
	hook_rig_free(r);
}

/*
 * --- with parking ------------------------------------------------------------------------------
 */

static uint64_t ticket;

static int parks(struct usher_callout *c)
{
	(void)usher_context(c);
	ticket = usher_park(c, on_answer);
	return 0;
}

static const struct hook_fn parking[] = { { "pkt4_receive", on_query }, { "pkt4_send", parks },
	{ "subnet4_select", parks }, { NULL, NULL } };

static void go_on(struct hook_rig *r)
{
	cr_assert_eq(usher_unpark(self, ticket, USHER_CONTINUE, NULL, 0), 0);
	pipeline_run(&r->rig->pipeline, r->rig->batch);
}

Test(hook_exchange, while_it_is_parked_a_context_is_the_packets)
{
	struct hook_rig *r;

	made = answers = met = 0;
	alive = 0;
	hook_destroy = on_destroy;
	r = hook_rig_new(hook_call(parking, 4, &self), "", registry);
	hook_query4(r, "350101ff", 0);
	go_on(r);
	cr_expect(met == 1 && alive == 1);
	hook_answer4(r, 2);
	cr_expect_eq(alive, 1);
	go_on(r);
	cr_expect(query_type == 1 && met == 1 && alive == 1);
	/* One is parked for ever. */
	hook_answer4(r, 2);
	end(r);
}

/*
 * --- all of it in any order --------------------------------------------------------------------
 */

enum { XIDS = 7 };

static uint32_t noted[XIDS];         /* which context the last DISCOVER of that xid had */

/* A DISCOVER with so many options 43 of 255 bytes. */
static void long_query(struct hook_rig *r, int options)
{
	static char text[10 * 600];
	char *at = text + sprintf(text, "350101");

	while (options-- > 0) {
		at += sprintf(at, "2bff");
		for (int i = 0; i < 255; i++)
			at += sprintf(at, "%02x", i);
	}
	sprintf(at, "ff");
	hook_query4(r, text, 0);
}

static void one_query(struct hook_rig *r)
{
	if (rand() % 4 == 0)
		long_query(r, rand() % 7);
	else
		hook_query4(r, rand() % 8 == 0 ? "350101 00000000 ff" : "350101ff", 0);
	noted[r->xid] = made;
}

static void one_answer(struct hook_rig *r)
{
	hook_answer4(r, 2);
	if (query_type == 0)
		return;
	cr_assert_eq(query_xid, r->xid);
	cr_assert(met == 0 || met == noted[r->xid], "%u, not %u", met, noted[r->xid]);
}

Test(hook_exchange, at_random)
{
	static const char *const sizes[] = { "1", "2", "5", "100" };
	char more[64];

	for (size_t n = 0; n < sizeof(sizes) / sizeof(sizes[0]); n++) {
		struct hook_rig *r;

		snprintf(more, sizeof(more), ", \"hooks_exchanges\": %s", sizes[n]);
		r = begin(more);
		srand(4711);
		r->xid = 1;
		one_query(r);
		for (int i = 0; i < 3000; i++) {
			r->xid = (uint8_t)(1 + rand() % (XIDS - 1));
			r->rig->time_ns += rand() % 20 * INT64_C(1000000000);
			if (rand() % 2 == 0)
				one_query(r);
			else
				one_answer(r);
			if (rand() % 16 == 0)
				hooks_tick(r->rig->config->hooks, 0, r->rig->time_ns / 1000000000);
			cr_assert(alive >= 0 && alive <= atoi(sizes[n]), "%d", alive);
		}
		end(r);
	}
}

/* Four of 512 bytes, and one of the longest besides; the youngest are those that are known. */
Test(hook_exchange, long_ones_take_more_room)
{
	struct hook_rig *r = begin(", \"hooks_exchanges\": 4");
	int known = 0;

	for (int round = 0; round < 3; round++) {
		for (r->xid = 1; r->xid < XIDS; r->xid++)
			long_query(r, 6);
		cr_expect(alive == 2, "%d", alive);
	}
	for (r->xid = 1; r->xid < XIDS; r->xid++) {
		hook_answer4(r, 2);
		cr_expect_eq(query_type, r->xid >= XIDS - 2, "%u", r->xid);
		known += query_type != 0;
	}
	cr_expect_eq(known, 2);
	/* Longer than any that is kept. */
	long_query(r, 8);
	cr_expect_eq(alive, 2);
	for (r->xid = 1; r->xid <= 4; r->xid++)
		hook_query4(r, "350101ff", 0);
	cr_expect_eq(alive, 4);
	end(r);
}
