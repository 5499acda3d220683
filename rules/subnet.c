/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides how an address finds its subnet (one sorted array of disjoint prefixes per kind, searched
 * by halving) and how subnets get their ids. The ids travel in the state that we write into
 * packets, so they depend on the names alone: not on the order of the config, not on the run.
 *
 * Reading subnets from the config is rules/subnet_read.c.
 */
#include "rules/subnet.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool prefix_holds(const struct prefix *p, const uint8_t *addr)
{
	size_t whole = p->bits / 8;
	unsigned int rest = p->bits % 8;

	if (memcmp(p->addr, addr, whole) != 0)
		return false;
	return rest == 0 || ((p->addr[whole] ^ addr[whole]) >> (8 - rest)) == 0;
}

/* Whether no bit after the prefix length is set. */
static bool host_bits_zero(const struct prefix *p, unsigned int width)
{
	for (unsigned int bit = p->bits; bit < width; bit++)
		if ((p->addr[bit / 8] >> (7 - bit % 8) & 1) != 0)
			return false;
	return true;
}

static bool bits_parse(const char *text, unsigned int width, uint8_t *ret)
{
	unsigned int n = 0;

	if (*text == '\0' || strlen(text) > 3)
		return false;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return false;
		n = 10 * n + (unsigned int)(*text - '0');
	}
	*ret = (uint8_t)n;
	return n <= width;
}

enum rule_err prefix_parse(const char *text, struct prefix *ret, uint8_t *ret_family)
{
	const char *slash = strchrnul(text, '/');
	char addr[INET6_ADDRSTRLEN];
	struct prefix p = { .bits = 0 };
	unsigned int width;

	if ((size_t)(slash - text) >= sizeof(addr))
		return RULE_E_VALUE;
	memcpy(addr, text, (size_t)(slash - text));
	addr[slash - text] = '\0';
	if (inet_pton(AF_INET, addr, p.addr) == 1)
		width = 32;
	else if (inet_pton(AF_INET6, addr, p.addr) == 1)
		width = 128;
	else
		return RULE_E_VALUE;
	p.bits = (uint8_t)width;
	if (*slash == '/' && !bits_parse(slash + 1, width, &p.bits))
		return RULE_E_VALUE;
	if (!host_bits_zero(&p, width))
		return RULE_E_CONFLICT;
	*ret = p;
	*ret_family = width == 32 ? 4 : 6;
	return RULE_OK;
}

const char *prefix_text(const struct prefix *p, uint8_t family, char buf[static PREFIX_TEXT_MAX])
{
	size_t len;

	inet_ntop(family == 4 ? AF_INET : AF_INET6, p->addr, buf, PREFIX_TEXT_MAX);
	len = strlen(buf);
	if (p->bits < (family == 4 ? 32 : 128))
		snprintf(buf + len, PREFIX_TEXT_MAX - len, "/%u", p->bits);
	return buf;
}

/* len: bytes of addr; bits: how many of its bits say what is looked for. */
static const struct subnet *map_find(const struct subnets *s, const struct prefix_map *m,
	const uint8_t *addr, size_t len, uint8_t bits)
{
	size_t low = 0, high = m->count;

	/* all[low - 1] becomes the last entry that does not begin after addr */
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (memcmp(m->all[mid].prefix.addr, addr, len) <= 0)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == 0 || m->all[low - 1].prefix.bits > bits ||
		!prefix_holds(&m->all[low - 1].prefix, addr))
		return NULL;
	return &s->all[m->all[low - 1].subnet];
}

const struct subnet *subnet_of4(const struct subnets *s, const uint8_t addr[static 4])
{
	return map_find(s, &s->map4, addr, 4, 32);
}

const struct subnet *subnet_of6(const struct subnets *s, const uint8_t addr[static 16])
{
	return map_find(s, &s->map6, addr, 16, 128);
}

const struct subnet *subnet_of_pd(
	const struct subnets *s, const uint8_t addr[static 16], uint8_t bits)
{
	return map_find(s, &s->map_pd, addr, 16, bits);
}

const struct subnet *subnet_named(const struct subnets *s, const char *name, size_t len)
{
	for (size_t i = 0; i < s->count; i++)
		if (strlen(s->all[i].name) == len && memcmp(s->all[i].name, name, len) == 0)
			return &s->all[i];
	return NULL;
}

const struct subnet *subnet_with_id(const struct subnets *s, uint8_t id)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->all[i].id == id)
			return &s->all[i];
	return NULL;
}

static int entry_cmp(const void *pa, const void *pb)
{
	const struct prefix_entry *a = pa, *b = pb;
	int order = memcmp(a->prefix.addr, b->prefix.addr, sizeof(a->prefix.addr));

	return order != 0 ? order : (int)a->prefix.bits - (int)b->prefix.bits;
}

static enum rule_err fail(struct rule_error *err, enum rule_err code, const struct subnets *s,
	size_t i, const char *key)
{
	err->code = code;
	err->line = s->all[i].line;
	snprintf(err->path, sizeof(err->path), "subnets[%zu]%s%s", i, *key ? "." : "", key);
	return code;
}

static enum rule_err overlap(const struct subnets *s, const struct prefix_entry *a,
	const struct prefix_entry *b, uint8_t family, struct rule_error *err)
{
	const struct prefix_entry *later = a->subnet > b->subnet ? a : b,
				  *first = later == a ? b : a;
	char text1[PREFIX_TEXT_MAX], text2[PREFIX_TEXT_MAX];

	snprintf(err->text, sizeof(err->text),
		"expected prefixes of its own, got %s of subnet \"%s\", which overlaps %s of subnet \"%s\"",
		prefix_text(&later->prefix, family, text1), s->all[later->subnet].name,
		prefix_text(&first->prefix, family, text2), s->all[first->subnet].name);
	return fail(err, RULE_E_OVERLAP, s, later->subnet, "");
}

/* Sorts the map and takes out prefixes that lie inside another one of the same subnet. */
static enum rule_err map_close(
	const struct subnets *s, struct prefix_map *m, uint8_t family, struct rule_error *err)
{
	size_t kept = 0;

	if (m->count == 0)
		return RULE_OK;
	qsort(m->all, m->count, sizeof(m->all[0]), entry_cmp);
	for (size_t i = 1; i < m->count; i++) {
		const struct prefix_entry *last = &m->all[kept], *e = &m->all[i];

		if (!prefix_holds(&last->prefix, e->prefix.addr))
			m->all[++kept] = *e;
		else if (last->subnet != e->subnet)
			return overlap(s, last, e, family, err);
	}
	m->count = kept + 1;
	return RULE_OK;
}

static void map_add(struct prefix_map *m, const struct prefix *p, size_t n, size_t subnet)
{
	for (size_t i = 0; i < n; i++)
		m->all[m->count++] =
			(struct prefix_entry){ .prefix = p[i], .subnet = (uint8_t)subnet };
}

static enum rule_err maps_make(struct subnets *s, struct arena *a, struct rule_error *err)
{
	size_t n4 = 0, n6 = 0, npd = 0;

	for (size_t i = 0; i < s->count; i++) {
		n4 += s->all[i].count4;
		n6 += s->all[i].count6;
		npd += s->all[i].count_pd;
	}
	s->map4.all = arena_alloc(a, n4 * sizeof(struct prefix_entry));
	s->map6.all = arena_alloc(a, n6 * sizeof(struct prefix_entry));
	s->map_pd.all = arena_alloc(a, npd * sizeof(struct prefix_entry));
	if (s->map4.all == NULL || s->map6.all == NULL || s->map_pd.all == NULL)
		return err->code = RULE_E_MEMORY;
	for (size_t i = 0; i < s->count; i++) {
		map_add(&s->map4, s->all[i].prefixes4, s->all[i].count4, i);
		map_add(&s->map6, s->all[i].prefixes6, s->all[i].count6, i);
		map_add(&s->map_pd, s->all[i].prefixes_pd, s->all[i].count_pd, i);
	}
	if (map_close(s, &s->map4, 4, err) != RULE_OK || map_close(s, &s->map6, 6, err) != RULE_OK)
		return err->code;
	return map_close(s, &s->map_pd, 6, err);
}

bool prefixes_hold(const struct prefix *p, size_t n, const uint8_t *addr)
{
	for (size_t i = 0; i < n; i++)
		if (prefix_holds(&p[i], addr))
			return true;
	return false;
}

/* RFC 3527 section 3: "The sub-option contains a single IP address that is an address contained in a
 * subnet"; its value is made by setting the bits behind the mask to zero. */
static void default_hint4(struct subnet *n)
{
	if (n->has_hint4 || n->count4 == 0)
		return;
	memcpy(n->hint4, n->prefixes4[0].addr, sizeof(n->hint4));
	n->has_hint4 = true;
}

/* RFC 8415 section 9.1, link-address: an address "that may be used by the server to identify the link
 * on which the client is located"; ::1 of the prefix is one that no anycast address collides with. */
static void default_hint6(struct subnet *n)
{
	if (n->has_hint6 || n->count6 == 0)
		return;
	memcpy(n->hint6, n->prefixes6[0].addr, sizeof(n->hint6));
	if (n->prefixes6[0].bits < 128)
		n->hint6[15] |= 1;
	n->has_hint6 = true;
}

static bool hint6_usable(const uint8_t a[static 16])
{
	bool link_local = a[0] == 0xfe && (a[1] & 0xc0) == 0x80, multicast = a[0] == 0xff;

	return !link_local && !multicast;
}

static enum rule_err hints_set(struct subnets *s, size_t i, struct rule_error *err)
{
	static const uint8_t zero[4];
	struct subnet *n = &s->all[i];
	char text[INET6_ADDRSTRLEN];

	default_hint4(n);
	default_hint6(n);
	if (n->has_hint4 && (!prefixes_hold(n->prefixes4, n->count4, n->hint4) ||
				    memcmp(n->hint4, zero, sizeof(zero)) == 0)) {
		snprintf(err->text, sizeof(err->text),
			"expected an address inside the IPv4 prefixes of subnet \"%s\", got %s", n->name,
			inet_ntop(AF_INET, n->hint4, text, sizeof(text)));
		return fail(err, RULE_E_HINT, s, i, "hint4");
	}
	/* A server that knows giaddr alone chooses by the prefix it lies in. */
	if (n->has_giaddr && !prefixes_hold(n->prefixes4, n->count4, n->giaddr)) {
		snprintf(err->text, sizeof(err->text),
			"expected an address inside the IPv4 prefixes of subnet \"%s\", got %s", n->name,
			inet_ntop(AF_INET, n->giaddr, text, sizeof(text)));
		return fail(err, RULE_E_HINT, s, i, "giaddr");
	}
	if (n->has_hint6 &&
		(!prefixes_hold(n->prefixes6, n->count6, n->hint6) || !hint6_usable(n->hint6))) {
		snprintf(err->text, sizeof(err->text),
			"expected a global unicast address inside the IPv6 prefixes of subnet \"%s\", got %s",
			n->name, inet_ntop(AF_INET6, n->hint6, text, sizeof(text)));
		return fail(err, RULE_E_HINT, s, i, "hint6");
	}
	return RULE_OK;
}

static uint32_t name_hash(const char *name)
{
	uint32_t h = 2166136261u; /* FNV-1a */

	for (; *name != '\0'; name++)
		h = (h ^ (uint8_t)*name) * 16777619u;
	return h;
}

/* The next subnet in the order of names that has no id yet, or NULL. */
static struct subnet *next_without_id(struct subnets *s)
{
	struct subnet *first = NULL;

	for (size_t i = 0; i < s->count; i++)
		if (s->all[i].id == 0 && (first == NULL || strcmp(s->all[i].name, first->name) < 0))
			first = &s->all[i];
	return first;
}

/* Names in their order, so that of two names with one hash always the same one has to move. */
static void ids_give(struct subnets *s)
{
	struct subnet *n;

	while ((n = next_without_id(s)) != NULL) {
		uint8_t id = (uint8_t)(name_hash(n->name) % 254 + 1);

		while (subnet_with_id(s, id) != NULL)
			id = (uint8_t)(id % 254 + 1);
		n->id = id;
	}
}

enum rule_err subnets_compile(struct subnets *s, struct arena *a, struct rule_error *err)
{
	if (maps_make(s, a, err) != RULE_OK)
		return err->code;
	for (size_t i = 0; i < s->count; i++)
		if (hints_set(s, i, err) != RULE_OK)
			return err->code;
	for (size_t i = 0; i < s->count; i++) {
		struct subnet *n = &s->all[i];

		n->restricted = i + 1 == s->count;
		if (n->max_lease == SUBNET_LEASE_UNSET)
			n->max_lease = n->restricted ? SUBNET_RESTRICTED_LEASE : 0;
	}
	ids_give(s);
	return RULE_OK;
}
