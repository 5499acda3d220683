/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The libraries of hooks/examples do what their heads say. */
#include "tests/hook_rig.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const char registry[] =
	"{ \"type\": \"HW_ADDR\", \"id\": \"02000000000a\", \"bootfile\": \"mine\", \"tftp_server\": \"t\" }\n";
static const char strangers[] =
	"{ \"type\": \"HW_ADDR\", \"id\": \"00000000\", \"bootfile\": \"theirs\" }\n"
	"{ \"type\": \"DUID\", \"id\": \"00000000\", \"tftp_server\": \"2001:db8::1\" }\n";

static const char *library(const char *name, const char *parameters)
{
	static char text[4096];

	snprintf(text, sizeof(text), "{ \"library\": \"%s\", \"parameters\": %s }", hook_path(name),
		parameters);
	return text;
}

static bool shows(const struct slot *s, const char *what)
{
	const char *text = hook_shown(s);

	if (strstr(text, what) != NULL)
		return true;
	fprintf(stderr, "%s: not in %s\n", what, text);
	return false;
}

Test(hook_examples, template)
{
	struct hook_rig *r = hook_rig_new(library("hooks/template", "{ \"greeting\": \"hi\" }"), "", "");

	hook_query4(r, "350101ff", 0);
	cr_expect(shows(hook_answer4(r, 2), "15=67756573742e6578616d706c652e636f6d"));
	hook_rig_free(r);
}

#define IA "00030028 00000007 00000000 00000000 00050018 20010db8000300000000000000000009 00000100 00000200"

Test(hook_examples, user_chk)
{
	char path[] = "/tmp/usher-user-chk-XXXXXX", parameters[128], text[1024] = "";
	int fd = mkstemp(path);
	struct hook_rig *r;
	const struct slot *s;

	snprintf(parameters, sizeof(parameters), "{ \"outcome\": \"%s\" }", path);
	r = hook_rig_new(library("hooks/user_chk", parameters), "", registry);
	cr_expect(shows(hook_query4(r, "350101ff", 0), "82=0504ac100000"));
	s = hook_answer4(r, 2);
	cr_expect(shows(s, "67=6d696e65"));
	cr_expect(shows(s, "66=74"));
	cr_expect_str_eq((const char *)s->out + 28 + 108, "mine");
	hook_rig_free(r);
	r = hook_rig_new(library("hooks/user_chk", parameters), "", strangers);
	/* The last subnet; the tests' server has its address elsewhere. */
	cr_expect(shows(hook_query4(r, "350101ff", 0), "82=0504ac120000"));
	cr_expect_str_eq(hook_shown(hook_answer4(r, 2)), "dropped");
	hook_query6(r, 3, "");
	cr_expect_eq(memcmp(r->query + 48 + 2, "\x20\x01\x0d\xb8\0\3", 6), 0);
	cr_expect(shows(hook_answer6(r, 7, IA), "17=0000118b"));
	hook_rig_free(r);
	cr_assert_gt(read(fd, text, sizeof(text) - 1), 0);
	cr_expect_str_eq(text,
		"id_type=HW_ADDR\nclient=hwtype=1 02:00:00:00:00:0a\naddr=172.16.0.1\nregistered=yes\n\n"
		"id_type=DUID\nclient=00:03:00:01:02:00:00:00:00:0a\naddr=2001:db8:3::9\nregistered=no\n\n");
	close(fd);
	unlink(path);
}

Test(hook_examples, daytime)
{
	struct hook_rig *r = hook_rig_new(library("hooks/daytime", "{ \"from\": \"00:00\", \"to\": \"24:00\","
		" \"option\": \"domain-name\", \"value\": \"day\", \"option6\": \"dns-servers\","
		" \"value6\": \"2001:db8::1\" }"), "", "");

	hook_query4(r, "350101ff", 0);
	cr_expect(shows(hook_answer4(r, 2), "15=646179"));
	hook_query6(r, 1, "");
	cr_expect(shows(hook_answer6(r, 2, ""), "23=20010db8000000000000000000000001"));
	hook_rig_free(r);
	r = hook_rig_new(library("hooks/daytime", "{ \"from\": \"12:00\", \"to\": \"12:00\","
		" \"option\": \"domain-name\", \"value\": \"never\" }"), "", "");
	hook_query4(r, "350101ff", 0);
	cr_expect_null(strstr(hook_shown(hook_answer4(r, 2)), "15="));
	hook_rig_free(r);
}

/* --- lease_syslog: the library finds this one first ------------------------------------------- */

static char logged[1024];

__attribute__((visibility("default"), format(printf, 2, 3))) void syslog(
	int priority, const char *fmt, ...);

void syslog(int priority, const char *fmt, ...)
{
	size_t n = strlen(logged);
	va_list args;

	(void)priority;
	va_start(args, fmt);
	vsnprintf(logged + n, sizeof(logged) - n, fmt, args);
	va_end(args);
	strncat(logged, "\n", sizeof(logged) - strlen(logged) - 1);
}

Test(hook_examples, lease_syslog)
{
	struct hook_rig *r = hook_rig_new(library("hooks/lease_syslog", "{ \"facility\": \"local3\" }"), "",
		registry);

	hook_query4(r, "350103 3204ac100001 3604ac100002 ff", 0);
	hook_answer4(r, 5);
	hook_query4(r, "350107 3604ac100002 ff", 0xac100001);
	hook_query6(r, 3, "");
	hook_answer6(r, 7, "00030028 00000007 00000000 00000000 00050018 20010db8000100000000000000000009"
		"00000100 00000200");
	hooks_tick(r->rig->config->hooks, 0, 1700000512);
	cr_expect_str_eq(logged, "172.16.0.1/32 granted to 02:00:00:00:00:0a for 60 s\n"
		"172.16.0.1/32 given back by 02:00:00:00:00:0a\n"
		"2001:db8:1::9/128 granted to 00:03:00:01:02:00:00:00:00:0a for 512 s, not registered\n"
		"2001:db8:1::9/128 expired, of 00:03:00:01:02:00:00:00:00:0a for 512 s, not registered\n");
	hook_rig_free(r);
}

/* --- ask ------------------------------------------------------------------------------------- */

struct service {
	int fd;
	const char *answers[3];
	char asked[3][64];
};

static void *serve(void *arg)
{
	struct service *s = arg;

	for (size_t i = 0; i < 3; i++) {
		int fd = accept(s->fd, NULL, NULL);
		ssize_t n = recv(fd, s->asked[i], sizeof(s->asked[i]) - 1, 0);

		s->asked[i][n > 0 ? n : 0] = '\0';
		(void)!write(fd, s->answers[i], strlen(s->answers[i]));
		close(fd);
	}
	return NULL;
}

static const struct slot *ask(struct hook_rig *r)
{
	struct pollfd fd = { .fd = r->wake, .events = POLLIN };
	uint64_t n;

	cr_expect_str_eq(hook_shown(hook_query4(r, "350101ff", 0)), "parked");
	cr_assert_eq(poll(&fd, 1, 5000), 1);
	cr_assert_eq(read(r->wake, &n, sizeof(n)), 8);
	pipeline_run(&r->rig->pipeline, r->rig->batch);
	return &r->rig->batch->slots[0];
}

Test(hook_examples, ask)
{
	struct service service = { .answers = { "pass\n", "drop\n", "subnet second\n" } };
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	char parameters[256];
	struct hook_rig *r;
	pthread_t thread;

	snprintf(addr.sun_path, sizeof(addr.sun_path), "/tmp/usher-ask-%d.sock", (int)getpid());
	service.fd = socket(AF_UNIX, SOCK_STREAM, 0);
	cr_assert_eq(bind(service.fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	cr_assert_eq(listen(service.fd, 4), 0);
	cr_assert_eq(pthread_create(&thread, NULL, serve, &service), 0);
	snprintf(parameters, sizeof(parameters), "{ \"socket\": \"%s\", \"threads\": 2 }", addr.sun_path);
	r = hook_rig_new(library("hooks/ask", parameters), "", "");
	cr_expect(shows(ask(r), "82=0504ac100000"));
	cr_expect_str_eq(hook_shown(ask(r)), "dropped");
	cr_expect(shows(ask(r), "82=0504ac110000"));
	pthread_join(thread, NULL);
	cr_expect_str_eq(service.asked[0], "HW_ADDR 02000000000a\n");
	hook_rig_free(r);
	/* A registered client is not asked about. */
	r = hook_rig_new(library("hooks/ask", parameters), "", registry);
	cr_expect_str_neq(hook_shown(hook_query4(r, "350101ff", 0)), "parked");
	hook_rig_free(r);
	close(service.fd);
	unlink(addr.sun_path);
}
