/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hook points: each called once, in Kea's order, with its arguments, for each kind of message;
 * and what the next steps mean there. What libraries change is in test_hook_edit.c, what goes wrong
 * in test_hook_faults.c.
 */
#include "tests/hook_rig.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char registry[] =
	"{ \"type\": \"HW_ADDR\", \"id\": \"02000000000a\", \"floor\": \"3\" }\n"
	"{ \"type\": \"DUID\", \"id\": \"0003000102000000000a\" }\n"
	"{ \"type\": \"HW_ADDR\", \"id\": \"00000000\", \"floor\": \"0\" }\n";

static char log_path[] = "/tmp/usher-hook-log-XXXXXX";

static struct hook_rig *logging(const char *more)
{
	char text[4096];
	int fd = mkstemp(log_path);

	cr_assert(fd >= 0);
	close(fd);
	snprintf(text, sizeof(text), "{ \"library\": \"%s\", \"parameters\": { \"file\": \"%s\" } }",
		hook_path("test-hooks/log"), log_path);
	return hook_rig_new(text, more, registry);
}

/* What was logged since the last time. */
static const char *logged(void)
{
	static char text[8192];
	FILE *f = fopen(log_path, "r+");
	size_t n;

	cr_assert_not_null(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	cr_assert_eq(ftruncate(fileno(f), 0), 0);
	fclose(f);
	return text;
}

static void done(struct hook_rig *r)
{
	hook_rig_free(r);
	unlink(log_path);
}

#define SUBNETS4 "subnet4collection=open,second,restricted"
#define SUBNETS6 "subnet6collection=open,second,restricted"

Test(hooks, a_lease4_from_beginning_to_end)
{
	struct hook_rig *r = logging("");

	hook_query4(r, "350101ff", 0);
	cr_expect_str_eq(logged(), "buffer4_receive query4=type0\npkt4_receive query4=type1:known\n"
		"subnet4_select query4=type1:known subnet4=open " SUBNETS4 "\n");
	hook_answer4(r, 2);
	cr_expect_str_eq(logged(), "lease4_select query4=type1:known response4=type2:known subnet4=open "
		"lease4=172.16.0.1:valid fake_allocation=true\n"
		"pkt4_send query4=type1:known response4=type2:known subnet4=open\nbuffer4_send response4=type2:known\n");
	hook_query4(r, "350103 3204ac100001 3604ac100002 ff", 0);
	cr_expect_str_eq(logged(), "buffer4_receive query4=type0\npkt4_receive query4=type3:known\n"
		"subnet4_select query4=type3:known subnet4=open " SUBNETS4 "\n");
	hook_answer4(r, 5);
	cr_expect_str_eq(logged(), "lease4_select query4=type3:known response4=type5:known subnet4=open "
		"lease4=172.16.0.1:valid fake_allocation=false\n"
		"leases4_committed query4=type3:known response4=type5:known leases4=172.16.0.1:valid deleted_leases4=\n"
		"pkt4_send query4=type3:known response4=type5:known subnet4=open\nbuffer4_send response4=type5:known\n");
	hook_query4(r, "350103 ff", 0xac100001);
	logged();
	hook_answer4(r, 5);
	cr_expect_str_eq(logged(), "lease4_renew query4=type3:known response4=type5:known subnet4=open "
		"lease4=172.16.0.1:valid\n"
		"leases4_committed query4=type3:known response4=type5:known leases4=172.16.0.1:valid deleted_leases4=\n"
		"pkt4_send query4=type3:known response4=type5:known subnet4=open\nbuffer4_send response4=type5:known\n");
	hook_query4(r, "350107 3604ac100002 ff", 0xac100001);
	cr_expect_str_eq(logged(), "buffer4_receive query4=type0\npkt4_receive query4=type7:known\n"
		"lease4_release query4=type7:known lease4=172.16.0.1\n"
		"leases4_committed query4=type7:known leases4= deleted_leases4=172.16.0.1\n");
	hook_query4(r, "350104 3204ac100001 3604ac100002 ff", 0);
	cr_expect_str_eq(logged(), "buffer4_receive query4=type0\npkt4_receive query4=type4:known\n"
		"lease4_decline query4=type4:known lease4=172.16.0.1\n"
		"leases4_committed query4=type4:known leases4= deleted_leases4=172.16.0.1\n");
	done(r);
}

Test(hooks, an_inform_grants_nothing)
{
	struct hook_rig *r = logging("");

	hook_query4(r, "350108 ff", 0xac100001);
	cr_expect_str_eq(logged(), "buffer4_receive query4=type0\npkt4_receive query4=type8:known\n"
		"subnet4_select query4=type8:known subnet4=open " SUBNETS4 "\n");
	hook_answer4(r, 6);
	cr_expect_str_eq(logged(), "pkt4_send query4=type8:known response4=type6:known subnet4=open\n"
		"buffer4_send response4=type6:known\n");
	done(r);
}

#define IA(lifetimes) "00030028 00000007 00000000 00000000 00050018 20010db8000100000000000000000009" \
	lifetimes

Test(hooks, a_lease6_from_beginning_to_end)
{
	static const struct {
		uint8_t query, answer;
		const char *lease;
	} steps[] = {
		{ 1, 2, "lease6_select query6=type1:known response6=type2:known subnet6=open "
			"lease6=2001:db8:1::9:valid fake_allocation=true\n" },
		{ 3, 7, "lease6_select query6=type3:known response6=type7:known subnet6=open "
			"lease6=2001:db8:1::9:valid fake_allocation=false\n" },
		{ 5, 7, "lease6_renew query6=type5:known response6=type7:known subnet6=open "
			"lease6=2001:db8:1::9:valid\n" },
		{ 6, 7, "lease6_rebind query6=type6:known response6=type7:known subnet6=open "
			"lease6=2001:db8:1::9:valid\n" },
	};
	struct hook_rig *r = logging("");
	char expected[1024], committed[256];

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		unsigned q = steps[i].query, a = steps[i].answer;

		hook_query6(r, steps[i].query, IA("00000000 00000000"));
		snprintf(expected, sizeof(expected), "buffer6_receive query6=type0\n"
			"pkt6_receive query6=type%u:known\nsubnet6_select query6=type%u:known "
			"subnet6=open " SUBNETS6 "\n", q, q);
		cr_expect_str_eq(logged(), expected);
		hook_answer6(r, steps[i].answer, IA("00000100 00000200"));
		snprintf(committed, sizeof(committed), "leases6_committed query6=type%u:known "
			"response6=type7:known leases6=2001:db8:1::9:valid deleted_leases6=\n", q);
		if (a == 2)
			committed[0] = '\0';
		snprintf(expected, sizeof(expected), "%s%s"
			"pkt6_send query6=type%u:known response6=type%u:known subnet6=open\n"
			"buffer6_send response6=type%u:known\n", steps[i].lease, committed, q, a, a);
		cr_expect_str_eq(logged(), expected);
	}
	hook_query6(r, 8, IA("00000000 00000000"));
	cr_expect_str_eq(logged(), "buffer6_receive query6=type0\npkt6_receive query6=type8:known\n"
		"subnet6_select query6=type8:known subnet6=open " SUBNETS6 "\n"
		"lease6_release query6=type8:known lease6=2001:db8:1::9\n"
		"leases6_committed query6=type8:known leases6= deleted_leases6=2001:db8:1::9\n");
	hook_query6(r, 9, IA("00000000 00000000"));
	logged();
	hook_answer6(r, 7, "000d0002 0000");
	cr_expect_str_eq(logged(), "pkt6_send query6=type9:known response6=type7:known subnet6=open\n"
		"buffer6_send response6=type7:known\n");
	done(r);
}

Test(hooks, the_end_of_a_lease_is_told_once)
{
	struct hook_rig *r = logging(", \"hooks_leases\": { \"probation\": 50 }");
	struct hooks *h = r->rig->config->hooks;
	const int64_t then = 1700000000;

	hook_query4(r, "350103 3204ac100001 3604ac100002 ff", 0);
	hook_answer4(r, 5);
	logged();
	cr_expect_eq(hooks_tick(h, 0, then + 59), 1000);
	cr_expect_str_eq(logged(), "");
	cr_expect_eq(hooks_tick(h, 0, then + 60), -1);
	cr_expect_str_eq(logged(), "lease4_expire lease4=172.16.0.1:valid remove_lease=false\n");
	cr_expect_eq(hooks_tick(h, 0, then + 1000), -1);
	hook_query4(r, "350104 3204ac100001 3604ac100002 ff", 0);
	logged();
	cr_expect_eq(hooks_tick(h, 0, then + 49), 1000);
	cr_expect_eq(hooks_tick(h, 0, then + 50), -1);
	cr_expect_str_eq(logged(),
		"lease4_expire lease4=172.16.0.1:declined remove_lease=false\n"
		"lease4_recover lease4=172.16.0.1:declined\n");
	/* One that is given back does not expire. */
	hook_query4(r, "350103 3204ac100001 3604ac100002 ff", 0);
	hook_answer4(r, 5);
	hook_query4(r, "350107 3604ac100002 ff", 0xac100001);
	cr_expect_eq(hooks_tick(h, 0, then + 100), -1);
	done(r);
}

/* --- order and steps ------------------------------------------------------------------------- */

static char order[64];
static enum usher_step seen[8];
static size_t calls;
static enum usher_step to_say;

static int first(struct usher_callout *c)
{
	strcat(order, "a");
	seen[calls++ % 8] = usher_get_step(c);
	usher_set_step(c, to_say);
	return 0;
}

static int second(struct usher_callout *c)
{
	strcat(order, "b");
	seen[calls++ % 8] = usher_get_step(c);
	return 0;
}

static int third(struct usher_callout *c)
{
	(void)c;
	strcat(order, "c");
	return 0;
}

static const char *two(const char *point)
{
	static char text[8192];
	struct hook_fn a[] = { { point, first }, { NULL, NULL } };
	struct hook_fn b[] = { { point, second }, { NULL, NULL } };

	snprintf(text, sizeof(text), "%s, %s", hook_call(a, 0, NULL), hook_call(b, 0, NULL));
	order[0] = '\0';
	calls = 0;
	return text;
}

Test(hooks, all_are_called_in_the_order_of_the_config_and_see_the_step)
{
	struct hook_rig *r = hook_rig_new(two("pkt4_receive"), "", registry);

	to_say = USHER_DROP;
	cr_expect_str_eq(hook_shown(hook_query4(r, "350101ff", 0)), "dropped");
	cr_expect_eq(r->rig->counters.causes[CAUSE_by_library], 1);
	cr_expect_str_eq(order, "ab");
	cr_expect(seen[0] == USHER_CONTINUE && seen[1] == USHER_DROP);
	hook_rig_free(r);
}

struct meaning {
	const char *point;
	enum usher_step step;
	bool query;              /* what becomes of a DISCOVER, else of an ACK */
	bool v6;
	const char *shown;       /* "": it goes on */
};

static const struct meaning meanings[] = {
	{ "buffer4_receive", USHER_DROP, true, false, "dropped" },
	{ "buffer4_receive", USHER_SKIP, true, false, "53=01" },
	{ "buffer4_receive", USHER_PARK, true, false, "" },
	{ "pkt4_receive", USHER_SKIP, true, false, "dropped" },
	{ "pkt4_receive", USHER_PARK, true, false, "" },
	{ "subnet4_select", USHER_SKIP, true, false, "" },
	{ "subnet4_select", USHER_DROP, true, false, "dropped" },
	{ "lease4_select", USHER_SKIP, false, false, "dropped" },
	{ "leases4_committed", USHER_DROP, false, false, "dropped" },
	{ "leases4_committed", USHER_SKIP, false, false, "" },
	{ "pkt4_send", USHER_DROP, false, false, "dropped" },
	{ "pkt4_send", USHER_SKIP, false, false, "" },
	{ "buffer4_send", USHER_SKIP, false, false, "dropped" },
	{ "buffer6_receive", USHER_DROP, true, true, "dropped" },
	{ "pkt6_receive", USHER_SKIP, true, true, "dropped" },
	{ "subnet6_select", USHER_DROP, true, true, "dropped" },
	{ "lease6_select", USHER_SKIP, false, true, "dropped" },
	{ "leases6_committed", USHER_DROP, false, true, "dropped" },
	{ "pkt6_send", USHER_DROP, false, true, "dropped" },
	{ "buffer6_send", USHER_DROP, false, true, "dropped" },
};

static const struct slot *play(struct hook_rig *r, const struct meaning *m)
{
	const struct slot *s = m->v6 ? hook_query6(r, 3, "") :
		hook_query4(r, m->query ? "350101ff" : "350103 3204ac100001 3604ac100002 ff", 0);

	if (m->query)
		return s;
	return m->v6 ? hook_answer6(r, 7, IA("00000100 00000200")) : hook_answer4(r, 5);
}

Test(hooks, what_each_step_means)
{
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
		const struct meaning *m = &meanings[i];
		struct hook_rig *r = hook_rig_new(two(m->point), "", registry);
		const char *shown;

		to_say = m->step;
		shown = hook_shown(play(r, m));
		if (m->shown[0] != '\0')
			cr_expect_str_eq(shown, m->shown, "%s %d: %s", m->point, m->step, shown);
		else
			cr_expect(strcmp(shown, "dropped") != 0 && strcmp(shown, "parked") != 0,
				"%s %d: %s", m->point, m->step, shown);
		cr_expect_str_eq(order, "ab", "%s", m->point);
		/* A lease that nobody gets has no record. */
		if (strcmp(shown, "dropped") == 0)
			cr_expect_eq(r->rig->records.len, 0, "%s", m->point);
		hook_rig_free(r);
	}
}

static int is_unknown_before(struct usher_callout *c)
{
	cr_expect_not(usher_registered(usher_get_packet(c, "query4")));
	strcat(order, "b");
	return 0;
}

static int is_known_after(struct usher_callout *c)
{
	cr_expect(usher_registered(usher_get_packet(c, "query4")));
	strcat(order, "a");
	return 0;
}

Test(hooks, usher_itself_stands_between_before_and_after)
{
	struct hook_fn fns[] = { { "pkt4_receive", is_known_after }, { "!pkt4_receive", is_unknown_before },
		{ "!buffer4_send", third }, { NULL, NULL } };
	struct hook_rig *r = hook_rig_new(hook_call(fns, 0, NULL), "", registry);

	order[0] = '\0';
	hook_query4(r, "350101ff", 0);
	hook_answer4(r, 2);
	cr_expect_str_eq(order, "bac");
	hook_rig_free(r);
}

/* --- context --------------------------------------------------------------------------------- */

struct context {
	uint32_t n;
};

static int context_first(struct usher_callout *c)
{
	struct context *x = usher_context(c);

	cr_expect_eq(x->n, 0);
	x->n = 7;
	return 0;
}

static int context_second(struct usher_callout *c)
{
	struct context *x = usher_context(c);

	cr_expect_eq(x->n, 7);
	calls++;
	return 0;
}

static int context_none(struct usher_callout *c)
{
	cr_expect_null(usher_context(c));
	calls++;
	return 0;
}

Test(hooks, a_context_is_of_one_packet_and_one_library)
{
	struct hook_fn fns[] = { { "pkt4_receive", context_first }, { "subnet4_select", context_second },
		{ NULL, NULL } };
	struct hook_fn other[] = { { "pkt4_receive", context_first },
		{ "subnet4_select", context_second }, { NULL, NULL } };
	struct hook_fn none[] = { { "pkt4_receive", context_none }, { NULL, NULL } };
	char text[16384];
	struct hook_rig *r;

	snprintf(text, sizeof(text), "%s, %s, %s", hook_call(fns, sizeof(struct context), NULL),
		hook_call(other, sizeof(struct context), NULL), hook_call(none, 0, NULL));
	r = hook_rig_new(text, "", registry);
	calls = 0;
	for (int i = 0; i < 3; i++)
		hook_query4(r, "350101ff", 0);
	cr_expect_eq(calls, 9);
	hook_rig_free(r);
}

/* --- what a callout can read ------------------------------------------------------------------ */

static int reads(struct usher_callout *c)
{
	struct usher_packet *p = usher_get_packet(c, "query4");
	const char *type, *text;
	const uint8_t *val;
	unsigned code;
	size_t len, at = 0, n = 0;
	bool truth;
	struct usher_lease lease = USHER_LEASE_INIT;

	cr_assert_not_null(p);
	cr_expect_null(usher_get_packet(c, "response4"));
	cr_expect_null(usher_get_packet(c, "subnet4"));
	cr_expect_eq(usher_get_text(c, "query4", 0, &text), USHER_E_TYPE);
	cr_expect_eq(usher_get_text(c, "subnet4", 0, &text), USHER_E_NO_ARGUMENT);
	cr_expect_eq(usher_get_bool(c, "query4", &truth), USHER_E_TYPE);
	cr_expect_eq(usher_get_lease(c, "lease4", 0, &lease), USHER_E_NO_ARGUMENT);
	cr_expect_eq(usher_family(p), 4);
	cr_expect_str_eq(usher_point(c), "pkt4_receive");
	cr_expect_str_eq(usher_interface(p), "eth1");
	cr_expect_eq(usher_identity(p, &type, &val, &len), USHER_OK);
	cr_expect(strcmp(type, "HW_ADDR") == 0 && len == 6 && val[5] == 0x0a);
	cr_expect_eq(usher_attribute(p, "floor", &text, &len), USHER_OK);
	cr_expect(len == 1 && text[0] == '3');
	cr_expect_eq(usher_default_attribute(p, "floor", &text, &len), USHER_OK);
	cr_expect(len == 1 && text[0] == '0');
	cr_expect_eq(usher_attribute(p, "door", &text, &len), USHER_E_NOT_FOUND);
	cr_expect_eq(usher_get_field(p, USHER_XID, &val, &len), USHER_OK);
	cr_expect(len == 4 && memcmp(val, "\1\2\3\4", 4) == 0);
	cr_expect_eq(usher_get_field(p, USHER_CHADDR, &val, &len), USHER_OK);
	cr_expect_eq(len, 6);
	cr_expect_eq(usher_get_field(p, USHER_LINK_ADDRESS, &val, &len), USHER_E_NOT_FOUND);
	cr_expect_eq(usher_get_option(p, 60, &val, &len), USHER_OK);
	cr_expect(len == 3 && memcmp(val, "pxe", 3) == 0);
	cr_expect_eq(usher_get_option(p, 61, &val, &len), USHER_E_NOT_FOUND);
	while (usher_next_option(p, &at, &code, &val, &len) == USHER_OK)
		n = n * 1000 + code;
	cr_expect_eq(n, 53060);
	calls++;
	return 0;
}

Test(hooks, what_a_callout_can_read)
{
	struct hook_fn fns[] = { { "pkt4_receive", reads }, { NULL, NULL } };
	struct hook_rig *r = hook_rig_new(hook_call(fns, 0, NULL), "", registry);

	calls = 0;
	hook_query4(r, "350101 3c03707865 ff", 0);
	cr_expect_eq(calls, 1);
	hook_rig_free(r);
}
