/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One end of a link, below IP: frames are sent and received as they are. */
#ifndef USHER_TESTS_BENCH_WIRE_H
#define USHER_TESTS_BENCH_WIRE_H

#include <stddef.h>
#include <stdint.h>

enum { WIRE_HEAD = 14, WIRE_MAX = WIRE_HEAD + 1500, WIRE_BURST = 64 };

struct wire {
	int fd;
	uint8_t mac[6];
};

/* Ends the program if the device is not there. listening: frames that arrive can be received. */
void wire_open(struct wire *w, const char *device, int listening);

/* Writes an Ethernet header for an IP packet of that family (4 or 6). */
void wire_head(uint8_t *frame, const uint8_t to[6], const uint8_t from[6], unsigned family);

/* Sends `count` frames; those that the device does not take are counted in the result, 0: none. */
size_t wire_send(struct wire *w, uint8_t frames[][WIRE_MAX], const size_t *lengths, size_t count);

/* Waits for a frame that came from elsewhere, at most wait_ms. Its length, or 0. */
size_t wire_receive(struct wire *w, uint8_t frame[static WIRE_MAX], int wait_ms);

#endif
