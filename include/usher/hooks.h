/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usher/hooks.h: what a hook library of usher is written against. docs/hooks.md is the way in,
 * usher-hooks(3) the reference of hook points.
 *
 * A library is a shared object that the config lists in "hooks_libraries". It has version(), may
 * have load(), unload() and multi_threading_compatible(), and callouts: functions that bear the
 * name of a hook point, or that load() registers. Every struct here but usher_lease is opaque.
 *
 * Pointers that a function hands out are borrowed: from a packet or an argument until the callout
 * returns, from a library until unload() does. Numbers are in host order, addresses and identifiers
 * are bytes as on the wire. A callout must neither block nor allocate without need: its packet, and
 * those behind it, wait.
 */
#ifndef USHER_HOOKS_H
#define USHER_HOOKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/*
 * The interface's version. A library is refused if it was built for another major version, or for
 * a minor one that this usher does not have yet.
 */
#define USHER_HOOKS_MAJOR 1
#define USHER_HOOKS_MINOR 1
#define USHER_HOOKS_VERSION (USHER_HOOKS_MAJOR * 1000 + USHER_HOOKS_MINOR)

struct usher_library;    /* one library as loaded */
struct usher_callout;    /* one call of a callout */
struct usher_packet;     /* the packet in hand */
struct usher_value;      /* a JSON value of the library's parameters */

typedef int usher_callout_fn(struct usher_callout *c);
typedef void usher_destroy_fn(struct usher_library *lib, void *context);

/* What functions return that can fail; 0 is success. usher_strerror() has the words. */
enum usher_error {
	USHER_OK = 0,
	USHER_E_NO_ARGUMENT,     /* this hook point has no argument of that name */
	USHER_E_TYPE,            /* the argument, or value, is of another type */
	USHER_E_NOT_FOUND,       /* no such option, attribute, element or name */
	USHER_E_READ_ONLY,       /* not to be changed at this hook point */
	USHER_E_FORBIDDEN,       /* never to be changed by a library: the protocol's, or usher's own */
	USHER_E_NO_SPACE,        /* does not fit: nothing was changed */
	USHER_E_VALUE,           /* not a value of that type, or out of range */
	USHER_E_SIZE,            /* a struct's size is not one of this version's */
	USHER_E_PLACE,           /* only load() may do that, or only a callout, or not here */
	USHER_E_GONE,            /* the packet is no longer parked: it timed out */
	USHER_E_MALFORMED        /* the message would no longer be one that usher lets out */
};
const char *usher_strerror(int error);

/* --- what a library has ---------------------------------------------------------------------- */

#ifndef USHER_HOOKS_HOST
/* Returns USHER_HOOKS_VERSION. Without it a library is not loaded. */
int version(void);
/* Once, before any callout: 0, or anything else to be refused, and usher's start with it. */
int load(struct usher_library *lib);
/* Once, after the last callout; no thread of the library's may go on. The result is only logged. */
int unload(struct usher_library *lib);
/* 1: callouts may run on several threads at a time. Else only a config with one queue takes it. */
int multi_threading_compatible(void);
#endif

/* --- in load() ------------------------------------------------------------------------------- */

/* The "parameters" of the config, an object; NULL if there are none. Until unload() returns. */
const struct usher_value *usher_parameters(const struct usher_library *lib);

/* When a callout runs: before or after what usher itself does at the hook point. */
enum usher_place { USHER_AFTER = 0, USHER_BEFORE = 1 };

/*
 * Adds a callout; in load() only. Those found by name come first, then these in order. Only
 * pkt4_receive, subnet4_select, pkt4_send and their twins have something of usher's at them; at
 * others the place does not matter. Errors: NOT_FOUND (no such hook point), PLACE, NO_SPACE.
 */
int usher_register(
	struct usher_library *lib, const char *point, usher_callout_fn *fn, enum usher_place place);

/* How many bytes usher_context() shall have, at most 4096; in load() only. VALUE, PLACE. */
int usher_context_size(struct usher_library *lib, size_t size);
/*
 * What is called once for each context that was used, when nobody will see it any more: the query was
 * dropped or gets no answer, is too old, made room for another, or was sent once more; and before
 * unload(). In load() only. PLACE. Since 1.1.
 */
int usher_context_destroy(struct usher_library *lib, usher_destroy_fn *fn);

/* Anything of the library's own. After a reload a second copy may be loaded beside the first. */
void usher_set_data(struct usher_library *lib, void *data);
void *usher_data(const struct usher_library *lib);

enum usher_level { USHER_ERROR, USHER_WARNING, USHER_INFO, USHER_DEBUG };
/* A line in usher's log that names the library. Any thread. printf's format; one line. */
void usher_log(struct usher_library *lib, enum usher_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* --- parameters ------------------------------------------------------------------------------ */

enum usher_kind {
	USHER_NULL, USHER_BOOL, USHER_NUMBER, USHER_STRING, USHER_OBJECT, USHER_ARRAY
};
/* All of these take NULL for "no such value", so that calls can be nested. */
enum usher_kind usher_value_kind(const struct usher_value *v);
const struct usher_value *usher_value_get(const struct usher_value *object, const char *key);
/* The elements of an array or object, in order; NULL at the end. */
const struct usher_value *usher_value_first(const struct usher_value *v);
const struct usher_value *usher_value_next(const struct usher_value *v);
const char *usher_value_key(const struct usher_value *v); /* in an object; else NULL */
/* These return the fallback if the value is missing or of another kind. */
const char *usher_value_text(const struct usher_value *v, const char *fallback);
int64_t usher_value_int(const struct usher_value *v, int64_t fallback);
bool usher_value_bool(const struct usher_value *v, bool fallback);

/* --- a callout ------------------------------------------------------------------------------- */

/*
 * What becomes of the packet; usher-hooks(3) says for each hook point what each step does there. A
 * step that a hook point does not know counts as CONTINUE. All callouts of a point are called,
 * whatever the ones before have said; look at usher_get_step() and do not reset it lightly.
 */
enum usher_step { USHER_CONTINUE = 0, USHER_SKIP = 1, USHER_DROP = 2, USHER_PARK = 3 };
enum usher_step usher_get_step(const struct usher_callout *c);
void usher_set_step(struct usher_callout *c, enum usher_step step);

struct usher_library *usher_library_of(const struct usher_callout *c);
const char *usher_point(const struct usher_callout *c);

/*
 * This library's memory of this query and its answers: usher_context_size() bytes, zero at the first
 * use, the same at every hook point that they pass, also after one was parked. They are moved about:
 * nothing may point into them. An answer whose query is not known (see usher_get_packet()) begins
 * with zeros. NULL if none was asked for.
 */
void *usher_context(struct usher_callout *c);

/* The names of the arguments of this hook point, index 0 and up; NULL behind the last. */
const char *usher_argument(const struct usher_callout *c, size_t index);

/*
 * "query4", "response4", "query6", "response6". NULL: no such argument here. In an answer the query is
 * as it was sent on, to be read only; NULL if it is not known: "hooks_exchanges" of the config.
 */
struct usher_packet *usher_get_packet(struct usher_callout *c, const char *name);

/*
 * "subnet4", "subnet6": the name of the subnet decided on, or found; "" for the server's choice.
 * "subnet4collection", "subnet6collection": all subnets of the config, index 0 and up. Errors:
 * NO_ARGUMENT, TYPE, NOT_FOUND (behind the last).
 */
int usher_get_text(
	struct usher_callout *c, const char *name, size_t index, const char **ret);
/* Sets "subnet4" or "subnet6" at subnet4_select, subnet6_select. READ_ONLY, NOT_FOUND. */
int usher_set_text(struct usher_callout *c, const char *name, const char *value);

/* "fake_allocation": the lease is only offered. "remove_lease": as Kea's, always false. */
int usher_get_bool(struct usher_callout *c, const char *name, bool *ret);

/* A lease as told by the message that grants it or gives it back, or as seen before it expired. */
struct usher_lease {
	size_t size;             /* in: sizeof(struct usher_lease) */
	int family;              /* 4 or 6 */
	uint8_t address[16];     /* IPv4: the first four bytes */
	uint8_t prefix_len;      /* of a delegated prefix; else 32 or 128 */
	bool is_prefix, declined;
	uint32_t valid;          /* seconds; 0 in a query, and of a lease taken back */
	uint32_t preferred;      /* DHCPv6 */
	uint32_t iaid;           /* DHCPv6 */
	int64_t since;           /* seconds since the epoch when it was granted; 0: not known */
	bool registered;
	uint8_t hw_type, hw_len, hw[20]; /* DHCPv4 */
	uint8_t id_len, id[130]; /* DUID, or option 61 in DHCPv4, as far as it fits */
};
#define USHER_LEASE_INIT { .size = sizeof(struct usher_lease) }

/*
 * "lease4", "lease6" (index 0), "leases4", "leases6", "deleted_leases4", "deleted_leases6" (index 0
 * and up). Errors: NO_ARGUMENT, TYPE, NOT_FOUND (behind the last), SIZE.
 */
int usher_get_lease(struct usher_callout *c, const char *name, size_t index,
	struct usher_lease *ret);

/*
 * The leases of this answer last no longer than that; T1 and T2 follow. At lease4_select,
 * lease4_renew, lease6_select, lease6_renew, lease6_rebind. READ_ONLY elsewhere; VALUE: 0.
 */
int usher_limit_lease(struct usher_callout *c, uint32_t seconds);

/* --- the packet ------------------------------------------------------------------------------ */

int usher_family(const struct usher_packet *p);        /* 4 or 6 */
/* Option 53, or the DHCPv6 type of the innermost message; 0 before the message was read. */
unsigned usher_type(const struct usher_packet *p);
const char *usher_interface(const struct usher_packet *p); /* the client's; "" if not known */
bool usher_relayed(const struct usher_packet *p);

/* The whole DHCP message as it is now: DHCPv6 with its relay layers. */
const uint8_t *usher_message(struct usher_packet *p, size_t *ret_len);
/*
 * Another message in its place; at buffer4_receive, buffer4_send and their twins only. It must be
 * one that usher can read, for the same client, transaction and type; in an answer addresses,
 * server, option 82 and relay layers stay, and no time grows. READ_ONLY, MALFORMED, NO_SPACE.
 */
int usher_replace_message(struct usher_packet *p, const uint8_t *bytes, size_t len);

enum usher_field {
	USHER_OP, USHER_HTYPE, USHER_HOPS, USHER_SECS, USHER_FLAGS, USHER_CIADDR, USHER_YIADDR,
	USHER_SIADDR, USHER_GIADDR, USHER_CHADDR, USHER_SNAME, USHER_FILE, /* DHCPv4 */
	USHER_XID, USHER_SOURCE, USHER_DESTINATION,                         /* both */
	USHER_LINK_ADDRESS, USHER_PEER_ADDRESS                              /* innermost relay's */
};
/*
 * The bytes of a field of fixed length; of CHADDR as many as hlen says. Errors: NOT_FOUND (the
 * protocol, or this message, has no such field).
 */
int usher_get_field(struct usher_packet *p, enum usher_field field, const uint8_t **ret,
	size_t *ret_len);
/* SIADDR, SNAME and FILE of an answer, zero-filled. FORBIDDEN for others; VALUE: too long. */
int usher_set_field(
	struct usher_packet *p, enum usher_field field, const uint8_t *val, size_t len);

/*
 * The first instance of an option: of the DHCPv4 message, or of the innermost DHCPv6 message's top
 * level. NOT_FOUND.
 */
int usher_get_option(struct usher_packet *p, unsigned code, const uint8_t **ret, size_t *ret_len);
/* All of them: *at begins as 0. NOT_FOUND behind the last. */
int usher_next_option(struct usher_packet *p, size_t *at, unsigned *ret_code,
	const uint8_t **ret, size_t *ret_len);
/*
 * Puts one value in the place of all instances. Errors: READ_ONLY (not at this hook point, or the
 * message is authenticated), FORBIDDEN (the option speaks for the protocol, the lease or a relay),
 * NO_SPACE, VALUE.
 */
int usher_set_option(struct usher_packet *p, unsigned code, const uint8_t *val, size_t len);
/* The same by the names and texts of docs/options.md: "domain-name-servers", "192.0.2.53". */
int usher_set_option_text(struct usher_packet *p, const char *name, const char *text);
int usher_delete_option(struct usher_packet *p, unsigned code);
/*
 * A sub-option of an enterprise in option 125 (DHCPv4) or 17, made where there is none. val NULL
 * removes it.
 */
int usher_set_vendor(struct usher_packet *p, uint32_t enterprise, unsigned sub,
	const uint8_t *val, size_t len);

/* A lease that the message is about, index 0 and up. NOT_FOUND behind the last; SIZE. */
int usher_packet_lease(struct usher_packet *p, size_t index, struct usher_lease *ret);

/* --- who it is: at pkt4_receive, pkt6_receive and behind them --------------------------------- */

bool usher_registered(const struct usher_packet *p);
/* What the client was looked up by: "HW_ADDR", "DUID" and so on. NOT_FOUND: it shows nothing. */
int usher_identity(const struct usher_packet *p, const char **ret_type, const uint8_t **ret,
	size_t *ret_len);
/* An attribute of the registered user; not NUL-terminated. NOT_FOUND. */
int usher_attribute(const struct usher_packet *p, const char *name, const char **ret,
	size_t *ret_len);
/* The same of the default user, which is for clients that are not registered. */
int usher_default_attribute(const struct usher_packet *p, const char *name, const char **ret,
	size_t *ret_len);

/* --- parking --------------------------------------------------------------------------------- */

enum { USHER_ANSWER_MAX = 256 }; /* bytes of an answer */

/*
 * Holds the packet until usher_unpark(); the step becomes PARK. At pkt4_receive, subnet4_select,
 * leases4_committed, pkt4_send and their twins, in callouts placed AFTER. Returns a ticket, or 0 if
 * there is no room or it cannot be done here: the packet then goes on. `resume` (may be NULL) is
 * called at this same point when the packet goes on, as a callout with all that a callout has; no
 * callout is called again. If more than one library parks a packet it waits for all.
 */
uint64_t usher_park(struct usher_callout *c, usher_callout_fn *resume);
/*
 * Lets it go on with CONTINUE, SKIP or DROP; any thread, once. answer[len] (at most USHER_ANSWER_MAX bytes) is
 * for resume. Errors: GONE (it timed out and was dealt with as the config says), VALUE.
 */
int usher_unpark(struct usher_library *lib, uint64_t ticket, enum usher_step step,
	const void *answer, size_t len);
/* In resume: what usher_unpark() was given; NULL if the time was up. */
const void *usher_answer(const struct usher_callout *c, size_t *ret_len);

/* --- the hook points; a library defines those that it wants ----------------------------------- */

#ifndef USHER_HOOKS_HOST
usher_callout_fn buffer4_receive, pkt4_receive, subnet4_select, lease4_select, lease4_renew,
	lease4_release, lease4_decline, leases4_committed, pkt4_send, buffer4_send, lease4_expire,
	lease4_recover;
usher_callout_fn buffer6_receive, pkt6_receive, subnet6_select, lease6_select, lease6_renew,
	lease6_rebind, lease6_release, lease6_decline, leases6_committed, pkt6_send, buffer6_send,
	lease6_expire, lease6_recover;
#endif

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif
