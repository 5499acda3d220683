/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A byte that says which config, which side and whether a whole datagram follows (whose checksums are
 * set right unless they are not to be), then that or a DHCPv6 message.
 */
#include "dhcpcodec/frame.h"
#include "tests/exercise_packet.h"
#include "tests/fuzz/fuzz.h"

static struct rig *rigs[EXERCISE_RIGS];

static void run_datagram(struct rig *r, uint8_t *pkt, size_t n, enum side side, bool seal)
{
	struct frame f;

	if (seal && frame_parse(&f, pkt, n, 0) == DHCP_OK)
		frame_seal(&f, pkt, f.pay_len);
	exercise_packet(r, pkt, n, side);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	uint8_t how = take_byte(&in), *p = take_rest(&in);
	enum side side = (how & 16) != 0 ? SIDE_SERVER : SIDE_CLIENT;
	unsigned which = how % 16 % EXERCISE_RIGS;

	if (rigs[which] == NULL)
		rigs[which] = exercise_rig(which);
	if (in.n > SLOT_RAW)
		in.n = 0;
	if ((how & 32) != 0)
		run_datagram(rigs[which], p, in.n, side, (how & 64) != 0);
	else if (in.n <= 65000)
		exercise_message(rigs[which], 6, p, in.n, side);
	free(p);
	return 0;
}
