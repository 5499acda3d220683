/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Queries on their way, kept for libraries until the answers have come: the last ones that were
 * sent on, with what libraries remember of them. Nothing of usher's own looks here, and a packet
 * needs nothing of it: a query that is not known is only missing. A ring of a fixed number of
 * bytes, one query behind the other, so that what is written is close to what was written last; the
 * oldest is overwritten. And a hash, keyed, of family, transaction and client, by which an answer
 * finds its query.
 *
 * Contexts have one owner: the packet in hand, the place in the ring, or the packet while it is
 * parked.
 */
#include "relay/hook_parts.h"

#include "registry/prefetch.h"
#include "registry/siphash.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

enum {
	QUERY_AGE = 60,          /* seconds */
	LINE = 64,
	USUAL_LINES = 7,         /* of a message of DHCPv4 */
	USUAL_SIZE = 512,        /* the bytes of a query, on the average of more than enough clients */
};

/* What is looked at to find one, all of them close together. */
struct mark {
	uint64_t key;
	int64_t time_ns;
	uint64_t context_begun;
	uint32_t next;           /* in its bucket; index + 1 */
	uint32_t line, lines;    /* where its exchange is, and how much of the ring that takes */
	bool used;
};

struct exchange {
	uint16_t len, id_len;
	uint8_t id_type, type, kind;
	bool v6, relayed, untrusted;
	char interface[IF_NAMESIZE];
	_Alignas(max_align_t) uint8_t bytes[]; /* the contexts, then the packet, then the client's identity */
};

struct hook_exchanges {
	const struct hooks *hooks;
	pthread_mutex_t lock;
	bool shared;             /* by several workers */
	bool wanted[2];          /* [v6]: a library has a callout for answers */
	uint32_t most, at, oldest, used, mask; /* at: the mark to be taken next */
	uint32_t lines, line;    /* of the ring: how many, and the next to be written */
	uint8_t key[16];
	size_t size;
	uint32_t *buckets;       /* index + 1 */
	struct mark *marks;
	uint8_t *ring;
};

static struct exchange *exchange_of(const struct hook_exchanges *t, const struct mark *k)
{
	return (void *)(t->ring + (size_t)k->line * LINE);
}

static uint32_t lines_of(const struct hook_exchanges *t, size_t bytes)
{
	return (uint32_t)((sizeof(struct exchange) + t->hooks->context_bytes + bytes + LINE - 1) /
			  LINE);
}

static uint32_t after(const struct hook_exchanges *t, uint32_t i)
{
	return i + 1 < t->most ? i + 1 : 0;
}

static bool wants(const struct hooks *h, bool v6)
{
	for (size_t k = 0; k < HOOK_KINDS; k++)
		if ((hook_point((enum hook_kind)k)->args & HOOK_RESPONSE) != 0 &&
			h->lists[k][v6][0].count + h->lists[k][v6][1].count > 0)
			return true;
	return false;
}

static bool make_ring(struct hook_exchanges *t, size_t most)
{
	size_t lines = most * lines_of(t, USUAL_SIZE) + lines_of(t, HOOK_QUERY_MAX + REG_ID_MAX);
	size_t buckets = 1;

	if (lines > UINT32_MAX)
		return false;
	while (buckets < most)
		buckets *= 2;
	t->most = (uint32_t)most;
	t->mask = (uint32_t)buckets - 1;
	t->lines = (uint32_t)lines;
	t->size = lines * LINE + most * sizeof(*t->marks) + buckets * sizeof(*t->buckets);
	t->ring = mmap(NULL, t->size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (t->ring == MAP_FAILED)
		return false;
	/* Each page was last used `most` queries ago; where there are no huge ones it works too. */
	(void)madvise(t->ring, t->size, MADV_HUGEPAGE);
	t->marks = (void *)(t->ring + lines * LINE);
	t->buckets = (void *)(t->marks + most);
	return getrandom(t->key, sizeof(t->key), 0) == (ssize_t)sizeof(t->key);
}

int hook_exchanges_new(const struct hooks *h, size_t most, struct hook_exchanges **ret)
{
	struct hook_exchanges *t;

	*ret = NULL;
	if (most == 0 || !(wants(h, false) || wants(h, true)))
		return 0;
	t = calloc(1, sizeof(*t));
	if (t == NULL)
		return -1;
	t->hooks = h;
	t->shared = h->workers > 1;
	t->wanted[0] = wants(h, false);
	t->wanted[1] = wants(h, true);
	pthread_mutex_init(&t->lock, NULL);
	if (!make_ring(t, most)) {
		hook_exchanges_free(t);
		return -1;
	}
	*ret = t;
	return 0;
}

struct hook_exchanges *hook_exchanges_free(struct hook_exchanges *t)
{
	if (t == NULL)
		return NULL;
	if (t->ring != NULL && t->ring != MAP_FAILED)
		munmap(t->ring, t->size);
	pthread_mutex_destroy(&t->lock);
	free(t);
	return NULL;
}

static void enter(struct hook_exchanges *t)
{
	if (t->shared)
		pthread_mutex_lock(&t->lock);
}

static void leave(struct hook_exchanges *t)
{
	if (t->shared)
		pthread_mutex_unlock(&t->lock);
}

/*
 * --- the key -----------------------------------------------------------------------------------
 */

/*
 * RFC 2131 4.4.1: a REQUEST has the xid of the OFFER that it accepts; so that a late OFFER is not
 * taken for its answer, DISCOVER counts as another exchange. RFC 8415 16.1: each exchange has an id
 * of its own.
 */
static uint64_t key_of(const struct hook_exchanges *t, const struct packet *p, bool first)
{
	uint8_t data[8 + REG_ID_MAX];
	size_t len = 16;
	struct tlv id;

	data[0] = p->v6 ? 6 : 4;
	data[1] = !p->v6 && first;
	if (!p->v6) {
		memcpy(data + 2, packet_msg(p) + DHCP4_XID, 4);
		memcpy(data + 6, packet_msg(p) + DHCP4_CHADDR, len);
		return siphash13(t->key, data, 6 + len);
	}
	memcpy(data + 2, p->view6.msg + p->view6.inner + 1, 3);
	len = 0;
	if (dhcp6_get(&p->view6, D6O_CLIENTID, &id)) {
		len = id.len < REG_ID_MAX ? id.len : REG_ID_MAX;
		memcpy(data + 5, id.val, len);
	}
	return siphash13(t->key, data, 5 + len);
}

static uint32_t *link_to(const struct hook_exchanges *t, uint64_t key)
{
	uint32_t *link = &t->buckets[key & t->mask];

	while (*link != 0 && t->marks[*link - 1].key != key)
		link = &t->marks[*link - 1].next;
	return link;
}

static struct mark *find(const struct hook_exchanges *t, uint64_t key)
{
	uint32_t i = *link_to(t, key);

	return i != 0 ? &t->marks[i - 1] : NULL;
}

/* What it held of contexts goes to `gone`; returns which. With the lock, as all that follows. */
static uint64_t remove_at(struct hook_exchanges *t, uint32_t *link, uint8_t *gone)
{
	struct mark *k = &t->marks[*link - 1];
	uint64_t begun = k->context_begun;

	*link = k->next;
	k->used = false;
	k->context_begun = 0;
	t->used--;
	if (begun != 0)
		memcpy(gone, exchange_of(t, k)->bytes, t->hooks->context_bytes);
	return begun;
}

static bool is_old(const struct mark *k, int64_t now_ns)
{
	return now_ns - k->time_ns >= (int64_t)QUERY_AGE * 1000000000;
}

void hook_exchange_expect(const struct hook_exchanges *t)
{
	const uint8_t *next;

	if (t == NULL)
		return;
	next = t->ring + (size_t)t->line * LINE;
	for (size_t i = 0; i < USUAL_LINES; i++)
		prefetch_write(next + i * LINE);
}

/*
 * --- a query -----------------------------------------------------------------------------------
 */

/* RFC 2131 table 4: nobody answers a RELEASE or a DECLINE. */
static bool is_answered(const struct packet *p)
{
	return p->type != 0 && !p->response &&
		(p->v6 || (p->type != DHCPRELEASE && p->type != DHCPDECLINE));
}

static void write_exchange(struct exchange *e, const struct hook_memory *m)
{
	const struct packet *p = m->p;
	uint8_t *at = e->bytes;

	e->len = (uint16_t)p->in_len;
	e->id_len = (uint16_t)(p->id != NULL ? p->id_len : 0);
	e->id_type = (uint8_t)p->id_type;
	e->type = p->type;
	e->kind = (uint8_t)p->kind;
	e->v6 = p->v6;
	e->relayed = p->relayed;
	e->untrusted = p->untrusted;
	memset(e->interface, 0, sizeof(e->interface));
	memcpy(e->interface, p->interface, strnlen(p->interface, sizeof(e->interface) - 1));
	if (m->context_begun != 0)
		memcpy(at, m->contexts, m->hooks->context_bytes);
	at += m->hooks->context_bytes;
	memcpy(at, p->in, p->in_len);
	if (e->id_len > 0)
		memcpy(at + p->in_len, p->id, e->id_len);
}

/*
 * The oldest query: those between it and the mark to be taken next may be gone. NULL: there is
 * none.
 */
static struct mark *oldest(struct hook_exchanges *t)
{
	for (uint32_t i = 0; t->used > 0 && i < t->most; i++) {
		struct mark *k = &t->marks[t->oldest];

		if (k->used)
			return k;
		t->oldest = after(t, t->oldest);
	}
	t->oldest = t->at;
	return NULL;
}

/*
 * The query that has to go first, if the next is to have so many lines, from *ret_line on; NULL:
 * none. The oldest is the first that it would meet, behind the end of the ring too.
 */
static struct mark *in_the_way(struct hook_exchanges *t, uint32_t lines, uint32_t *ret_line)
{
	bool around = lines > t->lines - t->line;
	uint32_t line = around ? 0 : t->line;
	struct mark *k = oldest(t);

	*ret_line = line;
	if (k == NULL)
		return NULL;
	if (t->marks[t->at].used || (around && k->line >= t->line))
		return k;
	return k->line < line + lines && k->line + k->lines > line ? k : NULL;
}

/* Of the query in hand, now that there is room for it. */
static void put(struct hook_exchanges *t, struct hook_memory *m, uint64_t key, uint32_t line,
	uint32_t lines)
{
	uint32_t *bucket = &t->buckets[key & t->mask];
	struct mark *k = &t->marks[t->at];

	*k = (struct mark){ .key = key, .time_ns = m->p->slot->time_ns, .next = *bucket, .line = line,
		.lines = lines, .context_begun = m->context_begun, .used = true };
	write_exchange(exchange_of(t, k), m);
	m->context_begun = 0;
	*bucket = t->at + 1;
	t->at = after(t, t->at);
	t->line = line + lines;
	t->used++;
}

/*
 * One step towards a place for the query in hand: true if it has one now. False: a query had to go,
 * whose contexts are in m->gone, as *ret_begun says.
 */
static bool keep(struct hook_exchanges *t, struct hook_memory *m, uint64_t key, uint32_t lines,
	uint64_t *ret_begun)
{
	struct packet *p = m->p;
	struct mark *k = find(t, key);
	uint32_t line;

	*ret_begun = 0;
	/* Sent once more: the first is over. */
	if (k == NULL) {
		k = in_the_way(t, lines, &line);
		if (k == NULL) {
			put(t, m, key, line, lines);
			return true;
		}
		if (!is_old(k, p->slot->time_ns))
			packet_event(p, EVENT_query_overwritten);
	}
	*ret_begun = remove_at(t, link_to(t, k->key), m->gone);
	return false;
}

void hook_exchange_keep(struct hook_memory *m)
{
	struct hook_exchanges *t = m->hooks->exchanges;
	const struct packet *p = m->p;
	uint64_t key, begun;
	uint32_t lines;
	bool done;

	if (t == NULL || !t->wanted[p->v6] || !is_answered(p) || p->in_len > HOOK_QUERY_MAX ||
		p->id_len > REG_ID_MAX)
		return;
	key = key_of(t, p, p->type == DHCPDISCOVER);
	lines = lines_of(t, p->in_len + p->id_len);
	do {
		enter(t);
		done = keep(t, m, key, lines, &begun);
		leave(t);
		hook_contexts_destroy(m->hooks, m->gone, begun);
	} while (!done);
}

/*
 * --- its answer --------------------------------------------------------------------------------
 */

/*
 * An OFFER has a DISCOVER before it, an ACK has one only where the client asked for rapid commit.
 */
static struct mark *find_query(const struct hook_exchanges *t, const struct packet *p,
	uint64_t *ret_key)
{
	bool first = !p->v6 && p->type == DHCPOFFER;
	struct mark *k;

	*ret_key = key_of(t, p, first);
	k = find(t, *ret_key);
	if (k == NULL && !p->v6 && p->type == DHCPACK) {
		*ret_key = key_of(t, p, true);
		k = find(t, *ret_key);
	}
	return k != NULL && !is_old(k, p->slot->time_ns) ? k : NULL;
}

/* Borrows nothing of the table: another worker may take the place. */
static void copy_out(struct hook_memory *m, struct hook_exchanges *t, struct mark *k)
{
	const struct exchange *e = exchange_of(t, k);
	const uint8_t *packet = e->bytes + m->hooks->context_bytes;
	struct packet *q = &m->query;

	memset(q, 0, offsetof(struct packet, view4));
	memcpy(m->query_bytes, packet, (size_t)e->len + e->id_len);
	memcpy(m->query_interface, e->interface, sizeof(m->query_interface));
	q->in = m->query_bytes;
	q->in_len = e->len;
	q->type = e->type;
	q->kind = (enum kind)e->kind;
	q->v6 = e->v6;
	q->relayed = e->relayed;
	q->untrusted = e->untrusted;
	q->interface = m->query_interface;
	q->id_type = (enum reg_id_type)e->id_type;
	if (e->id_len > 0) {
		q->id = m->query_bytes + e->len;
		q->id_len = e->id_len;
	}
	/* What an answer before this one has not brought back is not there to be had. */
	if (m->context_begun == 0 && k->context_begun != 0) {
		memcpy(m->contexts, e->bytes, m->hooks->context_bytes);
		m->context_begun = k->context_begun;
		k->context_begun = 0;
	}
}

static bool read_query(struct hook_memory *m)
{
	struct packet *p = m->p, *q = &m->query;

	q->pl = p->pl;
	q->slot = p->slot;
	q->policy = p->policy;
	q->registry = p->registry;
	q->hooks = m;
	if (q->id != NULL && q->registry != NULL)
		q->user = registry_find(q->registry, q->id_type, q->id, q->id_len);
	if (frame_parse(&q->frame, q->in, q->in_len, 0) != DHCP_OK)
		return false;
	if (q->v6)
		return dhcp6_view_init(&q->view6, packet_msg(q), q->frame.pay_len) == DHCP_OK;
	return dhcp4_view_init(&q->view4, packet_msg(q), q->frame.pay_len) == DHCP_OK;
}

bool hook_exchange_find(struct hook_memory *m)
{
	struct hook_exchanges *t = m->hooks->exchanges;
	struct packet *p = m->p;
	struct mark *k;

	if (p == NULL || !p->response || p->type == 0)
		return false;
	if (m->query_asked)
		return m->query_known;
	m->query_asked = true;
	if (t != NULL) {
		enter(t);
		k = find_query(t, p, &m->query_key);
		if (k != NULL)
			copy_out(m, t, k);
		leave(t);
		m->query_known = k != NULL && read_query(m);
	}
	if (!m->query_known)
		packet_event(p, EVENT_query_unknown);
	return m->query_known;
}

void hook_exchange_return(struct hook_memory *m)
{
	struct hook_exchanges *t = m->hooks->exchanges;
	struct mark *k;

	if (!m->query_known || m->context_begun == 0)
		return;
	enter(t);
	k = find(t, m->query_key);
	if (k != NULL && k->context_begun == 0) {
		memcpy(exchange_of(t, k)->bytes, m->contexts, m->hooks->context_bytes);
		k->context_begun = m->context_begun;
		m->context_begun = 0;
	}
	leave(t);
}

/*
 * --- the end -----------------------------------------------------------------------------------
 */

int64_t hook_exchanges_age(struct hook_memory *m, int64_t now_ns)
{
	struct hook_exchanges *t = m->hooks->exchanges;
	const struct mark *k;
	uint64_t begun;
	int64_t due;

	if (t == NULL || !m->hooks->destroys)
		return 0;
	for (;;) {
		enter(t);
		k = oldest(t);
		due = k != NULL ? k->time_ns + (int64_t)QUERY_AGE * 1000000000 : 0;
		begun = k != NULL && due <= now_ns ? remove_at(t, link_to(t, k->key), m->gone) : 0;
		leave(t);
		hook_contexts_destroy(m->hooks, m->gone, begun);
		if (k == NULL || due > now_ns)
			return due;
	}
}

void hook_exchanges_forget(struct hook_exchanges *t)
{
	for (uint32_t i = 0; t != NULL && i < t->most; i++) {
		struct mark *k = &t->marks[i];

		hook_contexts_destroy(t->hooks, exchange_of(t, k)->bytes, k->context_begun);
		k->context_begun = 0;
	}
}
