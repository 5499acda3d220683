/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides Landlock: landlock(7). Rights are of folders and not of files, because configs are edited
 * and logs are rotated by renaming; a folder is known by itself and not by its path, so one that is
 * put in its place later is not meant.
 */
#include "relay/sandbox_parts.h"

#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#if __has_include(<linux/landlock.h>)
#include <linux/landlock.h>

enum { ABI_REFER = 2, ABI_TRUNCATE = 3 };

static const uint64_t read_rights = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |
	LANDLOCK_ACCESS_FS_EXECUTE;
static const uint64_t truncate_right = 1ULL << 14;
#ifdef SANITIZED
/* The search for leaks at the end lists the threads. */
static const uint64_t proc_rights = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
#else
static const uint64_t proc_rights = LANDLOCK_ACCESS_FS_READ_FILE;
#endif

/* What there is to handle, by version of the interface. */
static uint64_t all_rights(int abi)
{
	uint64_t rights = LANDLOCK_ACCESS_FS_MAKE_SYM * 2 - 1;

	if (abi >= ABI_REFER)
		rights |= 1ULL << 13;
	if (abi >= ABI_TRUNCATE)
		rights |= truncate_right;
	return rights;
}

/* A folder that is not there, or not to be found by us, is none that we need rights in. */
static bool allow(int ruleset, const char *folder, uint64_t rights)
{
	struct landlock_path_beneath_attr attr = { .allowed_access = rights };
	bool done;

	attr.parent_fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (attr.parent_fd < 0)
		return true;
	done = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &attr, 0) == 0;
	close(attr.parent_fd);
	return done;
}

/*
 * The folder of the file; as long as it is still to be made the one that it will be in, with the
 * rights to make it.
 */
static bool allow_around(int ruleset, const char *file, uint64_t rights, uint64_t rights_above)
{
	char copy[PATH_MAX];
	const char *folder = copy;

	if (file[0] == '\0')
		return true;
	snprintf(copy, sizeof(copy), "%s", file);
	folder = dirname(copy);
	while (rights_above != 0 && access(folder, F_OK) != 0) {
		rights |= rights_above;
		folder = dirname(copy);
		if (strcmp(folder, "/") == 0)
			return true;     /* that would be all there is */
	}
	return allow(ruleset, folder, rights);
}

/* A config may be a symbolic link to one elsewhere. */
static bool allow_config(int ruleset, const char *path)
{
	char real[PATH_MAX];

	return allow_around(ruleset, path, LANDLOCK_ACCESS_FS_READ_FILE, 0) &&
		(realpath(path, real) == NULL ||
			allow_around(ruleset, real, LANDLOCK_ACCESS_FS_READ_FILE, 0));
}

static bool allow_files(int ruleset, const struct sandbox_files *f, uint64_t handled)
{
	const uint64_t append = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG |
		(truncate_right & handled);
	const uint64_t listen = LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_REMOVE_FILE;
	bool done = allow(ruleset, "/proc", proc_rights) &&
		allow_config(ruleset, f->config) &&
		allow_around(ruleset, f->control, listen, LANDLOCK_ACCESS_FS_MAKE_DIR);

	for (size_t i = 0; done && i < SANDBOX_LOGS; i++)
		done = f->logs[i] == NULL || allow_around(ruleset, f->logs[i], append, 0);
	return done && (f->quarantine[0] == '\0' || allow(ruleset, f->quarantine, append));
}

bool sandbox_forbid_files(enum sandbox_of who, const struct sandbox_files *files)
{
	struct landlock_ruleset_attr attr = { 0 };
	int abi, fd;
	bool done;

	abi = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	if (abi < 1)
		return false;
	attr.handled_access_fs = all_rights(abi) & ~(who == SANDBOX_LOADER ? read_rights : 0);
	fd = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr.handled_access_fs), 0);
	if (fd < 0)
		return false;
	done = (who != SANDBOX_KEEPER || allow_files(fd, files, attr.handled_access_fs)) &&
		syscall(SYS_landlock_restrict_self, fd, 0) == 0;
	close(fd);
	return done;
}
#else
bool sandbox_forbid_files(enum sandbox_of who, const struct sandbox_files *files)
{
	(void)who;
	(void)files;
	return false;
}
#endif
