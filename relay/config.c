/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides how a config file becomes a struct config: the text a tree, the members of the tree the
 * rows of the table of keys, and what is left out the default of its row, read like anything else.
 * What the file says is looked at in its own order, so that the first error told is the first in
 * the file.
 */
#include "relay/config.h"

#include "registry/denied.h"
#include "registry/siphash.h"
#include "relay/config_key.h"
#include "relay/hook.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEYS_MAX = 96 };

struct reading {
	struct config_reader r;
	bool seen[KEYS_MAX];
};

static const struct config_key *key_of(const char *path)
{
	size_t count;
	const struct config_key *keys = config_keys(&count);

	for (size_t i = 0; i < count; i++)
		if (strcmp(keys[i].path, path) == 0)
			return &keys[i];
	return NULL;
}

/* Whether the path is an object of the config's: some key begins with it and a dot. */
static bool is_group(const char *path)
{
	size_t count, len = strlen(path);
	const struct config_key *keys = config_keys(&count);

	for (size_t i = 0; i < count; i++)
		if (strncmp(keys[i].path, path, len) == 0 && keys[i].path[len] == '.')
			return true;
	return false;
}

/* The error of a key that is none, with the keys of its own object to choose from. */
static enum rule_err unknown(struct reading *rd, const struct node *n, const char *group)
{
	const char *known[KEYS_MAX];
	char groups[KEYS_MAX][32];
	size_t count, found = 0, len = strlen(group);
	const struct config_key *keys = config_keys(&count);

	for (size_t i = 0; i < count; i++) {
		const char *rest = keys[i].path;

		if (len > 0) {
			if (strncmp(rest, group, len) != 0 || rest[len] != '.')
				continue;
			rest += len + 1;
		}
		snprintf(groups[found], sizeof(groups[0]), "%.*s", (int)strcspn(rest, "."), rest);
		known[found] = groups[found];
		found++;
	}
	return node_unknown(n, rd->r.err, known, found, sizeof(known[0]));
}

static enum rule_err read_object(struct reading *rd, const struct node *object, const char *group)
{
	size_t count;
	const struct config_key *keys = config_keys(&count), *k;
	enum rule_err e = node_object(object, rd->r.err);

	for (const struct node *n = object->first; e == RULE_OK && n != NULL; n = n->next) {
		char path[RULE_PATH_MAX];

		snprintf(path, sizeof(path), "%s%s%s", group, *group ? "." : "", n->key);
		/* a dot in the file is no way into a group */
		k = strchr(n->key, '.') == NULL ? key_of(path) : NULL;
		if (k != NULL) {
			rd->seen[k - keys] = true;
			e = k->type->parse(&rd->r, k, n);
		} else if (strchr(n->key, '.') == NULL && is_group(path)) {
			e = read_object(rd, n, path);
		} else {
			e = unknown(rd, n, group);
		}
	}
	return e;
}

static bool is_blank(const char *text)
{
	return text == NULL || text[0] == '\0';
}

/* Where the users are: in a file or in a database, and what the one or the other needs. */
static enum rule_err check_place(struct reading *rd, const struct node *root)
{
	const struct node *registry = node_get(root, "registry"), *mysql = NULL;
	struct config_mysql *m = &rd->r.config->registry.mysql;
	struct rule_error *err = rd->r.err;

	if (registry != NULL)
		mysql = node_get(registry, "mysql");
	m->used = mysql != NULL;
	if (!m->used)
		return RULE_OK;
	if (node_get(registry, "file") != NULL)
		return node_fail(mysql, err, RULE_E_CONFLICT,
			"excludes registry.file: a registry is in a database or in a file");
	if (is_blank(m->database))
		return node_fail(mysql, err, RULE_E_MISSING,
			"expected database, the name of the database that holds the users");
	if (is_blank(m->socket) && is_blank(m->host))
		return node_fail(mysql, err, RULE_E_MISSING, "expected a host or a socket");
	if (!is_blank(m->password_file) && !is_blank(m->password_env))
		return node_fail(mysql, err, RULE_E_CONFLICT,
			"expected password_file or password_env, not both");
	if (m->mode == REGISTRY_ON_DEMAND && rd->r.config->libraries.count > 0)
		return node_fail(node_get(mysql, "mode"), err, RULE_E_CONFLICT,
			"excludes hooks_libraries: expected \"full\", or no libraries");
	return RULE_OK;
}

/* One file with both formats in it could be read by nobody. */
static enum rule_err check_outcome(struct reading *rd, const struct node *root)
{
	const struct config *c = rd->r.config;
	const struct node *outcome = node_get(root, "outcome");

	if (is_blank(c->outcome.json_file))
		return RULE_OK;
	if (c->outcome.format == OUTCOME_JSON)
		return node_fail(node_get(outcome, "json_file"), rd->r.err, RULE_E_CONFLICT,
			"with \"format\": \"json\" outcome.file has the same in it: leave one out");
	if (strcmp(c->outcome.file, c->outcome.json_file) == 0)
		return node_fail(node_get(outcome, "json_file"), rd->r.err, RULE_E_CONFLICT,
			"expected another file than outcome.file");
	return RULE_OK;
}

/* Whether what is said to the database can be read, and its answers made up, by others. */
static bool is_exposed(const struct config_mysql *m)
{
	const char *host = m->host;

	if (!m->used || !is_blank(m->socket) || !is_blank(m->tls_ca) || host == NULL)
		return false;
	return host[0] != '\0' && strcmp(host, "localhost") != 0 &&
		strncmp(host, "127.", 4) != 0 && strcmp(host, "::1") != 0;
}

static enum rule_err read_defaults(struct reading *rd)
{
	size_t count;
	const struct config_key *keys = config_keys(&count);
	struct arena *arena = policy_arena(rd->r.builder);
	enum rule_err e = RULE_OK;

	for (size_t i = 0; e == RULE_OK && i < count; i++) {
		const struct node *n;

		if (rd->seen[i])
			continue;
		n = node_parse(arena, keys[i].fallback, strlen(keys[i].fallback), rd->r.err);
		e = n == NULL ? rd->r.err->code : keys[i].type->parse(&rd->r, &keys[i], n);
	}
	return e;
}

/*
 * A key for the digest of identities where the config gives none: the same wherever the enterprise
 * number is the same, so that a second usher reads what the first one wrote.
 */
static void derive_key(struct treatment *t)
{
	static const uint8_t base[16] = "usher state key";
	uint8_t data[5];
	uint64_t half;

	if (!bytes_zero(t->digest_key, sizeof(t->digest_key)))
		return;
	be32_put(data, t->enterprise);
	for (uint8_t i = 0; i < 2; i++) {
		data[4] = i;
		half = htobe64(siphash13(base, data, sizeof(data)));
		memcpy(t->digest_key + sizeof(half) * i, &half, sizeof(half));
	}
}

static bool listed(const struct names *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->all[i], name) == 0)
			return true;
	return false;
}

/* What is allowed but probably not meant. False without memory. */
static bool warn(struct reading *rd, const struct node *root)
{
	const struct config *c = rd->r.config;
	const struct node *subnets = node_get(root, "subnets");

	if ((subnets == NULL || subnets->first == NULL) &&
		!policy_warn(rd->r.builder, subnets != NULL ? subnets : root,
			"no subnets are given, so no client is steered or restricted"))
		return false;
	if (is_exposed(&c->registry.mysql) &&
		!policy_warn(rd->r.builder, node_get(node_get(root, "registry"), "mysql"),
			"without tls_ca whoever is on the way to \"%s\" can read and change the "
			"registry", c->registry.mysql.host))
		return false;
	for (size_t i = 0; i < c->server_interfaces.count; i++) {
		const char *name = c->server_interfaces.all[i];

		if (listed(&c->client_interfaces, name) &&
			!policy_warn(rd->r.builder, node_get(root, "server_interfaces"),
				"\"%s\" is one of client_interfaces too, and is taken for that", name))
			return false;
	}
	return true;
}

static void tell(struct config_error *err, const char *path, const struct rule_error *e)
{
	if (e->code == RULE_E_MEMORY) {
		err->fault = CONFIG_NO_MEMORY;
		snprintf(err->text, sizeof(err->text), "%s: out of memory", path);
		return;
	}
	err->fault = CONFIG_BAD;
	snprintf(err->text, sizeof(err->text), "%s:%u: %s%s%s", path, e->line, e->path,
		e->path[0] != '\0' ? ": " : "", e->text);
}

static bool read_config(
	struct reading *rd, const char *path, const char *text, size_t len)
{
	struct arena *arena = policy_arena(rd->r.builder);
	const struct node *root = node_parse(arena, text, len, rd->r.err);

	rd->r.config->path = arena_copy(arena, path, strlen(path));
	if (root == NULL || read_object(rd, root, "") != RULE_OK || read_defaults(rd) != RULE_OK ||
		check_place(rd, root) != RULE_OK || check_outcome(rd, root) != RULE_OK ||
		config_check_mode(&rd->r, root) != RULE_OK)
		return false;
	derive_key(policy_treatment(rd->r.builder));
	if (rd->r.config->path == NULL || !warn(rd, root)) {
		rd->r.err->code = RULE_E_MEMORY;
		return false;
	}
	return true;
}

struct config *config_parse(
	const char *path, const char *text, size_t len, struct config_error *err)
{
	struct rule_error e = { .code = RULE_E_MEMORY };
	struct reading rd = { .r.err = &e };
	struct config *c = calloc(1, sizeof(*c));

	rd.r.config = c;
	rd.r.builder = policy_begin();
	if (c == NULL || rd.r.builder == NULL || !read_config(&rd, path, text, len)) {
		policy_abandon(rd.r.builder);
	} else {
		c->policy = policy_finish(rd.r.builder, &e);
		if (c->policy != NULL) {
			c->warnings = c->policy->warnings;
			return c;
		}
	}
	tell(err, path, &e);
	free(c);
	return NULL;
}

static char *unreadable(struct config_error *err, const char *path, const char *why)
{
	err->fault = CONFIG_UNREADABLE;
	snprintf(err->text, sizeof(err->text), "%s: %s", path, why);
	return NULL;
}

/* The whole of fd, which may be a pipe; NULL with *err. */
static char *read_all(int fd, const char *path, size_t *ret_len, struct config_error *err)
{
	size_t len = 0, cap = 65536;
	char *text = malloc(cap), *more;
	ssize_t n = 1;

	while (text != NULL && n > 0 && len <= CONFIG_MAX) {
		n = read(fd, text + len, cap - len);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n > 0)
			len += (size_t)n;
		if (len < cap)
			continue;
		cap *= 2;
		more = realloc(text, cap);
		if (more == NULL)
			free(text);
		text = more;
	}
	*ret_len = len;
	if (text != NULL && n == 0)
		return text;
	unreadable(err, path, text == NULL ? "out of memory" :
		n < 0 ? strerror(errno) : "larger than a config can be");
	if (text == NULL)
		err->fault = CONFIG_NO_MEMORY;
	free(text);
	return NULL;
}

/* Puts a warning before the others. Without memory it is not said. */
static void warn_first(struct config *c, const char *text)
{
	struct rule_warning *w = arena_alloc(&c->policy->arena, sizeof(*w));

	if (w == NULL)
		return;
	snprintf(w->text, sizeof(w->text), "%s", text);
	w->next = c->warnings;
	c->warnings = w;
}

struct config *config_load(const char *path, struct config_error *err)
{
	bool exposed;
	int fd = config_read_fd(path, &exposed, err);
	struct config *c = NULL;

	if (fd >= 0)
		c = config_from_fd(fd, path, exposed, err);
	if (fd >= 0)
		close(fd);
	return c;
}

/* A memory file of text[0..len) that nobody can change any more; -1 with errno. */
static int seal_text(const char *text, size_t len)
{
	int fd = memfd_create("usher-config", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd >= 0 && (write(fd, text, len) != (ssize_t)len || fcntl(fd, F_ADD_SEALS,
		F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)) {
		int saved = errno;

		close(fd);
		errno = saved;
		fd = -1;
	}
	return fd;
}

int config_read_fd(const char *path, bool *ret_exposed, struct config_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), sealed = -1;
	struct stat st;
	char *text, why[512];
	size_t len;

	if (fd < 0 || fstat(fd, &st) < 0) {
		unreadable(err, path, denied_text(errno, path, false, why, sizeof(why)));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	text = read_all(fd, path, &len, err);
	close(fd);
	if (text == NULL)
		return -1;
	sealed = seal_text(text, len);
	if (sealed < 0)
		unreadable(err, path, strerror(errno));
	free(text);
	*ret_exposed = S_ISREG(st.st_mode) && (st.st_mode & (S_IWGRP | S_IWOTH)) != 0;
	return sealed;
}

/* Mapped and not read: several processes may parse one file, and share its offset. */
struct config *config_from_fd(
	int fd, const char *path, bool exposed, struct config_error *err)
{
	struct stat st = { 0 };
	void *text = fstat(fd, &st) == 0 && st.st_size > 0 ?
		mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;
	struct config *c;

	if (text == MAP_FAILED) {
		unreadable(err, path, strerror(errno));
		return NULL;
	}
	c = config_parse(path, text != NULL ? text : "", (size_t)st.st_size, err);
	if (text != NULL)
		munmap(text, (size_t)st.st_size);
	if (c != NULL && exposed)
		warn_first(c,
			"group or others may write to the config: take that away with chmod go-w");
	return c;
}

struct config *config_free(struct config *c)
{
	if (c != NULL) {
		hooks_free(c->hooks);
		policy_free(c->policy);
		free(c);
	}
	return NULL;
}

const struct config_mysql *config_on_demand(const struct config *c)
{
	const struct config_mysql *m = &c->registry.mysql;

	return m->used && m->mode == REGISTRY_ON_DEMAND ? m : NULL;
}
