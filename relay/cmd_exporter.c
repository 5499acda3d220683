/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usher exporter: which files and sockets the config and the command line name. What is done with
 * them is exporter.c's.
 */
#include "relay/command.h"

#include "relay/config.h"
#include "relay/control_client.h"
#include "relay/exporter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FLAG_OF_CONFIG, FLAG_OF_SOCKET, FLAG_LISTEN, FLAG_OUTCOME, FLAG_REGISTER, FLAG_TOKEN };

enum { ASK_MS = 3000 };

const struct flag exporter_flags[] = {
	FLAG_CONFIG,
	FLAG_SOCKET,
	{ "listen", 'l', "ADDR", "where to serve: ADDRESS:PORT, 127.0.0.1:9567 if it is left out" },
	{ "outcome", 0, "FILE", "the outcome file of JSON lines, instead of the config's" },
	{ "allow-register", 0, NULL, "let whoever has the token add users to the registry" },
	{ "token-file", 0, "FILE", "whose first line is that token" },
	{ NULL, 0, NULL, NULL },
};

static char *ask(const char *socket, char *err, size_t cap)
{
	struct control_place place = { .socket = socket, .timeout_ms = ASK_MS, .err = err, .cap = cap };
	struct control_answer a;
	char *text = NULL;

	err[0] = '\0';
	if (control_ask(&place, "metrics", NULL, &a) == EXIT_CODE_OK)
		text = strdup(control_text(&a, "text"));
	control_answer_done(&a);
	return text;
}

static const char *json_outcome_of(const struct config *c)
{
	if (c->outcome.json_file[0] != '\0')
		return c->outcome.json_file;
	return c->outcome.format == OUTCOME_JSON ? c->outcome.file : "";
}

static int wrong(const char *text, const char *what)
{
	fprintf(stderr, "usher: %s%s\n", text, what);
	return EXIT_CODE_CONFIG;
}

static int export(const struct config *c, const char *const *values)
{
	struct exporter_options o = {
		.listen = values[FLAG_LISTEN] != NULL ? values[FLAG_LISTEN] : "127.0.0.1:9567",
		.socket = values[FLAG_OF_SOCKET] != NULL ? values[FLAG_OF_SOCKET] : c->control,
		.outcome = values[FLAG_OUTCOME] != NULL ? values[FLAG_OUTCOME] : json_outcome_of(c),
		.no_outcome = "the config writes none as JSON: set \"outcome\": { \"json_file\": ... }",
		.registry = values[FLAG_REGISTER] != NULL ? c->registry.file : "",
		.token_file = values[FLAG_TOKEN],
		.ask = ask,
	};

	if (o.socket[0] == '\0')
		return wrong(c->path, ": \"control\" is empty, so that no daemon can be asked");
	if (values[FLAG_REGISTER] != NULL && c->registry.mysql.used)
		return wrong("--allow-register adds to a registry file, and that of the config is a "
			"database: ", c->registry.mysql.database);
	if ((values[FLAG_REGISTER] != NULL) != (values[FLAG_TOKEN] != NULL))
		return wrong("--allow-register and --token-file belong together", "");
	return exporter_run(&o);
}

int cmd_exporter(int argc, char **argv)
{
	const char *values[FLAGS_MAX], *path;
	struct config_error err;
	struct config *c;
	int code;

	if (command_flags(argc, argv, exporter_flags, values) != argc)
		return EXIT_CODE_USAGE;
	path = values[FLAG_OF_CONFIG] != NULL ? values[FLAG_OF_CONFIG] : CONFIG_PATH;
	log_open(LEVEL_INFO);
	c = config_load(path, &err);
	if (c == NULL)
		return wrong(err.text, "");
	code = export(c, values);
	config_free(c);
	return code;
}
