/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What tests/fuzz/pipeline.h says, with DHCPv4 messages. */
#include "tests/fuzz/pipeline.h"

int fuzz_one(const uint8_t *data, size_t size)
{
	fuzz_pipeline(4, data, size);
	return 0;
}
