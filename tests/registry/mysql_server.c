/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A helper that fails ends the test: nothing after it would mean anything. */
#include "tests/registry/mysql_server.h"

#include "registry/late.h"
#include "tests/registry/temp.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <ftw.h>
#include <mysql.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* As usher itself does: to load it takes longer than most tests do. */
#define CALLS(X) X(mysql_init) X(mysql_options) X(mysql_real_connect) X(mysql_close) X(mysql_query) \
	X(mysql_store_result) X(mysql_free_result) X(mysql_next_result) X(mysql_errno) X(mysql_error)

static struct { CALLS(LATE_CALL) } maria;
static const char *const call_names[] = { CALLS(LATE_NAME) };
static const struct late library = LATE(SONAME_MARIADB, call_names, maria);

static const char *program(void)
{
	static const char *const paths[] = { "/usr/sbin/mariadbd", "/usr/sbin/mysqld" };

	for (size_t i = 0; i < 2; i++)
		if (access(paths[i], X_OK) == 0)
			return paths[i];
	return NULL;
}

static void run_server(const struct mysql_server *s)
{
	char data[96], socket[112], pid[96];
	int fd;

	snprintf(data, sizeof(data), "--datadir=%s/data", s->dir);
	snprintf(socket, sizeof(socket), "--socket=%s", s->socket);
	snprintf(pid, sizeof(pid), "--pid-file=%s/pid", s->dir);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	chdir(s->dir);
	fd = open("log", O_WRONLY | O_CREAT | O_APPEND, 0600);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	execl(program(), "mariadbd", "--no-defaults", data, socket, pid, "--skip-networking",
		geteuid() == 0 ? "--user=root" : "--skip-log-bin", "--skip-grant-tables",
		"--innodb-buffer-pool-size=16M", "--innodb-log-file-size=8M",
		"--innodb-flush-log-at-trx-commit=2", "--aria-pagecache-buffer-size=1M",
		"--key-buffer-size=1M", "--max-allowed-packet=64M", (char *)NULL);
	_exit(127);
}

static MYSQL *try_connect(const struct mysql_server *s, const char *database)
{
	unsigned int protocol = MYSQL_PROTOCOL_SOCKET;
	char err[256];
	MYSQL *m;

	cr_assert(late_load(&library, err, sizeof(err)), "%s", err);
	m = maria.mysql_init(NULL);
	maria.mysql_options(m, MYSQL_OPT_PROTOCOL, &protocol);
	if (maria.mysql_real_connect(m, NULL, "root", "", database, 0, s->socket,
		CLIENT_MULTI_STATEMENTS) != NULL)
		return m;
	maria.mysql_close(m);
	return NULL;
}

static void wait_until_it_serves(struct mysql_server *s)
{
	MYSQL *m = NULL;

	for (unsigned int i = 0; i < 600 && m == NULL; i++) {
		cr_assert_eq(waitpid(s->pid, NULL, WNOHANG), 0, "mariadbd ended: %s/log", s->dir);
		m = try_connect(s, NULL);
		if (m == NULL)
			temp_sleep_ms(50);
	}
	cr_assert_not_null(m, "mariadbd does not answer");
	mysql_server_on(m, "CREATE DATABASE IF NOT EXISTS dhcp; USE dhcp");
	s->client = m;
}

void mysql_server_again(struct mysql_server *s)
{
	fflush(NULL);
	s->pid = fork();
	if (s->pid == 0)
		run_server(s);
	wait_until_it_serves(s);
}

void mysql_server_start(struct mysql_server *s)
{
	char path[96], *schema = temp_read("registry/schema.sql");

	if (program() == NULL)
		cr_skip_test("no mariadbd: scripts/install-deps test");
	cr_assert_not_null(schema);
	strcpy(s->dir, "/tmp/usher-mysql-XXXXXX");
	cr_assert_not_null(mkdtemp(s->dir));
	snprintf(s->socket, sizeof(s->socket), "%s/sock", s->dir);
	snprintf(path, sizeof(path), "%s/data", s->dir);
	cr_assert_eq(mkdir(path, 0700), 0);
	mysql_server_again(s);
	mysql_server_on(s->client, schema);
	free(schema);
}

void mysql_server_signal(struct mysql_server *s, int number)
{
	kill(s->pid, number);
	if (number != SIGKILL)
		return;
	waitpid(s->pid, NULL, 0);
	mysql_server_disconnect(s->client);
	s->client = NULL;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *at)
{
	(void)st;
	(void)flag;
	(void)at;
	return remove(path);
}

void mysql_server_stop(struct mysql_server *s)
{
	if (s->client != NULL)
		mysql_server_signal(s, SIGKILL);
	nftw(s->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void mysql_server_on(void *client, const char *sql)
{
	MYSQL *m = client;
	int more = maria.mysql_query(m, sql);

	while (more == 0) {
		MYSQL_RES *result = maria.mysql_store_result(m);

		maria.mysql_free_result(result);
		more = maria.mysql_next_result(m);
	}
	cr_assert_eq(maria.mysql_errno(m), 0, "%s: %s", sql, maria.mysql_error(m));
}

void mysql_server_sql(struct mysql_server *s, const char *format, ...)
{
	va_list args;
	char *sql;

	va_start(args, format);
	cr_assert_gt(vasprintf(&sql, format, args), 0);
	va_end(args);
	mysql_server_on(s->client, sql);
	free(sql);
}

void *mysql_server_connect(const struct mysql_server *s)
{
	MYSQL *m = try_connect(s, "dhcp");

	cr_assert_not_null(m);
	return m;
}

void mysql_server_disconnect(void *client)
{
	maria.mysql_close(client);
}

struct source_mysql_options mysql_server_options(const struct mysql_server *s)
{
	return (struct source_mysql_options){
		.host = "", .socket = s->socket, .database = "dhcp", .user = "usher",
		.table = "usher_users", .password_file = "", .password_env = "", .tls_ca = "",
		.poll_ms = 20, .connect_ms = 1000, .read_ms = 1000,
	};
}
