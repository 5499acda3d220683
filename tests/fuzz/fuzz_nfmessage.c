/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A netlink message as received from the kernel's queue: what it says of the packet lies within it.
 */
#include "relay/nfmessage.h"
#include "tests/fuzz/fuzz.h"

int fuzz_one(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	uint8_t *msg = take_rest(&in);
	static struct slot slot;
	int err = -1;

	switch (nfmessage_parse(msg, in.n, &slot, &err)) {
	case NFMESSAGE_PACKET:
		MUST(slot.in_len <= in.n && slot.in_off <= in.n - slot.in_len);
		MUST(slot.hw_len <= sizeof(slot.hw));
		MUST(slot.verdict == SLOT_ACCEPT && !slot.edited);
		break;
	case NFMESSAGE_BROKEN:
		MUST(slot.in_len == 0 && slot.verdict == SLOT_ACCEPT && !slot.edited);
		break;
	case NFMESSAGE_ERROR:
		MUST(err >= 0);
		break;
	case NFMESSAGE_ACK:
	case NFMESSAGE_OTHER:
	case NFMESSAGE_MALFORMED:
		break;
	}
	free(msg);
	return 0;
}
