/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a client is recognised by: the identities that the config's "identify" lists, tried in that
 * order, of which the first that the registry knows wins.
 */
#ifndef USHER_RELAY_IDENTITY_H
#define USHER_RELAY_IDENTITY_H

#include "relay/packet.h"

/*
 * Looks the client up: sets p->id, p->id_len, p->id_type and p->user. A client whom the registry
 * does not know has the first identity that its message shows; p->id is NULL if it shows none. What
 * a relay says counts only if the relay is trusted. Sets p->ask instead where the registry holds
 * only who was asked for and this one was not yet.
 */
void identity_find(struct packet *p);

/*
 * Whether the answer will not show the identity that the user was found by, so that the state must
 * carry it: DHCPv4 servers need not echo option 61 (RFC 6842 came late), no DHCPv6 server echoes
 * 79.
 */
bool identity_hidden(const struct packet *p);

/*
 * How many of the innermost relay layers of a DHCPv6 message nobody whom the config trusts has
 * written: PROTOCOL B.1. What they say is a client's word.
 */
uint8_t identity_strange_layers(const struct packet *p);

#endif
