/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides that whoever asks is not who has to read: a child becomes the user usher and tries. Root
 * would see nothing wrong with a file of its own.
 */
#include "relay/surroundings.h"

#include "registry/denied.h"
#include "relay/queue_table.h"
#include "relay/selfcheck.h"

#include <errno.h>
#include <libgen.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATH_ROOM = 4096 };

struct findings {
	FILE *out;
	size_t warnings;
};

static void say(void *ctx, enum log_level level, const char *text)
{
	struct findings *f = ctx;

	fprintf(f->out, "%s: %s\n", log_level_name(level), text);
	f->warnings += level <= LEVEL_WARNING;
}

/* One that is not there yet is made by the daemon, if the directory lets it. */
static bool may_append(const char *path)
{
	char copy[PATH_ROOM];

	if (access(path, F_OK) == 0)
		return access(path, W_OK) == 0;
	if (errno != ENOENT)
		return false;
	snprintf(copy, sizeof(copy), "%s", path);
	return access(dirname(copy), W_OK | X_OK) == 0;
}

static size_t try_file(FILE *out, const char *path, bool writing)
{
	char why[512];

	if (path[0] == '\0' || (writing ? may_append(path) : access(path, R_OK) == 0))
		return 0;
	fprintf(out, "warning: %s: usher.service could not %s it: %s\n", path,
		writing ? "write" : "read", denied_text(errno, path, writing, why, sizeof(why)));
	return 1;
}

/* In the child. */
static size_t try_files(const struct config *c, FILE *out)
{
	return try_file(out, c->path, false) +
		try_file(out, c->registry.mysql.used ? c->registry.mysql.password_file :
				c->registry.file, false) +
		try_file(out, c->outcome.file, true) + try_file(out, c->outcome.json_file, true);
}

static size_t try_as(const struct passwd *pw, const struct config *c, FILE *out)
{
	size_t count;
	int status;
	pid_t pid;

	fflush(out);
	pid = fork();
	if (pid == 0) {
		if (initgroups(pw->pw_name, pw->pw_gid) != 0 || setgid(pw->pw_gid) != 0 ||
			setuid(pw->pw_uid) != 0)
			_exit(0);
		count = try_files(c, out);
		fflush(out);
		_exit((int)count);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return 0;
	return (size_t)WEXITSTATUS(status);
}

/* Not a warning: whoever checks may not have started it yet. */
static void say_who_listens(const struct config *c, struct findings *f)
{
	struct queue_row row;
	char text[128];

	for (unsigned n = c->queue_first; n <= c->queue_last; n++) {
		if (queue_table_find((uint16_t)n, &row) != -ENOENT)
			continue;
		snprintf(text, sizeof(text), "nobody listens to queue %u: usher is not running", n);
		say(f, LEVEL_INFO, text);
	}
}

size_t surroundings_check(const struct config *c, FILE *out)
{
	const struct passwd *pw = geteuid() == 0 ? getpwnam("usher") : NULL;
	struct findings f = { .out = out };
	struct ruleset rules;
	struct selfcheck s = { .config = c, .rules = &rules, .root = "", .say = say, .ctx = &f };

	ruleset_read(&rules);
	selfcheck_run(&s);
	ruleset_done(&rules);
	say_who_listens(c, &f);
	return f.warnings + (pw != NULL ? try_as(pw, c, out) : 0);
}
