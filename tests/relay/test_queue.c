/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's own queue, in a network namespace: what goes in comes out as the verdicts say. */
#include "relay/queue.h"

#include "relay/queue_table.h"
#include "tests/relay/netns.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PORT = 6767, NUMBER = 4067 };

static struct queue *queue;
static struct batch *batch;
static char err_text[512];
static int in, out;

TestSuite(queue, .timeout = 30);

static void begin(const struct queue_options *o)
{
	netns_enter();
	netns_divert(PORT, NUMBER, "");
	cr_assert_eq(queue_open(&queue, o, err_text, sizeof(err_text)), 0, "%s", err_text);
	batch = batch_new(BATCH_MAX);
	in = netns_socket(PORT);
	out = netns_socket(0);
}

static void send_many(size_t n, size_t size)
{
	static uint8_t data[65000];

	for (size_t i = 0; i < n; i++) {
		data[0] = (uint8_t)i;
		netns_send(out, PORT, data, size);
	}
}

static const struct queue_options plain = { .number = NUMBER };

Test(queue, fills_slots)
{
	begin(&plain);
	cr_assert_eq(queue_receive(queue, batch, BATCH_MAX), 0);
	send_many(3, 100);
	cr_assert_eq(queue_receive(queue, batch, BATCH_MAX), 3);
	cr_assert_eq(batch->count, 3);
	for (size_t i = 0; i < 3; i++) {
		const struct slot *s = &batch->slots[i];

		cr_assert_eq(s->id, batch->slots[0].id + i);
		cr_assert_eq(s->in_len, 20 + 8 + 100);
		cr_assert_eq(s->raw[s->in_off], 0x45);
		cr_assert_eq(s->raw[s->in_off + 28], i);
		cr_assert_eq(s->hw_protocol, 0x0800);
		cr_assert_eq(s->hook, 3);
		cr_assert_eq(s->outdev, 1);
		cr_assert_eq(s->indev, 0);
		cr_assert_eq(s->cap_len, 0);
		cr_assert_gt(s->time_ns, 1600000000000000000);
		cr_assert_eq(s->verdict, SLOT_ACCEPT);
		cr_assert_not(s->edited);
	}
	cr_assert_eq(netns_receive(in, NULL), 0);
	cr_assert_eq(queue_send(queue, batch), 0);
	cr_assert_eq(netns_receive(in, NULL), 3);
	cr_assert_eq(queue_counters(queue)->packets, 3);
	cr_assert_eq(queue_counters(queue)->batches, 1);
	queue_close(queue);
}

static void edit_first_byte(struct slot *s, uint8_t byte)
{
	memcpy(s->out, s->raw + s->in_off, s->in_len);
	s->out[26] = s->out[27] = 0;     /* no UDP checksum */
	s->out[28] = byte;
	s->out_len = s->in_len;
	s->edited = true;
}

Test(queue, verdicts_are_obeyed_in_order)
{
	uint8_t last;

	begin(&plain);
	send_many(10, 101);
	cr_assert_eq(queue_receive(queue, batch, BATCH_MAX), 10);
	batch->slots[1].verdict = SLOT_DROP;
	batch->slots[2].verdict = SLOT_DROP;
	edit_first_byte(&batch->slots[9], 0xaa);
	edit_first_byte(&batch->slots[4], 0xbb);
	batch->slots[4].verdict = SLOT_DROP;
	cr_assert_eq(queue_send(queue, batch), 0);
	cr_assert_eq(netns_receive(in, &last), 7);
	cr_assert_eq(last, 0xaa);
	cr_assert_eq(queue_receive(queue, batch, BATCH_MAX), 0);
	cr_assert_eq(queue_counters(queue)->gone, 0);
	cr_assert_eq(queue_counters(queue)->errors, 0);
	queue_close(queue);
}

/* More than one send can hold: 256 packets of 60,000 bytes, every second one edited. */
Test(queue, a_batch_larger_than_the_send_buffer_is_split)
{
	begin(&plain);
	send_many(BATCH_MAX, 60000);
	cr_assert_eq(queue_receive(queue, batch, BATCH_MAX), BATCH_MAX);
	for (size_t i = 0; i < BATCH_MAX; i += 2)
		edit_first_byte(&batch->slots[i], 1);
	cr_assert_eq(queue_send(queue, batch), 0);
	cr_assert_eq(netns_receive(in, NULL), BATCH_MAX);
	cr_assert_eq(queue_counters(queue)->unsent, 0);
	queue_close(queue);
}

Test(queue, a_batch_takes_no_more_than_it_was_asked_to)
{
	size_t got = 0;

	begin(&plain);
	send_many(100, 50);
	while (got < 100) {
		int n = queue_receive(queue, batch, 7);

		cr_assert_eq(n, got + 7 <= 100 ? 7 : 2);
		cr_assert_eq(queue_send(queue, batch), 0);
		got += (size_t)n;
	}
	cr_assert_eq(netns_receive(in, NULL), 100);
	queue_close(queue);
}

Test(queue, sets_the_mark)
{
	const struct queue_options o = { .number = NUMBER, .mark = 0xd4c0, .mask = 0xffff };

	begin(&o);
	netns_run("iptables -t mangle -A POSTROUTING -m mark --mark 0xd4c0/0xffff -j DROP");
	send_many(3, 50);
	cr_assert_eq(queue_receive(queue, batch, BATCH_MAX), 3);
	edit_first_byte(&batch->slots[1], 1);
	cr_assert_eq(queue_send(queue, batch), 0);
	cr_assert_eq(netns_receive(in, NULL), 0);
	queue_close(queue);
}

/* A verdict for a packet that is no longer there is an error among the packets, and is counted. */
Test(queue, refused_verdicts_are_counted)
{
	begin(&plain);
	send_many(2, 50);
	cr_assert_eq(queue_receive(queue, batch, BATCH_MAX), 2);
	cr_assert_eq(queue_send(queue, batch), 0);
	batch->slots[0].edited = true;
	batch->slots[0].out_len = 50;
	cr_assert_eq(queue_send(queue, batch), 0);
	send_many(3, 50);
	cr_assert_eq(queue_receive(queue, batch, BATCH_MAX), 3);
	cr_assert_eq(queue_counters(queue)->gone, 2);
	for (size_t i = 0; i < 3; i++)
		cr_assert_eq(batch->slots[i].raw[batch->slots[i].in_off + 28], i);
	cr_assert_eq(queue_send(queue, batch), 0);
	cr_assert_eq(netns_receive(in, NULL), 5);
	queue_close(queue);
}

/* The socket holds 20 kB: what does not fit never comes, and the ids tell how much that was. */
Test(queue, loss_in_the_socket_is_counted_and_survived)
{
	const struct queue_options o = { .number = NUMBER, .rcvbuf = 20000 };
	size_t got = 0, passed;
	int n;

	begin(&o);
	cr_assert_eq(queue_rcvbuf(queue), 20000);
	send_many(500, 300);
	while ((n = queue_receive(queue, batch, BATCH_MAX)) > 0) {
		cr_assert_eq(queue_send(queue, batch), 0);
		got += (size_t)n;
	}
	passed = netns_receive(in, NULL);
	cr_assert_lt(got, 500);
	cr_assert_eq(passed, got);
	send_many(1, 300);
	cr_assert_eq(queue_receive(queue, batch, BATCH_MAX), 1);
	cr_assert_eq(queue_counters(queue)->missed, 500 - got);
	queue_close(queue);
}

Test(queue, a_full_queue_fails_as_it_was_told)
{
	struct queue_options o = { .number = NUMBER, .maxlen = 20 };
	struct queue_row row;

	begin(&o);
	send_many(100, 100);
	cr_assert_eq(netns_receive(in, NULL), 0);
	cr_assert_eq(queue_table_find(NUMBER, &row), 0);
	cr_assert_eq(row.waiting, 20);
	cr_assert_eq(row.dropped, 80);
	queue_close(queue);
	o.fail_open = true;
	cr_assert_eq(queue_open(&queue, &o, err_text, sizeof(err_text)), 0);
	send_many(100, 100);
	cr_assert_eq(netns_receive(in, NULL), 80);
	cr_assert_eq(queue_receive(queue, batch, BATCH_MAX), 20);
	cr_assert_eq(queue_send(queue, batch), 0);
	cr_assert_eq(netns_receive(in, NULL), 20);
	queue_close(queue);
}

Test(queue, drained_new_packets_pass_and_old_ones_are_answered)
{
	const struct queue_options o = { .number = NUMBER, .fail_open = true };

	begin(&o);
	send_many(30, 100);
	cr_assert_eq(queue_drain(queue), 0);
	send_many(40, 100);
	cr_assert_eq(netns_receive(in, NULL), 40);
	cr_assert_eq(queue_receive(queue, batch, BATCH_MAX), 30);
	cr_assert_eq(queue_send(queue, batch), 0);
	cr_assert_eq(netns_receive(in, NULL), 30);
	queue_close(queue);
}

Test(queue, a_second_owner_is_told_who_the_first_is)
{
	struct queue *second = NULL;
	char pid[32];

	begin(&plain);
	snprintf(pid, sizeof(pid), "(pid %d)", (int)getpid());
	cr_assert_eq(queue_open(&second, &plain, err_text, sizeof(err_text)), -EPERM);
	cr_assert_null(second);
	cr_assert_not_null(strstr(err_text, "already bound by"), "%s", err_text);
	cr_assert_not_null(strstr(err_text, pid), "%s", err_text);
	send_many(1, 50);
	cr_assert_eq(queue_receive(queue, batch, BATCH_MAX), 1, "the first was harmed");
	queue_close(queue);
}

static void drop_net_admin(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	cr_assert_eq(syscall(SYS_capget, &head, data), 0);
	data[0].effective &= ~(1u << CAP_NET_ADMIN);
	cr_assert_eq(syscall(SYS_capset, &head, data), 0);
}

Test(queue, a_missing_capability_is_named)
{
	netns_enter();
	drop_net_admin();
	cr_assert_eq(queue_open(&queue, &plain, err_text, sizeof(err_text)), -EPERM);
	cr_assert_not_null(strstr(err_text, "CAP_NET_ADMIN"), "%s", err_text);
}

/*
 * Verdicts need the capability when they are sent: without it they are refused, counted, survived.
 */
Test(queue, a_capability_lost_on_the_way_is_counted)
{
	begin(&plain);
	send_many(3, 50);
	cr_assert_eq(queue_receive(queue, batch, BATCH_MAX), 3);
	drop_net_admin();
	cr_assert_eq(queue_send(queue, batch), 0);
	cr_assert_eq(queue_receive(queue, batch, BATCH_MAX), 0);
	cr_assert_eq(queue_counters(queue)->refused, 1);
	cr_assert_eq(netns_receive(in, NULL), 0);
	queue_close(queue);
}

Test(queue, an_unbound_queue_is_not_in_the_table)
{
	struct queue_row row;

	netns_enter();
	cr_assert_eq(queue_table_find(NUMBER, &row), -ENOENT);
}

Test(queue, close_takes_and_returns_null)
{
	cr_assert_null(queue_close(NULL));
}

/* As if another process had taken over. */
static void take_over(const struct queue_options *o)
{
	int fd = dup(queue_fd(queue));

	queue_close(queue);
	cr_assert_eq(queue_adopt(&queue, o, fd), 0);
}

static void answer_all(size_t wanted)
{
	size_t got = 0;
	int n;

	while ((n = queue_receive(queue, batch, BATCH_MAX)) > 0) {
		got += (size_t)n;
		cr_assert_eq(queue_send(queue, batch), 0);
	}
	cr_assert_eq(got, wanted);
}

Test(queue, is_taken_over_with_what_waits_in_it)
{
	begin(&plain);
	send_many(3, 100);
	take_over(&plain);
	send_many(2, 100);
	answer_all(5);
	cr_assert_eq(netns_receive(in, NULL), 5);
	cr_assert_eq(queue_counters(queue)->gone, 0);
	queue_close(queue);
}

static void leave_three_unanswered(const struct queue_options *o)
{
	begin(&plain);
	send_many(3, 100);
	cr_assert_eq(queue_receive(queue, batch, BATCH_MAX), 3);
	take_over(o);
	cr_assert_eq(queue_receive(queue, batch, BATCH_MAX), 0);
	send_many(1, 100);
}

Test(queue, what_a_crash_left_unanswered_comes_again)
{
	struct queue_options o = { .number = NUMBER, .repeat = true };

	leave_three_unanswered(&o);
	answer_all(4);
	cr_assert_eq(netns_receive(in, NULL), 4);
	queue_close(queue);
}

Test(queue, or_is_dropped)
{
	struct queue_row row;

	leave_three_unanswered(&plain);
	answer_all(1);
	cr_assert_eq(netns_receive(in, NULL), 1);
	cr_assert_eq(queue_table_find(NUMBER, &row), 0);
	cr_assert_eq(row.waiting, 0);
	queue_close(queue);
}

/* As a user of its own with CAP_NET_ADMIN, who may not read the kernel's table. */
static void become_user(void)
{
	struct queue_row row;

	cr_assert_eq(setgroups(0, NULL), 0);
	setfsgid(65534);
	setfsuid(65534);
	cr_assert_eq(queue_table_find(NUMBER, &row), -EACCES);
}

Test(queue, is_taken_over_by_who_may_not_see_who_has_it)
{
	struct queue *none = NULL;
	struct queue_options other = { .number = NUMBER + 1 };

	begin(&plain);
	become_user();
	send_many(3, 100);
	take_over(&plain);
	send_many(2, 100);
	answer_all(5);
	cr_assert_eq(netns_receive(in, NULL), 5);
	cr_assert_eq(queue_adopt(&none, &other, dup(queue_fd(queue))), -ESTALE);
	cr_assert_null(none);
	cr_assert_eq(queue_open(&none, &plain, err_text, sizeof(err_text)), -EPERM);
	cr_assert_not_null(strstr(err_text, "only root can see"), "%s", err_text);
	queue_close(queue);
}

Test(queue, takes_over_no_socket_that_has_not_bound_it)
{
	struct queue_options other = { .number = NUMBER + 1 };
	struct queue *none = NULL;
	int ends[2];

	begin(&plain);
	cr_assert_eq(queue_adopt(&none, &other, dup(queue_fd(queue))), -ESTALE);
	cr_assert_eq(pipe(ends), 0);
	cr_assert_eq(queue_adopt(&none, &plain, ends[0]), -ESTALE);
	cr_assert_lt(fcntl(ends[0], F_GETFD), 0, "it is closed");
	cr_assert_null(none);
	queue_close(queue);
}
