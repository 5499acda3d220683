/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files hook_*.c share and nobody else sees. */
#ifndef USHER_RELAY_HOOK_PARTS_H
#define USHER_RELAY_HOOK_PARTS_H

#define USHER_HOOKS_HOST
#include "usher/hooks.h"

#include "relay/hook.h"
#include "relay/log.h"
#include "relay/park.h"

#include <net/if.h>
#include <pthread.h>
#include <stdatomic.h>

enum {
	HOOK_CONTEXT_MAX = 4096, /* bytes of one library's context */
	HOOK_DEEDS = 4096,       /* bytes of what libraries did to one packet */
	HOOK_QUERY_MAX = 2048,   /* bytes of a query that is kept for its answer */
};

/* --- hook points: hook_point.c --------------------------------------------------------------- */

enum hook_kind {
	HOOK_BUFFER_RECEIVE, HOOK_PKT_RECEIVE, HOOK_SUBNET_SELECT, HOOK_LEASE_SELECT,
	HOOK_LEASE_RENEW, HOOK_LEASE_REBIND, HOOK_LEASE_RELEASE, HOOK_LEASE_DECLINE,
	HOOK_LEASES_COMMITTED, HOOK_PKT_SEND, HOOK_BUFFER_SEND, HOOK_LEASE_EXPIRE,
	HOOK_LEASE_RECOVER,
	HOOK_KINDS
};

enum hook_arg {
	HOOK_QUERY = 1 << 0, HOOK_RESPONSE = 1 << 1, HOOK_SUBNET = 1 << 2, HOOK_SUBNETS = 1 << 3,
	HOOK_LEASE = 1 << 4, HOOK_LEASES = 1 << 5, HOOK_DELETED = 1 << 6, HOOK_FAKE = 1 << 7,
	HOOK_REMOVE = 1 << 8,
};

/* What a library may change. */
enum hook_right {
	HOOK_OPTIONS = 1, HOOK_BYTES = 2, HOOK_CHOOSE = 4, HOOK_LIMIT = 8,
};

/*
 * What a next step means: nothing, the end of the packet, or of its stages, or a pause; or that the
 * server does not hear of this lease, but answers: where there is no answer, in DHCPv4, the
 * packet's end.
 */
enum hook_meaning { MEANS_NOTHING, MEANS_DROP, MEANS_PASS, MEANS_PARK, MEANS_KEEP };

struct hook_point {
	const char *name[2];     /* DHCPv4, DHCPv6; NULL: none */
	unsigned args;           /* enum hook_arg */
	unsigned rights;         /* enum hook_right */
	uint8_t means[4];        /* enum hook_meaning, by enum usher_step */
	bool core;               /* usher itself does something there, so that BEFORE is a place */
};

const struct hook_point *hook_point(enum hook_kind kind);
/* False if there is no hook point of that name. */
bool hook_point_find(const char *name, enum hook_kind *ret, bool *ret_v6);
/* The index-th argument's name of a point; 0 behind the last. */
unsigned hook_point_arg(enum hook_kind kind, bool v6, size_t index, const char **ret_name);

/* --- libraries and sets: hook_library.c, hook_set.c ------------------------------------------- */

/* A callout, and what its point is at: usher_library is the library as it knows itself. */
struct hook_callout {
	usher_callout_fn *fn;
	struct usher_library *library;
};

struct hook_list {
	struct hook_callout *all;
	size_t count;
	_Atomic uint32_t precise; /* calls that are still timed one by one */
};

struct usher_library {
	struct hooks *hooks;
	size_t index;
	char *path, *name;       /* name: the file's, without directory and ".so" */
	void *handle;            /* of dlopen(3) */
	const struct usher_value *parameters;
	void *data;
	size_t context_size, context_at;
	usher_destroy_fn *destroy; /* of contexts; NULL */
	bool drop_on_error, loading, loaded;
	int minor;
	_Atomic uint64_t calls_failed, slow, refused, parked, late;
	struct log_site failed_site, slow_site, refused_site, late_site;
};

/* What each packet needs, of each worker. */
struct hook_park;

struct usher_callout {
	struct hook_memory *memory;
	struct usher_library *library;
	const void *answer;      /* in resume */
	size_t answer_len;
	enum hook_kind kind;
	enum usher_step step;
	bool v6, before, resuming;
	size_t lease;            /* which one "lease4" or "lease6" is */
	const struct usher_lease *gone; /* of lease_expire and lease_recover */
};

struct usher_packet {
	struct hook_memory *memory;
	struct packet *p;        /* the packet in hand, or its query */
};

struct hook_memory {
	struct hooks *hooks;
	struct packet *p;
	struct usher_callout callout;
	struct usher_packet packet;
	int64_t clock_ms;        /* CLOCK_MONOTONIC_COARSE when the batch began or it was read last */
	bool untimed;            /* callouts were called since then, several at a point */
	bool edited;             /* the packet, at this hook point, by a library */
	bool changed;            /* the packet, at any */
	bool leases_known;       /* `leases` are those that it grants */
	uint64_t leases;
	bool committed;          /* it grants a lease, at its end */
	struct usher_library *editor; /* the last who did */
	uint64_t kept;           /* a bit for each lease of a RELEASE or DECLINE that is to stay */
	size_t records, json;    /* bytes of outcome records before this packet */
	uint64_t ticket;         /* of the packet parked at this point, 0: none */
	size_t deed_len;
	uint8_t deeds[HOOK_DEEDS];
	uint8_t id[REG_ID_MAX];
	char subnet[SUBNET_NAME_MAX + 1];
	uint64_t context_begun;  /* a bit for each library */
	uint8_t *contexts;
	uint8_t *gone;           /* contexts of an exchange that ended */
	struct hook_park *park;
	/* In an answer, its query: hook_exchange.c. */
	bool query_asked, query_known;
	uint64_t query_key;
	struct usher_packet query_packet;
	struct packet query;
	char query_interface[IF_NAMESIZE];
	uint8_t query_bytes[HOOK_QUERY_MAX + REG_ID_MAX];
	size_t in_len;           /* of `in`, where queries are that a library has changed */
	uint8_t in[SLOT_OUT];
	uint8_t scratch[SLOT_OUT];
};

struct hook_leases;
struct hook_exchanges;

struct hooks {
	atomic_uint users;
	char *identity;          /* of the list of libraries: two sets with the same are the same */
	struct arena arena;      /* the parameters */
	struct usher_library *libraries;
	size_t library_count;
	struct hook_list lists[HOOK_KINDS][2][2]; /* [v6][before] */
	size_t context_bytes;    /* of all libraries together */
	uint32_t slow_ms;
	uint32_t park_packets, park_ms;
	bool park_drop;
	struct hook_memory **memory;
	size_t workers;
	bool destroys;           /* one of them has a destroy function */
	struct hook_leases *leases; /* NULL: nobody wants to hear of them */
	struct hook_exchanges *exchanges; /* NULL: no queries are kept */
};

/*
 * Opens a library and looks at its version; 0 or a negative errno with why[]. On success
 * *ret_handle is dlclose(3)'s.
 */
int hook_library_open(const char *path, bool threads, void **ret_handle, int *ret_minor,
	char why[static HOOK_WHY]);
/* A function that the library itself defines, not one that it is linked with; NULL. */
void *hook_library_symbol(void *handle, const char *name);
/* Registers callouts by name, and calls load(). */
int hook_library_start(struct usher_library *lib, char why[static HOOK_WHY]);
/* Calls unload(), if load() was called, and closes. */
void hook_library_stop(struct usher_library *lib);

/*
 * --- running them: hook_run.c ------------------------------------------------------------------
 */

/* Calls the callouts of a point for the packet in hand; what becomes of it. */
enum step hook_run(struct packet *p, enum hook_kind kind, bool before, size_t lease);
/* Calls them without a packet: expire, recover. */
void hook_run_lease(
	struct hook_memory *m, enum hook_kind kind, const struct usher_lease *lease);
/* Says that a library's edit was refused, or failed, and counts it. */
void hook_refused(struct usher_library *lib, const char *point, const char *why);

/*
 * --- edits: hook_edit.c, hook_message.c --------------------------------------------------------
 */

/* Does again what libraries did at this point before the packet was parked. */
void hook_redo(struct hook_memory *m, enum hook_kind kind, bool before);
/* A query that a library has edited becomes the query that was received. False: it cannot be. */
bool hook_commit(struct packet *p);
/* A choice of subnet or a limit of lease; notes it. USHER_OK or an error. */
int hook_choose(struct hook_memory *m, const char *subnet);
int hook_limit(struct hook_memory *m, uint32_t seconds);
/* The lease that the callout was about is to stay; notes it. False: the whole packet has to. */
bool hook_keep_lease(struct hook_memory *m);
/* Takes those leases out of the query. False: it cannot be. */
bool hook_cut_leases(struct packet *p);
/* Whether what leaves can be read again. */
bool hook_whole(const struct packet *p);
/* NULL, or what is wrong with a message of len bytes that shall stand in the place of another. */
const char *hook_check(bool v6, bool response, const uint8_t *was, size_t was_len,
	const uint8_t *now, size_t len);
/* m->scratch[len] in the place of the query; false: it cannot be. */
bool hook_replace_query(struct packet *p, size_t len);
/* Notes that it was; false without room. */
bool hook_note_message(struct hook_memory *m, size_t len);
/* The bytes of the message as they are now. */
const uint8_t *hook_message(struct packet *p, size_t *ret_len);

/*
 * --- leases: hook_lease.c, hook_leases.c -------------------------------------------------------
 */

/* The index-th lease of the packet in hand; false behind the last. */
bool hook_lease_at(const struct packet *p, size_t index, struct usher_lease *ret);
/* The leases that an answer grants: a bit for each index of hook_lease_at(), of the first 64. */
uint64_t hook_leases_in(const struct packet *p);
/* USHER_E_SIZE: the caller's struct is another one. */
int hook_lease_copy(struct usher_lease *ret, const struct usher_lease *from);

/* A table of at most `most` leases; declined ones are recovered after `probation` seconds. */
struct hook_leases *hook_leases_new(size_t most, uint32_t probation);
struct hook_leases *hook_leases_free(struct hook_leases *t);
void hook_leases_granted(struct hook_leases *t, const struct usher_lease *l);
void hook_leases_released(struct hook_leases *t, const struct usher_lease *l);
void hook_leases_declined(struct hook_leases *t, const struct usher_lease *l, int64_t now);
/*
 * Takes a lease that is due at `now`; false if there is none, and then *ret_next is when (0:
 * never).
 */
bool hook_leases_due(
	struct hook_leases *t, int64_t now, struct usher_lease *ret, int64_t *ret_next);

/* --- queries and their answers: hook_exchange.c, hook_context.c ------------------------------- */

/*
 * A table of `most` queries, fewer if they are longer than usual; *ret is NULL if no library could
 * ask for one. -1 without memory.
 */
int hook_exchanges_new(const struct hooks *h, size_t most, struct hook_exchanges **ret);
struct hook_exchanges *hook_exchanges_free(struct hook_exchanges *t);
/* Lets go of all contexts in it; before the libraries are unloaded. */
void hook_exchanges_forget(struct hook_exchanges *t);
/* A query may be kept soon: its place is far away in memory. */
void hook_exchange_expect(const struct hook_exchanges *t);
/* The query in hand has left: it is kept with its contexts, if it is one that gets an answer. */
void hook_exchange_keep(struct hook_memory *m);
/* The query of the answer in hand, in m->query, and its contexts; false if it is not known. */
bool hook_exchange_find(struct hook_memory *m);
/* The answer has come to its end: its contexts go back to the query, for the next one. */
void hook_exchange_return(struct hook_memory *m);
/*
 * Lets go of contexts whose query is too old, where a library wants to know; nanoseconds since the
 * epoch. Returns when the next one will be, 0: not before a packet.
 */
int64_t hook_exchanges_age(struct hook_memory *m, int64_t now_ns);

/* Calls the destroy functions for those that were begun. */
void hook_contexts_destroy(const struct hooks *h, uint8_t *contexts, uint64_t begun);
/* The same for those of the packet in hand that nobody has taken over. */
void hook_contexts_end(struct hook_memory *m);

/*
 * --- parking: hook_park.c ----------------------------------------------------------------------
 */

struct hook_park *hook_park_new(struct hooks *h, size_t worker);
struct hook_park *hook_park_free(struct hook_park *park);
/* Lets go of the contexts of what is still parked; before the libraries are unloaded. */
void hook_park_forget(struct hook_park *park);
/* Takes up what a packet was parked with; false if it is not known any more. */
bool hook_park_resume(struct hook_memory *m, uint64_t ticket);
/* At the point where it was parked: calls the resume functions. True if this is that point. */
bool hook_park_arrived(struct hook_memory *m, enum hook_kind kind, enum usher_step *ret);
/* After the callouts of a point: keeps what belongs to the packet, or lets it go. */
enum step hook_park_finish(struct hook_memory *m, bool park);

/*
 * --- parameters: hook_value.c ------------------------------------------------------------------
 */

const struct usher_value *hook_value_of(const struct node *n);

#endif
