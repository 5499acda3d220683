/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log lines about what was learned of the servers: an upstream that went down or came back, a
 * subnet that the server seems not to know. Workers share what was said, so that it is said once.
 */
#include "relay/learned_say.h"

#include "relay/log.h"

#include <arpa/inet.h>

static const char *family(bool v6)
{
	return v6 ? "DHCPv6" : "DHCPv4";
}

static void say_upstream(struct learned_upstream *u, const struct upstream *what, bool v6,
	uint32_t dead_for_ms)
{
	uint32_t deaths = atomic_load_explicit(&u->deaths, memory_order_relaxed);
	uint32_t said = atomic_load_explicit(&u->said_deaths, memory_order_relaxed);
	bool up = atomic_load_explicit(&u->dead_until_ns, memory_order_relaxed) == 0;
	bool yes = true;

	if (deaths != said && log_may_speak_again(&u->site, LEARNED_UPSTREAM_SECONDS) &&
		atomic_compare_exchange_strong(&u->said_deaths, &said, deaths)) {
		log_warning("upstream \"%s\" does not answer %s: it is left alone for %u s at a "
			"time where there is another", what->name, family(v6), dead_for_ms / 1000);
		atomic_store(&u->said_down, true);
	} else if (up && atomic_load_explicit(&u->said_down, memory_order_relaxed) &&
		atomic_compare_exchange_strong(&u->said_down, &yes, false)) {
		log_info("upstream \"%s\" answers %s again", what->name, family(v6));
	}
}

static void say_subnet(
	struct learned *l, const struct policy *p, const struct subnet *s, bool v6, int64_t now_ns)
{
	bool by_giaddr = !v6 && p->treat.hint == HINT_GIADDR;
	const uint8_t *hint4 = by_giaddr && s->has_giaddr ? s->giaddr : s->hint4;
	const char *key = by_giaddr ? "giaddr" : v6 ? "hint6" : "hint4";
	char hint[INET6_ADDRSTRLEN];
	uint64_t others;
	uint32_t asked;

	if (!learned_suspects(l, v6, s->id, now_ns, &asked, &others))
		return;
	inet_ntop(v6 ? AF_INET6 : AF_INET, v6 ? s->hint6 : hint4, hint, sizeof(hint));
	log_warning("subnet \"%s\" is probably not configured on the server, or has no free address: "
		"%u %s queries with the hint %s got no address, while %llu others were answered; "
		"give the server a subnet that holds this address, or the subnet here another \"%s\"",
		s->name, asked, family(v6), hint, (unsigned long long)others, key);
}

void learned_say(struct learned *l, const struct policy *p, int64_t now_ns)
{
	if (l == NULL || !log_may_speak(&l->site))
		return;
	for (int v6 = 0; v6 < 2; v6++) {
		for (size_t i = 0; p->treat.relay.on && i < p->upstreams.count; i++)
			say_upstream(&l->upstreams[v6][i], &p->upstreams.all[i], v6 != 0,
				p->treat.relay.dead_for_ms);
		for (size_t i = 0; i < p->subnets.count; i++)
			say_subnet(l, p, &p->subnets.all[i], v6 != 0, now_ns);
	}
}
