/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The stage table and its loop: once through, never back. Hides the order of the stages and what
 * becomes of a packet when one fails; no stage knows another. A packet that we do not fully
 * understand is never edited; the kernel keeps the original, so a failed edit needs no undo.
 */
#include "relay/guess.h"
#include "relay/hook.h"
#include "relay/learned.h"
#include "relay/relay.h"

#include <stdatomic.h>

enum direction { QUERY = 1, RESPONSE = 2, BOTH = 3 };

struct stage {
	const char *name;
	stage_fn *run[2];            /* DHCPv4, DHCPv6; NULL: the protocol has no such thing */
	enum direction direction;
	enum step on_error;          /* STEP_PASS: the original goes out untouched */
	bool paused;                 /* runs while usher is paused too */
	stage_fn *before, *after;    /* hook points: libraries run there, if there are any */
};

/* clang-format off */
static const struct stage stages[] = {
	/*
	 * name, DHCPv4, DHCPv6, messages, if it fails, while paused; hook points before and after
	 */
	{ "view", { stage_view4, stage_view6 }, BOTH, STEP_PASS, true, hook_buffer_receive, NULL },
	{ "strip", { stage_strip4, NULL }, QUERY, STEP_DROP, false, NULL, NULL },
	{ "restore", { stage_restore4, stage_restore6 }, RESPONSE, STEP_PASS, true, NULL, NULL },
	{ "pkt_receive", { stage_receive, stage_receive }, BOTH, STEP_PASS, false,
		hook_before_receive, hook_pkt_receive },
	{ "subnet_select", { stage_select, stage_select }, BOTH, STEP_PASS, false,
		hook_before_select, hook_subnet_select },
	{ "relay", { stage_relay4, stage_relay6 }, QUERY, STEP_DROP, false, NULL, NULL },
	{ "steer", { stage_steer4, stage_steer6 }, QUERY, STEP_PASS, false, hook_lease_end, NULL },
	{ "guard", { stage_guard4, stage_guard6 }, RESPONSE, STEP_DROP, false, NULL, hook_lease },
	{ "pkt_send", { stage_send4, stage_send6 }, RESPONSE, STEP_DROP, false,
		hook_before_send, NULL },
	{ "clamp", { stage_clamp4, stage_clamp6 }, RESPONSE, STEP_DROP, false, NULL, hook_committed },
	{ "outcome", { stage_outcome4, stage_outcome6 }, BOTH, STEP_PASS, false, hook_pkt_send, NULL },
};
/* clang-format on */

/* In relay mode what becomes of a packet, instead of its verdict. */
static const struct stage deliver = {
	"deliver", { relay_deliver4, relay_deliver6 }, BOTH, STEP_DROP, true, NULL, NULL,
};

static const struct stage seal = {
	"seal", { stage_seal4, stage_seal6 }, BOTH, STEP_PASS, true, NULL, NULL,
};

/* Inline: the way without libraries is as short as if there were none. */
static inline __attribute__((always_inline)) enum step run_stage(
	struct packet *p, const struct stage *s)
{
	enum direction direction = p->response ? RESPONSE : QUERY;
	stage_fn *run = s->run[p->v6];
	enum step step;

	if (run == NULL || (s->direction & direction) == 0)
		return STEP_NEXT;
	p->stage = s->name;
	step = run(p);
	if (step != STEP_FAIL)
		return step;
	if (p->cause == CAUSE_rewritten)
		p->cause = CAUSE_internal;
	p->editing = false;
	/* What we relay is ours: there is no original that could go out in its place. */
	return p->relay ? STEP_DROP : s->on_error;
}

/* The direction is known only after the view; until then every stage but the first is skipped. */
static enum step run_stages(struct packet *p)
{
	enum step step = stage_frame(p);

	for (size_t i = 0; step == STEP_NEXT && i < sizeof(stages) / sizeof(stages[0]); i++)
		step = run_stage(p, &stages[i]);
	if (step == STEP_PARK)
		return step;
	if (step != STEP_DROP && p->relay)
		return run_stage(p, &deliver);
	if (step == STEP_DROP || !p->editing)
		return step;
	return run_stage(p, &seal);
}

/*
 * While usher is paused everything passes as it came, but for one thing: the answer to a query that
 * was steered before still carries our state, which no client may see.
 */
static enum step run_paused(struct packet *p)
{
	enum step step;

	/* What a library held is not held any longer. */
	if (p->slot->park != 0 && p->pl->snapshot->hooks != NULL)
		hook_let_go(p);
	step = stage_frame(p);

	for (size_t i = 0; step == STEP_NEXT && i < sizeof(stages) / sizeof(stages[0]); i++)
		if (stages[i].paused)
			step = run_stage(p, &stages[i]);
	/* Nobody else would relay it; it goes without a hint. */
	if (step != STEP_DROP && p->relay) {
		p->cause = CAUSE_paused;
		return run_stage(p, &deliver);
	}
	if (step != STEP_NEXT)
		p->editing = false;
	if (p->editing)
		run_stage(p, &seal);
	p->cause = CAUSE_paused;
	return STEP_PASS;
}

static enum step run_point(struct packet *p, stage_fn *point, enum step step)
{
	return step == STEP_NEXT && point != NULL ? point(p) : step;
}

/*
 * The same with libraries; a loop of its own, so that without them nothing is looked at. Unrolled,
 * since the table is known when it is compiled: a third of what the loop costs.
 */
__attribute__((noinline)) static enum step run_hooked(struct packet *p)
{
	enum step step;

	p->hooks = hook_begin(p);
	step = stage_frame(p);
#ifdef __OPTIMIZE__
#pragma GCC unroll 16
#endif
	for (size_t i = 0; step == STEP_NEXT && i < sizeof(stages) / sizeof(stages[0]); i++) {
		step = run_point(p, stages[i].before, step);
		if (step == STEP_NEXT)
			step = run_stage(p, &stages[i]);
		step = run_point(p, stages[i].after, step);
	}
	if (step == STEP_PARK)
		return step;
	/*
	 * What is relayed has left by the time that a packet of another's would: no buffer is sent
	 * here.
	 */
	if (step != STEP_DROP && p->relay)
		return run_stage(p, &deliver);
	if (step != STEP_DROP && p->editing)
		step = run_stage(p, &seal);
	return run_point(p, hook_buffer_send, step);
}

static void count(struct packet *p, enum slot_verdict verdict)
{
	struct counters *c = p->pl->counters;

	c->packets++;
	c->verdicts[verdict]++;
	c->causes[p->cause]++;
	c->dropped[p->cause] += verdict == SLOT_DROP;
	if (p->type != 0)
		c->types[p->v6][p->response][p->type < 63 ? p->type : 63]++;
}

/* Relay mode: an upstream that is silent might be the one that knows the subnet. */
static bool all_answer(const struct packet *p)
{
	for (size_t i = 0; i < p->policy->upstreams.count; i++)
		if ((p->upstreams >> i & 1) != 0 &&
			!learned_answers(p->pl->learned, p->v6, i, p->slot->time_ns))
			return false;
	return true;
}

/*
 * RFC 8415 18.3.9: a server without an address for this link says so in its Advertise. One of
 * DHCPv4 keeps silent.
 */
static bool offers_nothing(const struct packet *p)
{
	struct dhcp6_walk w;
	struct dhcp6_lease l;

	if (!p->v6 || p->type != DHCPV6_ADVERTISE)
		return false;
	w = dhcp6_walk(dhcp6_inner(&p->view6));
	while (dhcp6_walk_next(&w, &l))
		if (l.valid > 0)
			return false;
	return true;
}

/* What the exchange teaches of the server: relay/learned.h. */
static void learn(const struct packet *p)
{
	bool first = p->v6 ? p->type == DHCPV6_SOLICIT : p->type == DHCPDISCOVER;
	uint8_t found = p->found != NULL ? p->found->id : 0;
	struct learned *l = p->pl->learned;

	if (p->response && p->type != 0 && p->cause != CAUSE_unknown_server && !offers_nothing(p))
		learned_answered(l, p->v6, p->has_state ? p->state.subnet : found);
	else if (!p->response && first && p->hinted != NULL && (p->editing || relay_by_giaddr(p)) &&
		all_answer(p))
		learned_hinted(l, p->v6, p->hinted->id, p->slot->time_ns);
}

static void run_packet(struct pipeline *pl, struct slot *slot, const struct guess *guess)
{
	struct packet p;
	enum step step;

	memset(&p, 0, offsetof(struct packet, view4));
	p.pl = pl;
	p.slot = slot;
	p.guess = guess;
	p.policy = pl->snapshot->policy;
	p.registry = pl->snapshot->registry;
	p.in = slot->raw + slot->in_off;
	p.in_len = slot->in_len;
	p.interface = "";
	p.stage = "frame";
	p.again = slot->asked > 0;
	slot->edited = false;
	slot->send_count = 0;
	slot->ask = 0;
	if (pl->paused)
		step = run_paused(&p);
	else
		step = pl->snapshot->hooks == NULL ? run_stages(&p) : run_hooked(&p);
	if (step == STEP_PARK) {
		slot->verdict = SLOT_PARK;
		return;
	}
	slot->park = 0;
	slot->verdict = step == STEP_DROP ? SLOT_DROP : SLOT_ACCEPT;
	slot->edited = step != STEP_DROP && p.editing;
	if (p.hooks != NULL)
		hook_end(&p);
	if (p.cause == CAUSE_rewritten && !slot->edited)
		p.cause = CAUSE_untouched;
	if (pl->learned != NULL)
		learn(&p);
	count(&p, slot->verdict);
	if (pl->trace != NULL)
		pl->trace(pl->ctx, &p);
}

void pipeline_run(struct pipeline *pl, struct batch *b)
{
	struct guess guesses[BATCH_MAX];

	guess_batch(guesses, pl->snapshot, b);
	if (pl->snapshot->hooks != NULL)
		hook_batch(pl);
	for (size_t i = 0; i < b->count; i++) {
		if (pl->at != NULL)
			atomic_store_explicit(pl->at, (uint32_t)i + 1, memory_order_relaxed);
		run_packet(pl, &b->slots[i], &guesses[i]);
	}
}

struct dhcp4_edit *packet_edit4(struct packet *p)
{
	size_t off = p->frame.pay_off;

	if (!p->editing) {
		memcpy(p->slot->out, p->in, off + p->view4.end);
		dhcp4_edit_init(&p->edit4, &p->view4, p->slot->out + off, SLOT_OUT - off);
		p->editing = true;
	}
	return &p->edit4;
}

/* What restore has unwrapped is gone from the view, so the copy is of what is left. */
struct dhcp6_edit *packet_edit6(struct packet *p)
{
	size_t off = p->frame.pay_off;

	if (!p->editing) {
		memcpy(p->slot->out, p->in, off);
		memcpy(p->slot->out + off, p->view6.msg, p->view6.len);
		dhcp6_edit_init(&p->edit6, &p->view6, p->slot->out + off, SLOT_OUT - off);
		p->editing = true;
	}
	return &p->edit6;
}

/*
 * PROTOCOL A.8: at request time the state's subnet is the one of the registry then; that decides,
 * so that a change of the registry between query and answer does not tear an exchange apart.
 */
bool packet_allows(const struct packet *p, const struct subnet *of)
{
	struct decision d = p->decision;

	if (p->has_state) {
		const struct subnet *s = subnet_with_id(&p->policy->subnets, p->state.subnet);

		if (s != NULL || p->state.subnet == 0)
			d.subnet = s;
	}
	return decision_allows(&d, of);
}
