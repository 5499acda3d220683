/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The names of message types, as the RFCs write them without their prefix. */
#ifndef USHER_DHCPCODEC_MESSAGE_H
#define USHER_DHCPCODEC_MESSAGE_H

/*
 * "DISCOVER", "ACK" and so on; NULL for a type without a name. Static. RFC 2132 9.6 and successors.
 */
const char *dhcp4_message_name(unsigned type);
/* "SOLICIT", "RELAY-FORW" and so on; NULL for a type without a name. Static. RFC 8415 7.3. */
const char *dhcp6_message_name(unsigned type);

#endif
