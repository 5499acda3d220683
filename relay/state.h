/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state that a packet carries through the server, so that its answer can be put back without
 * our remembering anything: DHCPv4 in sub-option 82.9 under our enterprise number, DHCPv6 in the
 * Interface-ID of a relay layer of our own.
 *
 *   v4 data   'D' 'X' version flags subnet kind digest(4) generation(2)      12 bytes, then by flag:
 *             82.5 as it was (4), 118 as it was (4), option 57 (2), rule (2)
 *   v6 value  enterprise(4), the same 12 bytes, then by flag:
 *             depth (1), 0, link-address as it was (16); rule (2)
 *
 * Behind that both may have fields of code (1), length (1), value; unknown ones are skipped. Code 1
 * is the identity that the user was found by, where the answer would not show it: its type (1) and
 * bytes. Code 2, in relay mode, is the way back: flags (1), link (4), port (2), then the client's
 * address (4) if its query came by unicast.
 */
#ifndef USHER_RELAY_STATE_H
#define USHER_RELAY_STATE_H

#include "dhcpcodec/tlv.h"

#include <stdbool.h>

enum {
	STATE_VERSION = 1,
	STATE_FIXED = 12,
	STATE4_ID_MAX = 130,        /* bytes of an identity that is carried: any DUID */
	STATE6_ID_MAX = 254,
	STATE_WAY_MAX = 2 + 7 + 4,
	STATE4_MAX = STATE_FIXED + 4 + 4 + 2 + 2 + 3 + STATE4_ID_MAX + STATE_WAY_MAX,
	STATE6_MAX = 4 + STATE_FIXED + 18 + 2 + 3 + STATE6_ID_MAX + STATE_WAY_MAX,
};

extern const uint8_t state_magic[2];

enum state_flag {
	STATE_OWN_82 = 1 << 0,      /* option 82 was created by us: strip it whole */
	STATE_SAVED_82_5 = 1 << 1,  /* the original 82.5 follows (v6: depth and link-address) */
	STATE_OWN_118 = 1 << 2,     /* 118 was added or replaced by us */
	STATE_SAVED_118 = 1 << 3,   /* the query had its own 118 */
	STATE_BROADCAST = 1 << 4,   /* the broadcast flag was forced by us */
	STATE_SAVED_57 = 1 << 5,    /* the query had option 57 */
	STATE_AUTH = 1 << 6,        /* authenticated: the message must not be altered */
	STATE_RULE = 1 << 7,        /* the index of the rule that decided follows */
};

/* What a query was (PROTOCOL A.1); a DHCPv6 message is its own type, those above 14 are 15. */
enum kind {
	KIND_UNKNOWN,
	KIND_DISCOVER,
	KIND_SELECTING,
	KIND_INIT_REBOOT,
	KIND_RENEWING,
	KIND_REBINDING,
	KIND_INFORM,
	KIND_DECLINE,
	KIND_RELEASE,
	KIND6_OTHER = 15,
};

/* The way back of a query that we have relayed, code 2 above. */
enum state_way {
	WAY_GIADDR = 1 << 0,        /* giaddr was 0: the answer is for a client, not for its relay */
	WAY_BROADCAST = 1 << 1,     /* the query had the broadcast flag */
	WAY_UNICAST = 1 << 2,       /* it came by unicast, from the client's address */
	WAY_ON_LINK = 1 << 3,       /* straight from the client: its hardware address is on the link */
};

struct state {
	uint8_t flags, subnet;      /* subnet: struct subnet's id, 0: the server's own choice */
	uint8_t kind;
	uint8_t mode;               /* 0..15: which usher in a row */
	uint32_t digest;            /* of the identity looked up, keyed by the config */
	uint16_t generation;        /* of the policy */
	uint8_t link4[4], select4[4];
	uint16_t max_size;          /* option 57 */
	uint16_t rule;
	uint8_t depth;              /* v6: relay layers below ours */
	uint8_t link6[16];
	uint8_t id_type, id_len;    /* the identity carried, enum reg_id_type; id_len 0: none */
	bool relayed;               /* by us: the way back is known */
	uint8_t way;                /* enum state_way */
	uint8_t peer4[4];           /* WAY_UNICAST: the client's address */
	uint16_t port;              /* v6: what a relay asked from, host order; 0: as usual */
	uint32_t link;              /* a hash of the name of the client's interface; 0: none of ours */
	const uint8_t *id;          /* borrowed: of the packet when read, of the caller when written */
};

/* Writes the data of our block; returns its length. */
size_t state4_put(const struct state *s, uint8_t out[static STATE4_MAX]);
/*
 * Reads the data of a block that begins with the magic; false, and ret untouched, if it is not ours
 * or cut short. Fields that no flag announces are zero; bytes behind the last field do not matter.
 */
bool state4_get(struct state *ret, const uint8_t *data, size_t len);

/* The same for the value of an Interface-ID. */
size_t state6_put(const struct state *s, uint32_t enterprise, uint8_t out[static STATE6_MAX]);
bool state6_get(struct state *ret, uint32_t enterprise, const uint8_t *val, size_t len);

/*
 * Whether anywhere in bytes[len] there is what begins like a state of that enterprise's: for
 * messages that cannot be read.
 */
bool state_within(uint32_t enterprise, const uint8_t *bytes, size_t len);

#endif
