/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry/watch.h"
#include "tests/registry/temp.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct watch_state state;

/* Whether anything happened to the file since the last call. */
static bool stirred(struct watch *w)
{
	unsigned int before = state.changes;

	watch_drain(w, &state);
	return state.changes != before;
}

static void expect(struct watch *w, bool changed, bool writing, bool arrived, const char *what)
{
	cr_assert_eq(stirred(w), changed, "%s", what);
	cr_assert_eq(state.writing, writing, "%s", what);
	cr_assert_eq(state.arrived_ino != 0, arrived, "%s", what);
}

Test(watch, every_way_of_editing)
{
	struct watch w;
	struct temp t;
	int fd;

	temp_make(&t);
	cr_assert(watch_open(&w, t.path));
	cr_assert(stirred(&w), "what was done before the watch is not known");
	expect(&w, false, false, false, "nothing");
	temp_put(t.other, "x");
	expect(&w, false, false, false, "another file");
	fd = open(t.path, O_WRONLY | O_CREAT, 0644);
	expect(&w, true, true, false, "created");
	cr_assert_eq(write(fd, "x", 1), 1);
	expect(&w, true, true, false, "written to");
	close(fd);
	expect(&w, true, false, false, "closed");
	fd = open(t.path, O_RDONLY);
	close(fd);
	expect(&w, false, false, false, "read");
	temp_append(t.path, "y");
	expect(&w, true, false, false, "appended");
	cr_assert_eq(rename(t.other, t.path), 0);
	expect(&w, true, false, true, "replaced");
	cr_assert_eq(state.arrivals, 1);
	cr_assert_eq(state.arrived_size, 1);
	cr_assert_eq(chmod(t.path, 0600), 0);
	expect(&w, true, false, true, "mode");
	cr_assert_eq(truncate(t.path, 0), 0);
	expect(&w, true, true, true, "truncated");
	cr_assert_eq(rename(t.path, t.other), 0);
	expect(&w, true, false, false, "moved away");
	cr_assert_eq(link(t.other, t.path), 0);
	expect(&w, true, true, false, "linked");
	cr_assert_eq(unlink(t.path), 0);
	expect(&w, true, false, false, "removed");
	watch_close(&w);
	watch_close(&w);
	temp_remove(&t);
}

/* That a writer has it open, as far as it is known: not of one who has not written yet. */
Test(watch, a_writer_that_has_it_open)
{
	struct watch w;
	struct temp t;
	int fd;

	temp_make(&t);
	cr_assert(watch_open(&w, t.path));
	fd = open(t.path, O_WRONLY | O_CREAT, 0644);
	stirred(&w);
	cr_assert(state.writing && !state.held, "made");
	cr_assert_eq(write(fd, "x", 1), 1);
	stirred(&w);
	cr_assert(state.held, "written to");
	close(fd);
	stirred(&w);
	cr_assert(!state.held, "closed");
	fd = open(t.path, O_WRONLY | O_TRUNC);
	stirred(&w);
	cr_assert(state.held, "emptied");
	temp_put(t.other, "y");
	cr_assert_eq(rename(t.other, t.path), 0);
	stirred(&w);
	cr_assert(!state.held, "what he has open is another file now");
	close(fd);
	unlink(t.path);
	temp_put(t.other, "y");
	cr_assert_eq(link(t.other, t.path), 0);
	stirred(&w);
	cr_assert(state.writing && !state.held, "linked");
	watch_close(&w);
	temp_remove(&t);
}

Test(watch, directory_removed_and_made_anew)
{
	char path[200], away[100];
	struct watch w;
	struct temp t;

	temp_make(&t);
	snprintf(path, sizeof(path), "%s/sub/registry", t.dir);
	snprintf(away, sizeof(away), "%s/away", t.dir);
	path[strlen(t.dir) + 4] = '\0';
	cr_assert(watch_open(&w, t.path));
	watch_close(&w);

	path[strlen(t.dir) + 4] = '/';
	cr_assert(watch_open(&w, path), "the directory is not there yet");
	stirred(&w);
	cr_assert_not(state.watched);
	for (int i = 0; i < 5; i++) {
		path[strlen(t.dir) + 4] = '\0';
		cr_assert_eq(mkdir(path, 0755), 0);
		path[strlen(t.dir) + 4] = '/';
		watch_renew(&w);
		cr_assert(stirred(&w));
		cr_assert(state.watched);
		temp_put(path, "x");
		expect(&w, true, false, false, "watched again");
		unlink(path);
		cr_assert(stirred(&w));
		path[strlen(t.dir) + 4] = '\0';
		if (i % 2 == 0)
			cr_assert_eq(rmdir(path), 0);
		else
			cr_assert_eq(rename(path, away), 0);
		path[strlen(t.dir) + 4] = '/';
		cr_assert(stirred(&w), "its own removal");
		cr_assert_not(state.watched);
		watch_renew(&w);
		stirred(&w);
		cr_assert_not(state.watched);
		rmdir(away);
		stirred(&w);
	}
	watch_close(&w);
	temp_remove(&t);
}

/* A rename further up is no event of the directory; renewing finds it out. */
Test(watch, another_directory_under_the_same_path)
{
	char sub[200], path[300], away[100];
	struct watch w;
	struct temp t;

	temp_make(&t);
	snprintf(away, sizeof(away), "%s-away", t.dir);
	snprintf(sub, sizeof(sub), "%s/sub", t.dir);
	snprintf(path, sizeof(path), "%s/registry", sub);
	cr_assert_eq(mkdir(sub, 0755), 0);
	cr_assert(watch_open(&w, path));
	stirred(&w);
	cr_assert_eq(rename(t.dir, away), 0);
	cr_assert_eq(mkdir(t.dir, 0755), 0);
	cr_assert_eq(mkdir(sub, 0755), 0);
	watch_renew(&w);
	stirred(&w);
	temp_put(path, "x");
	cr_assert(stirred(&w));
	watch_close(&w);
	unlink(path);
	rmdir(sub);
	rmdir(t.dir);
	snprintf(sub, sizeof(sub), "%s/sub", away);
	rmdir(sub);
	rmdir(away);
}

/* Who looks at the descriptor from outside learns of all that is taken out, before it is. */
Test(watch, what_is_taken_out_is_counted)
{
	_Atomic uint32_t taken = 7;
	struct watch w;
	struct temp t;

	temp_make(&t);
	cr_assert(watch_open(&w, t.path));
	watch_share(&w, &taken);
	cr_expect_eq(taken, 8, "what happened before is not known");
	watch_drain(&w, &state);
	cr_expect_eq(taken, 8, "there was nothing");
	cr_expect_eq(state.taken, 8);
	temp_put(t.path, "x");
	temp_put(t.path, "y");
	watch_drain(&w, &state);
	cr_expect_eq(taken, 9, "all at once");
	cr_expect_eq(state.taken, 9);
	temp_put(t.other, "x");
	watch_drain(&w, &state);
	cr_expect_eq(taken, 10, "whatever it is about");
	watch_close(&w);
	watch_share(&w, &taken);
	cr_expect_eq(taken, 10, "there is nothing to take anything out of");
	temp_remove(&t);
}

Test(watch, paths)
{
	struct watch w;
	char longer[PATH_MAX + 300];

	cr_assert(watch_open(&w, "registry.jsonl"));
	cr_assert_str_eq(w.dir, ".");
	cr_assert_str_eq(w.name, "registry.jsonl");
	watch_close(&w);
	cr_assert(watch_open(&w, "/x"));
	cr_assert_str_eq(w.dir, "/");
	watch_close(&w);
	cr_assert_not(watch_open(&w, ""));
	cr_assert_not(watch_open(&w, "/etc/"));
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	cr_assert_not(watch_open(&w, longer));
	memset(longer, '/', PATH_MAX);
	cr_assert_not(watch_open(&w, longer));
}
