/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the matchers look at, read from the facts of one packet when the first rule asks for it and
 * kept until the decision is made: a hundred rules about the vendor class search it once.
 */
#ifndef USHER_RULES_EVIDENCE_H
#define USHER_RULES_EVIDENCE_H

#include "rules/pattern.h"
#include "rules/policy.h"

/* What a message or its facts may hold one or more values of. */
enum evidence_kind {
	EVIDENCE_VENDOR_CLASS,       /* option 60; option 16, every vendor-class-data */
	EVIDENCE_USER_CLASS,         /* option 77 whole and by RFC 3004; option 15, every instance */
	EVIDENCE_CLIENT_ARCH,        /* option 93; option 61: two bytes each (RFC 4578, RFC 5970) */
	EVIDENCE_CIRCUIT_ID,         /* 82.1; Interface-ID */
	EVIDENCE_REMOTE_ID,          /* 82.2; option 37 without its enterprise number */
	EVIDENCE_SUBSCRIBER_ID,      /* 82.6; option 38 */
	EVIDENCE_ID,                 /* the identity that was looked up */
	EVIDENCE_INTERFACE,          /* the client's; none if it is not known */
	EVIDENCE_KINDS
};

enum {
	EVIDENCE_VALUES = 8,         /* of one kind; what a message holds beyond is not looked at */
	EVIDENCE_JOINED = 1024,      /* bytes of split options put together (RFC 3396) */
	ATTRIBUTES_MAX = 64,         /* different user attributes that the rules of a policy ask for */
};

struct values {
	size_t count;
	struct value item[EVIDENCE_VALUES];
};

struct evidence {
	const struct facts *facts;
	const char *const *attributes;   /* the policy's: names by slot */
	uint32_t have_values;            /* by enum evidence_kind */
	bool have_relay, have_time;
	uint64_t have_attributes;        /* by slot */
	struct values values[EVIDENCE_KINDS];
	struct value attribute[ATTRIBUTES_MAX]; /* bytes.at == NULL: the user has none of that name */
	const uint8_t *relay;            /* 4 or 16 bytes */
	uint16_t minute;                 /* of the local day */
	uint8_t weekday;                 /* 0 Sunday */
	size_t joined_len;
	uint8_t joined[EVIDENCE_JOINED];
};

/* Leaves what is not asked for unwritten. All is borrowed while e is used. */
void evidence_init(
	struct evidence *e, const struct facts *facts, const char *const *attributes);

/* Read what the first rule asks for: for the two functions below. */
void evidence_gather(struct evidence *e, enum evidence_kind kind);
void evidence_gather_attribute(struct evidence *e, unsigned int slot);

static inline struct values *evidence_values(struct evidence *e, enum evidence_kind kind)
{
	if ((e->have_values >> kind & 1) == 0)
		evidence_gather(e, kind);
	return &e->values[kind];
}

/* The value of the user's attribute of that slot; bytes.at == NULL without a user or attribute. */
static inline struct value *evidence_attribute(struct evidence *e, unsigned int slot)
{
	if ((e->have_attributes >> slot & 1) == 0)
		evidence_gather_attribute(e, slot);
	return &e->attribute[slot];
}

/*
 * giaddr, or the link-address of the innermost relay that gives a usable one: not ::, not
 * link-local (what servers look at, PROTOCOL B.2). NULL if the message was not relayed, or by
 * nobody we trust.
 */
const uint8_t *evidence_relay(struct evidence *e);
/* The minute of the local day; *ret_weekday 0 for Sunday. */
uint16_t evidence_minute(struct evidence *e, uint8_t *ret_weekday);

#endif
