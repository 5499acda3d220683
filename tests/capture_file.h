/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes pairs of IP packets, before and after, for a parser that is not ours: PREFIX.in.pcap and
 * PREFIX.out.pcap, packet by packet, and PREFIX.names, a line each. A failure ends the program.
 */
#ifndef USHER_TESTS_CAPTURE_FILE_H
#define USHER_TESTS_CAPTURE_FILE_H

#include <stddef.h>
#include <stdint.h>

struct capture_file;

struct capture_file *capture_file_new(const char *prefix);
void capture_file_put(struct capture_file *f, const char *name, const uint8_t *in, size_t in_len,
	const uint8_t *out, size_t out_len);
void capture_file_free(struct capture_file *f);

#endif
