/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How soon an edit of the registry is seen: a line for a new client is added to the file, and as
 * soon as it is there the client's DISCOVER goes through the queue. Whether usher took it for
 * registered is read from the subnet that it names to the server, and the time is the one that the
 * packet took.
 */
#include "tests/bench/bench.h"

#include "dhcpcodec/agent.h"
#include "dhcpcodec/dhcp4.h"
#include "tests/bench/traffic.h"
#include "tests/bench/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LATE_NS = 1000000000, FIRST = 0x40000000, EDITS_MAX = 4096 };

struct probe {
	struct wire out, in;
	struct traffic discover;
	const char *file;
};

static void add_line(const struct probe *p, uint32_t n)
{
	int fd = open(p->file, O_WRONLY | O_APPEND | O_CLOEXEC);
	uint8_t m[TRAFFIC_MAC];
	char line[128];
	int len;

	traffic_mac(TRAFFIC_STEERED, n, m);
	len = snprintf(line, sizeof(line), "{\"type\":\"HW_ADDR\","
		"\"id\":\"%02x%02x%02x%02x%02x%02x\",\"subnet\":\"open\"}\n",
		m[0], m[1], m[2], m[3], m[4], m[5]);
	if (fd < 0 || write(fd, line, (size_t)len) != len || close(fd) != 0)
		bench_die(p->file, strerror(errno));
}

/* 1: steered to "open", 0: to another subnet; -1: not the packet that is waited for. */
static int steered_to_open(const uint8_t *frame, size_t len, const uint8_t *mac)
{
	struct tlv agent, link;
	struct dhcp4_view v;
	struct frame f;

	if (len < WIRE_HEAD || frame_parse(&f, frame + WIRE_HEAD, len - WIRE_HEAD, 0) != DHCP_OK ||
		dhcp4_view_init(&v, frame + WIRE_HEAD + f.pay_off, f.pay_len) != DHCP_OK ||
		memcmp(v.msg + DHCP4_CHADDR, mac, TRAFFIC_MAC) != 0)
		return -1;
	if (!dhcp4_get(&v, DHO_AGENT_OPTIONS, &agent) ||
		!agent_get(agent.val, agent.len, RAI_LINK_SELECTION, &link))
		return 0;
	return link.val[1] == 1; /* 10.1.0.0, not 10.99.0.0 */
}

/* Sends the client's query; how long it took through the queue, or -1. *ret_seen as above. */
static int64_t ask(struct probe *p, uint32_t n, int *ret_seen)
{
	static uint8_t frames[1][WIRE_MAX];
	uint8_t frame[WIRE_MAX], mac[TRAFFIC_MAC];
	size_t len = WIRE_HEAD + p->discover.len;
	int64_t from;

	traffic_turn(&p->discover, TRAFFIC_STEERED, n);
	traffic_mac(TRAFFIC_STEERED, n, mac);
	wire_head(frames[0], p->in.mac, p->out.mac, 4);
	memcpy(frames[0] + WIRE_HEAD, p->discover.packet, p->discover.len);
	from = bench_now_ns();
	wire_send(&p->out, frames, &len, 1);
	while (bench_now_ns() - from < LATE_NS) {
		size_t got = wire_receive(&p->in, frame, 10);

		*ret_seen = steered_to_open(frame, got, mac);
		if (*ret_seen >= 0)
			return bench_now_ns() - from;
	}
	return -1;
}

int bench_visible(int argc, char **argv)
{
	static int64_t took[EDITS_MAX];
	size_t edits, seen = 0, lost = 0, count = 0;
	struct timespec pause = { .tv_nsec = 20000000 };
	struct probe p;

	if (argc != 5)
		bench_die("visible", "OUT_DEVICE IN_DEVICE REGISTRY_FILE EDITS");
	p.file = argv[3];
	edits = (size_t)bench_number(argv[4]);
	wire_open(&p.out, argv[1], 0);
	wire_open(&p.in, argv[2], 1);
	traffic_query(&p.discover, TRAFFIC_DISCOVER);
	for (size_t i = 0; i < edits && i < EDITS_MAX; i++) {
		int is_seen = 0;
		int64_t ns;

		add_line(&p, FIRST + (uint32_t)i);
		ns = ask(&p, FIRST + (uint32_t)i, &is_seen);
		lost += ns < 0;
		seen += ns >= 0 && is_seen == 1;
		if (ns >= 0)
			took[count++] = ns;
		nanosleep(&pause, NULL);
	}
	printf("{\"edits\":%zu,\"seen\":%zu,\"lost\":%zu,\"p50\":%lld,\"p99\":%lld,"
		"\"max\":%lld}\n", edits, seen, lost, (long long)bench_percentile(took, count, 0.5),
		(long long)bench_percentile(took, count, 0.99),
		(long long)bench_percentile(took, count, 1.0));
	return 0;
}
