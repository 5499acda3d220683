/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs the corpus and the acceptance vectors, every prefix and every changed byte of them through
 * the codec and, in both directions and under several configs, through the pipeline. A program of
 * its own, without a test framework, so that it runs under MemorySanitizer too. Says how much it
 * did; a property that does not hold ends it. With an argument N it takes only each Nth length and
 * byte.
 */
#include "tests/build.h"
#include "tests/corpus.h"
#include "tests/exercise.h"
#include "tests/exercise_packet.h"
#include "tests/guard.h"
#include "tests/vector.h"

#include "dhcpcodec/frame.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Of the few messages that are longer than LONGEST, not every length beyond, and only the beginning
 * is mutated.
 */
enum { LONGEST = 800, ROOM = 65535 - 60 };

static struct rig *rigs[EXERCISE_RIGS];
static size_t messages, packets, edited;
static size_t each = 1;         /* of the lengths and of the bytes changed only each so-many-th */

static void one(int family, const uint8_t *msg, size_t len)
{
	static const uint8_t scripts[][9] = {
		{ 0x03, 0, 0, 0x20, 0, 1, 0x20, 3, 2 },
		{ 0x07, 0, 0, 0x38, 2, 3, 0x03, 0, 0 },
		{ 0x24, 8, 6, 0x2c, 9, 7, 0x02, 7, 0 },
	};
	const uint8_t *script = scripts[messages % 3];
	static struct build b;

	messages++;
	if (family == 4)
		exercise4(msg, len, script, sizeof(scripts[0]));
	else
		exercise6(msg, len, script, sizeof(scripts[0]));
	b.len = 0;
	if (family == 4)
		build_ip4(&b, messages % 4 == 0 ? "94040000" : "", 68, 67, msg, len);
	else
		build_ip6(&b, 17, "", 546, 547, msg, len);
	exercise_frame(b.b, b.len);
	edited += exercise_message(rigs[messages % EXERCISE_RIGS], family, msg, len, SIDE_CLIENT);
	edited += exercise_message(rigs[messages % EXERCISE_RIGS], family, msg, len, SIDE_SERVER);
	packets += 2;
}

/* Each also as a message of the other protocol, which it is not. */
static void prefixes(int family, const uint8_t *msg, size_t len, uint8_t *room)
{
	for (size_t n = 0; n <= len && n <= ROOM; n += n < LONGEST ? each : n / 16) {
		memcpy(room + ROOM - n, msg, n);
		one(family, room + ROOM - n, n);
		one(10 - family, room + ROOM - n, n);
	}
}

static void mutations(int family, const uint8_t *msg, size_t len, uint8_t *room)
{
	static const uint8_t values[] = { 0, 2, 52, 82, 118, 255 };
	size_t n = len < LONGEST ? len : LONGEST;
	uint8_t *at = room + ROOM - n;

	memcpy(at, msg, n);
	for (size_t i = 0; i < n; i += each) {
		/* Of zeros, which most of a message are, every seventh will do. */
		if (i > 0 && msg[i] == 0 && msg[i - 1] == 0 && i % 7 != 0)
			continue;
		for (size_t k = 0; k < sizeof(values); k++) {
			at[i] = values[k];
			one(family, at, n);
		}
		at[i] = msg[i];
	}
}

/* A packet cut anywhere: what the queue copied is not all there was. */
static void cut(int family, const struct corpus_message *m)
{
	static struct build b;

	b.len = 0;
	if (family == 4)
		build_ip4(&b, "01010101", 68, 67, m->bytes, m->len);
	else
		build_ip6(&b, 0, "1100050200000000", 546, 547, m->bytes, m->len);
	for (size_t n = 0; n <= b.len && n < LONGEST; n += each) {
		exercise_frame(b.b, n);
		edited += exercise_packet(rigs[n % EXERCISE_RIGS], b.b, n, SIDE_CLIENT);
		edited += exercise_packet(rigs[n % EXERCISE_RIGS], b.b, n, SIDE_SERVER);
		packets += 2;
	}
}

static void sweep(int family)
{
	struct corpus *c = corpus_read(family);
	uint8_t *room = guard_copy(NULL, ROOM);

	for (size_t i = 0; i < c->count; i++) {
		for (size_t j = 0; j < EXERCISE_RIGS && c->messages[i].len <= 65535 - 60; j++)
			one(family, c->messages[i].bytes, c->messages[i].len);
		prefixes(family, c->messages[i].bytes, c->messages[i].len, room);
		mutations(family, c->messages[i].bytes, c->messages[i].len, room);
		cut(family, &c->messages[i]);
	}
	guard_free(room, ROOM);
	corpus_free(c);
}

static const char *fragment(void *ctx, const char *name)
{
	return vector_fragment(ctx, name);
}

static uint8_t subnet_id(void *ctx, const char *name)
{
	(void)ctx;
	return rig_subnet_id(rigs[0], name);
}

/* As they are, whatever config they were written for, and then like the corpus. */
static void sweep_vectors(void)
{
	struct vectors *vs = vectors_read();
	struct assemble_env env = { .fragment = fragment, .subnet_id = subnet_id, .ctx = vs };
	uint8_t *room = guard_copy(NULL, ROOM);
	static struct assembled in;
	struct frame f;

	for (size_t i = 0; i < vs->count; i++) {
		vector_packet(&vs->all[i], &vs->all[i].in, &env, &in);
		for (size_t j = 0; j < EXERCISE_RIGS; j++) {
			edited += exercise_packet(rigs[j], in.bytes, in.len, SIDE_CLIENT);
			edited += exercise_packet(rigs[j], in.bytes, in.len, SIDE_UNKNOWN);
			edited += exercise_packet(rigs[j], in.bytes, in.len, SIDE_SERVER);
			packets += 3;
		}
		if (frame_parse(&f, in.bytes, in.len, 0) != DHCP_OK)
			continue;
		prefixes(f.family, in.bytes + f.pay_off, f.pay_len, room);
		mutations(f.family, in.bytes + f.pay_off, f.pay_len, room);
	}
	guard_free(room, ROOM);
	vectors_free(vs);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		each = strtoul(argv[1], NULL, 10);
	for (unsigned i = 0; i < EXERCISE_RIGS; i++)
		rigs[i] = exercise_rig(i);
	sweep(4);
	sweep(6);
	sweep_vectors();
	for (unsigned i = 0; i < EXERCISE_RIGS; i++)
		rig_free(rigs[i]);
	printf("sweep: %zu messages, %zu packets, %zu of them edited\n", messages, packets, edited);
	return 0;
}
