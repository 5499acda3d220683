/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides the order in which it must be done: groups before the user, who has no right to change
 * them; then the capabilities, which a user other than root may still hold (capabilities(7)).
 */
#include "relay/privileges.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { NOBODY = 65534 };

static int become_nobody(const gid_t *groups, size_t count)
{
	const struct passwd *pw = getpwnam("nobody");
	uid_t uid = pw != NULL ? pw->pw_uid : NOBODY;
	gid_t gid = pw != NULL ? pw->pw_gid : NOBODY;

	if (setgroups(count, groups) != 0 || setresgid(gid, gid, gid) != 0 ||
		setresuid(uid, uid, uid) != 0)
		return -errno;
	return 0;
}

/*
 * A sandbox may forbid capset() to whoever has nothing to give away, so what counts is what is
 * left.
 */
static int drop_capabilities(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = { { .effective = 0 } };

	syscall(SYS_capset, &head, sets);
	if (syscall(SYS_capget, &head, sets) != 0)
		return -errno;
	for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		if ((sets[i].effective | sets[i].permitted | sets[i].inheritable) != 0)
			return -EPERM;
	return 0;
}

int privileges_drop(const gid_t *groups, size_t count)
{
	int err = geteuid() == 0 ? become_nobody(groups, count) : 0;

	if (err == 0)
		err = drop_capabilities();
	if (err == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		err = -errno;
	return err;
}
