/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hook libraries as the rest of relay/ sees them: a set of loaded libraries, and what the stage
 * table calls at the places where libraries run. What a library sees is usher/hooks.h.
 */
#ifndef USHER_RELAY_HOOK_H
#define USHER_RELAY_HOOK_H

#include "relay/config.h"
#include "relay/packet.h"

/* The libraries of a config, loaded in their order, and the memory that their callouts need. */
struct hooks;
/* What of it belongs to the worker that has a packet in hand. */
struct hook_memory;

enum { HOOK_WHY = 512 };

/*
 * Loads the libraries of the config and calls load() of each; all or none. `workers` pipelines,
 * numbered from 0, will use the set, each from a thread of its own. `before` (may be NULL): the set
 * in force, which is taken once more if its libraries are the very same. *ret is NULL if the config
 * lists none. 0, or -ENOMEM or -EINVAL with why[] saying which library and what to do. Undone by
 * hooks_free(). Before a sandbox: it opens files and starts what the libraries start.
 */
int hooks_load(const struct config *c, size_t workers, struct hooks *before, struct hooks **ret,
	char why[static HOOK_WHY]);

/*
 * Unloads, in reverse order, when the last who has it gives it back. NULL is allowed; returns NULL.
 */
struct hooks *hooks_free(struct hooks *h);

/* A line for each library: its path, callouts and counters. */
void hooks_describe(const struct hooks *h, void (*say)(void *ctx, const char *text), void *ctx);
/* Opens the libraries of the config and checks their versions, but calls no load(): usher check. */
int hooks_try(const struct config *c, void (*say)(void *ctx, const char *text), void *ctx,
	char why[static HOOK_WHY]);

/*
 * Runs what is due of the leases that libraries want to hear of; between two batches, by worker
 * `number`. Returns in how many milliseconds it wants to be called again, -1: not before a packet.
 */
int hooks_tick(struct hooks *h, size_t number, int64_t now_s);

/* --- the pipeline's -------------------------------------------------------------------------- */

/* Begins a batch of a pipeline with libraries. */
void hook_batch(const struct pipeline *pl);
/* Begins a packet: the worker's memory, cleared, and what the packet was parked with, if it was. */
struct hook_memory *hook_begin(struct packet *p);
/* Of a packet that was parked, and passes now whatever libraries would have said. */
void hook_let_go(struct packet *p);
/* The packet has ended: p->slot->verdict and edited are set. */
void hook_end(struct packet *p);

/*
 * The hook points, in the columns of the stage table: before and after the stage in whose row they
 * stand. They look themselves whether the packet is one for them.
 */
stage_fn hook_buffer_receive;
stage_fn hook_before_receive, hook_pkt_receive;
stage_fn hook_before_select, hook_subnet_select;
stage_fn hook_lease_end;        /* lease4_release, lease4_decline and their twins */
stage_fn hook_lease;            /* lease4_select, lease4_renew, lease6_rebind and their twins */
stage_fn hook_before_send, hook_committed, hook_pkt_send;
stage_fn hook_buffer_send;

#endif
