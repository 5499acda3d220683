/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What must hold of any bytes whatever: each function reads everything there is to read in them,
 * edits what can be edited and looks at the outcome. A property that does not hold ends the program
 * with its text. The tests, the sweep and the fuzzers share these.
 */
#ifndef USHER_TESTS_EXERCISE_H
#define USHER_TESTS_EXERCISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Ends the program, naming the place, unless it holds; also with NDEBUG. */
#define MUST(what) \
	do { \
		if (!(what)) \
			exercise_fail(__FILE__, __LINE__, #what); \
	} while (0)
_Noreturn void exercise_fail(const char *file, int line, const char *what);

/*
 * A DHCP message (UDP payload) and a script that says how to edit it; any bytes are a script. True
 * if the message was well-formed. An edited message holds nothing of the buffer it was edited in,
 * parses again, has every option that was set and none that was deleted; edited once more in the
 * same way it stays as it is.
 */
bool exercise4(const uint8_t *msg, size_t len, const uint8_t *script, size_t script_len);
bool exercise6(const uint8_t *msg, size_t len, const uint8_t *script, size_t script_len);

/*
 * An IP datagram: offsets within it, and if it is well-formed, sealed with its own payload it has
 * right checksums and changes no more when sealed again.
 */
bool exercise_frame(const uint8_t *pkt, size_t len);

#endif
