/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An option's name as users write it: what it finds is found again by the name it is given. */
#include "dhcpcodec/option.h"
#include "tests/fuzz/fuzz.h"

int fuzz_one(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	struct dhcp_option_def def, again;
	char *name = (char *)take_rest(&in), canonical[128];

	for (unsigned family = 4; family <= 6; family += 2) {
		if (!dhcp_option_find(family, name, in.n, &def))
			continue;
		MUST(dhcp_option_name(&def, canonical, sizeof(canonical)) < sizeof(canonical));
		MUST(dhcp_option_find(family, canonical, strlen(canonical), &again));
		MUST(def.code == again.code && def.suboption == again.suboption);
		MUST(def.enterprise == again.enterprise && def.override == again.override);
	}
	free(name);
	return 0;
}
