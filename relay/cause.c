/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides the tables of names and texts of causes and events. Counting is the pipeline's, and what is
 * done about a cause is policy; here are only words.
 */
#include "relay/cause.h"

#include <stddef.h>

struct words {
	const char *name, *text;
};

#define X(name, text) { #name, text },
static const struct words causes[] = { RELAY_CAUSES(X) };
static const struct words events[] = { RELAY_EVENTS(X) };
#undef X

static const struct words unknown = { "unknown", "unknown" };

static const struct words *cause_words(enum cause c)
{
	return (size_t)c < CAUSE_COUNT ? &causes[c] : &unknown;
}

static const struct words *event_words(enum event e)
{
	return (size_t)e < EVENT_COUNT ? &events[e] : &unknown;
}

const char *cause_name(enum cause c)
{
	return cause_words(c)->name;
}

const char *cause_text(enum cause c)
{
	return cause_words(c)->text;
}

const char *event_name(enum event e)
{
	return event_words(e)->name;
}

const char *event_text(enum event e)
{
	return event_words(e)->text;
}
