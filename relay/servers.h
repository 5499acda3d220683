/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The DHCP servers that were seen to answer, a bounded number of them, and how often each did. */
#ifndef USHER_RELAY_SERVERS_H
#define USHER_RELAY_SERVERS_H

#include <stddef.h>
#include <stdint.h>

enum { SERVERS_MAX = 8, SERVER_ID_MAX = 22, SERVER_TEXT_MAX = 3 * SERVER_ID_MAX };

struct server_count {
	uint8_t family, len;         /* len 0: a place that is free */
	uint8_t id[SERVER_ID_MAX];   /* 4: its address; 6: its DUID, of a long one the beginning */
	uint64_t answers;
};

/* Zero to begin with. */
struct servers {
	struct server_count all[SERVERS_MAX]; /* the first free place ends it */
	uint64_t others;             /* answers of those for which there was no place */
};

/* One answer, or several, of a server. */
void servers_count(
	struct servers *s, uint8_t family, const uint8_t *id, size_t len, uint64_t answers);

/* Adds up those of two workers. */
void servers_add(struct servers *to, const struct servers *from);

/*
 * Copies what somebody else may write at any time and who may mean harm: from the first entry on
 * that cannot be, there is none in *to.
 */
void servers_take(struct servers *to, const struct servers *from);

/* "192.0.2.1", or a DUID's hex digits. Returns dst. */
const char *server_text(const struct server_count *s, char dst[static SERVER_TEXT_MAX]);

#endif
