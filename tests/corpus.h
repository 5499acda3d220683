/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads tests/corpus: real and malformed DHCP messages out of public test suites, one a line. Paths
 * are relative to the top of the source tree, where make runs the tests.
 */
#ifndef USHER_TESTS_CORPUS_H
#define USHER_TESTS_CORPUS_H

#include <stddef.h>
#include <stdint.h>

struct corpus_message {
	char name[96];           /* where it comes from */
	uint8_t *bytes;
	size_t len;
};

struct corpus {
	struct corpus_message *messages;
	size_t count;
};

/*
 * All messages of a family (4 or 6). A file that is missing or broken ends the program with a
 * message.
 */
struct corpus *corpus_read(int family);
struct corpus *corpus_free(struct corpus *c);

#endif
