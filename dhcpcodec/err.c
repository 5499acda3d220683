/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides the table of error texts. Nothing here knows what an error means for a packet: that is
 * policy, and policy lives in rules/ and relay/.
 */
#include "dhcpcodec/err.h"

#include <stddef.h>

static const char *const texts[] = {
	[DHCP_OK] = "no error",
#define X(name, text) [DHCP_E_##name] = text,
	DHCP_ERRORS(X)
#undef X
};

const char *dhcp_strerror(int err)
{
	if (err < 0 || (size_t)err >= sizeof(texts) / sizeof(texts[0]))
		return "unknown error";
	return texts[err];
}
