/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The acceptance vectors of tests/vectors/: each packet through the whole pipeline, and what comes
 * out compared with bytes that were written down from the RFCs. USHER_VECTOR=401 runs one case
 * alone; USHER_VECTOR_PCAP=prefix writes what went in and came out for scripts/vectors-check.
 */
#include "tests/capture_file.h"
#include "tests/rig.h"
#include "tests/vector.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifdef __SANITIZE_ADDRESS__
#define SLOWER 20
#else
#define SLOWER 1
#endif

struct why {
	char text[4096];
	size_t len;
};

static void say(struct why *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct why *w, const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(w->text + w->len, sizeof(w->text) - w->len, format, ap);
	va_end(ap);
	if (n > 0)
		w->len += (size_t)n < sizeof(w->text) - w->len ? (size_t)n
							       : sizeof(w->text) - w->len - 1;
}

/* What assembling needs besides the text: both contexts in one. */
struct scene {
	const struct vectors *vs;
	const struct vector *v;
	struct rig *rig;
};

static const char *scene_fragment(void *ctx, const char *name)
{
	const struct scene *s = ctx;

	return vector_fragment(s->vs, name);
}

static uint8_t scene_subnet_id(void *ctx, const char *name)
{
	struct scene *s = ctx;

	return rig_subnet_id(s->rig, name);
}

static void scene_begin(struct scene *s, const struct vectors *vs, const struct vector *v)
{
	char *config = vector_config(vs, v);

	*s = (struct scene){ .vs = vs, .v = v, .rig = rig_new(config, vector_registry(vs, v)) };
	free(config);
	if (v->own[0] != '\0')
		s->rig->own_len = inet_pton(AF_INET, v->own, s->rig->own) == 1 ? 4 : 16;
	if (s->rig->own_len == 16)
		inet_pton(AF_INET6, v->own, s->rig->own);
}

static void scene_assemble(struct scene *s, const struct vector_text *text, const uint8_t *actual,
	size_t actual_len, struct assembled *ret)
{
	struct assemble_env env = {
		.fragment = scene_fragment,
		.subnet_id = scene_subnet_id,
		.ctx = s,
		.generation = s->rig->config->policy->generation,
		.actual = actual,
		.actual_len = actual_len,
	};

	vector_packet(s->v, text, &env, ret);
}

static const struct slot *scene_run(struct scene *s, const struct assembled *in, enum rig_place place)
{
	static const enum side sides[] = {
		[VECTOR_UNKNOWN] = SIDE_UNKNOWN, [VECTOR_CLIENT] = SIDE_CLIENT,
		[VECTOR_SERVER] = SIDE_SERVER,
	};
	const struct vector *v = s->v;

	return rig_run(s->rig, &(struct rig_packet){
		.bytes = in->bytes,
		.len = in->len,
		.side = sides[v->side],
		.skb_info = v->skb_info,
		.physindev = v->physindev,
		.cap_len = v->cap_len,
		.indev = v->indev,
		.hook = v->hook,
		.hw = v->hw,
		.hw_len = v->hw_len,
		.place = place,
	});
}

/* -- the four things that are compared --------------------------------------------------------- */

static void say_bytes(struct why *w, const char *name, const uint8_t *p, size_t len, size_t from)
{
	say(w, "\n    %-8s", name);
	for (size_t i = from; i < len && i < from + 40; i++)
		say(w, "%s%02x", i == from ? " " : "", p[i]);
	say(w, from + 40 < len ? " ..." : "");
}

static void compare_packet(struct scene *s, const struct vector_text *text, const uint8_t *got,
	size_t len, struct why *w)
{
	size_t at = 0, head = got[0] >> 4 == 6 ? 48 : 28;
	struct assembled want;

	scene_assemble(s, text, got, len, &want);
	if (want.len == len && memcmp(want.bytes, got, want.len) == 0)
		return;
	while (at < want.len && at < len && want.bytes[at] == got[at])
		at++;
	/*
	 * Lengths and checksums differ whenever anything does: show where the message itself does.
	 */
	for (size_t i = head; i < want.len && i < len; i++) {
		if (want.bytes[i] != got[i]) {
			at = i;
			break;
		}
	}
	say(w, "\n    %zu bytes instead of %zu, different at %zu of the IP packet (%zd of DHCP)", len,
		want.len, at, (ssize_t)(at - head));
	say_bytes(w, "wanted", want.bytes, want.len, at);
	say_bytes(w, "got", got, len, at);
}

/* Relay mode: what is sent in the place of the packet, to whom, and in which order. */
static void compare_sends(struct scene *s, const struct slot *slot, struct why *w)
{
	const struct vector *v = s->v;

	if (slot->send_count != v->send_count)
		say(w, "\n    %u packets sent instead of %zu", slot->send_count, v->send_count);
	for (size_t i = 0; i < slot->send_count && i < v->send_count; i++) {
		const struct slot_send *got = &slot->sends[i];
		const struct vector_send *want = &v->sends[i];

		if ((got->kind == SEND_LINK) != want->link || got->ifindex != want->ifindex)
			say(w, "\n    send %zu: %s %u", i, got->kind == SEND_LINK ? "link" : "routed",
				got->ifindex);
		if (want->link && memcmp(got->hw, want->hw, sizeof(got->hw)) != 0)
			say_bytes(w, "to", got->hw, sizeof(got->hw), 0);
		compare_packet(s, &want->packet, slot->out + got->off, got->len, w);
	}
}

static const char *verdict_text(const struct slot *slot)
{
	if (slot->verdict == SLOT_DROP)
		return slot->send_count > 0 ? "send" : "drop";
	return slot->edited ? "out" : "untouched";
}

static void compare_verdict(struct scene *s, const struct slot *slot, struct why *w)
{
	static const char *const names[] = {
		[VECTOR_OUT] = "out", [VECTOR_UNTOUCHED] = "untouched", [VECTOR_DROP] = "drop",
		[VECTOR_SEND] = "send",
	};
	const char *want = names[s->v->expect], *got = verdict_text(slot);

	if (strcmp(want, got) != 0)
		say(w, "\n    %s instead of %s", got, want);
	else if (s->v->expect == VECTOR_OUT)
		compare_packet(s, &s->v->out, slot->out, slot->out_len, w);
	else if (s->v->expect == VECTOR_SEND)
		compare_sends(s, slot, w);
}

static void compare_cause(const struct scene *s, struct why *w)
{
	const struct counters *c = &s->rig->counters;
	uint64_t sum = 0;

	for (size_t i = 0; i < CAUSE_COUNT; i++) {
		const char *name = cause_name((enum cause)i);

		sum += c->causes[i];
		if (c->causes[i] != 0 && s->v->cause[0] != '\0' && strcmp(name, s->v->cause) != 0)
			say(w, "\n    cause %s instead of %s", name, s->v->cause);
	}
	if (sum != 1)
		say(w, "\n    %llu causes instead of one", (unsigned long long)sum);
}

static void compare_event(const struct scene *s, const struct vector_event *want, struct why *w)
{
	for (size_t i = 0; i < EVENT_COUNT; i++) {
		if (strcmp(event_name((enum event)i), want->name) != 0)
			continue;
		if ((s->rig->counters.events[i] == 0) != want->absent)
			say(w, "\n    event %s %s", want->name,
				want->absent ? "happened" : "did not happen");
		return;
	}
	say(w, "\n    no event is called %s", want->name);
}

static void compare_outcome(const struct scene *s, struct why *w)
{
	const char *want = s->v->outcome.text != NULL ? s->v->outcome.text : "";

	if (!s->v->outcome_open && strcmp(want, s->rig->text) != 0)
		say(w, "\n    outcome:\n%s    instead of:\n%s", s->rig->text, want);
}

static void run_case(const struct vectors *vs, const struct vector *v, enum rig_place place,
	struct why *w)
{
	const struct slot *slot;
	struct assembled in;
	struct scene s;

	scene_begin(&s, vs, v);
	scene_assemble(&s, &v->in, NULL, 0, &in);
	slot = scene_run(&s, &in, place);
	compare_verdict(&s, slot, w);
	compare_cause(&s, w);
	for (size_t i = 0; i < v->event_count; i++)
		compare_event(&s, &v->events[i], w);
	compare_outcome(&s, w);
	rig_free(s.rig);
}

static void run_all(enum rig_place place)
{
	struct vectors *vs = vectors_read();
	const char *only = getenv("USHER_VECTOR");
	size_t failed = 0;

	for (size_t i = 0; i < vs->count; i++) {
		const struct vector *v = &vs->all[i];
		struct why w = { .len = 0 };

		if (only != NULL && strcmp(only, v->id) != 0)
			continue;
		run_case(vs, v, place, &w);
		failed += w.len > 0;
		cr_expect(w.len == 0, "%s:%u: case %s:%s", v->file, v->line, v->id, w.text);
	}
	cr_assert(vs->count > 200 && failed == 0, "%zu of %zu cases", failed, vs->count);
	vectors_free(vs);
}

Test(vectors, all)
{
	run_all(RIG_PLAIN);
}

/*
 * The same with a page without access behind the packet, then before it; the packet is read-only.
 */
Test(vectors, flush_end)
{
	run_all(RIG_FLUSH_END);
}

Test(vectors, flush_start)
{
	run_all(RIG_FLUSH_START);
}

/* For an independent parser: every packet that was edited, and what it was made of. */
Test(vectors, capture)
{
	const char *prefix = getenv("USHER_VECTOR_PCAP");
	struct vectors *vs = vectors_read();
	struct capture_file *f;
	size_t written = 0;

	if (prefix == NULL) {
		vectors_free(vs);
		cr_skip_test("USHER_VECTOR_PCAP is not set");
	}
	f = capture_file_new(prefix);
	for (size_t i = 0; i < vs->count; i++) {
		const struct slot *slot;
		struct assembled in;
		struct scene s;

		scene_begin(&s, vs, &vs->all[i]);
		scene_assemble(&s, &vs->all[i].in, NULL, 0, &in);
		slot = scene_run(&s, &in, RIG_PLAIN);
		if (slot->edited)
			capture_file_put(f, vs->all[i].id, in.bytes, in.len, slot->out, slot->out_len);
		for (size_t j = 0; j < slot->send_count; j++)
			capture_file_put(f, vs->all[i].id, in.bytes, in.len,
				slot->out + slot->sends[j].off, slot->sends[j].len);
		written += slot->edited;
		rig_free(s.rig);
	}
	capture_file_free(f);
	vectors_free(vs);
	cr_assert(written > 100);
}

/* -- what a table cannot say ------------------------------------------------------------------- */

static const struct vector *case_of(const struct vectors *vs, const char *id)
{
	for (size_t i = 0; i < vs->count; i++)
		if (strcmp(vs->all[i].id, id) == 0)
			return &vs->all[i];
	cr_assert_fail("no case %s", id);
	return NULL;
}

struct repeat {
	const struct vectors *vs;
	const struct vector *v;
	struct slot first;
	size_t different;
};

static void *run_thousand(void *arg)
{
	struct repeat *r = arg;
	struct assembled in;
	struct scene s;

	scene_begin(&s, r->vs, r->v);
	scene_assemble(&s, &r->v->in, NULL, 0, &in);
	r->first.out_len = 0;
	for (size_t i = 0; i < 1000; i++) {
		const struct slot *slot = scene_run(&s, &in, RIG_PLAIN);

		if (i == 0) {
			r->first.out_len = slot->out_len;
			memcpy(r->first.out, slot->out, slot->out_len);
		}
		r->different += !slot->edited || slot->out_len != r->first.out_len ||
			memcmp(slot->out, r->first.out, slot->out_len) != 0;
	}
	rig_free(s.rig);
	return NULL;
}

/* 453: the same DISCOVER a thousand times, on four threads at once: bit for bit the same. */
Test(vectors, row_453)
{
	struct vectors *vs = vectors_read();
	static struct repeat runs[4];
	pthread_t threads[4];

	for (size_t i = 0; i < 4; i++) {
		runs[i].vs = vs;
		runs[i].v = case_of(vs, "401");
		cr_assert_eq(pthread_create(&threads[i], NULL, run_thousand, &runs[i]), 0);
	}
	for (size_t i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		cr_expect_eq(runs[i].different, 0, "thread %zu: %zu differ", i, runs[i].different);
		cr_expect(runs[i].first.out_len > 0);
		cr_expect_eq(runs[i].first.out_len, runs[0].first.out_len);
		cr_expect_arr_eq(runs[i].first.out, runs[0].first.out, runs[0].first.out_len);
	}
	vectors_free(vs);
}

/* Seventy options, some of them twice, some 82 and 118, filling 1472 bytes of IP. */
static size_t crowded(uint8_t *pkt)
{
	size_t at = 28 + 240, options = 70;

	for (size_t i = 0; i < options; i++) {
		size_t len = (1472 - 1 - at) / (options - i) - 2;
		uint8_t code = i % 10 == 3 ? 82 : i % 10 == 7 ? 118 : (uint8_t)(160 + i / 2);

		pkt[at] = i == 0 ? 53 : code;
		pkt[at + 1] = (uint8_t)(i == 0 ? 1 : len);
		memset(pkt + at + 2, i == 0 ? 1 : 0, pkt[at + 1]);
		at += 2 + (size_t)pkt[at + 1];
	}
	pkt[at++] = 255;
	return at;
}

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/*
 * 454: no quadratic time: 50 us for a whole crowded packet, and it is not lengthened beyond 1472.
 */
Test(vectors, row_454)
{
	struct vectors *vs = vectors_read();
	struct assembled in;
	int64_t best = INT64_MAX;
	const struct slot *slot;
	struct scene s;
	size_t len;

	scene_begin(&s, vs, case_of(vs, "401"));
	scene_assemble(&s, &s.v->in, NULL, 0, &in);
	len = crowded(in.bytes);
	cr_assert(len > 1400 && len <= 1472, "%zu", len);
	in.bytes[2] = (uint8_t)(len >> 8);
	in.bytes[3] = (uint8_t)len;
	in.bytes[24] = (uint8_t)((len - 20) >> 8);
	in.bytes[25] = (uint8_t)(len - 20);
	in.bytes[26] = in.bytes[27] = 0;
	in.len = len;
	slot = scene_run(&s, &in, RIG_PLAIN);
	cr_expect(slot->edited && slot->out_len <= 1472 && slot->verdict == SLOT_ACCEPT,
		"%u bytes", slot->out_len);
	cr_expect(s.rig->counters.events[EVENT_stripped] == 1);
	for (size_t i = 0; i < 300; i++) {
		int64_t begin = now_ns();

		pipeline_run(&s.rig->pipeline, s.rig->batch);
		begin = now_ns() - begin;
		best = begin < best ? begin : best;
	}
	cr_expect(best < 50000 * SLOWER, "%lld ns", (long long)best);
	rig_free(s.rig);
	vectors_free(vs);
}

/* 455: the process is another one when the answer comes: nothing but the packet and the config. */
Test(vectors, row_455)
{
	static const char answer[] =
		"use to_client\n bootp 2 yiaddr=10.99.0.100 chaddr=02:00:00:00:00:0b\n cookie\n"
		"opt 53 02\n opt 54 10.1.0.1\n opt 51 u32:200\n";
	static const char tail[] = "end\n pad 300\n";
	struct vectors *vs = vectors_read();
	char text[2048], *p = text;
	struct assembled in, want;
	const struct slot *slot;
	struct scene s;

	scene_begin(&s, vs, case_of(vs, "401"));
	scene_assemble(&s, &s.v->in, NULL, 0, &in);
	slot = scene_run(&s, &in, RIG_PLAIN);
	cr_assert(slot->edited);
	/*
	 * The server echoes option 82, which stands behind the eight bytes of the client's options.
	 */
	cr_assert_eq(slot->out[28 + 240 + 8], 82);
	p += sprintf(p, "%s", answer);
	for (size_t i = 0; i < 2u + slot->out[28 + 240 + 9]; i++)
		p += sprintf(p, "%02x ", slot->out[28 + 240 + 8 + i]);
	sprintf(p, "\n%s", tail);
	rig_free(s.rig);

	scene_begin(&s, vs, case_of(vs, "461"));
	scene_assemble(&s, &(struct vector_text){ .text = text }, NULL, 0, &in);
	slot = scene_run(&s, &in, RIG_PLAIN);
	cr_assert(slot->edited);
	snprintf(text, sizeof(text), "%s%s", answer, tail);
	scene_assemble(&s, &(struct vector_text){ .text = text }, NULL, 0, &want);
	cr_expect_eq(slot->out_len, want.len);
	cr_expect_arr_eq(slot->out, want.bytes, want.len);
	cr_expect_eq(s.rig->counters.events[EVENT_state_missing], 0);
	rig_free(s.rig);
	vectors_free(vs);
}
