/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides users, groups and modes. Whoever edits a file is root, and whoever has to read it is not:
 * that is what goes wrong, and "Permission denied" alone does not say it, because root sees nothing
 * wrong. Only for errors: it looks into /etc/passwd. Links of a path above the last directory are
 * not looked at.
 */
#include "registry/denied.h"

#include <errno.h>
#include <grp.h>
#include <libgen.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_ROOM = 64, ENTRY_ROOM = 2048, PATH_ROOM = 4096 };

static const char *user_name(uid_t uid, char dst[static NAME_ROOM])
{
	struct passwd entry, *found = NULL;
	char room[ENTRY_ROOM];

	if (getpwuid_r(uid, &entry, room, sizeof(room), &found) == 0 && found != NULL)
		snprintf(dst, NAME_ROOM, "%s", found->pw_name);
	else
		snprintf(dst, NAME_ROOM, "%u", (unsigned)uid);
	return dst;
}

static const char *group_name(gid_t gid, char dst[static NAME_ROOM])
{
	struct group entry, *found = NULL;
	char room[ENTRY_ROOM];

	if (getgrgid_r(gid, &entry, room, sizeof(room), &found) == 0 && found != NULL)
		snprintf(dst, NAME_ROOM, "%s", found->gr_name);
	else
		snprintf(dst, NAME_ROOM, "%u", (unsigned)gid);
	return dst;
}

static void say_whose(const char *what, const char *path, const struct stat *st, bool writing,
	char *dst, size_t cap)
{
	char owner[NAME_ROOM], group[NAME_ROOM], self[NAME_ROOM], ours[NAME_ROOM];
	bool folder = S_ISDIR(st->st_mode);

	user_name(st->st_uid, owner);
	group_name(st->st_gid, group);
	user_name(geteuid(), self);
	group_name(getegid(), ours);
	if (writing)
		snprintf(dst, cap, "Permission denied: %s is %s:%s's, mode %04o, and this is user %s: "
			"chown %s:%s %s", what, owner, group, (unsigned)st->st_mode & 07777, self,
			self, ours, path);
	else
		snprintf(dst, cap, "Permission denied: %s is %s:%s's, mode %04o, and this is user %s: "
			"chgrp %s %s; chmod %s %s", what, owner, group, (unsigned)st->st_mode & 07777,
			self, ours, path, folder ? "g+rx" : "g+r", path);
}

const char *denied_text(int err, const char *path, bool writing, char *dst, size_t cap)
{
	char copy[PATH_ROOM];
	const char *folder;
	struct stat st;

	snprintf(copy, sizeof(copy), "%s", path);
	folder = dirname(copy);
	if (err != EACCES)
		snprintf(dst, cap, "%s", strerror(err));
	else if (geteuid() == 0)
		/*
		 * Whoever starts usher as root has seldom in mind that it gives root's rights up.
		 */
		snprintf(dst, cap, "Permission denied: usher gives up what lets root %s the files of "
			"others: chown it%s to root%s", writing ? "write" : "read",
			writing ? " and its directory" : "", writing ? "" : ", or let everybody read it");
	else if (stat(path, &st) == 0)
		say_whose("it", path, &st, writing, dst, cap);
	else if (stat(folder, &st) == 0)
		say_whose("its directory", folder, &st, writing, dst, cap);
	else
		snprintf(dst, cap,
			"Permission denied: a directory above %s is closed to this user", folder);
	return dst;
}
