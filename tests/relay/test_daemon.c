/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon as a process of its own, as named by $USHER: how it starts, what it refuses and with
 * which exit code, what signals do to it, and how it ends.
 */
#include "relay/command.h"
#include "relay/queue_table.h"
#include "tests/relay/netns.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PORT = 6767, NUMBER = 4067 };

static char dir[] = "/tmp/usher-daemon-XXXXXX", said[65536];
static char config_path[64], registry_path[64], outcome_path[64], log_path[64];

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	cr_assert_not_null(f, "%s", path);
	fputs(text, f);
	fclose(f);
}

/* A config with `more` members in front. */
static void write_config(const char *more)
{
	char text[1024];

	snprintf(text, sizeof(text), "{ %s \"queues\": \"%d\", \"control\": \"\",\n"
		"\"registry\": { \"file\": \"%s\" },\n\"outcome\": { \"file\": \"%s\" } }\n", more,
		NUMBER, registry_path, outcome_path);
	write_file(config_path, text);
}

static void setup(void)
{
	cr_assert_not_null(mkdtemp(dir));
	snprintf(config_path, sizeof(config_path), "%s/usher.json", dir);
	snprintf(registry_path, sizeof(registry_path), "%s/registry.jsonl", dir);
	snprintf(outcome_path, sizeof(outcome_path), "%s/outcome.txt", dir);
	snprintf(log_path, sizeof(log_path), "%s/log", dir);
	write_config("");
	write_file(registry_path, "{\"type\":\"HW_ADDR\",\"id\":\"0c0e0a01ff04\"}\n");
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

TestSuite(daemon, .init = setup, .fini = teardown, .timeout = 60);

static const char *program(void)
{
	const char *usher = getenv("USHER");

	if (usher == NULL || access(usher, X_OK) != 0)
		cr_skip_test("needs the program in $USHER");
	return usher;
}

/* Starts usher with its output going to the log; `before` is run in the child if given. */
static pid_t start(const char *command, void (*before)(void))
{
	char word[32], *const arguments[] = { "usher", word, "-c", config_path, NULL };
	int fd, usher = open(program(), O_RDONLY | O_CLOEXEC);
	pid_t pid;

	snprintf(word, sizeof(word), "%s", command);
	unlink(log_path);
	pid = fork();
	if (pid != 0) {
		close(usher);
		return pid;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nothing running */
	fd = open(log_path, O_CREAT | O_WRONLY | O_TRUNC, 0600);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	if (before != NULL)
		before();
	fexecve(usher, arguments, environ); /* the path may lead through a folder that is not for nobody */
	_exit(127);
}

static void pause_ms(long ms)
{
	const struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&ts, NULL);
}

static bool logged(const char *words)
{
	FILE *f = fopen(log_path, "r");
	size_t n = f != NULL ? fread(said, 1, sizeof(said) - 1, f) : 0;

	said[n] = '\0';
	if (f != NULL)
		fclose(f);
	return strstr(said, words) != NULL;
}

static void must_log(const char *words)
{
	for (int i = 0; i < 2000 && !logged(words); i++)
		pause_ms(10);
	cr_assert(logged(words), "no \"%s\" in:\n%s", words, said);
}

static int exit_code_of(pid_t pid)
{
	int status = 0;

	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status), "status %x\n", (unsigned)status);
	return WEXITSTATUS(status);
}

static void must_refuse(int code, const char *words)
{
	int got = exit_code_of(start("run", NULL));

	logged("");
	cr_assert_eq(got, code, "exit code %d:\n%s", got, said);
	must_log(words);
}

Test(daemon, refuses_what_it_cannot_run_with)
{
	netns_enter();
	write_file(config_path, "{ \"queues\": 67, }\n");
	must_refuse(EXIT_CODE_CONFIG, "usher.json:1: ");
	unlink(config_path);
	must_refuse(EXIT_CODE_CONFIG, "usher.json: No such file");
	write_config("\"nonsense\": 1,");
	must_refuse(EXIT_CODE_CONFIG, "nonsense");
	write_config("");
	write_file(registry_path, "{\"type\":\"HW_ADDR\"}\n");
	must_refuse(EXIT_CODE_CONFIG, "registry.jsonl:1: ");
	unlink(registry_path);
	must_refuse(EXIT_CODE_CONFIG, "registry.jsonl");
	write_file(registry_path, "# nobody\n");
	unlink(outcome_path);
	mkdir(outcome_path, 0700);
	must_refuse(EXIT_CODE_FILE, "is a directory");
}

Test(daemon, check_says_the_same)
{
	cr_assert_eq(exit_code_of(start("check", NULL)), EXIT_CODE_OK);
	must_log("1 users");
	write_file(
		registry_path, "{\"type\":\"HW_ADDR\"}\n{\"type\":\"HW_ADDR\",\"id\":\"01\"}\n{\n");
	cr_assert_eq(exit_code_of(start("check", NULL)), EXIT_CODE_CONFIG);
	must_log("registry.jsonl:1: ");
	must_log("registry.jsonl:3: ");
	must_log("2 errors: it would be refused as a whole");
	write_file(registry_path,
		"{\"type\":\"HW_ADDR\",\"id\":\"01\",\"subnet\":\"no\\u001bwhere\"}\n");
	cr_assert_eq(exit_code_of(start("check", NULL)), EXIT_CODE_CONFIG);
	must_log("registry.jsonl:1: subnet: no subnet of the config is called \"no\\x1bwhere\"");
	write_file(config_path, "{\n\"fail\": \"ajar\"\n}\n");
	cr_assert_eq(exit_code_of(start("check", NULL)), EXIT_CODE_CONFIG);
	must_log("usher.json:2: fail: ");
}

Test(daemon, knows_no_other_command)
{
	cr_assert_eq(exit_code_of(start("conquer", NULL)), EXIT_CODE_CONFIG);
	must_log("unknown command 'conquer'");
	must_log("usage: usher COMMAND");
}

static pid_t run(void)
{
	pid_t pid = start("run", NULL);

	must_log("runs: queue");
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGTERM);
	cr_assert_eq(exit_code_of(pid), EXIT_CODE_OK);
}

Test(daemon, ends_in_order_and_frees_its_queue)
{
	struct queue_row row;
	pid_t pid;

	netns_enter();
	pid = run();
	cr_assert_eq(queue_table_find(NUMBER, &row), 0);
	cr_assert_eq(row.copy_range, 65531);
	end(pid);
	cr_assert_neq(queue_table_find(NUMBER, &row), 0);
	cr_assert_eq(access(outcome_path, F_OK), 0);
	pid = run();
	kill(pid, SIGINT);
	cr_assert_eq(exit_code_of(pid), EXIT_CODE_OK);
}

Test(daemon, a_second_one_is_told_who_has_the_queue)
{
	pid_t first, second;
	char words[64];

	netns_enter();
	first = run();
	second = start("run", NULL);
	cr_assert_eq(exit_code_of(second), EXIT_CODE_NETWORK);
	snprintf(words, sizeof(words), "already bound by usher (pid %d)", (int)first);
	must_log(words);
	end(first);
}

static void become_nobody(void)
{
	if (setgid(65534) != 0 || setuid(65534) != 0)
		_exit(126);
}

Test(daemon, without_the_capability_it_says_so)
{
	netns_enter();
	chmod(dir, 0777);
	cr_assert_eq(exit_code_of(start("run", become_nobody)), EXIT_CODE_NETWORK);
	must_log("CAP_NET_ADMIN");
}

Test(daemon, usr1_tells_what_it_has_done)
{
	size_t got = 0;
	int in, out;
	pid_t pid;

	netns_enter();
	netns_divert(PORT, NUMBER, "");
	pid = run();
	in = netns_socket(PORT);
	out = netns_socket(0);
	for (int i = 0; i < 7; i++)
		netns_send(out, PORT, "x", 1);
	for (int i = 0; got < 7 && i < 200; i++) {
		pause_ms(10);
		got += netns_receive(in, NULL);
	}
	kill(pid, SIGUSR1);
	must_log("statistics: 7 packets, 7 accepted, 0 dropped");
	must_log("statistics: 7 packets: not a DHCP message (not_dhcp)");
	must_log("statistics: queue 4067: 0 packets wait");
	must_log("statistics: registry: 1 users");
	end(pid);
}

Test(daemon, hup_takes_a_good_config_and_keeps_it_over_a_bad_one)
{
	pid_t pid;

	netns_enter();
	pid = run();
	write_config("\"enforce\": \"log\",");
	kill(pid, SIGHUP);
	must_log("reloaded");
	write_config("\"batch\": 8, \"mark\": \"1/1\",");
	kill(pid, SIGHUP);
	must_log("\"batch\" has changed and stays as it was: it needs a restart");
	must_log("\"mark\" has changed and stays as it was");
	write_file(config_path, "{\n\"enforce\": \"maybe\"\n}\n");
	kill(pid, SIGHUP);
	must_log("usher.json:2: enforce: ");
	must_log("the config in force stays");
	write_file(registry_path, "{\"type\":\"HW_ADDR\"}\n");
	kill(pid, SIGHUP);
	must_log("registry.jsonl:1: ");
	cr_assert_eq(kill(pid, 0), 0);
	end(pid);
}

/* DHCP does not depend on the control socket. */
Test(daemon, goes_on_without_a_control_socket_and_tries_again_at_a_reload)
{
	char deep[128], folder[96], text[512];
	pid_t pid;

	netns_enter();
	snprintf(folder, sizeof(folder), "%s/not", dir);
	snprintf(deep, sizeof(deep), "%s/there/sock", folder);
	snprintf(text, sizeof(text), "{ \"queues\": \"%d\", \"control\": \"%s\",\n"
		"\"registry\": { \"file\": \"%s\" },\n\"outcome\": { \"file\": \"\" } }\n", NUMBER, deep,
		registry_path);
	write_file(config_path, text);
	pid = run();
	must_log("control socket");
	must_log("its directory does not exist: create it; nobody can ask this usher anything");
	cr_assert_eq(mkdir(folder, 0700), 0);
	kill(pid, SIGHUP);
	for (int i = 0; i < 500 && access(deep, F_OK) != 0; i++)
		pause_ms(10);
	cr_assert_eq(access(deep, F_OK), 0);
	end(pid);
	cr_assert_neq(access(deep, F_OK), 0);
}

Test(daemon, usr2_and_hup_reopen_the_outcome_file)
{
	char old[80];
	pid_t pid;

	netns_enter();
	pid = run();
	snprintf(old, sizeof(old), "%s.1", outcome_path);
	for (int i = 0; i < 2; i++) {
		cr_assert_eq(rename(outcome_path, old), 0);
		kill(pid, i == 0 ? SIGUSR2 : SIGHUP);
		for (int j = 0; j < 500 && access(outcome_path, F_OK) != 0; j++)
			pause_ms(10);
		cr_assert_eq(access(outcome_path, F_OK), 0);
	}
	end(pid);
}

static void close_standard_descriptors(void)
{
	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	close(STDERR_FILENO);
	chdir("/tmp");
	umask(0777);
}

/* Nobody to talk to, nowhere to stand: the queue must not become its standard error. */
Test(daemon, runs_without_standard_descriptors)
{
	struct queue_row row;
	pid_t pid;

	netns_enter();
	pid = start("run", close_standard_descriptors);
	for (int i = 0; i < 500 && queue_table_find(NUMBER, &row) != 0; i++)
		pause_ms(10);
	cr_assert_eq(queue_table_find(NUMBER, &row), 0);
	kill(pid, SIGUSR1);
	pause_ms(50);
	end(pid);
}

Test(daemon, a_storm_of_signals_is_survived)
{
	static const int numbers[] = { SIGHUP, SIGUSR1, SIGUSR2, SIGCHLD, SIGPIPE };
	size_t got = 0;
	int in, out;
	pid_t pid;

	netns_enter();
	netns_divert(PORT, NUMBER, "");
	pid = run();
	in = netns_socket(PORT);
	out = netns_socket(0);
	for (size_t i = 0; i < 5000; i++) {
		kill(pid, numbers[i % 5]);
		if (i % 10 == 0)
			netns_send(out, PORT, "x", 1);
		got += netns_receive(in, NULL);
	}
	for (int i = 0; got < 500 && i < 1000; i++) {  /* a thousand of them ask for a reload */
		pause_ms(10);
		got += netns_receive(in, NULL);
	}
	cr_assert_eq(got, 500, "%zu", got);
	end(pid);
}
