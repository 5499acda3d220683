/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the daemon and the loader say to each other: messages of a fixed size over two sockets, one
 * for what concerns the main thread and one for registries, which any thread may take in.
 */
#ifndef USHER_RELAY_LOADER_MESSAGE_H
#define USHER_RELAY_LOADER_MESSAGE_H

#include "registry/load.h"
#include "registry/refresh.h"

#include <stdatomic.h>
#include <stdint.h>

/* Mapped by both. */
struct loader_shared {
	struct refresh_board board;      /* by the loader */
	_Atomic uint32_t answered;       /* the last ticket answered; a futex(2) */
	_Atomic uint32_t sent;           /* deliveries, each before the board says that all is quiet */
};

enum loader_order_kind {
	LOADER_BEGIN,    /* the first: brings the socket for registries */
	LOADER_POLL,     /* answer the ticket when what was edited is in force, or in time */
	LOADER_RELOAD,   /* brings a config if `config` is set */
};

struct loader_order {
	enum loader_order_kind kind;
	uint32_t ticket;
	uint64_t config;                 /* its number; 0: none comes */
	bool exposed;                    /* group or others may write to the config */
	bool again;                      /* there is a registry in force */
	char path[4096];                 /* of the config, for what is said of it */
};

enum loader_news_kind {
	LOADER_STARTED,  /* brings the watched descriptor if `brings` is set */
	LOADER_ARRIVED,
	LOADER_ACCEPTED, /* the config of the order */
	LOADER_RELOADED,
	LOADER_READ,     /* readings have failed, or do no longer, or something else was logged */
};

struct loader_news {
	enum loader_news_kind kind;
	int code;                        /* STARTED: exit code of relay/command.h */
	bool brings, polled, must_wait;
	uint8_t log_level;
	uint64_t config;                 /* ACCEPTED: its number */
	uint64_t failures;               /* READ: how many more have failed */
	bool failing;                    /* the last one did */
	bool good;                       /* RELOADED: nothing was refused */
	char text[1024];                 /* else what, and why; READ: the error logged, "": none */
};

enum { LOADER_ANSWERS = 64 };

/*
 * A registry; its memory file comes along if `brings` is set, else there is none. Or answers,
 * behind the registry that they are about. In the other direction go questions: struct
 * source_question.
 */
struct loader_delivery {
	uint32_t answer_count;           /* 0: a registry */
	struct source_answer answers[LOADER_ANSWERS];
	struct load_stats stats;
	uint64_t config;                 /* the number of the config that it was read with */
	bool brings;
};

#endif
