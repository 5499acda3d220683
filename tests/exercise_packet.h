/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What must hold of any packet whatever that goes through the pipeline. As tests/exercise.h, for
 * whole packets.
 */
#ifndef USHER_TESTS_EXERCISE_PACKET_H
#define USHER_TESTS_EXERCISE_PACKET_H

#include "tests/build.h"
#include "tests/exercise.h"
#include "tests/rig.h"

/* Configs and a registry that reach much of the pipeline: `which` from 0 to EXERCISE_RIGS - 1. */
enum { EXERCISE_RIGS = 3 };
struct rig *exercise_rig(unsigned which);

/*
 * Runs one packet from that side. It is counted once, under one cause; its bytes as received stay
 * as they are; what is sent instead parses, has right checksums, holds nothing of the buffer, and
 * is the same whenever it is made. A query that a client sent itself, and that is sent on, has no
 * hint but ours. What a server would echo of it comes back without anything of ours. Returns
 * whether the packet was edited.
 */
bool exercise_packet(struct rig *r, const uint8_t *pkt, size_t len, enum side side);

/*
 * A DHCP message inside UDP and IP: a query from 68 to 67 or 546 to 547, a response the other way.
 */
bool exercise_message(struct rig *r, int family, const uint8_t *msg, size_t len, enum side side);
void exercise_datagram(struct build *b, int family, const uint8_t *msg, size_t len, enum side side);

/*
 * What a server that does nothing but echo would answer to a query as it was sent on: as long as
 * the query, answer[SLOT_OUT]. False if there is no answer to that.
 */
bool exercise_echo(const uint8_t *query, size_t len, uint8_t *answer);

#endif
