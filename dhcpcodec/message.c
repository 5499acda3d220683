/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two tables: the message types of the IANA registries "DHCP Message Type 53 Values" and "DHCPv6
 * Message Types". What a type means for usher is not said here.
 */
#include "dhcpcodec/message.h"

#include <stddef.h>

static const char *const names4[] = {
	[1] = "DISCOVER", [2] = "OFFER", [3] = "REQUEST", [4] = "DECLINE", [5] = "ACK", [6] = "NAK",
	[7] = "RELEASE", [8] = "INFORM", [9] = "FORCERENEW", [10] = "LEASEQUERY",
	[11] = "LEASEUNASSIGNED", [12] = "LEASEUNKNOWN", [13] = "LEASEACTIVE",
	[14] = "BULKLEASEQUERY", [15] = "LEASEQUERYDONE", [16] = "ACTIVELEASEQUERY",
	[17] = "LEASEQUERYSTATUS", [18] = "TLS",
};

static const char *const names6[] = {
	[1] = "SOLICIT", [2] = "ADVERTISE", [3] = "REQUEST", [4] = "CONFIRM", [5] = "RENEW",
	[6] = "REBIND", [7] = "REPLY", [8] = "RELEASE", [9] = "DECLINE", [10] = "RECONFIGURE",
	[11] = "INFORMATION-REQUEST", [12] = "RELAY-FORW", [13] = "RELAY-REPL",
	[14] = "LEASEQUERY", [15] = "LEASEQUERY-REPLY", [16] = "LEASEQUERY-DONE",
	[17] = "LEASEQUERY-DATA", [18] = "RECONFIGURE-REQUEST", [19] = "RECONFIGURE-REPLY",
	[20] = "DHCPV4-QUERY", [21] = "DHCPV4-RESPONSE", [22] = "ACTIVELEASEQUERY",
	[23] = "STARTTLS", [36] = "ADDR-REG-INFORM", [37] = "ADDR-REG-REPLY",
};

const char *dhcp4_message_name(unsigned type)
{
	return type < sizeof(names4) / sizeof(names4[0]) ? names4[type] : NULL;
}

const char *dhcp6_message_name(unsigned type)
{
	return type < sizeof(names6) / sizeof(names6[0]) ? names6[type] : NULL;
}
