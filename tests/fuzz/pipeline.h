/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The whole pipeline as a fuzzer: a byte that says which config, which side and whether a whole
 * datagram follows (whose checksums are set right unless they are not to be), then that or a
 * message of the family.
 */
#ifndef USHER_TESTS_FUZZ_PIPELINE_H
#define USHER_TESTS_FUZZ_PIPELINE_H

#include "dhcpcodec/frame.h"
#include "tests/exercise_packet.h"
#include "tests/fuzz/fuzz.h"

#include <sanitizer/lsan_interface.h>

/*
 * Made when it is first wanted and kept. LeakSanitizer looks for pointers on the heap and not in
 * what a registry is mapped at, so it would call leaked what only a registry points to.
 */
static inline struct rig *fuzz_rig(unsigned which)
{
	static struct rig *rigs[EXERCISE_RIGS];

	if (rigs[which] == NULL) {
		__lsan_disable();
		rigs[which] = exercise_rig(which);
		__lsan_enable();
	}
	return rigs[which];
}

static inline void fuzz_datagram(struct rig *r, uint8_t *pkt, size_t n, enum side side, bool seal)
{
	struct frame f;

	if (seal && frame_parse(&f, pkt, n, 0) == DHCP_OK)
		frame_seal(&f, pkt, f.pay_len);
	exercise_packet(r, pkt, n, side);
}

static inline void fuzz_pipeline(int family, const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	uint8_t how = take_byte(&in), *p = take_rest(&in);
	enum side side = (how & 16) != 0 ? SIDE_SERVER : SIDE_CLIENT;
	struct rig *r = fuzz_rig(how % 16 % EXERCISE_RIGS);

	if (in.n > SLOT_RAW)
		in.n = 0;
	if ((how & 32) != 0)
		fuzz_datagram(r, p, in.n, side, (how & 64) != 0);
	else if (in.n <= 65000)
		exercise_message(r, family, p, in.n, side);
	free(p);
}

#endif
