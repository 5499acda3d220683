/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ISC dhcpd's "host" declarations, wherever they stand (dhcpd.conf(5)). Read are the hardware
 * address, host-identifier, fixed addresses, filename and options; blocks inside of a host, such as
 * conditions, are passed over, because no registry could mean the same.
 */
#include "registry/import_parts.h"

#include "dhcpcodec/option.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { TOKENS_MAX = 128, VALUE_MAX = 2048, DEEPEST = 64 };

struct token {
	const char *text;
	size_t len;
	bool quoted;
};

struct isc {
	struct import *im;
	char *at;
	size_t line;
	struct token tokens[TOKENS_MAX]; /* of one statement */
	size_t count, first_line;
	size_t depth, host;              /* blocks open; at which depth a host is, 0: none */
};

/* ISC's names for options whose name in the dictionary is another one. */
static const char *const names[][2] = {
	{ "bootfile-name", "boot-file-name" },
	{ "dhcp6.name-servers", "dns-servers" },
	{ "dhcp6.info-refresh-time", "information-refresh-time" },
	{ "dhcp6.fqdn", "client-fqdn" },
};

static void skip_space(struct isc *p)
{
	for (; *p->at != '\0'; p->at++) {
		if (*p->at == '#')
			p->at += strcspn(p->at, "\n");
		if (*p->at == '\0' || !isspace((unsigned char)*p->at))
			break;
		p->line += *p->at == '\n';
	}
}

/* A string with its escapes undone, over itself. */
static struct token read_string(struct isc *p)
{
	char *to = ++p->at;
	struct token t = { .text = to, .quoted = true };

	while (*p->at != '\0' && *p->at != '"') {
		static const char from[] = "ntrbf", into[] = "\n\t\r\b\f";
		const char *known;

		p->line += *p->at == '\n';
		if (*p->at != '\\' || p->at[1] == '\0') {
			*to++ = *p->at++;
			continue;
		}
		known = strchr(from, *++p->at);
		*to++ = known != NULL ? into[known - from] : *p->at;
		p->at++;
	}
	p->at += *p->at == '"';
	t.len = (size_t)(to - t.text);
	return t;
}

/* Reads tokens up to ';', '{' or '}', which is returned; '\0' at the end of the file. */
static char read_statement(struct isc *p)
{
	p->count = 0;
	for (skip_space(p), p->first_line = p->line; *p->at != '\0'; skip_space(p)) {
		struct token t = { .text = p->at, .len = 1 };

		if (strchr(";{}", *p->at) != NULL)
			return *p->at++;
		if (*p->at == '"') {
			t = read_string(p);
		} else if (*p->at == ',') {
			p->at++;
		} else {
			t.len = strcspn(p->at, " \t\r\n\f\v;{},\"#");
			p->at += t.len;
		}
		if (p->count < TOKENS_MAX)
			p->tokens[p->count++] = t;
	}
	return '\0';
}

static bool is(const struct isc *p, size_t i, const char *word)
{
	return i < p->count && !p->tokens[i].quoted && strlen(word) == p->tokens[i].len &&
		memcmp(p->tokens[i].text, word, p->tokens[i].len) == 0;
}

/* The tokens from `from` on as one text: lists with ", ", else a space between. */
static size_t join(const struct isc *p, size_t from, char value[static VALUE_MAX])
{
	size_t n = 0;

	value[0] = '\0';
	for (size_t i = from; i < p->count && n < VALUE_MAX; i++) {
		const char *gap = i == from || is(p, i, ",") ? "" : " ";

		n += (size_t)snprintf(value + n, VALUE_MAX - n, "%s%.*s", gap,
			(int)p->tokens[i].len, p->tokens[i].text);
	}
	if (n >= VALUE_MAX)
		import_refuse(p->im, "value of more than 2047 bytes");
	return n < VALUE_MAX ? n : 0;
}

static void take_id(struct isc *p, size_t i, enum reg_id_type type)
{
	if (i >= p->count)
		return;
	if (p->tokens[i].quoted)
		import_id_text(p->im, type, p->tokens[i].text, p->tokens[i].len);
	else
		import_id(p->im, type, p->tokens[i].text, p->tokens[i].len);
}

/* Bytes are written 1:a:ff by dhcpd: two digits each in hex[], or false if the text is not that. */
static bool to_hex(const char *text, char hex[static 2 * VALUE_MAX])
{
	size_t n = (size_t)sprintf(hex, "hex:");

	if (strchr(text, ':') == NULL)
		return false;
	while (*text != '\0') {
		size_t digits = strspn(text, "0123456789abcdefABCDEF");

		if (digits < 1 || digits > 2 || (text[digits] != ':' && text[digits] != '\0'))
			return false;
		n += (size_t)sprintf(hex + n, "%s%.*s", digits == 1 ? "0" : "", (int)digits, text);
		text += digits + (text[digits] == ':');
	}
	return true;
}

/* Truth is also written on and off. */
static void take_typed(struct isc *p, const char *name, const char *value, size_t len)
{
	struct dhcp_option_def def;
	char hex[2 * VALUE_MAX];
	bool known = dhcp_option_find(4, name, strlen(name), &def) ||
		dhcp_option_find(6, name, strlen(name), &def);

	if (known && def.type[0] == DHCP_BOOLEAN && strcmp(value, "on") == 0)
		import_named(p->im, name, "true", 4);
	else if (known && def.type[0] == DHCP_BOOLEAN && strcmp(value, "off") == 0)
		import_named(p->im, name, "false", 5);
	else if (known && def.type[0] != DHCP_IPV6 && !p->tokens[2].quoted && to_hex(value, hex))
		import_named(p->im, name, hex, strlen(hex));
	else
		import_named(p->im, name, value, len);
}

static void take_option(struct isc *p)
{
	char name[128], value[VALUE_MAX];
	size_t len = join(p, 2, value);
	const char *plain = name;

	if (is(p, 1, "dhcp-client-identifier")) {
		take_id(p, 2, REG_CLIENT_ID);
		return;
	}
	snprintf(name, sizeof(name), "%.*s", (int)p->tokens[1].len, p->tokens[1].text);
	if (strncmp(name, "dhcp6.", 6) == 0)
		plain = name + 6;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i][0], name) == 0)
			plain = names[i][1];
	}
	take_typed(p, plain, value, len);
}

/* Statements of a host whose words from the second on are kept, under another name. */
static const char *const kept[][2] = {
	{ "filename", "bootfile" },     { "fixed-address", "ip-address" },
	{ "fixed-address6", "ip-address" }, { "fixed-prefix6", "prefix" },
	{ "next-server", "next-server" }, { "server-name", "server-name" },
	{ "ddns-hostname", "ddns-hostname" },
};

static void take_statement(struct isc *p)
{
	char value[VALUE_MAX];

	if (is(p, 0, "hardware"))
		take_id(p, 2, REG_HW_ADDR);
	else if (is(p, 0, "host-identifier") && is(p, 2, "dhcp6.client-id"))
		take_id(p, 3, REG_DUID);
	else if (is(p, 0, "host-identifier") && is(p, 2, "agent.circuit-id"))
		take_id(p, 3, REG_CIRCUIT_ID);
	else if (is(p, 0, "host-identifier") && is(p, 2, "agent.remote-id"))
		take_id(p, 3, REG_REMOTE_ID);
	else if (is(p, 0, "option") && p->count >= 3)
		take_option(p);
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		if (is(p, 0, kept[i][0])) {
			size_t len = join(p, 1, value);

			import_named(p->im, kept[i][1], value, len);
		}
	}
}

static enum reg_err open_block(struct isc *p)
{
	if (++p->depth > DEEPEST)
		return import_wrong(p->im, p->line, "blocks nested more than 64 deep");
	if (p->host == 0 && is(p, 0, "host")) {
		p->host = p->depth;
		import_begin(p->im, p->first_line);
		if (p->count >= 2)
			import_named(p->im, "name", p->tokens[1].text, p->tokens[1].len);
	}
	return REG_OK;
}

static enum reg_err close_block(struct isc *p)
{
	bool host = p->host == p->depth && p->host != 0;

	if (p->depth == 0)
		return import_wrong(p->im, p->line, "a '}' too many");
	p->depth--;
	if (!host)
		return REG_OK;
	p->host = 0;
	return import_end(p->im);
}

enum reg_err import_isc(struct import *im, char *text, size_t len)
{
	struct isc p = { .im = im, .at = text, .line = 1 };
	enum reg_err e = REG_OK;
	char end;

	(void)len;
	while (e == REG_OK && (end = read_statement(&p)) != '\0') {
		if (end == '{')
			e = open_block(&p);
		else if (end == '}')
			e = close_block(&p);
		else if (p.host != 0 && p.host == p.depth)
			take_statement(&p);
	}
	if (e == REG_OK && (p.depth > 0 || p.count > 0))
		return import_wrong(im, p.line, "the file ends inside of a block or statement");
	return e;
}
