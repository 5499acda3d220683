/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides the layout of NFQNL_MSG_VERDICT and NFQNL_MSG_VERDICT_BATCH. Netlink messages follow each
 * other at multiples of four bytes, so a payload is padded in its slot; consecutive headers without
 * a payload between them share one iovec. Does not decide anything, and checks of a payload only
 * that the kernel can take it (CVE-2022-36946: old kernels fall over payloads shorter than the
 * headers).
 */
#include "relay/verdict.h"

#include "dhcpcodec/bytes.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/netlink.h>

_Static_assert(VERDICT_MOST + 3 <= SLOT_OUT, "padding fits behind the longest payload");

static size_t align4(size_t n)
{
	return (n + 3) & ~(size_t)3;
}

static uint8_t *put(uint8_t *p, const void *src, size_t n)
{
	memcpy(p, src, n);
	return p + n;
}

static uint8_t *put_attr(uint8_t *p, uint16_t type, const void *val, size_t n)
{
	struct nlattr attr = { .nla_len = (uint16_t)(sizeof(attr) + n), .nla_type = type };

	p = put(p, &attr, sizeof(attr));
	return val != NULL ? put(p, val, n) : p;
}

static uint32_t new_mark(const struct slot *s, const struct verdict_options *o)
{
	return (s->mark & ~o->mask) | (o->mark & o->mask);
}

/* Writes everything of a verdict but the payload; returns the length written. */
static size_t put_head(uint8_t *head, uint16_t type, const struct slot *s, size_t payload,
	const struct verdict_options *o)
{
	struct nlmsghdr nlh = {
		.nlmsg_type = (uint16_t)(NFNL_SUBSYS_QUEUE << 8 | type),
		.nlmsg_flags = NLM_F_REQUEST,
	};
	struct nfgenmsg nfg = { .version = NFNETLINK_V0, .res_id = htons(o->queue) };
	struct nfqnl_msg_verdict_hdr verdict = {
		.verdict = htonl(s->verdict == SLOT_ACCEPT ? NF_ACCEPT : NF_DROP),
		.id = htonl(s->id),
	};
	uint32_t mark = htonl(new_mark(s, o));
	uint8_t *p = head + sizeof(nlh);

	p = put(p, &nfg, sizeof(nfg));
	p = put_attr(p, NFQA_VERDICT_HDR, &verdict, sizeof(verdict));
	if (o->mask != 0)
		p = put_attr(p, NFQA_MARK, &mark, sizeof(mark));
	if (payload > 0)
		p = put_attr(p, NFQA_PAYLOAD, NULL, payload);
	nlh.nlmsg_len = (uint32_t)((size_t)(p - head) + align4(payload));
	put(head, &nlh, sizeof(nlh));
	return (size_t)(p - head);
}

static bool is_plain(const struct slot *s)
{
	return !s->edited || s->verdict == SLOT_DROP;
}

/* The index of the last slot of the run of equal plain verdicts that begins at i. */
static size_t run_end(const struct batch *b, size_t i, const struct verdict_options *o)
{
	const struct slot *s = &b->slots[i];

	while (i + 1 < b->count) {
		const struct slot *n = &b->slots[i + 1];

		if (!is_plain(n) || n->verdict != s->verdict ||
			(int32_t)(n->id - b->slots[i].id) <= 0)
			break;
		if (o->mask != 0 && new_mark(n, o) != new_mark(s, o))
			break;
		i++;
	}
	return i;
}

static void add_piece(struct verdicts *v, uint8_t *p, size_t n)
{
	struct iovec *last = v->iov_count > 0 ? &v->iov[v->iov_count - 1] : NULL;

	v->bytes += n;
	if (last != NULL && (uint8_t *)last->iov_base + last->iov_len == p) {
		last->iov_len += n;
		return;
	}
	v->iov[v->iov_count++] = (struct iovec){ p, n };
}

/* An edit that no kernel would take must not let the unedited packet through. */
static void refuse_impossible(struct verdicts *v, struct slot *s)
{
	if (is_plain(s) || (s->out_len >= VERDICT_LEAST && s->out_len <= VERDICT_MOST))
		return;
	s->verdict = SLOT_DROP;
	v->refused++;
}

size_t verdicts_build(struct verdicts *v, struct batch *b, size_t from,
	const struct verdict_options *o, size_t max_bytes)
{
	size_t i = from;

	v->iov_count = v->bytes = v->head_len = 0;
	while (i < b->count) {
		struct slot *s = &b->slots[i];
		uint8_t *head = v->heads + v->head_len;
		size_t payload, last;

		if (s->verdict == SLOT_PARK) {
			i++;
			continue;
		}
		refuse_impossible(v, s);
		payload = is_plain(s) ? 0 : s->out_len;
		last = payload == 0 && o->sweep ? run_end(b, i, o) : i;
		if (i > from && v->bytes + VERDICT_HEAD + align4(payload) > max_bytes)
			break;
		v->head_len += put_head(head,
			last > i ? NFQNL_MSG_VERDICT_BATCH : NFQNL_MSG_VERDICT, &b->slots[last],
			payload, o);
		add_piece(v, head, (size_t)(v->heads + v->head_len - head));
		if (payload > 0) {
			memset(s->out + payload, 0, align4(payload) - payload);
			add_piece(v, s->out, align4(payload));
		}
		i = last + 1;
	}
	return i;
}
