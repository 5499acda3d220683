/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides the layout of our state (PROTOCOL A.4, B.3). A flag says whether a field follows, so that
 * the usual state is its fixed part alone. What does not parse is somebody else's and is left
 * alone.
 */
#include "relay/state.h"

const uint8_t state_magic[2] = { 'D', 'X' };

static size_t put_fixed(const struct state *s, uint8_t *out)
{
	memcpy(out, state_magic, 2);
	out[2] = STATE_VERSION;
	out[3] = s->flags;
	out[4] = s->subnet;
	out[5] = (uint8_t)(s->mode << 4 | (s->kind & 0x0f));
	be32_put(out + 6, s->digest);
	be16_put(out + 10, s->generation);
	return STATE_FIXED;
}

static bool get_fixed(struct state *s, const uint8_t *data, size_t len)
{
	if (len < STATE_FIXED || memcmp(data, state_magic, 2) != 0 || data[2] != STATE_VERSION)
		return false;
	*s = (struct state){
		.flags = data[3],
		.subnet = data[4],
		.kind = data[5] & 0x0f,
		.mode = data[5] >> 4,
		.digest = be32_get(data + 6),
		.generation = be16_get(data + 10),
	};
	return true;
}

/* The fields that a flag announces, in the order they stand in. */
struct field {
	uint8_t flag, size;
};
static const struct field fields4[] = {
	{ STATE_SAVED_82_5, 4 }, { STATE_SAVED_118, 4 }, { STATE_SAVED_57, 2 }, { STATE_RULE, 2 },
};
static const struct field fields6[] = { { STATE_SAVED_82_5, 18 }, { STATE_RULE, 2 } };

enum { EXTENSION_ID = 1, EXTENSION_WAY = 2, WAY_LEN = 7 };

static uint8_t *put_way(const struct state *s, uint8_t *p)
{
	size_t peer = (s->way & WAY_UNICAST) != 0 ? sizeof(s->peer4) : 0;

	if (!s->relayed)
		return p;
	p[0] = EXTENSION_WAY;
	p[1] = (uint8_t)(WAY_LEN + peer);
	p[2] = s->way;
	be32_put(p + 3, s->link);
	be16_put(p + 7, s->port);
	memcpy(p + 9, s->peer4, peer);
	return p + 2 + p[1];
}

static void get_way(struct state *s, const uint8_t *data, size_t len)
{
	struct tlv t;

	if (!tlv_find(&TLV_AGENT, data, len, EXTENSION_WAY, &t) || t.len < WAY_LEN)
		return;
	s->relayed = true;
	s->way = t.val[0];
	s->link = be32_get(t.val + 1);
	s->port = be16_get(t.val + 5);
	if (t.len >= WAY_LEN + sizeof(s->peer4))
		memcpy(s->peer4, t.val + WAY_LEN, sizeof(s->peer4));
	else
		s->way &= (uint8_t)~WAY_UNICAST;
}

static uint8_t *put_extensions(const struct state *s, size_t id_max, uint8_t *p)
{
	p = put_way(s, p);
	if (s->id_len == 0 || s->id_len > id_max)
		return p;
	p[0] = EXTENSION_ID;
	p[1] = (uint8_t)(1 + s->id_len);
	p[2] = s->id_type;
	memcpy(p + 3, s->id, s->id_len);
	return p + 3 + s->id_len;
}

/* What does not parse is left out: the fixed part alone is a whole state. */
static void get_extensions(struct state *s, const uint8_t *data, size_t len)
{
	struct tlv t;

	get_way(s, data, len);
	if (!tlv_find(&TLV_AGENT, data, len, EXTENSION_ID, &t) || t.len < 2)
		return;
	s->id_type = t.val[0];
	s->id = t.val + 1;
	s->id_len = (uint8_t)(t.len - 1);
}

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static bool fields_fit(const struct field *f, size_t count, uint8_t flags, size_t len)
{
	for (size_t i = 0; i < count; i++) {
		if ((flags & f[i].flag) == 0)
			continue;
		if (f[i].size > len)
			return false;
		len -= f[i].size;
	}
	return true;
}

size_t state4_put(const struct state *s, uint8_t out[static STATE4_MAX])
{
	uint8_t *p = out + put_fixed(s, out);

	if ((s->flags & STATE_SAVED_82_5) != 0) {
		memcpy(p, s->link4, 4);
		p += 4;
	}
	if ((s->flags & STATE_SAVED_118) != 0) {
		memcpy(p, s->select4, 4);
		p += 4;
	}
	if ((s->flags & STATE_SAVED_57) != 0) {
		be16_put(p, s->max_size);
		p += 2;
	}
	if ((s->flags & STATE_RULE) != 0) {
		be16_put(p, s->rule);
		p += 2;
	}
	return (size_t)(put_extensions(s, STATE4_ID_MAX, p) - out);
}

bool state4_get(struct state *ret, const uint8_t *data, size_t len)
{
	const uint8_t *p;
	struct state s;

	if (!get_fixed(&s, data, len) ||
		!fields_fit(fields4, COUNT(fields4), s.flags, len - STATE_FIXED))
		return false;
	p = data + STATE_FIXED;
	if ((s.flags & STATE_SAVED_82_5) != 0) {
		memcpy(s.link4, p, 4);
		p += 4;
	}
	if ((s.flags & STATE_SAVED_118) != 0) {
		memcpy(s.select4, p, 4);
		p += 4;
	}
	if ((s.flags & STATE_SAVED_57) != 0) {
		s.max_size = be16_get(p);
		p += 2;
	}
	if ((s.flags & STATE_RULE) != 0) {
		s.rule = be16_get(p);
		p += 2;
	}
	get_extensions(&s, p, (size_t)(data + len - p));
	*ret = s;
	return true;
}

size_t state6_put(const struct state *s, uint32_t enterprise, uint8_t out[static STATE6_MAX])
{
	uint8_t *p = out + 4;

	be32_put(out, enterprise);
	p += put_fixed(s, p);
	if ((s->flags & STATE_SAVED_82_5) != 0) {
		p[0] = s->depth;
		p[1] = 0;
		memcpy(p + 2, s->link6, 16);
		p += 18;
	}
	if ((s->flags & STATE_RULE) != 0) {
		be16_put(p, s->rule);
		p += 2;
	}
	return (size_t)(put_extensions(s, STATE6_ID_MAX, p) - out);
}

bool state6_get(struct state *ret, uint32_t enterprise, const uint8_t *val, size_t len)
{
	const uint8_t *p;
	struct state s;

	if (len < 4 || be32_get(val) != enterprise || !get_fixed(&s, val + 4, len - 4) ||
		!fields_fit(fields6, COUNT(fields6), s.flags, len - 4 - STATE_FIXED))
		return false;
	p = val + 4 + STATE_FIXED;
	if ((s.flags & STATE_SAVED_82_5) != 0) {
		s.depth = p[0];
		memcpy(s.link6, p + 2, 16);
		p += 18;
	}
	if ((s.flags & STATE_RULE) != 0) {
		s.rule = be16_get(p);
		p += 2;
	}
	get_extensions(&s, p, (size_t)(val + len - p));
	*ret = s;
	return true;
}

bool state_within(uint32_t enterprise, const uint8_t *bytes, size_t len)
{
	const uint8_t *at = bytes, *end = bytes + len;

	while ((at = memmem(at, (size_t)(end - at), state_magic, sizeof(state_magic))) != NULL) {
		bool whose6 = at - bytes >= 4 && be32_get(at - 4) == enterprise;
		bool whose4 = at - bytes >= 5 && be32_get(at - 5) == enterprise;

		if ((whose4 || whose6) && end - at > 2 && at[2] == STATE_VERSION)
			return true;
		at++;
	}
	return false;
}
