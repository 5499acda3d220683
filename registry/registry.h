/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A registry: one immutable set of users in one memory region that holds no pointers, so that it
 * can be mapped by several processes, sealed, and thrown away in one call; or such a region with
 * what has changed since, and the region that this was, which the two then share. Made by
 * builder.h, never changed afterwards. Look-ups take no lock and may run in any number of threads.
 */
#ifndef USHER_REGISTRY_REGISTRY_H
#define USHER_REGISTRY_REGISTRY_H

#include "registry/place.h"
#include "registry/user.h"

struct registry;

/*
 * The user of that id, or NULL. id has len bytes; a len that no id can have is simply not found.
 * The result lives as long as the registry.
 */
const struct reg_user *registry_find(const struct registry *reg, enum reg_id_type type,
	const uint8_t *id, size_t len);

/*
 * The same in steps, for a batch: hash all, prefetch all, prefetch the users of all, find all. At
 * ten million users the memory for one look-up then arrives while the others are prepared. The hash
 * is of this registry only: each has a key of its own.
 */
uint64_t registry_hash(const struct registry *reg, const uint8_t *id, size_t len);
void registry_prefetch(const struct registry *reg, uint64_t hash);
void registry_prefetch_user(const struct registry *reg, uint64_t hash, enum reg_id_type type,
	const uint8_t *id, size_t len);
const struct reg_user *registry_find_hashed(const struct registry *reg, uint64_t hash,
	enum reg_id_type type, const uint8_t *id, size_t len);

/*
 * The default user of a family (4: HW_ADDR 00000000, 6: DUID 00000000), whose attributes are for
 * unregistered clients; NULL if there is none. It is also found by its id like any other.
 */
const struct reg_user *registry_default(const struct registry *reg, unsigned int family);

/*
 * Reads a byte of each page from offset `from` on, `pages` of them; returns where to go on, or 0
 * when all have been read. What a mapping's first look-ups cost beyond later ones, a fault for each
 * page and on a virtual machine as much again for the hypervisor's tables, is so paid before there
 * is a packet. What a layer lies on comes first, so from registry_below() on it is the pages of the
 * layer itself.
 */
size_t registry_touch(const struct registry *reg, size_t from, size_t pages);

/* How many users there are; the default users count. */
size_t registry_count(const struct registry *reg);

/* Bytes of memory that the registry takes, with what it is a layer on. */
size_t registry_size(const struct registry *reg);

/* Bytes of it that are users no longer there: the price of changes without reading all anew. */
size_t registry_dead(const struct registry *reg);

/* The user after prev in the order of the file (NULL: the first), or NULL after the last. */
const struct reg_user *registry_next(const struct registry *reg, const struct reg_user *prev);

/* What an attribute name is to usher: none of these bits for a name that only rules can match. */
enum { REG_NAME_KNOWN = 1, REG_NAME_OPTION4 = 2, REG_NAME_OPTION6 = 4 };

/*
 * The attribute names that occur in the registry, index 0 and up: bits as above, -1 when there is
 * no such index. *ret is not NUL-terminated.
 */
int registry_attr_names(const struct registry *reg, size_t index, const char **ret,
	size_t *ret_len);

/*
 * Maps a registry that another process built into a sealed memory file. fd stays the caller's.
 * REG_E_FORMAT: not a registry of this version, a layer, or one that could still be changed;
 * REG_E_SYSTEM, REG_E_NOMEM.
 */
enum reg_err registry_attach(int fd, struct registry **ret, struct reg_error *err);

/*
 * The same where changes come by themselves: current is the registry attached last, or NULL, and
 * the file may be a layer on it, or on what current is a layer on. REG_E_FORMAT also if it is a
 * layer on something else.
 */
enum reg_err registry_attach_on(int fd, const struct registry *current, struct registry **ret,
	struct reg_error *err);

/* Whether it holds only what changed since another one was built, which it keeps in memory. */
bool registry_is_layer(const struct registry *reg);

/* Bytes of that other one, 0 if it is none. */
size_t registry_below(const struct registry *reg);

/* Gives the memory back. NULL is allowed; returns NULL. */
struct registry *registry_free(struct registry *reg);

#endif
