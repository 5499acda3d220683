/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dhcpcodec/message.h"
#include "dhcpcodec/dhcp4.h"
#include "dhcpcodec/dhcp6.h"

#include <criterion/criterion.h>
#include <limits.h>
#include <string.h>

Test(message, names_are_those_of_the_rfcs)
{
	cr_assert_str_eq(dhcp4_message_name(DHCPDISCOVER), "DISCOVER");
	cr_assert_str_eq(dhcp4_message_name(DHCPINFORM), "INFORM");
	cr_assert_str_eq(dhcp4_message_name(DHCPFORCERENEW), "FORCERENEW");
	cr_assert_str_eq(dhcp4_message_name(DHCPACTIVELEASEQUERY), "ACTIVELEASEQUERY");
	cr_assert_str_eq(dhcp6_message_name(DHCPV6_SOLICIT), "SOLICIT");
	cr_assert_str_eq(dhcp6_message_name(DHCPV6_INFORMATION_REQUEST), "INFORMATION-REQUEST");
	cr_assert_str_eq(dhcp6_message_name(DHCPV6_RELAY_REPL), "RELAY-REPL");
	cr_assert_str_eq(dhcp6_message_name(DHCPV6_LEASEQUERY_REPLY), "LEASEQUERY-REPLY");
	cr_assert_str_eq(dhcp6_message_name(DHCPV6_ADDR_REG_REPLY), "ADDR-REG-REPLY");
}

Test(message, a_type_without_a_name_has_none)
{
	cr_assert_null(dhcp4_message_name(0));
	cr_assert_null(dhcp4_message_name(19));
	cr_assert_null(dhcp4_message_name(255));
	cr_assert_null(dhcp4_message_name(UINT_MAX));
	cr_assert_null(dhcp6_message_name(0));
	cr_assert_null(dhcp6_message_name(24));
	cr_assert_null(dhcp6_message_name(38));
	cr_assert_null(dhcp6_message_name(UINT_MAX));
}

Test(message, no_two_types_share_a_name)
{
	const char *(*name[2])(unsigned) = { dhcp4_message_name, dhcp6_message_name };

	for (size_t f = 0; f < 2; f++)
		for (unsigned i = 0; i < 64; i++)
			for (unsigned j = 0; j < i; j++)
				if (name[f](i) != NULL && name[f](j) != NULL)
					cr_assert_str_neq(name[f](i), name[f](j));
}
