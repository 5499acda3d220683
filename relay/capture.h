/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Capture files, read and written with libpcap (pcap and pcapng in, pcap out), and where in a
 * captured frame the IP packet begins.
 */
#ifndef USHER_RELAY_CAPTURE_H
#define USHER_RELAY_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct capture;

struct frame_bytes {
	const uint8_t *bytes;        /* valid until the next capture_next() */
	size_t len, wire_len;        /* captured, and as it was on the wire */
	int64_t time_ns;             /* since the epoch */
	size_t ip_off;               /* where the IP packet begins; only if has_ip */
	bool has_ip;
	uint16_t protocol;           /* its EtherType */
};

/* Opens a capture; NULL with a text in err[cap]. "-" is standard input. */
struct capture *capture_open(const char *path, char *err, size_t cap);

/* 1 and a frame, 0 at the end, -1 if the file is damaged here, with a text in err[cap]. */
int capture_next(struct capture *c, struct frame_bytes *ret, char *err, size_t cap);

/* Begins an output of the same link type; false with a text in err[cap]. */
bool capture_create(struct capture *c, const char *path, char *err, size_t cap);
/* Writes a frame; ip[ip_len] takes the place of everything from ip_off on unless it is NULL. */
void capture_write(
	struct capture *c, const struct frame_bytes *f, const uint8_t *ip, size_t ip_len);
/* Closes both. False with a text if the output could not be written. NULL is allowed. */
bool capture_close(struct capture *c, char *err, size_t cap);

/*
 * Finds the IP packet in a frame of a libpcap link type: Ethernet and VLAN tags (802.1Q, 802.1ad),
 * Linux cooked v1 and v2, raw IP, BSD loopback. False if there is none.
 */
bool capture_find_ip(int link_type, const uint8_t *frame, size_t len, size_t *ret_off,
	uint16_t *ret_protocol);

#endif
