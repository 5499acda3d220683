/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon as named by $USHER while its worker processes are killed, stopped and misled: every
 * packet comes out once, edited, and has its record once. Counts are for `make test`;
 * $KEEPER_ROUNDS are those of `make check-faults`.
 */
#include "tests/build.h"
#include "tests/relay/netns.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* gcc says so, clang has to be asked. Sanitizers need system calls that a sandbox forbids. */
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED
#endif
#endif

enum { NUMBER = 4067, MOST = 800000, PER_MS = 3 };

static char dir[] = "/tmp/usher-keeper-XXXXXX", said[262144];
static pid_t daemon_pid;
static bool trapped;
static int client, server;           /* bound to ports 68 and 67 of 127.0.0.1 */
static uint32_t sent;
static uint8_t seen[MOST];           /* how often packet i came out */
static int64_t sent_ns[MOST], worst_ns;
static uint32_t unedited;

static const char *path_of(const char *name)
{
	static char paths[4][64];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", dir, name);
	return path;
}

static void write_file(const char *name, const char *text)
{
	FILE *f = fopen(path_of(name), "w");

	cr_assert_not_null(f, "%s", name);
	fputs(text, f);
	fclose(f);
}

static void write_config(const char *more)
{
	char text[1024];

	snprintf(text, sizeof(text), "{ %s \"queues\": \"%d\", \"control\": \"\",\n"
		"\"trusted_relays\": [\"127.0.0.1\"],\n"
		"\"registry\": { \"file\": \"%s/registry.jsonl\" },\n"
		"\"outcome\": { \"file\": \"%s/outcome.txt\", \"wait_ms\": 1000 },\n"
		"\"quarantine\": { \"dir\": \"%s\" },\n"
		"\"subnets\": [ { \"name\": \"open\", \"prefixes\": [\"192.0.2.0/24\"] },\n"
		"{ \"name\": \"restricted\", \"prefixes\": [\"198.51.100.0/24\"] } ] }\n",
		more, NUMBER, dir, dir, dir);
	write_file("usher.json", text);
}

static void setup(void)
{
	cr_assert_not_null(mkdtemp(dir));
	write_config("");
	write_file("registry.jsonl",
		"{\"type\":\"HW_ADDR\",\"id\":\"00000000\",\"bootfile\":\"for.strangers\"}\n");
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *at)
{
	(void)st;
	(void)flag;
	(void)at;
	return remove(path);
}

static void teardown(void)
{
	nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

TestSuite(keeper, .init = setup, .fini = teardown, .timeout = 600);

static void pause_ms(long ms)
{
	const struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&ts, NULL);
}

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static const char *read_file(const char *name)
{
	FILE *f = fopen(path_of(name), "r");
	size_t n = f != NULL ? fread(said, 1, sizeof(said) - 1, f) : 0;

	said[n] = '\0';
	if (f != NULL)
		fclose(f);
	return said;
}

static void must_log(const char *words)
{
	for (int i = 0; i < 1000 && strstr(read_file("log"), words) == NULL; i++)
		pause_ms(10);
	cr_assert_not_null(strstr(read_file("log"), words), "no \"%s\" in:\n%s", words, said);
}

/* The usher of the name, or what is beside it: with a worker that packets can take over. */
static const char *program(void)
{
	static char path[4096];
	const char *usher = getenv("USHER");

	if (usher == NULL)
		return "";
	snprintf(path, sizeof(path), "%s%s", usher, trapped ? "-trap" : "");
	return path;
}

static pid_t start(void)
{
	const char *usher = program();
	pid_t pid = fork();
	int fd;

	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	fd = open(path_of("log"), O_CREAT | O_WRONLY | O_APPEND, 0600);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	execl(usher, "usher", "run", "-c", path_of("usher.json"), (char *)NULL);
	_exit(127);
}

static void begin(void)
{
	if (access(program(), X_OK) != 0)
		cr_skip_test("needs the program in $USHER, and what is beside it");
	netns_enter();
	if (system("iptables -t mangle -A INPUT -p udp --dport 67:68 -j NFQUEUE --queue-num "
		    "4067 2>/dev/null") != 0)
		cr_skip_test("needs iptables(8) and NFQUEUE");
	client = netns_socket(68);
	server = netns_socket(67);
	daemon_pid = start();
	must_log("runs: queue");
}

static void end(void)
{
	int status = 0;

	kill(daemon_pid, SIGTERM);
	cr_assert_eq(waitpid(daemon_pid, &status, 0), daemon_pid);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x:\n%s",
		(unsigned)status, read_file("log"));
}

static unsigned rounds(unsigned few)
{
	const char *text = getenv("KEEPER_ROUNDS");

	return text != NULL ? few * (unsigned)atoi(text) : few;
}

/* --- packets --------------------------------------------------------------------------------- */

/* An even one is a DISCOVER, an odd one an ACK: of a client of its own. */
static void send_one(const char *more)
{
	static struct build b;
	uint8_t number[4];
	bool query = sent % 2 == 0;
	char options[128];

	b.len = 0;
	snprintf(options, sizeof(options), query ? "350101 %s ff" :
		"350105 3604c6336401 330400000e10 %s ff", more);
	build_message4(&b, query ? 1 : 2, options);
	for (int i = 0; i < 4; i++)
		number[i] = (uint8_t)(sent >> (24 - 8 * i));
	memcpy(b.b + 30, number, 4);                    /* chaddr ends in it */
	if (query)
		memcpy(b.b + 24, "\x0a\x01\x01\x01", 4);  /* giaddr: by a relay */
	else
		memcpy(b.b + 16, "\xc6\x33\x64\x64", 4); /* yiaddr 198.51.100.100 */
	sent_ns[sent] = now_ns();
	cr_assert_gt(netns_send(query ? client : server, query ? 67 : 68, b.b, b.len), 0);
	sent++;
}

static void take(int fd)
{
	uint8_t msg[4096];
	ssize_t n;

	while ((n = recv(fd, msg, sizeof(msg), MSG_DONTWAIT)) > 240) {
		uint32_t i = (uint32_t)msg[30] << 24 | (uint32_t)msg[31] << 16 |
			(uint32_t)msg[32] << 8 | msg[33];
		const char *options = show4(msg, (size_t)n);
		int64_t took;

		cr_assert_lt(i, sent);
		seen[i]++;
		took = now_ns() - sent_ns[i];
		worst_ns = took > worst_ns ? took : worst_ns;
		unedited += strstr(options, i % 2 == 0 ? " 82=" : " 67=") == NULL;
	}
}

static void receive(void)
{
	take(client);
	take(server);
}

/* About PER_MS packets a millisecond until the flag is set. */
static void send_until(atomic_bool *done)
{
	int64_t next = now_ns();

	while (!atomic_load(done) && sent < MOST - PER_MS) {
		for (int i = 0; i < PER_MS; i++)
			send_one("");
		receive();
		next += 1000000;
		while (now_ns() < next)
			pause_ms(0);
	}
}

static uint32_t out(void)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < sent; i++)
		n += seen[i] > 0;
	return n;
}

/* Each once and edited, but for `missing` of them; each answer with one record, whole. */
static void account(const char *what, uint32_t missing)
{
	static uint8_t records[MOST];
	uint32_t doubled = 0, lost = 0, torn = 0, unrecorded = 0;
	char line[4][128];
	FILE *f;

	for (int i = 0; i < 300 && out() + missing < sent; i++) {
		pause_ms(10);
		receive();
	}
	for (uint32_t i = 0; i < sent; i++) {
		doubled += seen[i] > 1;
		lost += seen[i] == 0;
	}
	f = fopen(path_of("outcome.txt"), "r");
	while (fgets(line[0], sizeof(line[0]), f) != NULL) {
		unsigned b[4];

		for (int i = 1; i < 4; i++)
			torn += fgets(line[i], sizeof(line[0]), f) == NULL;
		torn += strcmp(line[0], "id_type=HW_ADDR\n") != 0 ||
			strcmp(line[2], "addr=198.51.100.100\n") != 0 ||
			strcmp(line[3], "registered=no\n") != 0 || fgetc(f) != '\n';
		if (sscanf(line[1], "client=hwtype=1 02:00:%x:%x:%x:%x", &b[0], &b[1], &b[2],
			    &b[3]) == 4 && (b[0] << 24 | b[1] << 16 | b[2] << 8 | b[3]) < MOST)
			records[b[0] << 24 | b[1] << 16 | b[2] << 8 | b[3]]++;
		else
			torn++;
	}
	fclose(f);
	for (uint32_t i = 1; i < sent; i += 2)
		unrecorded += records[i] != (seen[i] > 0);
	printf("keeper: %s: %u packets, %u lost, %u doubled, %u unedited, %u records wrong, "
		"%u torn, the slowest took %.0f ms\n",
		what, sent, lost, doubled, unedited, unrecorded, torn, (double)worst_ns / 1e6);
	cr_assert_eq(lost, missing);
	cr_assert(doubled == 0 && unedited == 0 && torn == 0 && unrecorded == 0, "%s:\n%s", what,
		read_file("log"));
}

/* --- processes ------------------------------------------------------------------------------- */

/* As proc(5) has it, of a process of this name; else 'Z'. */
static char state_of(pid_t pid, const char *name)
{
	char path[64], comm[32] = "", state = 'Z';
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	if (f != NULL) {
		(void)!fscanf(f, "%*d (%31[^)]) %c", comm, &state);
		fclose(f);
	}
	return strcmp(comm, name) == 0 ? state : 'Z';
}

/* Whether that is a process of this name, neither dead nor stopped. */
static bool is_called(pid_t pid, const char *name)
{
	char state = state_of(pid, name);

	return state != 'Z' && state != 'T';
}

static size_t children_of(pid_t pid, pid_t *ret, size_t cap)
{
	char path[64];
	size_t n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid, (int)pid);
	f = fopen(path, "re");
	while (f != NULL && n < cap && fscanf(f, "%d", &ret[n]) == 1)
		n++;
	if (f != NULL)
		fclose(f);
	return n;
}

/* The processes of that name that the spawner has started. */
static size_t find(const char *name, pid_t *ret, size_t cap)
{
	pid_t spawner, all[64];
	size_t n, found = 0;

	if (children_of(daemon_pid, &spawner, 1) != 1)
		return 0;
	n = children_of(spawner, all, 64);
	for (size_t i = 0; i < n && found < cap; i++)
		if (is_called(all[i], name))
			ret[found++] = all[i];
	return found;
}

struct killing {
	const char *name;
	int number;
	size_t spare;            /* so many must be there */
	unsigned times, done;
	pid_t last;
	long every_ms;
	atomic_bool over;
};

static void *kill_in_thread(void *arg)
{
	struct killing *k = arg;
	pid_t all[8];

	while (k->done < k->times) {
		size_t n = find(k->name, all, 8);

		if (n >= k->spare && !is_called(k->last, k->name)) {
			/* The oldest is the one at work. */
			k->last = all[k->number == SIGSTOP ? 0 : (unsigned)rand() % n];
			k->done += kill(k->last, k->number) == 0;
		}
		pause_ms(k->every_ms);
	}
	atomic_store(&k->over, true);
	return NULL;
}

static void disturb(const char *name, int number, unsigned times, long every_ms)
{
	struct killing k = { .name = name, .number = number, .times = times,
		.every_ms = every_ms, .spare = strcmp(name, "usher-worker") == 0 ? 2 : 1 };
	int64_t began = now_ns();
	char what[128];
	pthread_t thread;

	pthread_create(&thread, NULL, kill_in_thread, &k);
	send_until(&k.over);
	pthread_join(thread, NULL);
	snprintf(what, sizeof(what), "%u times %s to a %s at %.0f packets/s", k.done,
		number == SIGSTOP ? "STOP" : number == SIGSEGV ? "SEGV" : "KILL", name,
		(double)sent * 1e9 / (double)(now_ns() - began));
	account(what, 0);
}

Test(keeper, killed_workers_cost_nothing)
{
	begin();
	disturb("usher-worker", SIGKILL, rounds(100), 7);
	end();
}

Test(keeper, crashed_workers_cost_nothing)
{
	begin();
	disturb("usher-worker", SIGSEGV, rounds(20), 7);
	end();
}

Test(keeper, a_loader_that_dies_is_not_noticed)
{
	begin();
	disturb("usher-loader", SIGKILL, rounds(5), 150);
	must_log("another one is started");
	end();
}

/* Nothing waits for longer than a second, and mostly it is half of that. */
Test(keeper, stopped_workers_are_replaced)
{
	begin();
	disturb("usher-worker", SIGSTOP, rounds(5), 700);
	cr_assert_lt(worst_ns, 1000000000);
	must_log("hangs: it is replaced");
	end();
}

/* --- a worker that was taken over ------------------------------------------------------------ */

/* Bytes behind the end of the options: "trap:" and a word. */
static void send_trap(const char *word)
{
	char hex[80] = "ff 747261703a";

	for (size_t i = 0; word[i] != '\0'; i++)
		snprintf(hex + strlen(hex), sizeof(hex) - strlen(hex), "%02x", (unsigned)word[i]);
	send_one(hex);
}

static size_t saved_packets(void)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	size_t n = 0;

	while ((e = readdir(d)) != NULL)
		n += strstr(e->d_name, ".pcap") != NULL;
	closedir(d);
	return n;
}

static const struct {
	const char *word, *says;
} traps[] = {
	{ "crash", "died of signal 4" },
	{ "hang", "hangs: it is replaced" },
	{ "file", "died of signal 31" },
	{ "socket", "died of signal 31" },
	{ "exec", "died of signal 31" },
	{ "address", "wrote other addresses, ports or protocols" },
	{ "port", "wrote other addresses, ports or protocols" },
	{ "length", "wrote an edit of a wrong length" },
	{ "verdict", "wrote no verdict that there is" },
	{ "send", "wanted to send what the config does not say" },
};

/* It kills two workers and is out of the way; those around it do not notice. */
Test(keeper, poison_is_put_in_quarantine)
{
	uint32_t poison = 0;

	trapped = true;
	begin();
	pause_ms(2000);  /* the first poison needs both idle workers, which are still starting */
	for (size_t i = 0; i < sizeof(traps) / sizeof(traps[0]); i++) {
		if (traps[i].says[0] == 'w')
			pause_ms(1050);  /* what may be said once a second is said */
		for (int j = 0; j < 20; j++)
			send_one("");
		send_trap(traps[i].word);
		poison++;
		for (int j = 0; j < 21; j++)
			send_one("");
		for (int j = 0; j < 300 && out() + poison < sent; j++) {
			pause_ms(10);
			receive();
		}
		cr_expect_eq(out() + poison, sent, "%s: %u of %u", traps[i].word, out(), sent);
#ifndef SANITIZED
		must_log(traps[i].says);
#endif
	}
	account("poison", poison);
	cr_expect_eq(saved_packets(), poison);
	must_log("a packet killed two workers and is dropped");
	end();
}

/* The worker that is at a packet for longer than it takes to look twice; 0: none. */
static pid_t find_busy(void)
{
	pid_t all[8], busy = 0;
	size_t n = find("usher-worker", all, 8);

	for (size_t i = 0; i < n && busy == 0; i++) {
		busy = state_of(all[i], "usher-worker") == 'R' ? all[i] : 0;
		pause_ms(5);
		busy = state_of(all[i], "usher-worker") == 'R' ? busy : 0;
	}
	return busy;
}

/* A packet is not blamed for workers that somebody kills while they have it in hand. */
Test(keeper, killed_with_the_same_packet_in_hand)
{
	enum { KILLS = 2 };              /* as many as there are to take its place */
	unsigned killed = 0;
	pid_t busy;

	trapped = true;
	begin();
	pause_ms(2000);  /* both idle workers are there, and rest */
	send_trap("doze");
	for (int i = 0; killed < KILLS && i < 200; i++)
		if ((busy = find_busy()) != 0)
			killed += kill(busy, SIGKILL) == 0;
	account("two killed with one packet in hand", 0);
	cr_assert_eq(killed, KILLS);
	cr_expect_eq(saved_packets(), 0);
	end();
}

/* A keeper in the hands of somebody else can do what it needs for its work, and nothing more. */
Test(keeper, can_do_nothing_else)
{
	trapped = true;
	begin();
	for (int i = 0; i < 10; i++)
		send_one("");
	send_trap("keeper");
	for (int i = 0; i < 10; i++)
		send_one("");
	account("a keeper that was taken over", 0);
#ifndef SANITIZED
	must_log("things and did 0");
#endif
	end();
}

/* --- what a worker has in its hands ---------------------------------------------------------- */

/*
 * FAULTS 0.2: whoever holds the socket of a queue can rewrite the firewall. The keeper holds one;
 * workers and loader hold none, and what a worker sends on all that it holds does nothing.
 */
Test(keeper, no_other_process_has_a_netlink_socket)
{
	static const char *const names[] = { "usher-worker", "usher-loader" };
	size_t sockets;
	pid_t all[8];

	trapped = true;
	begin();
	cr_assert_gt(netns_netlink_sockets(daemon_pid, &sockets), 0);
	for (size_t i = 0; i < 2; i++) {
		size_t n = find(names[i], all, 8);

		cr_assert_gt(n, 0, "%s", names[i]);
		for (size_t j = 0; j < n; j++) {
			cr_expect_eq(netns_netlink_sockets(all[j], &sockets), 0, "%s", names[i]);
			cr_expect(strcmp(names[i], "usher-worker") != 0 || sockets == 1, "%zu", sockets);
		}
	}
	for (int i = 0; i < 10; i++)
		send_one("");
	send_trap("table");
	send_one("");
	account("a table on every descriptor", 0);
	cr_assert_null(strstr(read_file("log"), "died"), "%s", said);
	end();
}
