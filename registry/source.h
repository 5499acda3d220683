/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where users come from. A source is one file that fills the table below; load.c and refresh.c use
 * nothing else, so a further kind of source changes neither.
 *
 * How the functions are called:
 *   open, next until it fails, close                  to read all users, or only those added
 *   stirred                                           from the packet path, never two at a time,
 *                                                     but while another thread is in one of:
 *   look, verify, open, next, close, answers, free    from one thread
 *   ask                                               from any
 *
 * A source remembers what it was when it was last read and close() was told that it is now in use;
 * look() compares with that. It must never return an entry of which only a part was written.
 *
 * Packets may wait for a source that knows of an edit as soon as it is made, such as a file. They
 * never wait for one that is polled: it may take its time in look, open and next, and fd() tells
 * when it wants to look again.
 *
 * A third source is one file: fill the table, begin the own struct with a struct source, make it in
 * relay/data_source.c from its own keys of the config. tests/registry/source_cases.c is what it
 * must pass.
 */
#ifndef USHER_REGISTRY_SOURCE_H
#define USHER_REGISTRY_SOURCE_H

#include "registry/questions.h"
#include "registry/record.h"

#include <stdatomic.h>

struct source;

/* What look() finds. */
enum source_state {
	SOURCE_QUIET,     /* nothing has happened since it was last opened */
	SOURCE_SAME,      /* something has, but it is what is in use */
	SOURCE_GREW,      /* added to, or changed in places: open(added) gives just that */
	SOURCE_NEW,       /* anything else: read all */
	SOURCE_UNSETTLED, /* somebody is in the middle of writing it: look again soon */
	SOURCE_GONE,      /* is not there, err says why */
};

/* What is said of a source that everybody may write to. */
#define REG_EXPOSED "everybody may write to it: take that away with chmod o-w"

struct source_facts {
	size_t bytes;     /* about so much text will be read; 0: unknown */
	bool whole;       /* came in one step, so it cannot be half of what is meant */
	bool exposed;     /* everybody may write to it: REG_EXPOSED */
	bool partial;     /* holds only who was asked for, so it may well be nobody */
};

/*
 * For another process, which can look at the source's descriptor but not into the source: whether
 * anything was taken out of the descriptor that stirred() has not told yet. It is equal if nothing
 * was.
 */
struct source_tally {
	_Atomic uint32_t taken; /* counted before anything is taken out */
	_Atomic uint32_t told;  /* `taken` as stirred() last found it */
};

struct source_ops {
	const char *kind; /* "file", "mysql" */
	bool polled;      /* packets do not wait for it */

	/*
	 * A descriptor that is readable when stirred() would be true, or -1. It may change in
	 * look().
	 */
	int (*fd)(const struct source *s);

	/*
	 * Whether the data may have changed since the last call. Called by packet threads, so it
	 * must not block and should take less than a microsecond; an edit that was complete before
	 * the call must be noticed by it.
	 */
	bool (*stirred)(struct source *s);

	/*
	 * Before anything else is called: from now on the source keeps that tally, which outlives
	 * it. NULL: the source is polled, or has no descriptor.
	 */
	void (*share)(struct source *s, struct source_tally *tally);

	/* What has become of the data since the last close(taken); err is set with SOURCE_GONE. */
	enum source_state (*look)(struct source *s, struct reg_error *err);

	/*
	 * Continues a check that look() left for quieter times: whether what it took for SAME or
	 * GREW really is. At most about a millisecond of work, for the next change waits for it.
	 * SOURCE_QUIET: nothing more to do; SOURCE_UNSETTLED: more to do; SOURCE_NEW: it is not,
	 * look() will say so. NULL: this source never needs it.
	 */
	enum source_state (*verify)(struct source *s);

	/* Begins to read: all, or what was added. On an error nothing is open. */
	enum reg_err (*open)(struct source *s, bool added, struct source_facts *ret,
		struct reg_error *err);

	/*
	 * The next entry, borrowed until the next call; err is "place: reason" on any error. After
	 * open(added) an entry may also say that a user is removed; who replaces it comes later.
	 * REG_E_END: there are no more, and what was read is consistent. REG_E_UNFINISHED: the last
	 * one is still being written; END follows. An error for which source_broke() is true ends
	 * the reading; any other is about one entry, and the next call goes on behind it.
	 */
	enum reg_err (*next)(struct source *s, struct reg_entry *ret, struct reg_error *err);

	/* Ends the reading. taken: what was read is in use now, and look() compares with it. */
	void (*close)(struct source *s, bool taken);

	/*
	 * Of a source that holds only who was asked for, else NULL: a question, which stirs it.
	 * False: there are too many already. What packets of strangers ask for is bounded in number
	 * and in memory.
	 */
	bool (*ask)(struct source *s, const struct source_question *q);

	/*
	 * After look() and what followed from it: tells those whose questions are answered, by what
	 * was read and is in use now, or by what look() found. Who was not told in time gives up.
	 */
	void (*answers)(struct source *s,
		void (*tell)(void *ctx, const struct source_answer *all, size_t count), void *ctx);

	/*
	 * Called from another thread, once, before that thread waits for this one to end: what is
	 * under way and all that follows fails soon, with REG_E_STOPPED. NULL: no call takes long.
	 */
	void (*stop)(struct source *s);

	void (*free)(struct source *s);
};

/* The head of every source; the rest follows it. */
struct source {
	const struct source_ops *ops;
	const char *name; /* for errors: the path, the table */
	size_t done;      /* bytes read so far, of those that open() expected; 0: not known */
	bool blank;       /* nothing at all was in it when it was last read, not even a comment */
};

static inline bool source_broke(enum reg_err e)
{
	return e == REG_E_READ || e == REG_E_CHANGED || e == REG_E_SIZE || e == REG_E_NOMEM;
}

#endif
