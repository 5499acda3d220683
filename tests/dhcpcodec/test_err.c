/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dhcpcodec/err.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <limits.h>
#include <string.h>

Test(err, every_error_has_a_text_of_its_own)
{
	for (int i = 0; i < DHCP_E_COUNT; i++)
		for (int j = 0; j < i; j++)
			cr_assert_str_neq(dhcp_strerror(i), dhcp_strerror(j));
}

Test(err, texts_read_well_after_a_colon)
{
	for (int i = 0; i < DHCP_E_COUNT; i++) {
		const char *text = dhcp_strerror(i);
		size_t len = strlen(text);

		cr_assert_gt(len, 4);
		cr_assert_neq(text[len - 1], '.', "%s", text);
		cr_assert(!isupper((unsigned char)text[0]) || isupper((unsigned char)text[1]), "%s",
			text);
	}
}

Test(err, total_over_any_int)
{
	static const int odd[] = { -1, INT_MIN, INT_MAX, DHCP_E_COUNT, DHCP_E_COUNT + 1, 1 << 20 };

	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		cr_assert_str_eq(dhcp_strerror(odd[i]), "unknown error");
	cr_assert_str_eq(dhcp_strerror(DHCP_OK), "no error");
}
