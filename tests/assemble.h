/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small assembler: text such as tests/vectors/ holds into one IP datagram. It computes lengths
 * and checksums by code of its own, so that a mistake of dhcpcodec cannot hide in what it is
 * compared with. The language is described in tests/vectors/README.md.
 */
#ifndef USHER_TESTS_ASSEMBLE_H
#define USHER_TESTS_ASSEMBLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ASSEMBLE_MAX = 4096 };

struct assemble_env {
	/* The text of a named fragment, NULL if there is none. */
	const char *(*fragment)(void *ctx, const char *name);
	/* The id of a subnet, which travels in the state; 0 if there is none of that name. */
	uint8_t (*subnet_id)(void *ctx, const char *name);
	void *ctx;
	uint16_t generation;   /* of the policy in force: "generation=now" in the state */
	/*
	 * The packet to compare with: bytes that may be anything are taken from it. NULL: none may.
	 */
	const uint8_t *actual;
	size_t actual_len;
};

struct assembled {
	uint8_t bytes[ASSEMBLE_MAX];
	size_t len;            /* with what stands behind `trail` */
	char error[200];       /* "" if it went well */
	unsigned error_line;   /* of text, from 0 */
};

/* False, and why in ret->error, if the text is wrong. */
bool assemble(const struct assemble_env *env, const char *text, struct assembled *ret);

/* RFC 1071 over n bytes, not complemented, added to sum. */
uint32_t assemble_sum(const uint8_t *p, size_t n, uint32_t sum);
/* The UDP checksum of a datagram at pkt[udp..end), with the pseudo header of the IP header at 0. */
uint16_t assemble_udp_sum(const uint8_t *pkt, size_t udp, size_t end);

#endif
