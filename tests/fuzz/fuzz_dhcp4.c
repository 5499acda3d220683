/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The length of an edit script, modulo 16, the script, and a DHCPv4 message. */
#include "tests/fuzz/fuzz.h"

int fuzz_one(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	size_t n = take_byte(&in) % 16;
	uint8_t script[16] = { 0 }, *msg;

	for (size_t i = 0; i < n; i++)
		script[i] = take_byte(&in);
	msg = take_rest(&in);
	exercise4(msg, in.n, script, n);
	free(msg);
	return 0;
}
