/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides capabilities (libcap-ng) and in which order a process gives things up. Without the
 * libraries, or where the kernel has not been built with it, a part is missing, and told so. Files:
 * sandbox_files.c; system calls: sandbox_calls.c.
 */
#include "relay/sandbox_parts.h"

#include <grp.h>
#include <linux/capability.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef HAVE_CAP_NG
#include <cap-ng.h>
#endif

bool sandbox_become(uid_t uid, gid_t gid)
{
	return setgroups(0, NULL) == 0 && setresgid(gid, gid, gid) == 0 &&
		setresuid(uid, uid, uid) == 0;
}

#ifdef HAVE_CAP_NG
bool sandbox_drop_capabilities(unsigned long long keep)
{
	bool bounded = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP) == 1;

	capng_clear(CAPNG_SELECT_ALL);
	for (unsigned c = 0; c <= CAP_LAST_CAP; c++)
		if ((keep >> c & 1) != 0)
			capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED |
				CAPNG_BOUNDING_SET, c);
	if (bounded)
		capng_apply(CAPNG_SELECT_BOUNDS);
	return capng_apply(CAPNG_SELECT_CAPS) == 0;
}
#else
bool sandbox_drop_capabilities(unsigned long long keep)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2] = {
		{ (uint32_t)keep, (uint32_t)keep, 0 },
		{ (uint32_t)(keep >> 32), (uint32_t)(keep >> 32), 0 },
	};

	return syscall(SYS_capset, &head, data) == 0;
}
#endif

/* As far as we have them: a capability cannot be gained. */
static unsigned long long permitted(void)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2] = { { 0 } };

	if (syscall(SYS_capget, &head, data) != 0)
		return 0;
	return data[0].permitted | (unsigned long long)data[1].permitted << 32;
}

static void limit(int resource, rlim_t most)
{
	struct rlimit l = { most, most };

	setrlimit((unsigned)resource, &l);
}

static void note(char *missing, size_t cap, const char *what)
{
	size_t n = strlen(missing);

	snprintf(missing + n, cap - n, "%s%s", n > 0 ? ", " : "", what);
}

/* The capabilities that each keeps, as far as it has them. */
static const unsigned long long kept[] = {
	[SANDBOX_WORKER] = 0, [SANDBOX_HOST] = 0, [SANDBOX_LOADER] = 0,
	[SANDBOX_KEEPER] = 1ULL << CAP_NET_ADMIN,
	[SANDBOX_SPAWNER] = 1ULL << CAP_SETUID | 1ULL << CAP_SETGID | 1ULL << CAP_KILL |
		1ULL << CAP_SETPCAP,
};

static bool drop(enum sandbox_of who)
{
	unsigned long long keep = permitted() & kept[who];

	return sandbox_drop_capabilities(keep) && permitted() == keep;
}

/*
 * What a taken-over process could be looked into by, or begin; but not what it hands down to those
 * it spawns.
 */
static void limit_all(enum sandbox_of who)
{
	if (who == SANDBOX_SPAWNER)
		return;
	if (who != SANDBOX_KEEPER) {
		prctl(PR_SET_DUMPABLE, 0);
		limit(RLIMIT_CORE, 0);
	}
	if (who == SANDBOX_WORKER) {
		limit(RLIMIT_NPROC, 0);
		limit(RLIMIT_NOFILE, 16);
	}
}

void sandbox_enter(
	enum sandbox_of who, const struct sandbox_files *files, char *missing, size_t cap)
{
	missing[0] = '\0';
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		note(missing, cap, "no_new_privs");
	if (!drop(who))
		note(missing, cap, "capabilities");
	limit_all(who);
	if (who != SANDBOX_SPAWNER && !sandbox_forbid_files(who, files))
		note(missing, cap, "landlock");
	if (!sandbox_forbid_calls(who))
		note(missing, cap, "seccomp");
}
