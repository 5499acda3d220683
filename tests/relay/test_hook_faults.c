/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Libraries that go wrong: refused with a reason that names them, or counted by name while packets
 * go on as on_error says.
 */
#include "tests/hook_rig.h"

#include "relay/log.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char registry[] = "";

static struct config *config_with(const char *library, const char *parameters, const char *more)
{
	static char text[8192];
	struct config_error err = { .text = "" };
	struct config *c;

	snprintf(text, sizeof(text), "{ \"hooks_libraries\": [ { \"library\": \"%s\", \"parameters\": %s"
		"%s } ] }", library, parameters, more);
	c = config_parse("test", text, strlen(text), &err);
	cr_assert_not_null(c, "%s", err.text);
	return c;
}

static const char *refusal(const char *library, const char *parameters, size_t workers)
{
	static char why[HOOK_WHY];
	struct config *c = config_with(library, parameters, "");
	struct hooks *h = (void *)1;

	cr_expect_eq(hooks_load(c, workers, NULL, &h, why), -22);
	cr_expect_null(h);
	config_free(c);
	return why;
}

static void expect_refusal(const char *library, const char *parameters, size_t workers,
	const char *expected)
{
	const char *why = refusal(library, parameters, workers);

	cr_expect_not_null(strstr(why, expected), "%s", why);
	cr_expect_not_null(strstr(why, library), "%s", why);
}

Test(hook_faults, what_is_refused_and_why)
{
	expect_refusal("/no/such/library.so", "{}", 1, "cannot be loaded: ");
	expect_refusal(hook_path("test-hooks/no_version"), "{}", 1,
		"it has no version(): is it a hook library of usher?");
	expect_refusal(hook_path("test-hooks/other_version"), "{}", 1,
		"built for version 2.0 of the hook interface, and this usher has 1.1: build it against");
	expect_refusal(hook_path("test-hooks/fails"), "{ \"load\": true }", 1, "its load() failed (3)");
	expect_refusal(hook_path("test-hooks/fails"), "{}", 2, "not multi-threading compatible");
	expect_refusal(hook_path("test-hooks/call"), "{ \"after\": { \"no_such_point\": \"0x1\" } }", 1,
		"its load() failed (3)");
	expect_refusal(hook_path("test-hooks/call"), "{ \"context\": 4097 }", 1, "its load() failed");
}

Test(hook_faults, all_or_none)
{
	static char text[8192], why[HOOK_WHY];
	char path[] = "/tmp/usher-hook-fault-XXXXXX";
	struct config_error err;
	struct config *c;
	struct hooks *h;
	int fd = mkstemp(path);

	close(fd);
	unlink(path);
	/* The second is no library: load() of the first is not called. */
	snprintf(text, sizeof(text), "{ \"hooks_libraries\": [ { \"library\": \"%s\", \"parameters\": "
		"{ \"file\": \"%s\" } }, { \"library\": \"/nowhere\" } ] }", hook_path("test-hooks/log"),
		path);
	c = config_parse("test", text, strlen(text), &err);
	cr_assert_not_null(c);
	cr_expect_neq(hooks_load(c, 1, NULL, &h, why), 0);
	cr_expect_eq(access(path, F_OK), -1);
	config_free(c);
}

Test(hook_faults, the_same_list_is_the_same_set)
{
	char why[HOOK_WHY];
	struct config *a = config_with(hook_path("test-hooks/fails"), "{}", "");
	struct config *b = config_with(hook_path("test-hooks/fails"), "{}", "");
	struct config *other = config_with(hook_path("test-hooks/fails"), "{ \"slow_ms\": 1 }", "");

	cr_assert_eq(hooks_load(a, 1, NULL, &a->hooks, why), 0);
	cr_assert_eq(hooks_load(b, 1, a->hooks, &b->hooks, why), 0);
	cr_assert_eq(hooks_load(other, 1, a->hooks, &other->hooks, why), 0);
	cr_expect_eq(a->hooks, b->hooks);
	cr_expect_neq(a->hooks, other->hooks);
	config_free(a);
	config_free(other);
	config_free(b);
}

static struct hook_rig *rig_with(const char *parameters, const char *more)
{
	static char text[8192];

	snprintf(text, sizeof(text), "{ \"library\": \"%s\", \"parameters\": %s%s }",
		hook_path("test-hooks/fails"), parameters, more);
	return hook_rig_new(text, ", \"hooks_slow_ms\": 10", registry);
}

static char described[4096];

static void describe(void *ctx, const char *text)
{
	(void)ctx;
	strncat(described, text, sizeof(described) - strlen(described) - 1);
}

static void expect_described(struct hook_rig *r, const char *what)
{
	described[0] = '\0';
	hooks_describe(r->rig->config->hooks, describe, NULL);
	cr_expect_not_null(strstr(described, what), "%s", described);
}

Test(hook_faults, an_error_passes_or_drops)
{
	struct hook_rig *r = rig_with("{ \"error\": true }", "");

	cr_expect_str_neq(hook_shown(hook_query4(r, "350101ff", 0)), "dropped");
	cr_expect_eq(r->rig->counters.events[EVENT_library_failed], 1);
	expect_described(r, ": 1 errors, 0 slow, 0 edits refused, 0 parked, 0 too late; callouts: "
		"pkt4_receive pkt4_send buffer4_send");
	hook_rig_free(r);
	r = rig_with("{ \"error\": true }", ", \"on_error\": \"drop\"");
	cr_expect_str_eq(hook_shown(hook_query4(r, "350101ff", 0)), "dropped");
	cr_expect_eq(r->rig->counters.causes[CAUSE_by_library], 1);
	hook_rig_free(r);
}

Test(hook_faults, a_slow_one_is_counted_by_name)
{
	struct hook_rig *r = rig_with("{ \"slow_ms\": 40 }", "");

	cr_expect_str_neq(hook_shown(hook_query4(r, "350101ff", 0)), "dropped");
	cr_expect_eq(r->rig->counters.events[EVENT_library_slow], 1);
	expect_described(r, ": 0 errors, 1 slow,");
	hook_rig_free(r);
}

static int nothing(struct usher_callout *c)
{
	(void)c;
	return 0;
}

/* Where there are several callouts the first time tells that one was slow, the second which. */
Test(hook_faults, a_slow_one_among_others_is_found)
{
	struct hook_fn fns[] = { { "pkt4_receive", nothing }, { NULL, NULL } };
	static char text[16384];
	struct hook_rig *r;

	snprintf(text, sizeof(text), "%s, { \"library\": \"%s\", \"parameters\": { \"slow_ms\": 40 } }",
		hook_call(fns, 0, NULL), hook_path("test-hooks/fails"));
	r = hook_rig_new(text, ", \"hooks_slow_ms\": 10", registry);
	hook_query4(r, "350101ff", 0);
	cr_expect_eq(r->rig->counters.events[EVENT_library_slow], 1);
	expect_described(r, "fails.so: 0 errors, 0 slow,");
	hook_query4(r, "350101ff", 0);
	expect_described(r, "fails.so: 0 errors, 1 slow,");
	expect_described(r, "call.so: 0 errors, 0 slow,");
	hook_rig_free(r);
}

Test(hook_faults, garbage_does_not_leave)
{
	struct hook_rig *r = rig_with("{ \"corrupt\": true }", "");

	hook_query4(r, "350101ff", 0);
	cr_expect_str_eq(hook_shown(hook_answer4(r, 2)),
		"53=02 54=0a010001 51=0000003c");
	cr_expect_eq(r->rig->counters.events[EVENT_library_refused], 1);
	expect_described(r, "1 edits refused");
	hook_rig_free(r);
}

Test(hook_faults, what_was_scribbled_over_does_not_leave)
{
	struct hook_rig *r = rig_with("{ \"scribble\": true }", "");

	hook_query4(r, "350101ff", 0);
	cr_expect_str_eq(hook_shown(hook_answer4(r, 2)), "dropped");
	cr_expect_eq(r->rig->counters.causes[CAUSE_internal], 1);
	expect_described(r, "1 edits refused");
	hook_rig_free(r);
}
