/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The paper's algorithm with c = 1 and d = 3. Words are read little-endian whatever the machine is,
 * so that a region shared between processes, or a test vector, means the same everywhere.
 */
#include "registry/siphash.h"

#include <endian.h>
#include <string.h>

struct state {
	uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotl(uint64_t x, unsigned int n)
{
	return x << n | x >> (64 - n);
}

static inline uint64_t le64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return le64toh(v);
}

static inline void sipround(struct state *s)
{
	s->v0 += s->v1;
	s->v2 += s->v3;
	s->v1 = rotl(s->v1, 13) ^ s->v0;
	s->v3 = rotl(s->v3, 16) ^ s->v2;
	s->v0 = rotl(s->v0, 32);
	s->v2 += s->v1;
	s->v0 += s->v3;
	s->v1 = rotl(s->v1, 17) ^ s->v2;
	s->v3 = rotl(s->v3, 21) ^ s->v0;
	s->v2 = rotl(s->v2, 32);
}

static inline uint64_t le32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return le32toh(v);
}

/* The last n bytes, fewer than eight; what overlaps is the same twice. */
static inline uint64_t tail(const uint8_t *p, size_t n)
{
	if (n >= 4)
		return le32(p) | le32(p + n - 4) << (8 * (n - 4));
	if (n == 0)
		return 0;
	return p[0] | (uint64_t)p[n / 2] << (8 * (n / 2)) | (uint64_t)p[n - 1] << (8 * (n - 1));
}

static inline void absorb(struct state *s, uint64_t word)
{
	s->v3 ^= word;
	sipround(s);
	s->v0 ^= word;
}

uint64_t siphash13(const uint8_t key[static 16], const void *data, size_t len)
{
	uint64_t k0 = le64(key), k1 = le64(key + 8), last = (uint64_t)len << 56;
	struct state s = { k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d,
		k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573 };
	const uint8_t *p = data;

	for (; len >= 8; len -= 8, p += 8)
		absorb(&s, le64(p));
	absorb(&s, last | tail(p, len));
	s.v2 ^= 0xff;
	sipround(&s);
	sipround(&s);
	sipround(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}
