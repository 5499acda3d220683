/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides seccomp (libseccomp). The lists were taken from strace of the tests. A worker that does
 * what is not on its list has been taken over, and is killed: there is another. Of the others a
 * call that was forgotten only fails: the keeper's end would be everybody's, the loader runs other
 * people's code, and whom the spawner spawns inherits its list.
 */
#include "relay/sandbox_parts.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/sockios.h>
#include <sched.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#ifdef HAVE_SECCOMP
#include <seccomp.h>
#endif

#if defined(HAVE_SECCOMP) && !defined(SANITIZED)

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define CALL(name) SCMP_SYS(name)

static const int worker_calls[] = {
	CALL(recvmsg), CALL(sendmsg),                    /* batches */
	CALL(munmap), CALL(close), CALL(brk),            /* channels and registries come and go */
	CALL(fstat), CALL(newfstatat), CALL(fcntl),
	CALL(poll), CALL(write),                         /* the log */
	CALL(clock_gettime), CALL(futex), CALL(sched_setaffinity), CALL(sched_yield),
	CALL(rt_sigreturn), CALL(restart_syscall), CALL(exit_group),
};

/* What everybody but a worker may do besides: wait, and look at itself. */
static const int common_calls[] = {
	CALL(read), CALL(readv), CALL(writev), CALL(pread64), CALL(lseek), CALL(dup), CALL(ppoll),
	CALL(select), CALL(pselect6), CALL(epoll_create1), CALL(epoll_ctl), CALL(epoll_wait),
	CALL(epoll_pwait), CALL(eventfd2), CALL(timerfd_create), CALL(timerfd_settime),
	CALL(timerfd_gettime), CALL(nanosleep), CALL(clock_nanosleep), CALL(clock_getres),
	CALL(gettimeofday), CALL(time), CALL(times), CALL(getrusage), CALL(uname), CALL(sysinfo),
	CALL(getpid), CALL(gettid), CALL(getuid), CALL(geteuid), CALL(getgid), CALL(getegid),
	CALL(getrandom), CALL(madvise), CALL(mremap), CALL(set_robust_list), CALL(rseq), CALL(exit),
	CALL(sched_getaffinity), CALL(rt_sigprocmask), CALL(rt_sigaction),
	CALL(sigaltstack), CALL(membarrier),
};

/* Talking over sockets that there are; which may be made is said below. */
static const int socket_calls[] = {
	CALL(connect), CALL(accept4), CALL(shutdown), CALL(sendto), CALL(recvfrom), CALL(sendmmsg),
	CALL(recvmmsg), CALL(getsockopt), CALL(setsockopt), CALL(getsockname), CALL(getpeername),
};

/*
 * What a hook library may do besides, and the threads that it has begun. Not open a file, nor run a
 * program, nor have a netlink or packet socket.
 */
static const int host_calls[] = {
	CALL(pwrite64), CALL(fsync), CALL(fdatasync), CALL(pipe2), CALL(tgkill),
};

/*
 * Which files these are is Landlock's to say. Memory is made for registries and channels, to be
 * sealed.
 */
static const int keeper_calls[] = {
	CALL(open), CALL(openat), CALL(stat), CALL(lstat), CALL(access), CALL(faccessat), CALL(faccessat2),
	CALL(mkdir), CALL(mkdirat), CALL(unlink), CALL(unlinkat), CALL(chmod), CALL(fchmod),
	CALL(fchmodat), CALL(chown), CALL(lchown), CALL(fchownat), CALL(ftruncate), CALL(memfd_create),
	CALL(socketpair), CALL(bind), CALL(listen), CALL(wait4), CALL(waitid),
};

/*
 * Reading, of any file; watching it; a client of a database; and whatever a library takes to be
 * loaded.
 */
static const int loader_calls[] = {
	CALL(open), CALL(openat), CALL(stat), CALL(lstat), CALL(statx), CALL(statfs), CALL(fstatfs),
	CALL(access), CALL(faccessat), CALL(faccessat2), CALL(readlink), CALL(readlinkat), CALL(getcwd),
	CALL(getdents64), CALL(fadvise64), CALL(inotify_init1), CALL(inotify_add_watch),
	CALL(inotify_rm_watch), CALL(memfd_create), CALL(ftruncate), CALL(mmap), CALL(mprotect),
	CALL(mincore), CALL(bind), CALL(prlimit64), CALL(getrlimit), CALL(sched_getparam),
	CALL(sched_getscheduler), CALL(sched_setscheduler), CALL(sched_setattr), CALL(sched_getattr),
	CALL(getpriority), CALL(setpriority), CALL(umask),
};

/* To make processes, to change what they are, and to end them; and how a program begins. */
static const int spawner_calls[] = {
	CALL(clone), CALL(clone3), CALL(fork), CALL(vfork), CALL(execve), CALL(execveat), CALL(wait4),
	CALL(waitid), CALL(kill), CALL(dup2), CALL(dup3), CALL(close_range), CALL(setgroups),
	CALL(setresuid), CALL(setresgid), CALL(setuid), CALL(setgid), CALL(getppid), CALL(capget),
	CALL(capset), CALL(prctl), CALL(seccomp), CALL(landlock_create_ruleset), CALL(landlock_add_rule),
	CALL(landlock_restrict_self), CALL(setrlimit), CALL(arch_prctl), CALL(set_tid_address),
	CALL(signalfd4), CALL(ioctl),
};

/* Likewise, but what they map must not be code: the third argument has no PROT_EXEC. */
static const int mapping_calls[] = { CALL(mmap), CALL(mprotect) };

/*
 * What they are told they may not, since they may try. clone3(2): the C library then takes
 * clone(2).
 */
struct refusal {
	int call, err;
};

static const struct refusal host_errors[] = {
	{ CALL(clone3), ENOSYS }, { CALL(openat), EACCES }, { CALL(open), EACCES },
	{ CALL(access), EACCES }, { CALL(faccessat), EACCES }, { CALL(faccessat2), EACCES },
	{ CALL(stat), EACCES }, { CALL(lstat), EACCES }, { CALL(readlink), EACCES },
	{ CALL(unlink), EACCES }, { CALL(bind), EACCES }, { CALL(listen), EACCES },
	{ CALL(execve), EACCES }, { CALL(prctl), EPERM }, { CALL(ioctl), ENOTTY },
};

static const struct refusal thread_errors[] = { { CALL(clone3), ENOSYS } };

/*
 * Of the sockets that one may make. Of netlink there is what the kernel tells of interfaces, and no
 * more.
 */
static const int talk_families[] = { AF_UNIX, AF_INET, AF_INET6 };
static const int local_families[] = { AF_UNIX };

/* Names and indices of interfaces, what waits in inotify's descriptor. */
static const unsigned long keeper_ioctls[] = { SIOCGIFNAME, SIOCGIFINDEX, FIONREAD };
static const unsigned long loader_ioctls[] = { FIONREAD, FIONBIO, FIOCLEX, SIOCGIFNAME, SIOCGIFINDEX };

static const unsigned long itself[] = { PR_SET_NAME, PR_SET_DUMPABLE };

struct list {
	const int *calls;
	size_t count;
};

#define LIST(a) { a, COUNT(a) }

/* What a process may do is one row. */
static const struct what {
	uint32_t otherwise;
	struct list lists[6];
	bool no_code;                    /* it maps none */
	bool threads;                    /* it begins some */
	bool named;                      /* and gives them names, and shows nobody its memory */
	bool interfaces;                 /* it asks the kernel for them by netlink */
	struct list families;            /* of sockets that it may make */
	const unsigned long *ioctls;
	size_t ioctl_count;
	const struct refusal *errors;
	size_t error_count;
} whats[] = {
	[SANDBOX_WORKER] = { SCMP_ACT_KILL_PROCESS, { LIST(worker_calls) }, .no_code = true },
	[SANDBOX_HOST] = {
		SCMP_ACT_KILL_PROCESS,
		{ LIST(worker_calls), LIST(common_calls), LIST(socket_calls), LIST(host_calls) },
		.no_code = true, .threads = true, .families = LIST(talk_families),
		.errors = host_errors, .error_count = COUNT(host_errors),
	},
	[SANDBOX_KEEPER] = {
		SCMP_ACT_ERRNO(EPERM),
		{ LIST(worker_calls), LIST(common_calls), LIST(socket_calls), LIST(keeper_calls) },
		.no_code = true, .threads = true, .named = true, .interfaces = true, .families = LIST(local_families),
		.ioctls = keeper_ioctls, .ioctl_count = COUNT(keeper_ioctls),
		.errors = thread_errors, .error_count = COUNT(thread_errors),
	},
	[SANDBOX_LOADER] = {
		SCMP_ACT_ERRNO(EPERM),
		{ LIST(worker_calls), LIST(common_calls), LIST(socket_calls), LIST(host_calls),
			LIST(loader_calls) },
		.threads = true, .named = true, .interfaces = true, .families = LIST(talk_families),
		.ioctls = loader_ioctls, .ioctl_count = COUNT(loader_ioctls),
		.errors = thread_errors, .error_count = COUNT(thread_errors),
	},
	[SANDBOX_SPAWNER] = {
		SCMP_ACT_ERRNO(EPERM),
		{ LIST(worker_calls), LIST(common_calls), LIST(socket_calls), LIST(host_calls),
			LIST(loader_calls), LIST(spawner_calls) },
		.interfaces = true, .families = LIST(talk_families),
	},
};

static bool allow(scmp_filter_ctx ctx, const struct list *l)
{
	bool done = true;

	for (size_t i = 0; done && i < l->count; i++)
		done = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, l->calls[i], 0) == 0;
	return done;
}

static bool allow_memory(scmp_filter_ctx ctx, const struct what *w)
{
	bool done = true;

	for (size_t i = 0; w->no_code && done && i < COUNT(mapping_calls); i++)
		done = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, mapping_calls[i], 1,
			SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)) == 0;
	return done;
}

static bool allow_threads(scmp_filter_ctx ctx, const struct what *w)
{
	bool done = !w->threads || seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
			SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD)) == 0;

	for (size_t i = 0; w->named && done && i < COUNT(itself); i++)
		done = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1,
			SCMP_A0(SCMP_CMP_EQ, itself[i])) == 0;
	return done;
}

/* What there is above IPv6 a library may ask for without being killed. */
static bool allow_sockets(scmp_filter_ctx ctx, const struct what *w)
{
	bool done = !w->interfaces || seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2,
			SCMP_A0(SCMP_CMP_EQ, AF_NETLINK), SCMP_A2(SCMP_CMP_EQ, NETLINK_ROUTE)) == 0;

	for (size_t i = 0; done && i < w->families.count; i++)
		done = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
			SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)w->families.calls[i])) == 0;
	if (done && w->families.count > 0 && w->otherwise == SCMP_ACT_KILL_PROCESS)
		done = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1,
			SCMP_A0(SCMP_CMP_GT, AF_INET6)) == 0;
	for (size_t i = 0; done && i < w->ioctl_count; i++)
		done = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
			SCMP_A1(SCMP_CMP_EQ, w->ioctls[i])) == 0;
	return done;
}

static bool refuse(scmp_filter_ctx ctx, const struct what *w)
{
	bool done = true;

	for (size_t i = 0; done && i < w->error_count; i++)
		done = seccomp_rule_add(ctx, SCMP_ACT_ERRNO((unsigned)w->errors[i].err),
			w->errors[i].call, 0) == 0;
	return done;
}

/* Libraries may have begun threads already: the list is for these, too. */
bool sandbox_forbid_calls(enum sandbox_of who)
{
	const struct what *w = &whats[who];
	scmp_filter_ctx ctx = seccomp_init(w->otherwise);
	bool done = ctx != NULL && (who != SANDBOX_HOST ||
		seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1) == 0);

	for (size_t i = 0; done && i < COUNT(w->lists); i++)
		done = allow(ctx, &w->lists[i]);
	done = done && allow_memory(ctx, w) && allow_threads(ctx, w) && allow_sockets(ctx, w) &&
		refuse(ctx, w) && seccomp_load(ctx) == 0;
	if (ctx != NULL)
		seccomp_release(ctx);
	return done;
}
#else
bool sandbox_forbid_calls(enum sandbox_of who)
{
	(void)who;
	return false;
}
#endif
