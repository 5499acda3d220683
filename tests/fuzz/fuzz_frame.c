/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An IP datagram: parsed, and sealed if it is good. */
#include "tests/fuzz/fuzz.h"

int fuzz_one(const uint8_t *data, size_t size)
{
	exercise_frame(data, size);
	return 0;
}
