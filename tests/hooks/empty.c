/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "parameters": { "callouts": N }: so many callouts that do nothing, on every hook point. */
#include "usher/hooks.h"

static int nothing(struct usher_callout *c)
{
	(void)c;
	return 0;
}

int version(void)
{
	return USHER_HOOKS_VERSION;
}

int multi_threading_compatible(void)
{
	return 1;
}

int load(struct usher_library *lib)
{
	static const char *const points[] = { "buffer4_receive", "pkt4_receive", "subnet4_select",
		"lease4_select", "lease4_renew", "lease4_release", "lease4_decline",
		"leases4_committed", "pkt4_send", "buffer4_send", "buffer6_receive", "pkt6_receive",
		"subnet6_select", "lease6_select", "lease6_renew", "lease6_rebind",
		"lease6_release", "lease6_decline", "leases6_committed", "pkt6_send",
		"buffer6_send" };
	int64_t n = usher_value_int(usher_value_get(usher_parameters(lib), "callouts"), 1);

	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++)
		for (int64_t k = 0; k < n; k++)
			if (usher_register(lib, points[i], nothing, USHER_AFTER) != USHER_OK)
				return 1;
	return 0;
}
