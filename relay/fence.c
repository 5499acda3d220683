/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides how a destination is told without DHCP. Usher keeps no state, so the way back to a client
 * stands in the packet that came: as one of its addresses, or in the state that the server gave
 * back. Whatever goes to neither an upstream nor a client's link must be written there, wherever
 * that is.
 */
#include "relay/fence.h"

#include "dhcpcodec/frame.h"

#include <string.h>

enum { PORT_SERVER4 = 67, PORT_CLIENT4 = 68, PORT_CLIENT6 = 546, PORT_SERVER6 = 547 };

/* RFC 8415 section 7.1: All_DHCP_Servers */
static const uint8_t all_servers[16] = { 0xff, 0x05, [13] = 1, [15] = 3 };

static void add_own(struct fence *f, const uint8_t addr[static 4])
{
	memcpy(f->own4[f->own_count++], addr, 4);
}

void fence_make(struct fence *ret, const struct config *c)
{
	const struct upstreams *u = &c->policy->upstreams;
	const struct subnets *s = &c->policy->subnets;

	memset(ret, 0, sizeof(*ret));
	ret->on = c->policy->treat.relay.on;
	ret->park_ms = c->libraries.count > 0 ? c->park.timeout_ms : 0;
	links_use(&ret->links, c);
	for (size_t i = 0; i < u->count; i++) {
		if (u->all[i].count4 > 0)
			memcpy(ret->upstreams4[ret->count4++], u->all[i].addresses4[0], 4);
		if (u->all[i].count6 > 0)
			memcpy(ret->upstreams6[ret->count6++], u->all[i].addresses6[0], 16);
		if (u->all[i].has_alias)
			add_own(ret, u->all[i].alias);
	}
	for (size_t i = 0; i < s->count; i++)
		if (s->all[i].has_giaddr)
			add_own(ret, s->all[i].giaddr);
}

static bool is_in(const uint8_t *all, size_t count, const uint8_t *addr, size_t len)
{
	for (size_t i = 0; i < count; i++)
		if (memcmp(all + i * len, addr, len) == 0)
			return true;
	return false;
}

/* Whether these bytes stand in the packet that came. */
static bool is_written(const struct slot *s, const uint8_t *bytes, size_t len)
{
	return memmem(s->raw + s->in_off, s->in_len, bytes, len) != NULL;
}

/* A server that is answered for (a renewal refused) is one that the client has written to. */
static bool is_ours4(const struct fence *f, const struct slot *s, const uint8_t addr[static 4])
{
	const uint8_t *in = s->raw + s->in_off;

	return link_with_addr4(&f->links, addr) != NULL ||
		is_in(f->own4[0], f->own_count, addr, 4) ||
		(s->in_len >= FRAME_HEAD4 && in[0] >> 4 == 4 && memcmp(in + 16, addr, 4) == 0);
}

/* RFC 1122 3.2.1.3: {-1, -1}; and class D and E are no host's. */
static bool is_host4(const uint8_t addr[static 4])
{
	return addr[0] != 0 && addr[0] != 127 && addr[0] < 224;
}

static bool lets4(const struct fence *f, const struct slot *s, const struct slot_send *send,
	const struct frame *frame)
{
	const uint8_t *dst = s->out + send->off + frame->dst_off;

	if (frame->sport != PORT_SERVER4 || !is_ours4(f, s, s->out + send->off + frame->src_off))
		return false;
	if (send->kind == SEND_LINK)
		return frame->dport == PORT_CLIENT4 && send->ifindex != 0 &&
			link_with_index(&f->links, send->ifindex) != NULL;
	if (send->ifindex != 0)
		return false;
	if (frame->dport == PORT_SERVER4 && is_in(f->upstreams4[0], f->count4, dst, 4))
		return true;
	return (frame->dport == PORT_SERVER4 || frame->dport == PORT_CLIENT4) && is_host4(dst) &&
		is_written(s, dst, 4);
}

static bool is_ours6(const struct fence *f, const uint8_t addr[static 16])
{
	for (size_t i = 0; i < f->links.count; i++) {
		const struct client_link *l = &f->links.all[i];

		if ((l->has6 && memcmp(l->addr6, addr, 16) == 0) ||
			(l->has_local && memcmp(l->local6, addr, 16) == 0))
			return true;
	}
	return false;
}

static bool is_link_local(const uint8_t addr[static 16])
{
	return addr[0] == 0xfe && (addr[1] & 0xc0) == 0x80;
}

static bool is_multicast_link(const struct links *l, uint32_t index)
{
	for (size_t i = 0; i < UPSTREAMS_MAX; i++)
		if (index != 0 && l->multicast[i] == index)
			return true;
	return false;
}

/* RFC 8357 5.2: another relay agent is answered at the port that it said. */
static bool may_be_port6(const struct slot *s, uint16_t port)
{
	const uint8_t bytes[] = { (uint8_t)(port >> 8), (uint8_t)port };

	return port == PORT_CLIENT6 || port == PORT_SERVER6 || is_written(s, bytes, sizeof(bytes));
}

static bool lets6(const struct fence *f, const struct slot *s, const struct slot_send *send,
	const struct frame *frame)
{
	const uint8_t *dst = s->out + send->off + frame->dst_off;

	if (send->kind != SEND_ROUTED || frame->sport != PORT_SERVER6 ||
		!is_ours6(f, s->out + send->off + frame->src_off))
		return false;
	if (dst[0] == 0xff)
		return memcmp(dst, all_servers, 16) == 0 && frame->dport == PORT_SERVER6 &&
			is_multicast_link(&f->links, send->ifindex);
	if (is_link_local(dst) ? send->ifindex == 0 ||
			link_with_index(&f->links, send->ifindex) == NULL : send->ifindex != 0)
		return false;
	if (frame->dport == PORT_SERVER6 && is_in(f->upstreams6[0], f->count6, dst, 16))
		return true;
	return may_be_port6(s, frame->dport) && is_written(s, dst, 16);
}

bool fence_lets(const struct fence *f, const struct slot *s, const struct slot_send *send,
	const struct frame *frame)
{
	if (!f->on || send->kind > SEND_LINK)
		return false;
	return frame->family == 4 ? lets4(f, s, send, frame) : lets6(f, s, send, frame);
}
