/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides fork(2), exec(2) and who may do them. A spawned process is this program anew, so that it
 * has an address space of its own and none of our memory; where /proc does not lead to it, it is a
 * plain fork. It keeps no descriptor but those meant for it, every signal is blocked in it (it ends
 * when its socket does), and its user and capabilities are gone before it begins.
 */
#include "relay/spawner.h"

#include "registry/clock.h"

#include "relay/channel.h"
#include "relay/sandbox.h"
#include "relay/spawned.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILDREN = 256, HIGH_FD = 64, KILL_TRIES = 25, STOP_MS = 1000 };

enum order { ORDER_SPAWN, ORDER_KILL };

/* Daemon to spawner. With ORDER_SPAWN two descriptors come, or three. */
struct request {
	enum order order;
	enum spawner_role role;
	uint64_t token;
	pid_t pid;
};

struct child {
	pid_t pid;               /* 0: the place is free */
	enum spawner_role role;
	uint64_t token;
	bool killed;             /* we were asked to */
};

struct nest {
	pid_t daemon, pid;
	int fd, self, signals;
	enum sandbox_mode mode;
	uid_t uid;
	gid_t gid;
	struct child children[CHILDREN];
};

/* --- in the process that is to become another ------------------------------------------------ */

/* The descriptors may stand in each other's way, so all are moved out of it first. */
static bool place_descriptors(int self, const int fds[3])
{
	int high[3] = { -1, -1, -1 }, exe = -1;

	for (int i = 0; i < 3; i++)
		if (fds[i] >= 0 && (high[i] = fcntl(fds[i], F_DUPFD, HIGH_FD)) < 0)
			return false;
	if (self >= 0 && (exe = fcntl(self, F_DUPFD, HIGH_FD)) < 0)
		return false;
	for (int i = 0; i < 3; i++)
		if (high[i] >= 0 && dup2(high[i], SPAWNED_SOCKET + i) < 0)
			return false;
	if (exe >= 0 && dup3(exe, HIGH_FD - 1, O_CLOEXEC) < 0)
		return false;
	close_range(SPAWNED_SHARED + (fds[2] >= 0 ? 1 : 0), HIGH_FD - 2, 0);
	close_range(HIGH_FD, ~0U, 0);
	return true;
}

/* Only those of a fault get through: the daemon tells its processes when to end. */
static void block_signals(void)
{
	static const int faults[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS };
	sigset_t set;

	sigfillset(&set);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		sigdelset(&set, faults[i]);
	sigprocmask(SIG_SETMASK, &set, NULL);
}

/*
 * Whoever ends a process that hangs may be dead before it. To be called when the user has been
 * changed, which undoes it. False: the parent is gone already.
 */
static bool die_with_parent(pid_t parent)
{
	return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent;
}

/* The environment of a worker: where its log goes. A loader may need what holds a password. */
static char **environment(enum spawner_role role)
{
	static char *few[2];

	if (role != ROLE_WORKER)
		return environ;
	for (char **e = environ; *e != NULL; e++)
		if (strncmp(*e, "JOURNAL_STREAM=", 15) == 0)
			few[0] = *e;
	return few;
}

static void become(const struct nest *n, const struct request *r, const int fds[3])
{
	static char name[] = "usher", worker[] = SPAWNED_WORKER, loader[] = SPAWNED_LOADER;
	char *const words[] = { name, r->role == ROLE_WORKER ? worker : loader, NULL };
	bool drop = r->role == ROLE_WORKER && geteuid() == 0, strict = n->mode == SANDBOX_REQUIRE;
	bool has_self = n->self >= 0;
	uid_t uid = n->uid;
	gid_t gid = n->gid;

	block_signals();
	if (!place_descriptors(n->self, fds) || (drop && !sandbox_become(uid, gid) && strict) ||
		!die_with_parent(n->pid) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
		(!sandbox_drop_capabilities(0) && strict))
		_exit(126);
	if (has_self)
		fexecve(HIGH_FD - 1, words, environment(r->role));
	_exit(spawned_main(words[1]));
}

/* --- in the spawner -------------------------------------------------------------------------- */

static void tell(struct nest *n, enum spawner_news news, const struct child *c, int status)
{
	struct spawner_event e = { news, c->role, c->token, c->pid, status, c->killed };

	while (channel_again(channel_send(n->fd, &e, sizeof(e), NULL, 0)))
		;
}

static struct child *place_for(struct nest *n, pid_t pid)
{
	for (size_t i = 0; i < CHILDREN; i++)
		if (n->children[i].pid == pid)
			return &n->children[i];
	return NULL;
}

static void spawn(struct nest *n, const struct request *r, const int fds[3])
{
	struct child *place = place_for(n, 0);
	struct child c = { .role = r->role, .token = r->token, .pid = -1 };
	int err = EAGAIN;

	if (place != NULL) {
		c.pid = fork();
		err = errno;
	}
	if (c.pid == 0)
		become(n, r, fds);
	if (c.pid > 0)
		*place = c;
	tell(n, SPAWNER_STARTED, &c, c.pid < 0 ? err : 0);
}

/* One that has died of itself was not killed by us. */
static void kill_child(struct nest *n, pid_t pid)
{
	struct child *c = pid > 0 ? place_for(n, pid) : NULL;
	siginfo_t info = { .si_pid = 0 };

	if (c == NULL || (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
				 info.si_pid != 0))
		return;
	c->killed = true;
	kill(pid, SIGKILL);
}

static void reap(struct nest *n)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		struct child *c = place_for(n, pid);

		if (c == NULL)
			continue;
		tell(n, SPAWNER_ENDED, c, status);
		c->pid = 0;
	}
}

static void close_all(int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

/*
 * False: the daemon is gone. What else can go wrong passes, and if not, nothing is lost by having
 * tried.
 */
static bool serve(struct nest *n)
{
	int fds[CHANNEL_FDS], err;
	struct request r;

	err = channel_receive(n->fd, &r, sizeof(r), fds, 0);
	if (err == 0 && r.order == ORDER_SPAWN)
		spawn(n, &r, fds);
	else if (err == 0)
		kill_child(n, r.pid);
	else
		clock_pause();
	close_all(fds, CHANNEL_FDS);
	return err != -EPIPE;
}

static void open_signals(struct nest *n)
{
	sigset_t all, child;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	n->signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void run(struct nest *n)
{
	struct signalfd_siginfo info;
	struct pollfd fds[2];
	char missing[128];

	prctl(PR_SET_NAME, "usher-spawner");
	n->pid = getpid();
	if (!die_with_parent(n->daemon))
		_exit(0);
	open_signals(n);
	/* What is missing here is missing in the keeper, who says so. */
	sandbox_enter(SANDBOX_SPAWNER, NULL, missing, sizeof(missing));
	do {
		fds[0] = (struct pollfd){ .fd = n->fd, .events = POLLIN };
		fds[1] = (struct pollfd){ .fd = n->signals, .events = POLLIN };
		poll(fds, 2, -1);
		while (read(n->signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
			;
		reap(n);
	} while ((fds[0].revents & (POLLIN | POLLHUP)) == 0 || serve(n));
	for (size_t i = 0; i < CHILDREN; i++)
		if (n->children[i].pid > 0)
			kill(n->children[i].pid, SIGKILL);
	_exit(0);
}

/*
 * The daemon may have been handed descriptors of its own, and they are a power that this one has
 * not.
 */
static void close_others(int one, int other)
{
	unsigned low = (unsigned)(other >= 0 && other < one ? other : one);
	unsigned high = (unsigned)(other > one ? other : one);

	if (low > STDERR_FILENO + 1)
		close_range(STDERR_FILENO + 1, low - 1, 0);
	if (high > low + 1)
		close_range(low + 1, high - 1, 0);
	close_range(high + 1, ~0U, 0);
}

/* --- in the daemon --------------------------------------------------------------------------- */

int spawner_start(struct spawner *s, enum sandbox_mode mode, uid_t uid, gid_t gid)
{
	static struct nest n;
	int fds[2], err = channel_pair(fds);

	if (err != 0)
		return err;
	n = (struct nest){
		.daemon = getpid(), .fd = fds[1], .mode = mode, .uid = uid, .gid = gid,
	};
	n.self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	s->pid = fork();
	if (s->pid < 0) {
		err = -errno;
		close(fds[0]);
	}
	if (s->pid == 0) {
		close_others(n.fd, n.self);
		run(&n);
	}
	close(fds[1]);
	if (n.self >= 0)
		close(n.self);
	pthread_mutex_init(&s->lock, NULL);
	s->fd = err == 0 ? fds[0] : -1;
	return err;
}

int spawner_spawn(struct spawner *s, enum spawner_role role, int socket, int config, int shared,
	uint64_t *ret_token)
{
	struct request r = { .order = ORDER_SPAWN, .role = role };
	int fds[] = { socket, config, shared }, err;

	pthread_mutex_lock(&s->lock);
	*ret_token = r.token = ++s->token;
	err = channel_send(s->fd, &r, sizeof(r), fds, shared >= 0 ? 3 : 2);
	pthread_mutex_unlock(&s->lock);
	return err;
}

/* A spawner that takes nothing for so long must not hold up who has packets to see to. */
void spawner_kill(struct spawner *s, pid_t pid)
{
	struct request r = { .order = ORDER_KILL, .pid = pid };

	for (int i = 0;
		i < KILL_TRIES && channel_again(channel_send(s->fd, &r, sizeof(r), NULL, 0)); i++)
		;
}

int spawner_next(struct spawner *s, struct spawner_event *ret)
{
	return channel_receive_alone(s->fd, ret, sizeof(*ret), MSG_DONTWAIT);
}

void spawner_stop(struct spawner *s)
{
	if (s->fd < 0)
		return;
	close(s->fd);
	s->fd = -1;
	/* One that hangs dies with us. */
	for (int i = 0; i < STOP_MS && waitpid(s->pid, NULL, WNOHANG) <= 0; i++)
		clock_pause();
}

void spawner_describe(const struct spawner_event *e, char *dst, size_t cap)
{
	if (WIFSIGNALED(e->status))
		snprintf(dst, cap, "died of signal %d (%s)", WTERMSIG(e->status),
			strsignal(WTERMSIG(e->status)));
	else
		snprintf(dst, cap, "ended with exit code %d", WEXITSTATUS(e->status));
}
