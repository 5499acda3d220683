/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The config: one JSON file with comments, read once, checked as a whole, never changed. Every key
 * is a row of one table (config_key.c); docs/usher.json.5 describes them all.
 */
#ifndef USHER_RELAY_CONFIG_H
#define USHER_RELAY_CONFIG_H

#include "relay/log.h"
#include "relay/quarantine.h"
#include "relay/spawner.h"
#include "rules/policy.h"
#include "rules/writer.h"

#define CONFIG_PATH "/etc/usher/usher.json"

enum {
	CONFIG_MAX = 16 * 1024 * 1024,  /* bytes of a config file */
	CONFIG_QUEUES = 64,             /* queues, and so workers */
};

enum config_mode { MODE_INLINE, MODE_RELAY };
enum bad_lines { LINES_REJECT, LINES_SKIP };
/* What to do at a start when the database has no registry for us: wait for it, or begin without. */
enum unavailable { UNAVAILABLE_WAIT, UNAVAILABLE_RESTRICT, UNAVAILABLE_PASS };
/* Whether all users are in memory, or those that somebody has asked for. */
enum registry_mode { REGISTRY_FULL, REGISTRY_ON_DEMAND };
enum outcome_format { OUTCOME_USER_CHK, OUTCOME_JSON };

/* A list of names that ends with NULL. */
struct names {
	const char **all;
	size_t count;
};

/* Where the registry is when it is in a database: docs/mysql.md. */
struct config_mysql {
	bool used;
	const char *host, *socket;   /* socket "": by TCP */
	uint16_t port;
	const char *database, *user, *table;
	const char *password_file, *password_env, *tls_ca; /* "": none */
	uint32_t poll_ms, connect_timeout_ms, read_timeout_ms;
	enum unavailable on_unavailable;
	enum registry_mode mode;
	uint32_t lookup_timeout_ms;  /* on demand, as all that follow */
	uint32_t cache_users, cache_users_s, cache_strangers, cache_strangers_s;
};

/* A hook library to be loaded: usher-hooks(3). */
struct config_library {
	const char *path;
	const char *parameters;      /* as JSON: an object, or null */
	const struct node *values;   /* the same as read; NULL: none */
	bool drop_on_error;
};

struct hooks;

struct config {
	const char *path;            /* of the config itself */
	enum config_mode mode;
	enum server_kind server;     /* what "hint" goes by unless it is given */
	uint16_t queue_first, queue_last;
	bool fail_open;
	struct {
		const char *file;    /* not used if mysql is */
		struct config_mysql mysql;
		enum bad_lines bad_lines;
		uint32_t refresh_wait_ms;
	} registry;
	struct {
		const char *file;    /* "": no records are written */
		const char *json_file; /* "": no JSON beside them */
		enum outcome_format format;
		bool offers;
		uint32_t wait_ms;
	} outcome;
	struct names client_interfaces, server_interfaces;
	const char *control;         /* "": no control socket */
	const char *control_owner, *control_group; /* names or numbers, "": who runs usher */
	uint32_t control_mode;
	bool pin;                    /* each worker stays on a CPU of its own */
	uint32_t batch;              /* slots, 1..BATCH_MAX */
	uint32_t queue_length;       /* packets */
	uint32_t receive_buffer;     /* bytes */
	uint32_t mark, mark_mask;    /* of packets sent on; mask 0: left alone */
	enum sandbox_mode sandbox;   /* how workers and loader are shut in; off: no processes */
	uint32_t deadline_ms;        /* after that a worker is taken to hang */
	struct quarantine quarantine;
	enum log_level log_level;
	struct {
		struct config_library *all;
		size_t count;
	} libraries;
	uint32_t hook_slow_ms;       /* a callout that takes longer is told of */
	struct {
		uint32_t packets, timeout_ms; /* held at a time by each worker */
		bool drop;           /* what is not decided on in time */
	} park;
	struct {
		uint32_t most;
		uint32_t probation;  /* seconds */
	} hook_leases;
	uint32_t hook_exchanges;     /* queries kept for libraries until their answers have come */
	struct hooks *hooks;         /* NULL, or loaded by whoever runs them: relay/hook.h */
	const struct rule_warning *warnings; /* what is allowed but probably not meant; or NULL */
	struct policy *policy;       /* holds the memory of everything here */
};

/* Why a config was not loaded. */
enum config_fault {
	CONFIG_BAD,                  /* what it says: text is "file:line: path: reason" */
	CONFIG_UNREADABLE,           /* the file: text is "file: reason" */
	CONFIG_NO_MEMORY,
};

struct config_error {
	enum config_fault fault;
	char text[1024];             /* one line, lower case, no full stop */
};

/*
 * Reads the config file. NULL with *err; the first error ends it. A file that group or others may
 * write to gives a warning. Free with config_free().
 */
struct config *config_load(const char *path, struct config_error *err);
/*
 * Reads the file into a sealed memory file, for other processes to parse; *ret_exposed: group or
 * others may write to the file. -1 with *err.
 */
int config_read_fd(const char *path, bool *ret_exposed, struct config_error *err);
/* Parses such a one, which stays the caller's. */
struct config *config_from_fd(
	int fd, const char *path, bool exposed, struct config_error *err);
/* The same from text[0..len); path is what errors call it. */
struct config *config_parse(
	const char *path, const char *text, size_t len, struct config_error *err);

/*
 * Writes the config as understood: every key, those that were left out with their default, and the
 * compiled subnets and rules. Read again it makes the same config.
 */
void config_print(const struct config *c, writer_fn *fn, void *ctx);

/* Where users are asked for one by one, or NULL: all of them are in memory. */
const struct config_mysql *config_on_demand(const struct config *c);

/* NULL is allowed; returns NULL. The policy goes with it. */
struct config *config_free(struct config *c);

#endif
