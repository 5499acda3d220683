/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The channel between a keeper and the worker process that it hands batches to: memory that both
 * have mapped, and a socket over which a batch goes there and back. The worker may write anything
 * into the memory at any time; the keeper believes nothing in it that it has not copied and
 * checked. Nothing in it is a pointer.
 */
#ifndef USHER_RELAY_CHANNEL_H
#define USHER_RELAY_CHANNEL_H

#include "relay/batch.h"
#include "relay/interface.h"
#include "relay/link.h"
#include "relay/park.h"
#include "relay/pipeline.h"

#include <stdatomic.h>

enum {
	CHANNEL_RECORDS = 512 * 1024, /* 2 KiB for each packet of the largest batch; touched as used */
	CHANNEL_FDS = 4,
};

struct channel {
	/* by the keeper */
	struct interface_table interfaces;
	struct links links;              /* relay mode: the clients' */
	/* by the worker; begins as the keeper has it from the worker before */
	struct servers servers;
	/* by the worker */
	_Atomic uint32_t at;             /* the slot in hand, plus 1; 0: none */
	uint32_t records_len;
	uint64_t records_lost;
	struct counters counters;        /* since it was given this channel */
	uint32_t json_len;
	struct answer_times answers;
	struct park_board board;         /* of packets that its libraries have parked */
	char records[CHANNEL_RECORDS], json[CHANNEL_RECORDS];
	struct batch batch;
};

/* Keeper to worker: slots[0..count) of the channel are to be run. */
struct handoff {
	uint64_t number;                 /* comes back in the handback */
	uint32_t count;                  /* 0: only what comes with it is to be taken */
	uint32_t slots;                  /* the channel has room for */
	int32_t cpu;                     /* where the keeper runs, -1: wherever */
	uint16_t queue;
	bool brings_channel;             /* a descriptor comes with it, and that by which the keeper is woken */
	bool brings_registry;            /* one comes, behind those */
	bool brings_layer;               /* likewise, behind that: it is to be laid on the registry */
	bool no_registry;
	bool paused, json;               /* json: records are wanted in JSON besides */
	bool park;                       /* packets may be parked */
	bool describe;                   /* the libraries are to be described in the log */
	bool last;                       /* nothing more comes: libraries are unloaded */
	struct demand demand;
	uint8_t log_level;
	uint64_t generation;             /* of the registry */
};

/* Worker to keeper: the slots have their verdicts. */
struct handback {
	uint64_t number;                 /* 0: the worker is ready for its first handoff */
	int32_t tick_ms;                 /* in which time it wants another, without packets if need be; -1: none */
};

/*
 * A zeroed channel in a memory file that can neither grow nor shrink, *ret_fd. NULL with errno.
 */
struct channel *channel_new(size_t slots, int *ret_fd);
/* Maps the channel of fd, which must have been made with the same `slots`; NULL with errno. */
struct channel *channel_map(int fd, size_t slots);
/* NULL is allowed; returns NULL. */
struct channel *channel_free(struct channel *c, size_t slots);

/* A pair of connected sockets that keep messages apart, close-on-exec. 0 or a negative errno. */
int channel_pair(int fds[2]);

/* Sends a message and up to CHANNEL_FDS descriptors; does not wait. 0 or a negative errno. */
int channel_send(int fd, const void *msg, size_t len, const int *fds, size_t count);

/*
 * Whether such an error of either says that the other side is gone or mad. Any other may pass: a
 * millisecond later.
 */
bool channel_is_over(int err);
/* Whether it is to be tried again, after that time. */
bool channel_again(int err);

/*
 * Receives a message of exactly `len` bytes and its descriptors, close-on-exec and the caller's;
 * ret_fds[CHANNEL_FDS] is -1 where there is none. flags as recvmsg(2). 0; -EAGAIN with
 * MSG_DONTWAIT; -EPIPE: the other side is gone; -EPROTO: a message of another size; else a negative
 * errno. On an error there are no descriptors.
 */
int channel_receive(int fd, void *msg, size_t len, int *ret_fds, int flags);
/* The same of messages that come without descriptors: any that do are closed. */
int channel_receive_alone(int fd, void *msg, size_t len, int flags);

#endif
