/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides capabilities (libcap-ng), Landlock and seccomp (libseccomp). The lists of system calls were
 * taken from strace of the tests and are short because each process does so little. Without the
 * libraries their part is missing, and told so.
 */
#include "relay/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef HAVE_CAP_NG
#include <cap-ng.h>
#endif
#ifdef HAVE_SECCOMP
#include <linux/seccomp.h>
#include <seccomp.h>
#endif
#if __has_include(<linux/landlock.h>)
#include <linux/landlock.h>
#define HAVE_LANDLOCK
#endif

/* The sanitizers' own system calls are not on any list. */
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#define SANITIZED
#endif
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

void sandbox_keep_spawner_capabilities(void)
{
	sandbox_drop_capabilities(permitted() & (1ULL << CAP_SETUID | 1ULL << CAP_SETGID |
						1ULL << CAP_KILL | 1ULL << CAP_SETPCAP));
}

/* --- files ----------------------------------------------------------------------------------- */

#ifdef HAVE_LANDLOCK
/* What there is to handle, by version of the interface: landlock(7). */
static uint64_t all_rights(int abi)
{
	uint64_t rights = LANDLOCK_ACCESS_FS_MAKE_SYM * 2 - 1;

	if (abi >= 2)
		rights |= 1ULL << 13;    /* REFER */
	if (abi >= 3)
		rights |= 1ULL << 14;    /* TRUNCATE */
	return rights;
}

static bool have_landlock(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) >= 1;
}

/* No file may be opened, or with `reading` none for writing; what is open stays so. */
static bool forbid_files(bool reading)
{
	const uint64_t read_rights = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |
		LANDLOCK_ACCESS_FS_EXECUTE;
	struct landlock_ruleset_attr attr = { 0 };
	int abi, fd;
	bool done;

	abi = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	if (abi < 1)
		return false;
	attr.handled_access_fs = all_rights(abi) & ~(reading ? read_rights : 0);
	fd = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr.handled_access_fs), 0);
	if (fd < 0)
		return false;
	done = syscall(SYS_landlock_restrict_self, fd, 0) == 0;
	close(fd);
	return done;
}
#else
static bool have_landlock(void)
{
	return false;
}

static bool forbid_files(bool reading)
{
	(void)reading;
	return false;
}
#endif

/* --- system calls ---------------------------------------------------------------------------- */

#if defined(HAVE_SECCOMP) && !defined(SANITIZED)
static const int worker_calls[] = {
	SCMP_SYS(recvmsg), SCMP_SYS(sendmsg),            /* batches */
	SCMP_SYS(munmap), SCMP_SYS(close), SCMP_SYS(brk), /* channels and registries come and go */
	SCMP_SYS(fstat), SCMP_SYS(newfstatat), SCMP_SYS(fcntl),
	SCMP_SYS(poll), SCMP_SYS(write),                 /* the log */
	SCMP_SYS(clock_gettime), SCMP_SYS(futex), SCMP_SYS(sched_setaffinity),
	SCMP_SYS(rt_sigreturn), SCMP_SYS(restart_syscall), SCMP_SYS(exit_group),
};

/* Likewise, but what they map must not be code: the third argument has no PROT_EXEC. */
static const int mapping_calls[] = { SCMP_SYS(mmap), SCMP_SYS(mprotect) };

/*
 * What a hook library may do besides, and the threads that it has begun: wait, talk over sockets, begin
 * further threads. Not open a file, nor run a program, nor have a netlink or packet socket.
 */
static const int host_calls[] = {
	SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(writev), SCMP_SYS(pread64), SCMP_SYS(pwrite64),
	SCMP_SYS(lseek), SCMP_SYS(fsync), SCMP_SYS(fdatasync), SCMP_SYS(dup),
	SCMP_SYS(connect), SCMP_SYS(accept4), SCMP_SYS(shutdown), SCMP_SYS(sendto), SCMP_SYS(recvfrom),
	SCMP_SYS(sendmmsg), SCMP_SYS(recvmmsg), SCMP_SYS(getsockopt), SCMP_SYS(setsockopt),
	SCMP_SYS(getsockname), SCMP_SYS(getpeername),
	SCMP_SYS(ppoll), SCMP_SYS(select), SCMP_SYS(pselect6), SCMP_SYS(epoll_create1),
	SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(eventfd2),
	SCMP_SYS(timerfd_create), SCMP_SYS(timerfd_settime), SCMP_SYS(timerfd_gettime), SCMP_SYS(pipe2),
	SCMP_SYS(nanosleep), SCMP_SYS(clock_nanosleep), SCMP_SYS(clock_getres), SCMP_SYS(gettimeofday),
	SCMP_SYS(time), SCMP_SYS(times), SCMP_SYS(getrusage), SCMP_SYS(uname), SCMP_SYS(sysinfo),
	SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid),
	SCMP_SYS(getegid), SCMP_SYS(getrandom), SCMP_SYS(madvise), SCMP_SYS(mremap),
	SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(exit), SCMP_SYS(sched_yield),
	SCMP_SYS(sched_getaffinity), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigaction),
	SCMP_SYS(sigaltstack), SCMP_SYS(tgkill), SCMP_SYS(membarrier),
};

/* What it is told it may not, since it may try. clone3(2): the C library then takes clone(2). */
static const struct {
	int call, err;
} host_errors[] = {
	{ SCMP_SYS(clone3), ENOSYS }, { SCMP_SYS(openat), EACCES }, { SCMP_SYS(open), EACCES },
	{ SCMP_SYS(access), EACCES }, { SCMP_SYS(faccessat), EACCES }, { SCMP_SYS(faccessat2), EACCES },
	{ SCMP_SYS(stat), EACCES }, { SCMP_SYS(lstat), EACCES }, { SCMP_SYS(readlink), EACCES },
	{ SCMP_SYS(unlink), EACCES }, { SCMP_SYS(bind), EACCES }, { SCMP_SYS(listen), EACCES },
	{ SCMP_SYS(execve), EACCES }, { SCMP_SYS(prctl), EPERM }, { SCMP_SYS(ioctl), ENOTTY },
};

static const unsigned host_families[] = { AF_UNIX, AF_INET, AF_INET6 };

/* seccomp(2): "determine whether an action is supported". */
static bool have_seccomp(void)
{
	uint32_t action = SECCOMP_RET_KILL_PROCESS;

	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static bool allow(scmp_filter_ctx ctx, const int *calls, size_t count)
{
	bool done = true;

	for (size_t i = 0; done && i < count; i++)
		done = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, calls[i], 0) == 0;
	return done;
}

/* For threads that there are, too. */
static bool allow_host(scmp_filter_ctx ctx)
{
	bool done = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1) == 0 &&
		allow(ctx, host_calls, COUNT(host_calls)) &&
		seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
			SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD)) == 0 &&
		seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1,
			SCMP_A0(SCMP_CMP_GT, AF_INET6)) == 0;

	for (size_t i = 0; done && i < COUNT(host_families); i++)
		done = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
			SCMP_A0(SCMP_CMP_EQ, host_families[i])) == 0;
	for (size_t i = 0; done && i < COUNT(host_errors); i++)
		done = seccomp_rule_add(ctx, SCMP_ACT_ERRNO((unsigned)host_errors[i].err),
			host_errors[i].call, 0) == 0;
	return done;
}

static bool forbid_calls(bool host)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
	bool done = ctx != NULL && allow(ctx, worker_calls, COUNT(worker_calls)) &&
		(!host || allow_host(ctx));

	for (size_t i = 0; done && i < sizeof(mapping_calls) / sizeof(mapping_calls[0]); i++)
		done = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, mapping_calls[i], 1,
			SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)) == 0;
	done = done && seccomp_load(ctx) == 0;
	if (ctx != NULL)
		seccomp_release(ctx);
	return done;
}
#else
static bool have_seccomp(void)
{
	return false;
}

static bool forbid_calls(bool host)
{
	(void)host;
	return false;
}
#endif

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

void sandbox_describe(char *missing, size_t cap)
{
	if (!have_landlock())
		note(missing, cap, "landlock");
	if (!have_seccomp())
		note(missing, cap, "seccomp");
}

void sandbox_enter(enum sandbox_of who, char *missing, size_t cap)
{
	unsigned long long keep = who == SANDBOX_KEEPER ? permitted() & 1ULL << CAP_NET_ADMIN : 0;

	missing[0] = '\0';
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		note(missing, cap, "no_new_privs");
	if (!sandbox_drop_capabilities(keep) || permitted() != keep)
		note(missing, cap, "capabilities");
	if (who == SANDBOX_KEEPER)
		return;
	prctl(PR_SET_DUMPABLE, 0);
	limit(RLIMIT_CORE, 0);
	if (!forbid_files(who == SANDBOX_LOADER))
		note(missing, cap, "landlock");
	if (who == SANDBOX_LOADER)
		return;
	if (who == SANDBOX_WORKER) {
		limit(RLIMIT_NPROC, 0);
		limit(RLIMIT_NOFILE, 16);
	}
	if (!forbid_calls(who == SANDBOX_HOST))
		note(missing, cap, "seccomp");
}
