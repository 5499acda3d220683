/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Option 82, the relay agent information (RFC 3046), and the vendor-specific sub-option within it
 * (RFC 4243). Readers borrow from the value; the writer fills a buffer of its caller's.
 */
#ifndef USHER_DHCPCODEC_AGENT_H
#define USHER_DHCPCODEC_AGENT_H

#include "dhcpcodec/tlv.h"

enum agent_suboption {
	RAI_CIRCUIT_ID = 1,        /* RFC 3046 */
	RAI_REMOTE_ID = 2,
	RAI_LINK_SELECTION = 5,    /* RFC 3527 */
	RAI_SUBSCRIBER_ID = 6,     /* RFC 3993 */
	RAI_AUTH = 8,              /* RFC 4030 */
	RAI_VENDOR = 9,            /* RFC 4243 */
	RAI_RELAY_FLAGS = 10,      /* RFC 5010 */
	RAI_SERVER_ID_OVERRIDE = 11, /* RFC 5107 */
};

/*
 * The largest option 82 we make: Kea breaks an echo of 255 bytes (PROTOCOL A.10.1).
 */
enum { AGENT_MAX = 250 };

/* Whether the value is a whole number of sub-options. */
static inline bool agent_whole(const uint8_t *val, size_t len)
{
	return tlv_whole(&TLV_AGENT, val, len);
}

static inline bool agent_get(const uint8_t *val, size_t len, uint8_t code, struct tlv *ret)
{
	return tlv_find(&TLV_AGENT, val, len, code, ret);
}

/*
 * RFC 4243 section 4: a sub-option 9 is a row of enterprise number (4), length (1), data. Finds the
 * enterprise's block whose data begin with the magic bytes; at[size] is the whole block, data[len]
 * what is in it.
 */
struct agent_block {
	const uint8_t *at, *data;
	size_t size, len;
};
bool agent_block(const struct tlv *vendor, uint32_t enterprise, const uint8_t *magic,
	size_t magic_len, struct agent_block *ret);

/* Whether a sub-option 9 is a whole number of blocks, so that one put behind them can be found. */
bool agent_vendor_whole(const struct tlv *vendor);

/* A value under construction: buf[cap] is borrowed, the first error (NOSPACE) sticks. */
struct agent_writer {
	uint8_t *buf;
	size_t len, cap;
	enum dhcp_err err;
};

void agent_put_bytes(struct agent_writer *w, const uint8_t *bytes, size_t len);
/* One whole sub-option. Errors: NOSPACE, RANGE if len > 255. */
void agent_put(struct agent_writer *w, uint8_t code, const uint8_t *val, size_t len);
/*
 * A sub-option 9: the blocks it already had (foreign[foreign_len]) and one of ours behind them.
 * RFC 4243 section 4 allows several enterprises in one sub-option, and Kea fuses two of one code.
 */
void agent_put_vendor(struct agent_writer *w, const uint8_t *foreign, size_t foreign_len,
	uint32_t enterprise, const uint8_t *data, size_t len);

#endif
