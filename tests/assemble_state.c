/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state that usher writes, as relay/state.h draws it, written down a second time: a block of
 * sub-option 82.9 and the value of an Interface-ID.
 */
#include "tests/assembler.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

enum { ENTERPRISE = 32473 };

struct state_text {
	uint8_t flags, subnet, kind, mode;
	uint8_t link[4], select[4], link6[16];
	unsigned long depth, size, rule;
	bool open;             /* digest and generation may be anything */
	unsigned long digest, generation;
	unsigned long id_type;
	const char *id;        /* hex digits, NULL: none carried */
	char id_text[300];
	bool way;              /* of relay mode */
	uint8_t way_flags, peer[4];
	unsigned long port, name_hash;
	bool has_peer;
};

static const char *const state_flags[8] = {
	"own_82", "link", "own_118", "select", "broadcast", "size", "auth", "rule",
};
static const char *const state_kinds[] = {
	"unknown", "discover", "selecting", "init_reboot", "renewing", "rebinding", "inform",
	"decline", "release",
};

static uint8_t kind_named(struct assembler *a, const char *name)
{
	for (size_t i = 0; i < sizeof(state_kinds) / sizeof(state_kinds[0]); i++)
		if (strcmp(name, state_kinds[i]) == 0)
			return (uint8_t)i;
	return (uint8_t)as_number(a, name, 10, 15);
}

/* link=ADDRESS, or for DHCPv6 link=DEPTH,ADDRESS; the rest are numbers. */
static void state_value(struct assembler *a, struct state_text *s, unsigned bit, const char *v)
{
	char *end;

	s->flags |= (uint8_t)(1 << bit);
	if (bit == 1 && strchr(v, ',') != NULL) {
		s->depth = strtoul(v, &end, 10);
		if (*end != ',' || inet_pton(AF_INET6, end + 1, s->link6) != 1)
			as_fail(a, "\"%s\" is not depth,address", v);
	} else if (bit == 1 || bit == 3) {
		if (inet_pton(AF_INET, v, bit == 1 ? s->link : s->select) != 1)
			as_fail(a, "\"%s\" is not an address", v);
	} else if (bit == 5) {
		s->size = as_number(a, v, 10, 65535);
	} else if (bit == 7) {
		s->rule = as_number(a, v, 10, 65535);
	} else {
		as_fail(a, "this flag has no value");
	}
}

/* FNV-1a, 32 bits, of the interface's name: what stands for the client's link. */
static unsigned long link_hash(const char *name)
{
	uint32_t h = 0x811c9dc5;

	while (*name != '\0') {
		h ^= (unsigned char)*name++;
		h *= 0x01000193;
	}
	return h;
}

/* way=INTERFACE[,FLAG...]: an interface's name, or "none"; then how the query came. */
static void state_way(struct assembler *a, struct state_text *s, const char *v)
{
	static const char *const names[] = { "giaddr", "broadcast", "unicast", "on_link" };
	char text[ASSEMBLER_TOKEN], *word, *rest = NULL;

	strcpy(text, v);
	word = strtok_r(text, ",", &rest);
	s->way = true;
	s->name_hash = word != NULL && strcmp(word, "none") != 0 ? link_hash(word) : 0;
	while ((word = strtok_r(NULL, ",", &rest)) != NULL) {
		size_t i = 0;

		while (i < sizeof(names) / sizeof(names[0]) && strcmp(word, names[i]) != 0)
			i++;
		if (i == sizeof(names) / sizeof(names[0]))
			as_fail(a, "a way knows no \"%s\"", word);
		s->way_flags |= (uint8_t)(1 << i);
	}
}

/* id=TYPE,HEX: the identity that the user was found by, where an answer does not show it. */
static void state_id(struct assembler *a, struct state_text *s, const char *v)
{
	char *end;

	s->id_type = strtoul(v, &end, 10);
	if (*end != ',' || strlen(end + 1) >= sizeof(s->id_text) ||
		!as_hex_digits(end + 1, strlen(end + 1))) {
		as_fail(a, "\"%s\" is not type,hex", v);
		return;
	}
	strcpy(s->id_text, end + 1);
	s->id = s->id_text;
}

static void state_word(struct assembler *a, struct state_text *s)
{
	const char *v;

	for (unsigned bit = 0; bit < 8; bit++) {
		if ((v = as_value(a, state_flags[bit])) != NULL) {
			state_value(a, s, bit, v);
			return;
		}
		if (as_is(a, state_flags[bit])) {
			s->flags |= (uint8_t)(1 << bit);
			return;
		}
	}
	if ((v = as_value(a, "subnet")) != NULL) {
		s->subnet = strcmp(v, "none") == 0 ? 0 : a->env->subnet_id(a->env->ctx, v);
		if (s->subnet == 0 && strcmp(v, "none") != 0)
			as_fail(a, "no subnet \"%s\"", v);
	} else if ((v = as_value(a, "kind")) != NULL) {
		s->kind = kind_named(a, v);
	} else if ((v = as_value(a, "mode")) != NULL) {
		s->mode = (uint8_t)as_number(a, v, 10, 15);
	} else if ((v = as_value(a, "digest")) != NULL) {
		s->digest = as_number(a, v, 16, 0xffffffff);
		s->open = false;
	} else if ((v = as_value(a, "generation")) != NULL && strcmp(v, "now") == 0) {
		s->generation = a->env->generation;
	} else if ((v = as_value(a, "id")) != NULL) {
		state_id(a, s, v);
	} else if ((v = as_value(a, "way")) != NULL) {
		state_way(a, s, v);
	} else if ((v = as_value(a, "port")) != NULL) {
		s->port = as_number(a, v, 10, 65535);
	} else if ((v = as_value(a, "peer")) != NULL) {
		s->has_peer = inet_pton(AF_INET, v, s->peer) == 1;
	} else {
		as_fail(a, "the state knows no \"%s\"", a->tok);
	}
}

static void state_read(struct assembler *a, struct state_text *s)
{
	*s = (struct state_text){ .open = a->env->actual != NULL };
	for (; !as_line_over(a); as_next(a))
		state_word(a, s);
}

static void state_fixed(struct assembler *a, const struct state_text *s)
{
	uint8_t head[6] = { 'D', 'X', 1, s->flags, s->subnet, (uint8_t)(s->mode << 4 | s->kind) };

	as_emit(a, head, sizeof(head));
	if (s->open) {
		as_emit_any(a, 6);
	} else {
		as_emit_number(a, 4, s->digest);
		as_emit_number(a, 2, s->generation);
	}
}

static void state_extensions(struct assembler *a, const struct state_text *s)
{
	if (s->id != NULL) {
		as_emit_number(a, 1, 1);
		as_emit_number(a, 1, 1 + strlen(s->id) / 2);
		as_emit_number(a, 1, s->id_type);
		as_emit_hex(a, s->id, strlen(s->id));
	}
	if (s->way) {
		as_emit_number(a, 1, 2);
		as_emit_number(a, 1, s->has_peer ? 11 : 7);
		as_emit_number(a, 1, s->way_flags);
		as_emit_number(a, 4, s->name_hash);
		as_emit_number(a, 2, s->port);
		if (s->has_peer)
			as_emit(a, s->peer, 4);
	}
}

/* A block of sub-option 82.9: enterprise, length, data. */
void as_state4(struct assembler *a)
{
	struct state_text s;
	size_t at;

	state_read(a, &s);
	as_emit_number(a, 4, ENTERPRISE);
	at = a->out->len;
	as_emit_number(a, 1, 0);
	state_fixed(a, &s);
	if ((s.flags & 2) != 0)
		as_emit(a, s.link, 4);
	if ((s.flags & 8) != 0)
		as_emit(a, s.select, 4);
	if ((s.flags & 0x20) != 0)
		as_emit_number(a, 2, s.size);
	if ((s.flags & 0x80) != 0)
		as_emit_number(a, 2, s.rule);
	state_extensions(a, &s);
	as_put(a->out->bytes + at, 1, a->out->len - at - 1);
}

/* The value of our Interface-ID. */
void as_state6(struct assembler *a)
{
	struct state_text s;

	state_read(a, &s);
	as_emit_number(a, 4, ENTERPRISE);
	state_fixed(a, &s);
	if ((s.flags & 2) != 0) {
		as_emit_number(a, 1, s.depth);
		as_emit_number(a, 1, 0);
		as_emit(a, s.link6, 16);
	}
	if ((s.flags & 0x80) != 0)
		as_emit_number(a, 2, s.rule);
	state_extensions(a, &s);
}
