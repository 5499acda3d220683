/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usher explain: what would happen to a client, and why, by config and registry as they are on the
 * disk; with --live as they are in force in the daemon, which is asked then. explain.c has the
 * words.
 */
#include "relay/command.h"

#include "relay/control_client.h"
#include "relay/explain.h"

#include <stdlib.h>

/* From the files. */
static int explain_files(
	const char *config, const struct reg_id *id, const uint8_t *message, size_t len)
{
	struct offline *o = malloc(sizeof(*o));
	int code = EXIT_CODE_MEMORY;

	if (o == NULL)
		return code;
	code = offline_init(o, config);
	if (code == EXIT_CODE_OK) {
		explain(o, id, message, len, stdout);
		offline_done(o);
	}
	free(o);
	return code;
}

/* From the daemon. */
static int explain_live(const struct control_place *place, const char *id, const char *hex)
{
	const struct control_argument arguments[] = {
		{ "id", id }, { "response", hex }, { NULL, NULL },
	};
	struct control_answer answer;
	int code = control_ask(place, "explain", arguments, &answer);

	if (code == EXIT_CODE_OK)
		fputs(control_text(&answer, "text"), stdout);
	control_answer_done(&answer);
	return code;
}

enum { FLAG_OF_CONFIG, FLAG_SOCKET_PATH, FLAG_LIVE, FLAG_RESPONSE };

const struct flag explain_flags[] = {
	FLAG_CONFIG,
	FLAG_SOCKET,
	{ "live", 'l', NULL, "by what is in force in the running daemon" },
	{ "response", 'r', "HEX", "a server's message that goes through too, as hex digits" },
	{ NULL, 0, NULL, NULL },
};

int cmd_explain(int argc, char **argv)
{
	const char *values[FLAGS_MAX], *hex;
	int at = command_flags(argc, argv, explain_flags, values);
	uint8_t message[EXPLAIN_MESSAGE];
	char why[512];
	struct reg_id id;
	size_t len = 0;

	if (at < 0 || argc - at != 1)
		return EXIT_CODE_USAGE;
	if (!explain_id(argv[at], &id, why, sizeof(why))) {
		fprintf(stderr, "usher: %s\n", why);
		return EXIT_CODE_CONFIG;
	}
	hex = values[FLAG_RESPONSE];
	if (hex != NULL && (len = explain_hex(hex, message, sizeof(message))) == 0) {
		fprintf(stderr, "usher: --response: expected a DHCP message as pairs of hex digits, "
			"at most %d bytes\n", EXPLAIN_MESSAGE);
		return EXIT_CODE_CONFIG;
	}
	if (values[FLAG_LIVE] != NULL)
		return explain_live(
			&(struct control_place){ values[FLAG_OF_CONFIG], values[FLAG_SOCKET_PATH] },
			argv[at], hex);
	return explain_files(values[FLAG_OF_CONFIG] != NULL ? values[FLAG_OF_CONFIG] : CONFIG_PATH,
		&id, message, len);
}
