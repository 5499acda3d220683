/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Relay mode on the bench: a rig with two links (eth1 index 1, 192.0.2.1; eth2 index 2,
 * 203.0.113.1) and a server of the tests' own, which answers what was sent to it as a real one
 * would.
 */
#ifndef USHER_TESTS_RELAY_RELAY_RIG_H
#define USHER_TESTS_RELAY_RELAY_RIG_H

#include "tests/build.h"
#include "tests/rig.h"

#define RELAY_CHADDR { 0x02, 0, 0, 0, 0, 0x0a }

/*
 * members: of the config, each with its comma, beside mode, links, subnets "open" (192.0.2.0/24,
 * 2001:db8:1::/64) and "restricted" (198.51.100.0/24, 3000::/64); registry as in rig_new().
 * upstreams: a 10.0.0.2 and 2001:db8::2, b 10.0.0.3 and 2001:db8::3, unless members have some
 * ("upstreams" first). A first line that begins with "relay:" has members of the relay object.
 */
struct rig *relay_rig(const char *members, const char *registry);

/* A DHCPv4 query from 0.0.0.0 by broadcast, or between the addresses given ("": as usual). */
struct query4 {
	uint8_t type;
	const char *options;         /* hex, behind option 53 */
	const char *ciaddr, *giaddr, *src, *dst;
	uint8_t flags, hops;
	uint16_t secs;
	uint32_t indev;              /* 0: eth1 */
	uint8_t hook;
	bool from_other;             /* the frame's source is not chaddr */
};
const struct slot *relay_query4(struct rig *r, const struct query4 *q);

/*
 * The answer that a server at `from` gives to what it was sent (sends[i] of the slot, which is
 * copied first): options (hex) and the echo of option 82.
 */
struct answer4 {
	uint8_t type;
	const char *from, *yiaddr, *options;
	bool no_echo;
	size_t send;
};
const struct slot *relay_answer4(struct rig *r, const struct answer4 *a);

/* DHCPv6: a message (hex, type and transaction-id first) from src ("": fe80::a) to ff02::1:2. */
const struct slot *relay_query6(struct rig *r, const char *message, const char *src, uint16_t sport);
/*
 * The Relay-reply from `from` to the Relay-forward of sends[send], with this message (hex) in it;
 * echo false: without the Interface-ID.
 */
const struct slot *relay_answer6(
	struct rig *r, const char *from, const char *message, size_t send, bool echo);

/* "10.0.0.2" and so on: source or destination of a packet to be sent. Static memory, four texts. */
const char *relay_src(const struct slot *s, size_t send);
const char *relay_dst(const struct slot *s, size_t send);
/* The UDP payload of a packet to be sent. */
const uint8_t *relay_message(const struct slot *s, size_t send);
size_t relay_message_len(const struct slot *s, size_t send);
/* Ends the test unless lengths and checksums of all that is to be sent are right. */
void relay_check_sends(const struct slot *s);
/* Whether what show4() says of a message to be sent has this text in it. */
bool relay_shows(const struct slot *s, size_t send, const char *what);
/* Whether these bytes (hex) stand at that offset of it. */
bool relay_field_is(const struct slot *s, size_t send, size_t off, const char *hex);
/* sends[0] is for a client: nothing of a relay agent is in it, and these are its flags (hex). */
void relay_expect_clean(const struct slot *s, const char *flags);

#endif
