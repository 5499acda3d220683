/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What libFuzzer calls for each input. A second for one is too long: of the processor's time, since libFuzzer's own
 * -timeout is by the clock on the wall, and on a busy machine a second of that passes while others run.
 */
#include "tests/fuzz/fuzz.h"

#include <time.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static double used_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	double before = used_s();
	int ret = fuzz_one(data, size);

	MUST(used_s() - before < 1);
	return ret;
}
