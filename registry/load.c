/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Joins a source and a builder. Hides nothing but the order of calls; what a bad entry means is one
 * option, and whether the result is used is the caller's.
 */
#include "registry/load.h"

#include "registry/clock.h"
#include "registry/source_file.h"

#include <string.h>
#include <unistd.h>

struct load {
	struct source *source;
	const struct load_options *options;
	struct reg_report *report;
	struct load_stats *stats;
	struct builder *builder;
	size_t expect;      /* bytes of the source; 0: unknown */
};

enum { TELL_EVERY = 4096 }; /* entries */

static uint64_t now_micros(void)
{
	return (uint64_t)clock_now_ns() / 1000;
}

/* An entry that is only partly there: to be left out, left for later, or the end of it all. */
static enum reg_err judge_unfinished(struct load *l, const struct reg_error *why,
	struct reg_error *err)
{
	*err = *why;
	if (l->options->skip_unfinished) {
		reg_report_add(l->report, why);
		l->stats->bad++;
		return REG_OK;
	}
	l->stats->unfinished = l->options->base != NULL;
	return l->stats->unfinished ? REG_OK : REG_E_UNFINISHED;
}

/* What an error about one entry means: REG_OK to go on. */
static enum reg_err judge(struct load *l, enum reg_err e, const struct reg_error *why,
	struct reg_error *err)
{
	if (e == REG_E_UNFINISHED)
		return judge_unfinished(l, why, err);
	if (!source_broke(e)) {
		reg_report_add(l->report, why);
		if (l->options->skip_bad) {
			l->stats->bad++;
			return REG_OK;
		}
	}
	*err = *why;
	return e;
}

static bool cancelled(const struct load *l)
{
	return l->options->cancel != NULL &&
		atomic_load_explicit(l->options->cancel, memory_order_relaxed);
}

static enum reg_err apply(struct load *l, const struct reg_entry *entry, struct reg_error *why)
{
	enum reg_err e;

	l->stats->read++;
	if (!entry->removed)
		return builder_add(l->builder, entry, why);
	l->stats->removed++;
	e = builder_remove(l->builder, entry);
	if (e != REG_OK)
		reg_error_set(why, l->source->name, entry->line, "%s", reg_strerror(e));
	return e;
}

static void tell(const struct load *l)
{
	if (l->options->progress != NULL && l->stats->read % TELL_EVERY == 0)
		l->options->progress(l->options->ctx, l->source->done, l->expect);
}

static enum reg_err read_all(struct load *l, struct reg_error *err)
{
	struct reg_entry entry;
	struct reg_error why;
	enum reg_err e;

	while (!cancelled(l)) {
		tell(l);
		e = l->source->ops->next(l->source, &entry, &why);
		if (e == REG_E_END)
			return REG_OK;
		if (e == REG_OK)
			e = apply(l, &entry, &why);
		if (e != REG_OK)
			e = judge(l, e, &why, err);
		if (e != REG_OK)
			return e;
	}
	reg_error_set(err, l->source->name, 0, "%s", reg_strerror(REG_E_STOPPED));
	return REG_E_STOPPED;
}

static enum reg_err finish(struct load *l, struct builder_result *ret, struct reg_error *err)
{
	struct reg_report own = { 0 }, *report = l->report != NULL ? l->report : &own;
	size_t before = report->count;
	enum reg_err e = builder_finish(l->builder, l->options->skip_bad, report, ret);

	l->builder = NULL;
	if (e == REG_OK)
		l->stats->bad += ret->duplicates;
	else if (e == REG_E_DUPLICATE && before < REG_REPORT_KEEP)
		*err = report->first[before];
	else
		reg_error_set(err, l->source->name, 0, "%s", reg_strerror(e));
	return e;
}

static enum reg_err run(struct load *l, const struct source_facts *facts,
	struct builder_result *ret, struct reg_error *err)
{
	struct builder_options options = {
		.name = l->source->name,
		.memory = l->options->memory,
		.base = l->options->base,
		.expect = facts->bytes + facts->bytes / 2,
		.shared = l->options->shared,
		.layer_from = l->options->layer_from,
	};
	enum reg_err e = builder_begin(&options, &l->builder);

	if (e != REG_OK) {
		reg_error_set(err, l->source->name, 0, "%s", reg_strerror(e));
		return e;
	}
	l->expect = facts->bytes;
	e = read_all(l, err);
	if (e == REG_OK)
		e = finish(l, ret, err);
	builder_free(l->builder);
	return e;
}

enum reg_err registry_load(struct source *s, const struct load_options *options,
	struct reg_report *report, struct load_result *ret, struct reg_error *err)
{
	struct load_stats stats = { .added = options->base != NULL };
	struct load l = { .source = s, .options = options, .report = report, .stats = &stats };
	uint64_t begin = now_micros();
	struct builder_result built;
	struct source_facts facts;
	enum reg_err e = s->ops->open(s, stats.added, &facts, err);

	if (e != REG_OK)
		return e;
	e = run(&l, &facts, &built, err);
	if (e != REG_OK) {
		s->ops->close(s, false);
		return e;
	}
	stats.users = registry_count(built.registry);
	stats.bytes = registry_size(built.registry);
	stats.micros = now_micros() - begin;
	stats.whole = facts.whole;
	stats.partial = facts.partial;
	stats.blank = !facts.partial && stats.users == 0 &&
		(s->blank || stats.bad > 0 || stats.removed > 0);
	stats.exposed = facts.exposed;
	*ret = (struct load_result){ .registry = built.registry, .fd = built.fd, .stats = stats };
	return REG_OK;
}

static enum reg_err load_once(struct source *s, const struct load_options *options,
	struct reg_report *report, struct load_result *ret, struct reg_error *err)
{
	enum reg_err e = registry_load(s, options, report, ret, err);

	if (e == REG_OK)
		s->ops->close(s, false);
	return e;
}

enum reg_err registry_load_once(struct source *s, bool skip_bad, struct reg_report *report,
	struct load_result *ret, struct reg_error *err)
{
	struct load_options options = { .skip_bad = skip_bad, .skip_unfinished = skip_bad };

	return load_once(s, &options, report, ret, err);
}

enum reg_err registry_load_file_as(const char *path, const struct load_options *options,
	struct reg_report *report, struct load_result *ret, struct reg_error *err)
{
	struct source_file_options file = { .path = path };
	struct source *s;
	enum reg_err e = source_file_new(&file, &s, err);

	if (e != REG_OK)
		return e;
	e = load_once(s, options, report, ret, err);
	s->ops->free(s);
	return e;
}

enum reg_err registry_load_file(const char *path, bool skip_bad, struct reg_report *report,
	struct load_result *ret, struct reg_error *err)
{
	struct load_options options = { .skip_bad = skip_bad, .skip_unfinished = skip_bad };

	return registry_load_file_as(path, &options, report, ret, err);
}
