/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides libpcap and the link-layer headers of its captures. Knows no UDP and no DHCP. Link types as
 * documented at tcpdump.org/linktypes; IEEE 802.1Q, 802.1ad.
 */
#include "relay/capture.h"

#include "dhcpcodec/bytes.h"
#include "registry/late.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>

/* What is called of it. */
#define CALLS(X) X(pcap_open_offline_with_tstamp_precision) X(pcap_datalink) \
	X(pcap_next_ex) X(pcap_geterr) X(pcap_open_dead_with_tstamp_precision) \
	X(pcap_dump_open) X(pcap_dump) X(pcap_dump_flush) X(pcap_dump_close) X(pcap_close)

static struct { CALLS(LATE_CALL) } pcap;
static const char *const call_names[] = { CALLS(LATE_NAME) };
static const struct late library = LATE(SONAME_PCAP, call_names, pcap);

enum { ETHERTYPE_IP4 = 0x0800, ETHERTYPE_IP6 = 0x86dd, FRAME_MAX = 65536 + 512 };

struct capture {
	pcap_t *in;
	pcap_t *shape;               /* what pcap_dump_open() wants for the header */
	pcap_dumper_t *out;
	const char *path;
	int link_type;
	uint8_t frame[FRAME_MAX];
};

/* Steps over VLAN tags from the EtherType at off. */
static bool from_ethertype(
	const uint8_t *f, size_t len, size_t off, size_t *ret_off, uint16_t *ret_protocol)
{
	uint16_t type;

	for (;;) {
		if (len < 2 || off > len - 2)
			return false;
		type = be16_get(f + off);
		off += 2;
		if (type != 0x8100 && type != 0x88a8 && type != 0x9100)
			break;
		off += 2;
	}
	if (off >= len || (type != ETHERTYPE_IP4 && type != ETHERTYPE_IP6))
		return false;
	*ret_off = off;
	*ret_protocol = type;
	return true;
}

static bool from_version(
	const uint8_t *f, size_t len, size_t off, size_t *ret_off, uint16_t *ret_protocol)
{
	if (off >= len || (f[off] >> 4 != 4 && f[off] >> 4 != 6))
		return false;
	*ret_off = off;
	*ret_protocol = f[off] >> 4 == 4 ? ETHERTYPE_IP4 : ETHERTYPE_IP6;
	return true;
}

/*
 * How a link type is read: from an EtherType at an offset, or from the IP version after a header.
 */
struct link {
	int type;
	bool (*find)(const uint8_t *, size_t, size_t, size_t *, uint16_t *);
	size_t off, header;          /* header: bytes between an EtherType and its payload */
};

static const struct link links[] = {
	{ DLT_EN10MB, from_ethertype, 12, 0 },
	{ DLT_LINUX_SLL, from_ethertype, 14, 0 },
	{ DLT_LINUX_SLL2, from_ethertype, 0, 18 },
	{ DLT_RAW, from_version, 0, 0 },
	{ DLT_IPV4, from_version, 0, 0 },
	{ DLT_IPV6, from_version, 0, 0 },
	{ DLT_NULL, from_version, 4, 0 },
	{ DLT_LOOP, from_version, 4, 0 },
};

bool capture_find_ip(
	int link_type, const uint8_t *frame, size_t len, size_t *ret_off, uint16_t *ret_protocol)
{
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		const struct link *l = &links[i];

		if (l->type != link_type)
			continue;
		if (!l->find(frame, len, l->off, ret_off, ret_protocol))
			return false;
		*ret_off += l->header;
		return *ret_off < len;
	}
	return false;
}

struct capture *capture_open(const char *path, char *err, size_t cap)
{
	char text[PCAP_ERRBUF_SIZE] = "";
	struct capture *c = calloc(1, sizeof(*c));

	if (c == NULL) {
		snprintf(err, cap, "%s: %s", path, strerror(errno));
		return NULL;
	}
	if (!late_load(&library, err, cap)) {
		free(c);
		return NULL;
	}
	c->path = path;
	c->in = pcap.pcap_open_offline_with_tstamp_precision(
		path, PCAP_TSTAMP_PRECISION_NANO, text);
	if (c->in == NULL) {
		/* libpcap puts the name before what strerror() says, and nothing before its own. */
		snprintf(err, cap, strncmp(text, path, strlen(path)) == 0 ? "%.0s%s" : "%s: %s",
			path, text);
		free(c);
		return NULL;
	}
	c->link_type = pcap.pcap_datalink(c->in);
	return c;
}

int capture_next(struct capture *c, struct frame_bytes *ret, char *err, size_t cap)
{
	struct pcap_pkthdr *head;
	const u_char *bytes;
	int got = pcap.pcap_next_ex(c->in, &head, &bytes);

	if (got == PCAP_ERROR_BREAK)
		return 0;
	if (got != 1) {
		snprintf(err, cap, "%s: damaged: %s", c->path, pcap.pcap_geterr(c->in));
		return -1;
	}
	ret->bytes = bytes;
	ret->len = head->caplen;
	ret->wire_len = head->len;
	ret->time_ns = (int64_t)head->ts.tv_sec * 1000000000 + head->ts.tv_usec;
	ret->has_ip = capture_find_ip(
		c->link_type, bytes, head->caplen, &ret->ip_off, &ret->protocol);
	return 1;
}

bool capture_create(struct capture *c, const char *path, char *err, size_t cap)
{
	c->shape = pcap.pcap_open_dead_with_tstamp_precision(
		c->link_type, FRAME_MAX, PCAP_TSTAMP_PRECISION_NANO);
	if (c->shape != NULL)
		c->out = pcap.pcap_dump_open(c->shape, path);
	if (c->out != NULL)
		return true;
	snprintf(err, cap, "%s: %s", path,
		c->shape != NULL ? pcap.pcap_geterr(c->shape) : strerror(errno));
	return false;
}

void capture_write(struct capture *c, const struct frame_bytes *f, const uint8_t *ip, size_t ip_len)
{
	struct pcap_pkthdr head = {
		.ts = { .tv_sec = (time_t)(f->time_ns / 1000000000),
			.tv_usec = (suseconds_t)(f->time_ns % 1000000000) },
		.caplen = (bpf_u_int32)f->len,
		.len = (bpf_u_int32)f->wire_len,
	};

	if (ip == NULL) {
		pcap.pcap_dump((u_char *)c->out, &head, f->bytes);
		return;
	}
	if (f->ip_off > sizeof(c->frame) || ip_len > sizeof(c->frame) - f->ip_off)
		return;
	memcpy(c->frame, f->bytes, f->ip_off);
	memcpy(c->frame + f->ip_off, ip, ip_len);
	head.caplen = head.len = (bpf_u_int32)(f->ip_off + ip_len);
	pcap.pcap_dump((u_char *)c->out, &head, c->frame);
}

bool capture_close(struct capture *c, char *err, size_t cap)
{
	bool good = true;

	if (c == NULL)
		return true;
	if (c->out != NULL) {
		good = pcap.pcap_dump_flush(c->out) == 0;
		if (!good)
			snprintf(err, cap, "cannot write the capture: %s", strerror(errno));
		pcap.pcap_dump_close(c->out);
	}
	if (c->shape != NULL)
		pcap.pcap_close(c->shape);
	pcap.pcap_close(c->in);
	free(c);
	return good;
}
