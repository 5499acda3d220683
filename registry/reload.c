/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides the doubts: what is held back for a while, what is said at once and what only if it lasts.
 * An editor that moves the old file away and writes a new one makes a missing and then an
 * unfinished file for some milliseconds, and nobody wants to read of these; so such failures are
 * said when they have lasted for settle_ms.
 */
#include "registry/reload.h"

#include "registry/clock.h"
#include "registry/siphash.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { WORN_FROM = 1 << 20 }; /* bytes: below that nobody cares */

static void say(const struct reload *r, enum reload_news news, const char *text)
{
	if (r->options.say != NULL)
		r->options.say(r->options.ctx, news, text);
}

/* Notes a failure; one that may pass by itself is said only if it lasts. */
static enum reg_err fail(struct reload *r, enum reg_err e, const struct reg_error *why)
{
	if (!r->failing || strcmp(r->failure.text, why->text) != 0) {
		if (!r->failing)
			r->failing_since = clock_now_ms();
		r->failure = *why;
		r->failing = true;
		r->said = false;
	}
	if (e != REG_E_OPEN && e != REG_E_UNFINISHED && e != REG_E_CHANGED)
		r->failing_since = clock_now_ms() - r->options.settle_ms;
	return e;
}

static void recover(struct reload *r)
{
	if (r->failing && r->said)
		say(r, RELOAD_RECOVERED, r->options.source->name);
	r->failing = r->said = false;
}

static bool lasted(const struct reload *r, int64_t since)
{
	return clock_now_ms() - since >= r->options.settle_ms;
}

/* The entries left out, unless the very same was said before. */
static void say_report(struct reload *r)
{
	static const uint8_t key[16] = "usher report";
	size_t kept = reg_report_kept(&r->report);
	uint64_t hash = r->report.count;
	struct reg_error more;

	for (size_t i = 0; i < kept; i++)
		hash = hash * 31 + siphash13(key, r->report.first[i].text,
			strlen(r->report.first[i].text));
	if (hash == r->report_said)
		return;
	r->report_said = hash;
	for (size_t i = 0; i < kept; i++)
		say(r, RELOAD_WARNED, r->report.first[i].text);
	if (r->report.count > kept) {
		reg_error_set(&more, r->options.source->name, 0, "%zu more entries left out",
			r->report.count - kept);
		say(r, RELOAD_WARNED, more.text);
	}
}

static void say_exposed(const struct reload *r)
{
	struct reg_error warning;

	reg_error_set(&warning, r->options.source->name, 0, REG_EXPOSED);
	say(r, RELOAD_WARNED, warning.text);
}

static void publish(struct reload *r, const struct load_result *new)
{
	r->latest = new->registry;
	r->options.publish(r->options.ctx, new->registry, new->fd, &new->stats);
	if (new->stats.exposed && !r->exposed)
		say_exposed(r);
	r->exposed = new->stats.exposed;
	recover(r);
}

static void discard(struct load_result *result)
{
	result->registry = registry_free(result->registry);
	if (result->fd >= 0)
		close(result->fd);
	result->fd = -1;
}

/* insist: an entry that is only partly there is bad like others, for nobody waits for its rest. */
static enum reg_err load(struct reload *r, bool insist, bool added, struct load_result *ret,
	struct reg_error *err)
{
	struct load_options options = {
		.skip_bad = r->options.skip_bad,
		.skip_unfinished = insist && r->options.skip_bad,
		.shared = r->options.shared,
		.layer_from = r->options.layer_from,
		.memory = r->options.memory,
		.cancel = r->options.cancel,
	};

	if (added)
		options.base = r->held.registry != NULL ? r->held.registry : r->latest;
	r->report.count = 0;
	return registry_load(r->options.source, &options, &r->report, ret, err);
}

enum reg_err reload_first(struct reload *r, const struct reload_options *options,
	struct reg_error *err)
{
	struct load_result result;
	enum reg_err e;

	memset(r, 0, sizeof(*r));
	r->options = *options;
	r->held.fd = -1;
	e = load(r, true, false, &result, err);
	if (e != REG_OK && options->start_without && e != REG_E_NOMEM && e != REG_E_STOPPED) {
		fail(r, e, err);
		r->said = true;
		say(r, RELOAD_FAILED, err->text);
		return REG_OK;
	}
	if (e != REG_OK)
		return e;
	options->source->ops->close(options->source, true);
	say_report(r);
	publish(r, &result);
	return REG_OK;
}

static size_t count_before(const struct reload *r)
{
	return r->latest != NULL ? registry_count(r->latest) : 0;
}

/* Fewer than half of the users are left, and the file was not put in its place in one step. */
static bool shrunk(const struct reload *r, const struct load_stats *stats)
{
	return !stats->whole && 2 * stats->users < count_before(r);
}

/* Whether so many users were replaced since all was read that their remains are worth a reading. */
static bool worn(const struct reload *r)
{
	const struct registry *reg = r->held.registry != NULL ? r->held.registry : r->latest;

	return registry_dead(reg) > WORN_FROM && registry_dead(reg) > registry_size(reg) / 4;
}

/* Whether what was read is used, now or later; the source is told, and result is given away. */
static enum reg_err consider(struct reload *r, bool force, struct load_result *result,
	struct reg_error *err)
{
	struct source *s = r->options.source;
	struct load_result before = r->held;

	if (result->stats.blank && (!result->stats.added || result->stats.removed > 0) && !force &&
		count_before(r) > 0) {
		s->ops->close(s, false);
		discard(result);
		reg_error_set(err, s->name, 0, "%s", reg_strerror(REG_E_EMPTY));
		return fail(r, REG_E_EMPTY, err);
	}
	s->ops->close(s, true);
	say_report(r);
	if (result->stats.added && result->stats.read == 0) {
		discard(result);
		recover(r);
	} else if (!force && shrunk(r, &result->stats)) {
		r->held = *result;
		r->hold_until = clock_now_ms() + r->options.settle_ms;
		discard(&before);
	} else {
		r->held.registry = NULL;
		r->held.fd = -1;
		publish(r, result);
		discard(&before);
	}
	if (result->stats.unfinished)
		return fail(r, REG_E_UNFINISHED, err);
	return REG_OK;
}

static enum reg_err read_source(struct reload *r, bool force, bool added, struct reg_error *err)
{
	struct load_result result;
	enum reg_err e = load(r, force, added, &result, err);

	/* These say nothing about the source, so the next look may not take it for read. */
	r->again = e == REG_E_NOMEM || e == REG_E_READ || e == REG_E_CHANGED || e == REG_E_SYSTEM;
	if (e == REG_E_STOPPED)
		return e;
	return e == REG_OK ? consider(r, force, &result, err) : fail(r, e, err);
}

/* What was held and has not changed since is what is meant. */
static void release(struct reload *r)
{
	struct load_result result = r->held;
	struct reg_error warning;

	if (result.registry == NULL || r->failing || clock_now_ms() < r->hold_until)
		return;
	reg_error_set(&warning, r->options.source->name, 0, "%zu users, there were %zu",
		result.stats.users, count_before(r));
	r->held.registry = NULL;
	r->held.fd = -1;
	publish(r, &result);
	say(r, RELOAD_WARNED, warning.text);
}

static enum reg_err act(struct reload *r, bool force, enum source_state state,
	struct reg_error *err)
{
	if (force)
		return read_source(r, true, false, err);
	switch (state) {
	case SOURCE_GREW:
	case SOURCE_NEW:
		return read_source(r, false, state == SOURCE_GREW && !worn(r), err);
	case SOURCE_GONE:
		return fail(r, REG_E_OPEN, err);
	case SOURCE_SAME:
		recover(r);
		release(r);
		break;
	case SOURCE_QUIET:
		if (r->again)
			return read_source(r, false, false, err);
		release(r);
		break;
	case SOURCE_UNSETTLED:
		break;
	}
	return REG_OK;
}

enum reg_err reload_pass(struct reload *r, bool force, struct reg_error *err)
{
	struct reg_error why;
	enum source_state state = r->options.source->ops->look(r->options.source, &why);
	enum reg_err e = act(r, force, state, &why);

	r->unsettled = state == SOURCE_UNSETTLED && !force;
	if (r->failing && !r->said && lasted(r, r->failing_since)) {
		r->said = true;
		say(r, RELOAD_FAILED, r->failure.text);
	}
	if (r->options.source->ops->answers != NULL && r->options.answered != NULL)
		r->options.source->ops->answers(
			r->options.source, r->options.answered, r->options.ctx);
	if (err != NULL && e != REG_OK)
		*err = why;
	return e;
}

int reload_due(const struct reload *r)
{
	int64_t now = clock_now_ms(), due = INT64_MAX;

	if (r->unsettled)
		due = now + r->options.settle_ms / 4;
	if (r->held.registry != NULL && !r->failing && r->hold_until < due)
		due = r->hold_until;
	if (r->failing && !r->said && r->failing_since + r->options.settle_ms < due)
		due = r->failing_since + r->options.settle_ms;
	if (due == INT64_MAX)
		return -1;
	return due > now ? (int)(due - now) : 0;
}

void reload_done(struct reload *r)
{
	discard(&r->held);
}
