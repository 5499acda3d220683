/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process that adds users for whoever knows the token: what it does, and what it does not. */
#include "relay/registrar.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64], registry[96], token_file[96], err[512], text[REGISTRAR_TEXT];
static struct registrar r = { -1 };
static const char token[] = "a token of enough letters";

static void put(const char *path, const char *content)
{
	FILE *f = fopen(path, "w");

	cr_assert(f != NULL);
	fputs(content, f);
	cr_assert_eq(fclose(f), 0);
	cr_assert_eq(chmod(path, 0600), 0);
}

static void begin(void)
{
	snprintf(folder, sizeof(folder), "/tmp/usher-registrar-XXXXXX");
	cr_assert(mkdtemp(folder) != NULL);
	snprintf(registry, sizeof(registry), "%s/registry.jsonl", folder);
	snprintf(token_file, sizeof(token_file), "%s/token", folder);
	put(token_file, "a token of enough letters\nanother line\n");
	put(registry, "# users\n");
}

static void end(void)
{
	char command[128];

	registrar_stop(&r);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	cr_assert_eq(system(command), 0);
}

TestSuite(registrar, .init = begin, .fini = end);

static void start(void)
{
	cr_assert_eq(registrar_start(&r, registry, token_file, err, sizeof(err)), 0, "%s", err);
}

static const char *content(void)
{
	static char bytes[4096];
	FILE *f = fopen(registry, "r");
	size_t n = fread(bytes, 1, sizeof(bytes) - 1, f);

	bytes[n] = '\0';
	fclose(f);
	return bytes;
}

Test(registrar, adds)
{
	start();
	cr_expect_eq(registrar_add(&r, token, "HW_ADDR=0c:0e:0a:01:ff:04", text), REGISTRAR_DONE);
	cr_expect_str_eq(text, "");
	cr_expect(strstr(content(), "\"id\": \"0c:0e:0a:01:ff:04\"") != NULL, "%s", content());
	cr_expect_eq(registrar_add(&r, token, "0c0e0a01ff04", text), REGISTRAR_REFUSED);
	cr_expect(strstr(text, "is there already") != NULL, "%s", text);
}

Test(registrar, refuses_without_the_token)
{
	static const char *const wrong[] = { "a token of enough letterz", "a token of enough letter", "",
		"a token of enough letters " };

	start();
	for (size_t i = 0; i < 4; i++)
		cr_expect_eq(registrar_add(&r, wrong[i], "0c0e0a01ff04", text), REGISTRAR_FORBIDDEN);
	cr_expect_str_eq(content(), "# users\n");
}

Test(registrar, refuses_what_is_no_id)
{
	char id[REGISTRAR_ID + REGISTRAR_TOKEN_MOST + 2];

	memset(id, '0', sizeof(id));
	id[sizeof(id) - 1] = '\0';
	start();
	cr_expect_eq(registrar_add(&r, token, "0c0e\", \"subnet\": \"open", text), REGISTRAR_REFUSED);
	cr_expect_eq(registrar_add(&r, token, "", text), REGISTRAR_REFUSED);
	cr_expect_eq(registrar_add(&r, token, id, text), REGISTRAR_REFUSED);
	cr_expect_str_eq(content(), "# users\n");
}

/* What a taken-over owner may send: it goes on after all of it. */
Test(registrar, survives_what_is_no_request)
{
	char answer[1 + REGISTRAR_TEXT], many[4096];
	static const size_t sizes[] = { 1, 2, 26, 600, sizeof(many) };

	memset(many, 'x', sizeof(many));
	start();
	for (size_t i = 0; i < 5; i++) {
		cr_expect_eq(send(r.fd, many, sizes[i], 0), (ssize_t)sizes[i]);
		cr_expect(recv(r.fd, answer, sizeof(answer), 0) > 1);
		cr_expect_eq(answer[0], REGISTRAR_REFUSED);
	}
	cr_expect_eq(registrar_add(&r, token, "0c0e0a01ff04", text), REGISTRAR_DONE);
}

Test(registrar, the_token_file)
{
	cr_assert_eq(chmod(token_file, 0640), 0);
	cr_expect_eq(registrar_start(&r, registry, token_file, err, sizeof(err)), -1);
	cr_expect(strstr(err, "chmod 600") != NULL, "%s", err);
	put(token_file, "too short\n");
	cr_expect_eq(registrar_start(&r, registry, token_file, err, sizeof(err)), -1);
	cr_expect(strstr(err, "16 to 256") != NULL, "%s", err);
	unlink(token_file);
	cr_expect_eq(registrar_start(&r, registry, token_file, err, sizeof(err)), -1);
	cr_expect(strstr(err, "No such file") != NULL, "%s", err);
}

Test(registrar, is_gone)
{
	struct registrar nobody;
	int ends[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	close(ends[1]);
	nobody.fd = ends[0];
	cr_expect_eq(registrar_add(&nobody, token, "0c0e0a01ff04", text), REGISTRAR_GONE);
	registrar_stop(&nobody);
}
