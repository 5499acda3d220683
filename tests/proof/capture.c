/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Only packets that were edited are written: what was not edited goes on as it came, which the
 * sweep asserts.
 */
#include "tests/proof/proof.h"

#include "tests/capture_file.h"
#include "tests/corpus.h"
#include "tests/exercise_packet.h"

#include <stdio.h>
#include <string.h>

static struct rig *rigs[EXERCISE_RIGS];
static size_t packets, edited;

static bool run(struct capture_file *f, struct rig *r, const char *name, const uint8_t *pkt, size_t len, enum side side)
{
	struct rig_packet p = { .bytes = pkt, .len = len, .side = side };
	const struct slot *s = rig_run(r, &p);

	packets++;
	if (!s->edited)
		return false;
	edited++;
	capture_file_put(f, name, pkt, len, s->out, s->out_len);
	return true;
}

static void one(struct capture_file *f, unsigned which, const struct corpus_message *m, int family, size_t len)
{
	static uint8_t answer[SLOT_OUT];
	struct rig *r = rigs[which];
	const struct slot *s = &r->batch->slots[0];
	static struct build b;
	char name[160];

	for (enum side side = SIDE_CLIENT; side <= SIDE_SERVER; side++) {
		snprintf(name, sizeof(name), "%s:%zu:config-%u:from-%s", m->name, len, which,
			side == SIDE_CLIENT ? "client" : "server");
		exercise_datagram(&b, family, m->bytes, len, side);
		if (!run(f, r, name, b.b, b.len, side) || side != SIDE_CLIENT)
			continue;
		strncat(name, ":answered", sizeof(name) - strlen(name) - 1);
		if (exercise_echo(s->out, s->out_len, answer))
			run(f, r, name, answer, s->out_len, SIDE_SERVER);
	}
}

static void all(struct capture_file *f, int family)
{
	struct corpus *c = corpus_read(family);

	for (size_t i = 0; i < c->count; i++) {
		const struct corpus_message *m = &c->messages[i];

		for (unsigned which = 0; which < EXERCISE_RIGS && m->len <= 65535 - 60; which++)
			one(f, which, m, family, m->len);
		for (size_t len = 0; len < m->len && len <= 800; len++)
			one(f, (unsigned)(len % EXERCISE_RIGS), m, family, len);
	}
	corpus_free(c);
}

void proof_capture(const char *prefix)
{
	struct capture_file *f = capture_file_new(prefix);

	for (unsigned i = 0; i < EXERCISE_RIGS; i++)
		rigs[i] = exercise_rig(i);
	all(f, 4);
	all(f, 6);
	for (unsigned i = 0; i < EXERCISE_RIGS; i++)
		rig_free(rigs[i]);
	capture_file_free(f);
	printf("corpus: %zu packets, %zu of them edited\n", packets, edited);
}
