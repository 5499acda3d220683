/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides a search: is there a way through the tests on which the rule asked about holds and all
 * rules before it do not? A way is a list of tests and their results; a test that the results so
 * far settle is not free to choose. What tests say about each other is known for tests of one kind
 * about one thing, and for attributes and being registered; other connections are not seen, so a
 * shadowed rule may be missed but a rule that can match is never accused.
 */
#include "rules/shadow.h"

#include "rules/action.h"
#include "rules/match.h"

#include <string.h>

enum settled { IS_FALSE, IS_TRUE, IS_OPEN };
enum { DAY = 24 * 60 };

struct shadow shadow_begin(const struct policy *p)
{
	return (struct shadow){ .policy = p };
}

static bool net_inside(const struct net *inner, const struct net *outer)
{
	return inner->family == outer->family && inner->prefix.bits >= outer->prefix.bits &&
		prefix_holds(&outer->prefix, inner->prefix.addr);
}

static bool in_spans(const struct test *t, unsigned int minute)
{
	for (uint32_t i = 0; i < t->count; i++) {
		const struct span *s = &t->spans[i];

		if (s->from < s->to ? minute >= s->from && minute < s->to :
			minute >= s->from || minute < s->to)
			return true;
	}
	return false;
}

static bool spans_cover(const struct test *a, const struct test *b)
{
	for (unsigned int minute = 0; minute < DAY; minute++)
		if (in_spans(b, minute) && !in_spans(a, minute))
			return false;
	return true;
}

/* Whether the element i of b is among what a has, or excluded by element k of a. */
static bool element_covered(const struct test *a, const struct test *b, uint32_t i)
{
	for (uint32_t k = 0; k < a->count; k++) {
		if (a->matcher->kind == TEST_PATTERNS &&
			pattern_covers(&a->patterns[k], &b->patterns[i]))
			return true;
		if (a->matcher->kind == TEST_NUMBERS && a->numbers[k] == b->numbers[i])
			return true;
		if (a->matcher->kind == TEST_NETS && net_inside(&b->nets[i], &a->nets[k]))
			return true;
	}
	return false;
}

static bool element_excluded(const struct test *a, const struct test *b, uint32_t i)
{
	for (uint32_t k = 0; k < a->count; k++) {
		if (a->matcher->kind == TEST_PATTERNS &&
			!pattern_excludes(&a->patterns[k], &b->patterns[i]))
			return false;
		if (a->matcher->kind == TEST_NETS && (net_inside(&b->nets[i], &a->nets[k]) ||
							     net_inside(&a->nets[k], &b->nets[i])))
			return false;
	}
	return a->matcher->kind == TEST_PATTERNS || a->matcher->kind == TEST_NETS;
}

/* Whether a holds wherever b does. */
static bool covers(const struct test *a, const struct test *b)
{
	if (a->matcher->kind == TEST_SPANS)
		return spans_cover(a, b);
	for (uint32_t i = 0; i < b->count; i++)
		if (!element_covered(a, b, i))
			return false;
	return true;
}

/* Whether a and b never hold together. */
static bool excludes(const struct test *a, const struct test *b)
{
	if ((a->matcher->traits & MATCH_SINGLE) == 0)
		return false;
	for (uint32_t i = 0; i < b->count; i++)
		if (!element_excluded(a, b, i))
			return false;
	return true;
}

static bool same_thing(const struct test *a, const struct test *b)
{
	if (a->attribute != NULL || b->attribute != NULL)
		return a->attribute != NULL && b->attribute != NULL && a->slot == b->slot;
	return a->matcher == b->matcher;
}

/* Of a set: what the way so far leaves possible decides. */
static enum settled set_settled(const struct shadow *s, const struct test *t)
{
	uint64_t open[2] = { ~(uint64_t)0, ~(uint64_t)0 };

	if (t->matcher->domain != 0) {
		open[0] = t->matcher->domain;
		open[1] = 0;
	}
	for (size_t i = 0; i < s->depth; i++) {
		const struct test *w = s->way[i].test;
		uint64_t flip = s->way[i].truth ? 0 : ~(uint64_t)0;

		if (w->matcher == t->matcher) {
			open[0] &= w->set[0] ^ flip;
			open[1] &= w->set[1] ^ flip;
		}
	}
	if ((open[0] & ~t->set[0]) == 0 && (open[1] & ~t->set[1]) == 0)
		return IS_TRUE;
	return (open[0] & t->set[0]) == 0 && (open[1] & t->set[1]) == 0 ? IS_FALSE : IS_OPEN;
}

static bool is_registered(const struct test *t)
{
	return strcmp(t->matcher->key, "registered") == 0;
}

/* Whether w with that result says that the user has (IS_TRUE) or lacks the attribute of t. */
static enum settled presence(const struct test *t, const struct test *w, bool truth)
{
	if (is_registered(w))
		return ((w->set[0] & 2) != 0) == truth ? IS_OPEN : IS_FALSE;
	if (!same_thing(t, w))
		return IS_OPEN;
	if (w->matcher->kind == TEST_PRESENT)
		return w->truth == truth ? IS_TRUE : IS_FALSE;
	return truth ? IS_TRUE : IS_OPEN;
}

static enum settled attribute_settled(const struct test *t, const struct test *w, bool truth)
{
	enum settled has = presence(t, w, truth);

	if (has == IS_OPEN)
		return IS_OPEN;
	if (t->matcher->kind == TEST_PRESENT)
		return (has == IS_TRUE) == t->truth ? IS_TRUE : IS_FALSE;
	return has == IS_FALSE ? IS_FALSE : IS_OPEN;
}

/* Whether w says that there is a user: one who has an attribute. */
static bool implies_user(const struct test *w, bool truth)
{
	if (w->attribute == NULL)
		return false;
	return w->matcher->kind == TEST_PRESENT ? w->truth == truth : truth;
}

static enum settled settled_by(
	struct shadow *s, const struct test *t, const struct test *w, bool truth)
{
	enum settled e = IS_OPEN;

	s->steps++;
	if (t->attribute != NULL)
		e = attribute_settled(t, w, truth);
	else if (is_registered(t) && implies_user(w, truth))
		e = (t->set[0] & 2) != 0 ? IS_TRUE : IS_FALSE;
	if (e != IS_OPEN || !same_thing(t, w) || t->matcher->kind != w->matcher->kind ||
		t->matcher->kind == TEST_PRESENT || t->matcher->kind == TEST_SET)
		return e;
	s->steps += t->matcher->kind == TEST_SPANS ? DAY : (size_t)t->count * w->count;
	if (truth && covers(t, w))
		return IS_TRUE;
	if ((!truth && covers(w, t)) || (truth && excludes(t, w)))
		return IS_FALSE;
	return IS_OPEN;
}

static enum settled settled(struct shadow *s, const struct test *t)
{
	enum settled e = IS_OPEN;

	s->steps++;
	if (t->matcher->kind == TEST_SET)
		e = set_settled(s, t);
	for (size_t i = 0; e == IS_OPEN && i < s->depth; i++)
		e = settled_by(s, t, s->way[i].test, s->way[i].truth);
	return e;
}

static bool search(struct shadow *s, uint32_t at);

static bool search_on(struct shadow *s, const struct test *t, bool truth)
{
	bool found;

	s->way[s->depth].test = t;
	s->way[s->depth].truth = truth;
	s->depth++;
	found = search(s, t->next[truth]);
	s->depth--;
	return found;
}

/* Whether the place `at` leads to the goal on some way that continues the one gone so far. */
static bool search(struct shadow *s, uint32_t at)
{
	const struct rule *goal = &s->policy->rules[s->goal];
	const struct test *t;
	enum settled e;

	if (s->own && at == TEST_DECIDED + s->goal) {
		bool found;

		s->own = false;
		found = search(s, s->policy->start);
		s->own = true;
		return found;
	}
	if (!s->own && at == goal->start)
		return true;
	if (at >= TEST_DECIDED || (s->own && at >= goal->end))
		return false;
	if (s->depth == SHADOW_DEPTH || s->steps > SHADOW_STEPS) {
		s->gave_up = true;
		return true;
	}
	t = &s->policy->tests->all[at];
	e = settled(s, t);
	if (e != IS_OPEN)
		return search_on(s, t, e == IS_TRUE);
	return search_on(s, t, s->own) || search_on(s, t, !s->own);
}

/* Whether the rule could match if it were the only one. */
static bool holds_alone(struct shadow *s, size_t rule)
{
	const struct policy *whole = s->policy;
	struct policy alone = *whole;
	bool found;

	/* "no rule before it": the way from the start to its start is empty */
	alone.start = whole->rules[rule].start;
	s->policy = &alone;
	found = search(s, alone.start);
	s->policy = whole;
	return found;
}

enum shadow_result shadow_check(struct shadow *s, size_t rule)
{
	const struct rule *r = &s->policy->rules[rule];

	s->goal = rule;
	s->own = true;
	s->depth = 0;
	s->gave_up = false;
	if (s->steps > SHADOW_STEPS || search(s, r->start))
		return SHADOW_NONE;
	return holds_alone(s, rule) ? SHADOW_EARLIER : SHADOW_NEVER;
}
