/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a registry region looks like inside; for builder, registry and user only.
 *
 *   header | users, each a multiple of 4 bytes | names | buckets
 *
 * A reference to a user is its offset from the start of the region in units of 4 bytes, so 32 bits
 * reach 16 GiB. A bucket is one cache line of six slots: for each 48 bits of an id and a reference,
 * 0 if it is empty. The high half of the id's hash chooses the bucket. Who finds it full takes the
 * next one that is not, and is counted in each that was passed: a search ends where nobody of a
 * like hash has gone on.
 *
 * Of ids of the two forms below, which are those of nearly all machines, the 48 bits are all that
 * tells one from another: who it is is known when the bucket has come from memory, be it somebody
 * or nobody. Of any other they are bits of the hash, and the id is compared with the user's, a
 * second cache line.
 *
 * A layer is a region of the same kind that holds only what was added to and taken from the one
 * below it, which has no layer below itself. What the layer has of an id hides what is below.
 */
#ifndef USHER_REGISTRY_LAYOUT_H
#define USHER_REGISTRY_LAYOUT_H

#include "registry/region.h"
#include "registry/registry.h"

#include <assert.h>
#include <string.h>

enum {
	REG_VERSION = 5,
	REG_UNIT = 4,
	REG_KEY_BYTES = 6,    /* of an id that a slot holds whole */
	REG_BUCKET_SLOTS = 6,
	REG_FILLED = 66,      /* per cent of the slots that are used after a build */
	REG_FILLED_MOST = 75, /* an extension that would go beyond builds the buckets anew */
	REG_NAMES_MAX = 65535,
	REG_USER_MAX = 65535, /* bytes */
};

/* What a slot may hold of an id: all six bytes that vary within the form, or bits of its hash. */
enum reg_form {
	REG_FORM_MAC,    /* HW_ADDR of six bytes */
	REG_FORM_DUID,   /* DUID-LL of Ethernet, RFC 8415 section 11.4: 00 03 00 01 and the address */
	REG_FORM_TAG,
	REG_FORMS_WHOLE = REG_FORM_TAG,
};

struct reg_bucket {
	uint32_t refs[REG_BUCKET_SLOTS];
	uint32_t low[REG_BUCKET_SLOTS];
	uint16_t high[REG_BUCKET_SLOTS];
	uint8_t whole[REG_FORMS_WHOLE]; /* of each form: a bit for each slot that holds one */
	uint8_t passed;  /* users who belong here or before, and are behind; once at its most it stays */
	uint8_t passers; /* reg_passer() of each of them, and of some who are no more */
};

/* An id as a slot has it. */
struct reg_key {
	uint32_t low;
	uint16_t high;
	enum reg_form form;
};

/* The first cache line has all that a look-up needs. Offsets are bytes from the start. */
struct registry {
	uint8_t magic[8];
	uint8_t key[16];
	uint64_t buckets;
	uint32_t bucket_count;
	uint32_t user_count; /* with those below */
	uint64_t users_end;
	uint64_t size;       /* of this region alone */
	uint64_t stamp;      /* no other registry has it */
	uint64_t below;      /* stamp of what this is a layer on, or 0 */
	uint64_t dead;       /* bytes of users that are left out or were removed, also below */
	uint64_t names;
	uint32_t version;
	uint32_t name_mask;  /* slots of the name table, less 1 */
	uint32_t name_count;
	uint32_t defaults[2]; /* references of the default users of v4 and v6, 0, or REG_REF_GONE */
	uint8_t pad[20];
};

/* A default user that the layer has taken away; the header is where no user can be. */
enum { REG_REF_GONE = 1 };

static_assert(sizeof(struct registry) == 128, "header takes two cache lines");
static_assert(sizeof(struct reg_bucket) == 64, "a bucket is a cache line");
static_assert(REG_BUCKET_SLOTS == 6, "reg_bucket_hits() names each slot");

static const uint8_t reg_magic[8] = { 'u', 's', 'h', 'e', 'r', 'r', 'e', 'g' };

/* DEAD: as if it were not there. GONE, in a layer: there is no such user, whatever is below. */
enum { REG_USER_BODY = 1, REG_USER_DEAD = 2, REG_USER_GONE = 4 };

/* A user; with REG_USER_BODY set, a struct reg_body follows the id at whatever alignment. */
struct reg_user {
	uint32_t line;
	uint8_t type;
	uint8_t id_len;
	uint8_t known;  /* a bit per enum reg_attr that has a value */
	uint8_t flags;
	uint8_t id[];
};

static_assert(sizeof(struct reg_user) == 8, "id follows at 8");

/*
 * Offsets from the start of the user. Between the body and attrs: for each bit of known, lowest
 * first, the 16-bit offset of that attribute.
 */
struct reg_body {
	uint32_t self;       /* reference of this user: leads to the names */
	uint16_t attrs;
	uint16_t options[2]; /* v4, v6 */
	uint16_t end;
};

/* An attribute: 16-bit index of the name, 16-bit length, value. */
enum { REG_ATTR_HEAD = 4 };

/* An option: 16-bit code, 16-bit length; with the top bit of it set suboption and enterprise. */
enum { REG_OPTION_HEAD = 4, REG_OPTION_VENDOR = 6, REG_OPTION_LEN = 0x7fff };

/* The names: reg_name[name_count], then uint16_t[name_mask + 1] (index + 1, or 0), then text. */
struct reg_name {
	uint32_t at;   /* from the start of the names */
	uint16_t len;
	uint8_t bits;  /* REG_NAME_ */
	uint8_t known; /* enum reg_attr, or REG_ATTR_COUNT */
};

/*
 * What is of this mapping, in the page before the region: that way all of a memory file is shared.
 */
struct reg_own {
	const struct registry *under; /* what this is a layer on, or NULL */
	struct reg_hold *hold;        /* who uses it */
};

static inline const struct reg_own *reg_own(const struct registry *reg)
{
	return (const struct reg_own *)(const void *)reg - 1;
}

static inline const struct registry *reg_under(const struct registry *reg)
{
	return reg_own(reg)->under;
}

static inline uint16_t reg_get16(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline void reg_put16(uint8_t *p, size_t v)
{
	uint16_t v16 = (uint16_t)v;

	memcpy(p, &v16, sizeof(v16));
}

static inline const struct reg_user *reg_user_at(const struct registry *reg, uint64_t offset)
{
	return (const void *)((const uint8_t *)reg + offset);
}

static inline bool reg_body_of(const struct reg_user *user, struct reg_body *ret)
{
	if ((user->flags & REG_USER_BODY) == 0)
		return false;
	memcpy(ret, user->id + user->id_len, sizeof(*ret));
	return true;
}

/* Bytes of the user within the region. */
static inline size_t reg_user_size(const struct reg_user *user)
{
	struct reg_body body;
	size_t n = sizeof(*user) + user->id_len;

	if (reg_body_of(user, &body))
		n = body.end;
	return (n + REG_UNIT - 1) / REG_UNIT * REG_UNIT;
}

/* Reads the packed option at p; returns the bytes it takes. */
static inline size_t reg_option_at(const uint8_t *p, struct reg_option *ret)
{
	size_t len = reg_get16(p + 2), head = REG_OPTION_HEAD;

	*ret = (struct reg_option){ .code = reg_get16(p), .len = len & REG_OPTION_LEN };
	if (len > REG_OPTION_LEN) {
		ret->suboption = reg_get16(p + head);
		memcpy(&ret->enterprise, p + head + 2, sizeof(ret->enterprise));
		head += REG_OPTION_VENDOR;
	}
	ret->bytes = p + head;
	return head + ret->len;
}

static inline size_t reg_bucket_of(uint64_t hash, uint32_t bucket_count)
{
	return (size_t)((hash >> 32) * bucket_count >> 32);
}

static inline size_t reg_bucket_after(size_t i, uint32_t bucket_count)
{
	return i + 1 < bucket_count ? i + 1 : 0;
}

/*
 * One of eight bits, of hashes that go on from the same bucket: few who are nobody meet a passer's.
 */
static inline uint8_t reg_passer(uint64_t hash)
{
	return (uint8_t)(1u << (hash >> 29 & 7));
}

/* The low bits of a tag are not 0, so that it is not like a slot never used. */
static inline struct reg_key reg_key_of(uint64_t hash, enum reg_id_type type, const uint8_t *id,
	size_t len)
{
	static const uint8_t duid_ll[] = { 0, 3, 0, 1 };
	struct reg_key k = { .form = REG_FORM_TAG };

	if (type == REG_HW_ADDR && len == REG_KEY_BYTES) {
		k.form = REG_FORM_MAC;
	} else if (type == REG_DUID && len == sizeof(duid_ll) + REG_KEY_BYTES &&
		memcmp(id, duid_ll, sizeof(duid_ll)) == 0) {
		k.form = REG_FORM_DUID;
		id += sizeof(duid_ll);
	}
	if (k.form == REG_FORM_TAG) {
		k.low = (uint32_t)hash != 0 ? (uint32_t)hash : 1;
		k.high = (uint16_t)(hash >> 32);
	} else {
		memcpy(&k.low, id, sizeof(k.low));
		memcpy(&k.high, id + sizeof(k.low), sizeof(k.high));
	}
	return k;
}

/* The slots that hold what the key is of. */
static inline unsigned int reg_bucket_of_form(const struct reg_bucket *b, enum reg_form form)
{
	if (form == REG_FORM_TAG)
		return ~((unsigned int)b->whole[REG_FORM_MAC] | b->whole[REG_FORM_DUID]);
	return b->whole[form];
}

/*
 * A bit for each slot with that key. All are compared whatever the first ones say, without a
 * branch: one guessed wrong would hold up everything behind it until the bucket has come from
 * memory.
 */
static inline unsigned int reg_bucket_hits(const struct reg_bucket *b, const struct reg_key *k)
{
#define HIT(i) (unsigned int)((b->low[i] == k->low) & (b->high[i] == k->high)) << (i)
	unsigned int hits = HIT(0) | HIT(1) | HIT(2) | HIT(3) | HIT(4) | HIT(5);
#undef HIT

	return hits & reg_bucket_of_form(b, k->form);
}

/* Whether the user, or what else p points at, lies within this region itself. */
static inline bool reg_owns(const struct registry *reg, const void *p)
{
	return (uintptr_t)p - (uintptr_t)reg < reg->size;
}

/* Whether a user in a slot that the key hits is the one with that id. */
static inline bool reg_user_is(const struct reg_user *user, const struct reg_key *k,
	enum reg_id_type type, const uint8_t *id, size_t len)
{
	return k->form != REG_FORM_TAG ||
		(user->type == type && user->id_len == len && memcmp(user->id, id, len) == 0);
}

/* registry.c: of this region alone; the user may be one that is GONE. */
const struct reg_user *reg_find_in(const struct registry *reg, uint64_t hash, enum reg_id_type type,
	const uint8_t *id, size_t len);

/*
 * registry.c: makes a mapped region a registry: sets what is of this mapping and makes it
 * read-only. under, which may be NULL, is then held by it. REG_E_NOMEM, REG_E_SYSTEM.
 */
enum reg_err reg_take(struct registry *reg, const struct registry *under,
	const struct reg_memory *memory);

#endif
