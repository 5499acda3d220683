/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The relay agent information option (82, RFC 3046) of a query as it came from a relay agent that
 * we believe: what of it stays, and what a client has made up in it.
 */
#ifndef USHER_RELAY_OPTION82_H
#define USHER_RELAY_OPTION82_H

#include "relay/packet.h"

/* Option 82 as it came: empty and absent are two things, as the answer must show the same. */
struct agent_option {
	bool present;
	const uint8_t *val;
	size_t len;
	size_t taken;                /* by it, in the options field of the message as it is now */
	uint8_t buf[512];
};

/*
 * Reads it, whatever number of instances it is in. ret->val is NULL where there is none, or none
 * that is believed, or one longer than 512 bytes; else it lives as long as ret.
 */
void option82_read(const struct packet *p, struct agent_option *ret);

/*
 * STEP_NEXT if our sub-options may be put into it: *orig and the packet are then without states of
 * a client's making. One that we leave alone goes as it came, STEP_PASS, unless it holds such a
 * state, STEP_DROP. STEP_FAIL: no room for the edit. RFC 3046, RFC 4030; PROTOCOL A.4, A.10.2.
 */
enum step option82_check(struct packet *p, struct agent_option *orig);

/*
 * The next block of ours in a sub-option 9, or false; *vendor becomes what is behind it. Of another
 * sub-option there is none. The block is borrowed from what vendor points at.
 */
bool option82_next_block(const struct packet *p, struct tlv *vendor, struct agent_block *ret);

/* Writes a sub-option as it came, but for blocks of ours; one of nothing else is left out. */
void option82_put_rest(const struct packet *p, struct agent_writer *w, const struct tlv *t);

#endif
