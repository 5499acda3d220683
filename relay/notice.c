/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides which counters are worth a line. Packets that were dropped or could not be understood are
 * said at level info, because any client can make them; what the kernel or we ourselves failed to
 * do is a warning or an error. Nothing here names a client: that is what the debug log is for.
 */
#include "relay/notice.h"

#include "registry/clock.h"

#include "relay/queue_table.h"

#include <stddef.h>

enum { LOOK_NS = 50000000 };

static const struct queue_row_text {
	size_t offset;
	enum log_level level;
	const char *text;
} queue_texts[] = {
	{ offsetof(struct queue_counters, missed), LEVEL_WARNING,
		"packets never came: the socket was full. Raise \"receive_buffer\", or use more "
		"queues" },
	{ offsetof(struct queue_counters, overruns), LEVEL_WARNING,
		"overruns (ENOBUFS): the kernel could not hand over packets. Raise "
		"\"receive_buffer\", or use more queues" },
	{ offsetof(struct queue_counters, malformed), LEVEL_ERROR,
		"malformed messages from the kernel: is it newer than this usher?" },
	{ offsetof(struct queue_counters, gone), LEVEL_INFO,
		"verdicts came too late: the kernel had dropped the packets, as it does when an "
		"interface goes down" },
	{ offsetof(struct queue_counters, refused), LEVEL_ERROR,
		"verdicts refused: usher has lost CAP_NET_ADMIN" },
	{ offsetof(struct queue_counters, errors), LEVEL_ERROR, "verdicts refused by the kernel" },
	{ offsetof(struct queue_counters, impossible), LEVEL_ERROR,
		"edits of an impossible size; those packets were dropped" },
	{ offsetof(struct queue_counters, unsent), LEVEL_ERROR,
		"verdicts could not be sent: the kernel is out of memory" },
};

_Static_assert(sizeof(queue_texts) / sizeof(queue_texts[0]) == NOTICE_QUEUE_COUNTERS, "one each");

/* Causes in which nothing is the matter. */
static const bool ordinary[CAUSE_COUNT] = {
	[CAUSE_rewritten] = true, [CAUSE_untouched] = true, [CAUSE_not_dhcp] = true,
	[CAUSE_other_type] = true, [CAUSE_paused] = true, [CAUSE_bootp] = true, [CAUSE_by_rule] = true,
	[CAUSE_relayed] = true,
};

/*
 * Relay mode: whoever is on the network can cause these for ever, so they are said once a minute.
 */
static const bool persistent[CAUSE_COUNT] = {
	[CAUSE_unknown_server] = true, [CAUSE_foreign_giaddr] = true,
	[CAUSE_foreign_answer] = true, [CAUSE_no_link] = true, [CAUSE_no_upstream] = true,
	[CAUSE_too_early] = true, [CAUSE_refused] = true,
};

static uint64_t value_at(const struct queue_counters *c, size_t offset)
{
	const char *base = (const char *)c;

	return *(const uint64_t *)(const void *)(base + offset);
}

/* Whether a counter has moved and may be spoken of; the difference is spoken of once. */
static bool due(struct log_site *site, uint64_t *said, uint64_t now, unsigned seconds,
	unsigned long long *ret_more)
{
	if (now == *said || !log_may_speak_again(site, seconds))
		return false;
	*ret_more = now - *said;
	*said = now;
	return true;
}

static void say_queue(struct notices *n, uint16_t number, const struct queue_counters *c)
{
	unsigned long long more;

	for (size_t i = 0; i < NOTICE_QUEUE_COUNTERS; i++)
		if (due(&n->queue_sites[i], &n->queue[i], value_at(c, queue_texts[i].offset),
			    1, &more))
			log_say(queue_texts[i].level, "queue %u: %llu %s", number, more,
				queue_texts[i].text);
}

static void say_causes(struct notices *n, uint16_t number, const struct counters *c)
{
	unsigned long long more;

	for (size_t i = 0; i < CAUSE_COUNT; i++)
		if (!ordinary[i] && due(&n->cause_sites[i], &n->causes[i], c->causes[i],
					persistent[i] ? 60 : 1, &more))
			log_say(i == CAUSE_internal ? LEVEL_ERROR : LEVEL_INFO,
				"queue %u: %llu packet%s: %s (%s)", number, more,
				more == 1 ? "" : "s", cause_text((enum cause)i),
				cause_name((enum cause)i));
}

void notices_say(struct notices *n, uint16_t number, const struct queue_counters *queue,
	const struct counters *counters, const struct records *records)
{
	unsigned long long more;

	say_queue(n, number, queue);
	say_causes(n, number, counters);
	if (due(&n->records_site, &n->records_lost, records->lost, 1, &more))
		log_error("queue %u: %llu outcome records lost: more than a batch has room for",
			number, more);
}

static bool may_look(struct notices *n)
{
	int64_t now = clock_now_ns();

	if (now < n->next_look_ns)
		return false;
	n->next_look_ns = now + LOOK_NS;
	return true;
}

void notices_overload(struct notices *n, uint16_t number, size_t answered, uint32_t maxlen,
	bool fail_open)
{
	struct queue_row row;

	if (!may_look(n) || queue_table_find(number, &row) != 0 || row.waiting + answered < maxlen)
		return;
	log_limited(&n->full_site, LEVEL_WARNING,
		"queue %u is full (%u packets): further ones %s. Raise \"queue_length\", or use "
		"more queues",
		number, maxlen, fail_open ? "pass unseen" : "are dropped");
}
