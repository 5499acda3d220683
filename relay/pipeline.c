/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The stage table and its loop: once through, never back. Hides the order of the stages and what
 * becomes of a packet when one fails; no stage knows another. A packet that we do not fully
 * understand is never edited; the kernel keeps the original, so a failed edit needs no undo.
 */
#include "relay/guess.h"
#include "relay/learned.h"
#include "relay/relay.h"

enum direction { QUERY = 1, RESPONSE = 2, BOTH = 3 };

struct stage {
	const char *name;
	stage_fn *run[2];            /* DHCPv4, DHCPv6; NULL: the protocol has no such thing */
	enum direction direction;
	enum step on_error;          /* STEP_PASS: the original goes out untouched */
	bool paused;                 /* runs while usher is paused too */
};

static const struct stage stages[] = {
	/* name            DHCPv4          DHCPv6            messages  if it fails */
	{ "view",         { stage_view4,    stage_view6 },    BOTH,     STEP_PASS, true },
	{ "strip",        { stage_strip4,   NULL },           QUERY,    STEP_DROP },
	{ "restore",      { stage_restore4, stage_restore6 }, RESPONSE, STEP_PASS, true },
	{ "pkt_receive",  { stage_receive,  stage_receive },  BOTH,     STEP_PASS },
	{ "subnet_select", { stage_select,  stage_select },   BOTH,     STEP_PASS },
	{ "relay",        { stage_relay4,   stage_relay6 },   QUERY,    STEP_DROP },
	{ "steer",        { stage_steer4,   stage_steer6 },   QUERY,    STEP_PASS },
	{ "guard",        { stage_guard4,   stage_guard6 },   RESPONSE, STEP_DROP },
	{ "pkt_send",     { stage_send4,    stage_send6 },    RESPONSE, STEP_DROP },
	{ "clamp",        { stage_clamp4,   stage_clamp6 },   RESPONSE, STEP_DROP },
	{ "outcome",      { stage_outcome4, stage_outcome6 }, BOTH,     STEP_PASS },
};

/* In relay mode what becomes of a packet, instead of its verdict. */
static const struct stage deliver = {
	"deliver", { relay_deliver4, relay_deliver6 }, BOTH, STEP_DROP,
};

static const struct stage seal = {
	"seal", { stage_seal4, stage_seal6 }, BOTH, STEP_PASS,
};

static enum step run_stage(struct packet *p, const struct stage *s)
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
	if (step != STEP_DROP && p->relay)
		return run_stage(p, &deliver);
	if (step == STEP_DROP || !p->editing)
		return step;
	return run_stage(p, &seal);
}

/*
 * While usher is paused everything passes as it came, but for one thing: the answer to a query that was
 * steered before still carries our state, which no client may see.
 */
static enum step run_paused(struct packet *p)
{
	enum step step = stage_frame(p);

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

/* What the exchange teaches of the server: relay/learned.h. */
static void learn(const struct packet *p)
{
	struct learned *l = p->pl->learned;
	bool first = p->v6 ? p->type == DHCPV6_SOLICIT : p->type == DHCPDISCOVER;

	if (p->response && p->type != 0 && p->cause != CAUSE_unknown_server)
		learned_answered(l, p->v6, p->has_state ? p->state.subnet : 0);
	else if (!p->response && first && p->hinted != NULL && p->editing)
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
	slot->edited = false;
	slot->send_count = 0;
	step = pl->paused ? run_paused(&p) : run_stages(&p);
	slot->verdict = step == STEP_DROP ? SLOT_DROP : SLOT_ACCEPT;
	slot->edited = step != STEP_DROP && p.editing;
	if (p.cause == CAUSE_rewritten && !p.editing)
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
	for (size_t i = 0; i < b->count; i++)
		run_packet(pl, &b->slots[i], &guesses[i]);
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
 * PROTOCOL A.8: at request time the state's subnet is the one of the registry then; that decides, so
 * that a change of the registry between query and answer does not tear an exchange apart.
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
