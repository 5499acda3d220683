/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Walks an option's fields in both directions and hides which function knows which type. That a
 * decoded text leads back to the same bytes is not believed but tried: the text is encoded once
 * more and compared, and what fails is given as raw bytes. So an odd value (a boolean of 2, a name
 * with a space, bytes behind the last field) is never shown as something that it is not.
 */
#include "dhcpcodec/value.h"

#include "dhcpcodec/value_type.h"

#include <stdio.h>
#include <string.h>

/* How much of a wrong text is shown. */
#define SHOWN_MAX 32

struct codec {
	enum dhcp_err (*put)(struct value_put *v, unsigned type);
	enum dhcp_err (*get)(struct value_get *g, unsigned type);
};

static const struct codec codecs[DHCP_TYPE_COUNT] = {
	[DHCP_IPV4] = { value_put_address, value_get_address },
	[DHCP_IPV6] = { value_put_address, value_get_address },
	[DHCP_PREFIX6] = { value_put_prefix, value_get_prefix },
	[DHCP_UINT8] = { value_put_number, value_get_number },
	[DHCP_UINT16] = { value_put_number, value_get_number },
	[DHCP_UINT32] = { value_put_number, value_get_number },
	[DHCP_INT8] = { value_put_number, value_get_number },
	[DHCP_INT16] = { value_put_number, value_get_number },
	[DHCP_INT32] = { value_put_number, value_get_number },
	[DHCP_BOOLEAN] = { value_put_boolean, value_get_boolean },
	[DHCP_EMPTY] = { value_put_empty, value_get_empty },
	[DHCP_STRING] = { value_put_string, value_get_string },
	[DHCP_BINARY] = { value_put_binary, value_get_binary },
	[DHCP_FQDN] = { value_put_name, value_get_name },
	[DHCP_SEARCH] = { value_put_name, value_get_name },
	[DHCP_CLIENT_NAME] = { value_put_client_name, value_get_client_name },
	[DHCP_ROUTE4] = { value_put_route, value_get_route },
	[DHCP_TUPLE8] = { value_put_tuple, value_get_tuple },
	[DHCP_TUPLE16] = { value_put_tuple, value_get_tuple },
	[DHCP_SUBOPTION8] = { value_put_suboption, value_get_suboption },
	[DHCP_SUBOPTION16] = { value_put_suboption, value_get_suboption },
	[DHCP_SUBOPTIONS8] = { value_put_suboptions, value_get_suboptions },
	[DHCP_SIP4] = { value_put_sip, value_get_sip },
	[DHCP_NTP6] = { value_put_ntp, value_get_ntp },
};

static const char *const expectations[DHCP_TYPE_COUNT] = {
#define X(id, name, min, fixed, expected) [DHCP_##id] = expected,
	DHCP_TYPES(X)
#undef X
};

/* The field that comes again after the last. */
static size_t again(const struct dhcp_option_def *def)
{
	return def->repeat == DHCP_LIST ? strlen((const char *)def->type) - 1 : 0;
}

static bool is_binary(const struct dhcp_option_def *def)
{
	return def->type[0] == DHCP_BINARY && def->type[1] == DHCP_TYPE_END;
}

/* If the text begins with word and a colon, steps over both. */
static bool skip_word(struct value_put *v, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(v->end - v->p) <= n || memcmp(v->p, word, n) != 0 || v->p[n] != ':')
		return false;
	v->p += n + 1;
	return true;
}

static void skip_blanks(struct value_put *v)
{
	while (v->p < v->end && (*v->p == ' ' || *v->p == '\t'))
		v->p++;
}

static enum dhcp_err put_fields(const struct dhcp_option_def *def, struct value_put *v)
{
	if (def->type[0] != DHCP_STRING)
		skip_blanks(v);
	for (size_t i = 0;;) {
		unsigned type = def->type[i++];
		enum dhcp_err err = codecs[type].put(v, type);

		if (err != DHCP_OK) {
			if (v->expected == NULL)
				v->expected = expectations[type];
			return err;
		}
		if (def->type[i] == DHCP_TYPE_END) {
			skip_blanks(v);
			if (v->p == v->end)
				return DHCP_OK;
			if (def->repeat == DHCP_ONE) {
				v->expected = "the end of the value";
				return value_wrong(v, value_span(v->p, v->end), DHCP_E_VALUE);
			}
			i = again(def);
		}
		value_separator(v);
	}
}

static enum dhcp_err put_raw(const struct dhcp_option_def *def, struct value_put *v)
{
	struct value_token all = value_span(v->p, v->end);
	enum dhcp_err err = value_put_binary(v, DHCP_BINARY);

	if (err != DHCP_OK)
		v->expected = expectations[DHCP_BINARY];
	else if (!dhcp_option_fits(def, v->len))
		err = value_wrong(v, all, DHCP_E_OPTSIZE);
	return err;
}

/* Bytes of no known type: "ipv4-address:192.0.2.1, 192.0.2.2" names a type for this once. */
static bool named_type(struct value_put *v, struct dhcp_option_def *ret)
{
	for (unsigned type = 1; type < DHCP_TYPE_COUNT; type++) {
		if (skip_word(v, dhcp_type_name(type))) {
			ret->type[0] = (uint8_t)type;
			ret->repeat = DHCP_LIST;
			return true;
		}
	}
	return false;
}

static enum dhcp_err encode(const struct dhcp_option_def *def, struct value_put *v)
{
	struct dhcp_option_def named = *def;

	v->family = def->family;
	if (v->end - v->p >= 4 && memcmp(v->p, "hex:", 4) == 0)
		return put_raw(def, v);
	if (is_binary(def) && named_type(v, &named))
		return put_fields(&named, v);
	v->plain = def->type[0] == DHCP_SEARCH && skip_word(v, "plain");
	return put_fields(def, v);
}

enum dhcp_err dhcp_value_encode(const struct dhcp_option_def *def, const char *text, size_t len,
	uint8_t *out, size_t cap, size_t *ret_len)
{
	struct value_put v = { .store = out, .cap = cap < DHCP_VALUE_MAX ? cap : DHCP_VALUE_MAX };
	enum dhcp_err err;

	v.p = len > 0 ? text : "";
	v.end = v.p + len;
	err = encode(def, &v);
	if (err == DHCP_OK)
		*ret_len = v.len;
	return err;
}

/* The text as one may print it: quoted, cut, what is not printable as \xNN. */
static void show(char *buf, size_t cap, const char *text, size_t len)
{
	size_t pos = 1, n = len > SHOWN_MAX ? SHOWN_MAX : len;

	buf[0] = '"';
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text[i];
		bool plain = c >= 0x20 && c <= 0x7e && c != '"' && c != '\\';

		pos += (size_t)snprintf(buf + pos, cap - pos, plain ? "%c" : "\\x%02x", c);
	}
	snprintf(buf + pos, cap - pos, n < len ? "...\"" : "\"");
}

size_t dhcp_value_why(const struct dhcp_option_def *def, const char *text, size_t len,
	char *buf, size_t cap)
{
	struct value_put v = { .cap = DHCP_VALUE_MAX };
	char shown[4 * SHOWN_MAX + 8] = "nothing", type[128];
	enum dhcp_err err;
	int n;

	v.p = len > 0 ? text : "";
	v.end = v.p + len;
	err = encode(def, &v);
	if (err == DHCP_OK || err == DHCP_E_NOSPACE) {
		n = snprintf(buf, cap, "value of %s%zu byte%s", err == DHCP_OK ? "" : "more than ",
			v.len, v.len == 1 ? "" : "s");
	} else if (err == DHCP_E_OPTSIZE) {
		dhcp_option_type(def, type, sizeof(type));
		n = snprintf(buf, cap, "expected %s, got %zu byte%s", type, v.len,
			v.len == 1 ? "" : "s");
	} else {
		if (v.got_len > 0)
			show(shown, sizeof(shown), v.got, v.got_len);
		n = snprintf(buf, cap, "expected %s, got %s", v.expected, shown);
	}
	return (size_t)n;
}

static enum dhcp_err get_fields(const struct dhcp_option_def *def, struct value_get *g)
{
	for (size_t i = 0;;) {
		unsigned type = def->type[i++];
		enum dhcp_err err = codecs[type].get(g, type);

		if (err == DHCP_OK && def->type[i] == DHCP_TYPE_END) {
			if (g->p == g->end)
				return DHCP_OK;
			if (def->repeat == DHCP_ONE)
				return DHCP_E_VALUE;
			i = again(def);
		}
		if (err == DHCP_OK)
			err = value_say(g, ", ", 2);
		if (err != DHCP_OK)
			return err;
	}
}

static bool leads_back(const struct dhcp_option_def *def, const struct value_get *g)
{
	size_t len = (size_t)(g->end - g->base);
	struct value_put v = { .p = g->text, .end = g->text + g->len, .same = g->base, .cap = len };

	return encode(def, &v) == DHCP_OK && v.len == len;
}

/* Puts "plain:" before a search list whose sender left out compression that we should have used. */
static bool say_plain(const struct dhcp_option_def *def, struct value_get *g)
{
	static const char word[] = "plain:";
	const size_t n = sizeof(word) - 1;

	if (def->type[0] != DHCP_SEARCH || n > g->cap - g->len)
		return false;
	memmove(g->text + n, g->text, g->len);
	memcpy(g->text, word, n);
	g->len += n;
	return leads_back(def, g);
}

static enum dhcp_err decode(const struct dhcp_option_def *def, struct value_get *g)
{
	enum dhcp_err err;

	if (!dhcp_option_fits(def, (size_t)(g->end - g->base)))
		return DHCP_E_OPTSIZE;
	err = get_fields(def, g);
	if (err == DHCP_E_NOSPACE || (err == DHCP_OK && (leads_back(def, g) || say_plain(def, g))))
		return err;
	g->p = g->base;
	g->len = 0;
	return value_get_binary(g, DHCP_BINARY);
}

enum dhcp_err dhcp_value_decode(const struct dhcp_option_def *def, const uint8_t *bytes, size_t len,
	char *out, size_t cap)
{
	static const uint8_t none[1];
	struct value_get g = { .text = out, .cap = cap - 1, .family = def->family };
	enum dhcp_err err;

	if (cap == 0)
		return DHCP_E_NOSPACE;
	g.base = g.p = len > 0 ? bytes : none;
	g.end = g.base + len;
	err = decode(def, &g);
	out[err == DHCP_OK ? g.len : 0] = '\0';
	return err;
}

enum dhcp_err dhcp_value_hex(const uint8_t *bytes, size_t len, char *out, size_t cap)
{
	static const struct dhcp_option_def raw = { .type = { DHCP_BINARY } };

	return dhcp_value_decode(&raw, bytes, len, out, cap);
}
