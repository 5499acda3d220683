/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The policy: subnets, the compiled rules and the treatment of packets, all immutable, and
 * decide(), a pure function from what is known of a packet to what is to be done with it.
 */
#ifndef USHER_RULES_POLICY_H
#define USHER_RULES_POLICY_H

#include "rules/subnet.h"
#include "rules/upstream.h"

#include "dhcpcodec/dhcp4.h"
#include "dhcpcodec/dhcp6.h"
#include "registry/registry.h"

/* What usher does with a packet that it will not edit. */
enum treat { TREAT_PASS, TREAT_DROP };
enum enforce { ENFORCE_NAK, ENFORCE_LOG };
/*
 * Which subnet a bound client's query names: the address's, so that we make the server's ACK a NAK,
 * or the one it is entitled to; INJECT: none, we refuse the query ourselves (relay mode only).
 */
enum on_mismatch { MISMATCH_NAK, MISMATCH_SERVER, MISMATCH_INJECT };

/* A client's link in relay mode, where the config says more of it than its name. */
struct relay_link {
	char name[UPSTREAM_INTERFACE_MAX + 1];
	bool has4, has6;             /* else the first address the interface has */
	uint8_t addr4[4], addr6[16];
};

/* How queries are sent on and their answers taken back: relay mode, PROTOCOL A.9 and B.6. */
struct relaying {
	bool on;                     /* mode is relay */
	bool agent_option;           /* DHCPv4 with option 82; else giaddr says all that is said */
	bool relay_flags;            /* add 82.10: RFC 5010 */
	bool link_layer;             /* add DHCPv6 option 79: RFC 6939 */
	bool force_broadcast;        /* ask for broadcast answers */
	enum choose choose;
	uint32_t dead_after_ms;      /* unanswered for so long: the upstream is down */
	uint32_t dead_for_ms;        /* and is tried again after this */
	uint16_t min_secs;           /* RFC 1542 4.1.1: secs below it are not relayed */
	const char *circuit_id;      /* 82.1: %i the interface, %% a percent sign; "": none */
	struct relay_link *links;
	size_t link_count;
};

/* Every per-cause policy of PROTOCOL.md section H, one key each. */
struct treatment {
	enum hint hint;
	uint32_t enterprise;         /* host order */
	enum enforce enforce;
	enum on_mismatch on_mismatch;
	enum treat malformed_query, malformed_response;
	enum treat fragments;        /* of queries */
	enum treat ext_headers;      /* of queries */
	enum treat bootp;
	enum treat oversize;
	enum treat leasequery;       /* LEASEQUERY from an untrusted side */
	bool client_82_drop;         /* false: strip (RFC 3046 2.1.1 says discard) */
	bool strict_chaddr;          /* source MAC must be chaddr on the untrusted side */
	bool pxe_auto;               /* tftp_server also sets siaddr and sname */
	bool vendor_create;          /* v6: make option 17 for enterprise 4491 when absent */
	bool docsis_string;          /* v6: suboption 32 always as text */
	bool auth_key_delivery;      /* v4: RFC 6704 nonce delivery may be edited */
	uint16_t max_ip4, max_ip6;   /* bytes of the whole IP datagram after an edit of a query */
	uint8_t max_hops, max_hops6; /* relays that a query may have passed */
	uint8_t max_82;              /* bytes of an option 82 that we write, at most AGENT_MAX */
	uint8_t digest_key[16];
	uint8_t identify[8];         /* enum reg_id_type, in the order tried */
	uint8_t identify_count;      /* 0: HW_ADDR in DHCPv4, DUID in DHCPv6 */
	struct prefix *relays4, *relays6;  /* trusted_relays */
	size_t relay_count4, relay_count6;
	struct relaying relay;
};

struct rule;
struct tests;
struct writer;

/* What is allowed but probably not meant. */
struct rule_warning {
	unsigned int line;           /* in the config; 0 if there is none */
	char path[RULE_PATH_MAX];
	char text[RULE_TEXT_MAX];
	const struct rule_warning *next;
};

/* Made by rules/policy_build.h; nothing in it changes afterwards. */
struct policy {
	struct subnets subnets;
	struct upstreams upstreams;
	struct rule *rules;          /* rules/action.h */
	size_t rule_count;
	struct treatment treat;
	uint16_t generation;         /* a hash of subnets and rules: the same after a restart */
	struct tests *tests;         /* of all rules, one after the other: rules/match.h */
	uint32_t start;              /* where a decision begins */
	bool default_rules;          /* the config had none of its own */
	bool by_query;               /* some rule looks at what only a query shows */
	const struct rule_warning *warnings;
	struct arena arena;          /* holds all of it but the struct itself */
};

/*
 * What decide() may look at. Pointers are borrowed for the call; NULL where there is no such thing.
 */
struct facts {
	uint8_t family;              /* 4 or 6 */
	uint8_t type;                /* DHCP message type of the query's own codec */
	const struct reg_user *user; /* NULL: not registered */
	const struct dhcp4_view *view4;
	const struct dhcp6_view *view6;
	const uint8_t *id;           /* the identity that was looked up */
	size_t id_len;
	enum reg_id_type id_type;
	const char *interface;       /* the client's, "" if not known */
	int64_t now;                 /* seconds since the epoch */
	bool untrusted;              /* straight from a client: what a relay would say is not believed */
	uint8_t strange;             /* so many of view6's innermost relay layers nobody we trust wrote */
};

/* Why the subnet is what it is. */
enum subnet_source {
	SUBNET_BY_RULE,              /* the rule names it, or says "server" */
	SUBNET_BY_USER,              /* an attribute of the user names it, or says "server" */
	SUBNET_BY_DEFAULT,           /* neither does: the server's for users, the restricted for others */
	SUBNET_BY_NO_RULE,           /* no rule matched: the restricted one */
	SUBNET_BY_UNKNOWN,           /* the attribute names no subnet of ours: the restricted one */
};

/* What to do. Without a subnet the server chooses, but not the restricted one. */
struct decision {
	const struct subnet *subnet;
	const struct rule *rule;     /* NULL: no rule matched; the subnet is then the restricted one */
	uint16_t rule_index;         /* in policy->rules; rule_count if none matched */
	enum hint hint;
	bool own_hint;               /* the rule gives it: an upstream's does not count */
	upstream_set upstreams;      /* which may be asked; 0: all */
	enum enforce enforce;
	uint32_t max_lease;          /* of rule and subnet the lesser; 0 = no limit */
	bool drop, pass;             /* drop the packet, or leave it and its answer alone */
	bool no_outcome;
	bool by_query;               /* an answer does not show what it rests on: carry the rule */
	enum subnet_source source;
};

/*
 * The first rule whose conditions hold decides. Its subnet:
 *
 *   a name        that subnet, whatever the user's attributes say
 *   "@attribute"  the subnet that this attribute of the user names; without a value as if not given
 *   "server"      the subnet that the user's own attribute "subnet" names, else the server's choice
 *   not given     the same for a user; for an unregistered client the restricted subnet
 *
 * An attribute may also say "server". One that names no subnet of ours gives the restricted subnet:
 * a slip in the registry must not let anybody in. If no rule matches: the restricted subnet.
 * Without any subnet at all nothing is steered and ret->subnet is NULL.
 *
 * Pure but for the local time zone; allocates nothing. A response does not hold all that its query
 * held (vendor class, relay's options): its decision is policy_decision_of() the rule in its state.
 */
void policy_decide(const struct policy *p, const struct facts *f, struct decision *ret);

/*
 * The decision of a known rule, without matching again; user may be NULL. A rule_index of
 * rule_count or more is that of no rule. The index means the same rule only while p->generation is
 * the same.
 */
void policy_decision_of(const struct policy *p, uint16_t rule_index, const struct reg_user *user,
	struct decision *ret);

/*
 * Writes subnets and rules as the arrays "subnets" and "rules" of an object that is open. Read
 * again they make the same policy.
 */
void policy_print(const struct policy *p, struct writer *w);

/* NULL is allowed; returns NULL. */
struct policy *policy_free(struct policy *p);

/* Whether the decision lets the client have an address of subnet `of` (NULL: no subnet of ours). */
static inline bool decision_allows(const struct decision *d, const struct subnet *of)
{
	if (of == NULL)
		return true;
	return d->subnet != NULL ? d->subnet == of : !of->restricted;
}

#endif
