/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A pipeline on the bench: config and registry out of texts, one slot, packets handed in by a test.
 * Anything that goes wrong in setting it up ends the program with a message.
 */
#ifndef USHER_TESTS_RIG_H
#define USHER_TESTS_RIG_H

#include "relay/config.h"
#include "relay/learned.h"
#include "relay/link.h"
#include "relay/pipeline.h"

/* Where the packet lies in its slot: page without access next to it, and it may not be written. */
enum rig_place { RIG_PLAIN, RIG_FLUSH_END, RIG_FLUSH_START };

struct rig_packet {
	const uint8_t *bytes;
	size_t len;
	enum side side;
	uint32_t skb_info, physindev, cap_len;
	uint32_t indev;              /* relay mode: links have the indexes 1, 2, ... */
	uint8_t hook;                /* NF_INET_...; 0: PREROUTING */
	const uint8_t *hw;
	uint8_t hw_len;
	enum rig_place place;
};

struct rig {
	struct config *config;
	struct registry *registry;
	struct snapshot snapshot;
	struct counters counters;     /* of the last packet */
	struct records records;
	struct links links;           /* of the config's client_interfaces, addresses by relay.links and fe80::1 */
	struct learned *learned;
	int64_t time_ns;              /* of the packets */
	struct pipeline pipeline;
	struct batch *batch;
	size_t batch_size;            /* bytes mapped */
	enum side side;
	uint8_t own[16];              /* an address of this host; own_len 0: none */
	size_t own_len;
	char text[4096];              /* of the records, NUL-terminated */
};

/* config: as in a config file; registry: as in a registry file, whatever config says of it. */
struct rig *rig_new(const char *config, const char *registry);
void rig_free(struct rig *r);

/* Runs one packet; what became of it is in the slot, the counters and the text. */
const struct slot *rig_run(struct rig *r, const struct rig_packet *p);

/* struct assemble_env's callback, with the rig as ctx. */
uint8_t rig_subnet_id(void *ctx, const char *name);

#endif
