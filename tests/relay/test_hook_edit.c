/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What libraries change: what leaves shows it, what they may not change they cannot. */
#include "tests/hook_rig.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static const char registry[] = "{ \"type\": \"HW_ADDR\", \"id\": \"02000000000a\" }\n";
static size_t calls;

static struct usher_packet *packet_of(struct usher_callout *c)
{
	static const char *const names[] = { "response4", "query4", "response6", "query6" };
	struct usher_packet *p = NULL;

	for (size_t i = 0; p == NULL && i < 4; i++)
		p = usher_get_packet(c, names[i]);
	cr_assert_not_null(p);
	return p;
}

static bool shows(const struct slot *s, const char *what)
{
	const char *text = hook_shown(s);

	if (strstr(text, what) != NULL)
		return true;
	fprintf(stderr, "%s: not in %s\n", what, text);
	return false;
}

static struct hook_rig *with(const char *point, usher_callout_fn *fn)
{
	struct hook_fn fns[] = { { point, fn }, { NULL, NULL } };

	calls = 0;
	return hook_rig_new(hook_call(fns, 0, NULL), "", registry);
}

static int sets_options(struct usher_callout *c)
{
	struct usher_packet *p = packet_of(c);
	const uint8_t *val;
	size_t len;

	cr_expect_eq(usher_set_option_text(p, "domain-name-servers", "192.0.2.53, 192.0.2.54"), 0);
	cr_expect_eq(usher_set_option(p, 224, (const uint8_t *)"\1\2", 2), 0);
	cr_expect_eq(usher_get_option(p, 224, &val, &len), 0);
	cr_expect(len == 2 && val[1] == 2);
	cr_expect_eq(usher_set_option(p, 224, val, 1), 0);
	cr_expect_eq(usher_set_option(p, 225, (const uint8_t *)"x", 1), 0);
	cr_expect_eq(usher_delete_option(p, 225), 0);
	cr_expect_eq(usher_set_vendor(p, 4491, 2, (const uint8_t *)"v", 1), 0);
	calls++;
	return 0;
}

Test(hook_edit, options_of_an_answer)
{
	struct hook_rig *r = with("pkt4_send", sets_options);
	const struct slot *s;

	hook_query4(r, "350101ff", 0);
	s = hook_answer4(r, 2);
	cr_expect(shows(s, "6=c0000235c0000236"));
	cr_expect(shows(s, "224=01 ") || shows(s, "224=01"));
	cr_expect(shows(s, "125=0000118b03020176"));
	cr_expect_null(strstr(hook_shown(s), "225="));
	/* Our own is gone as ever. */
	cr_expect_null(strstr(hook_shown(s), "82="));
	cr_expect_eq(calls, 1);
	hook_rig_free(r);
}

/* The server sees it, and the state that usher writes rides beside it. */
Test(hook_edit, options_of_a_query)
{
	struct hook_rig *r = with("pkt4_receive", sets_options);
	const struct slot *s = hook_query4(r, "350101ff", 0);

	cr_expect(shows(s, "6=c0000235c0000236"));
	cr_expect(shows(s, "82=0504ac100000"));
	cr_expect_eq(r->rig->counters.causes[CAUSE_rewritten], 1);
	hook_rig_free(r);
}

static int sets_options6(struct usher_callout *c)
{
	struct usher_packet *p = packet_of(c);

	cr_expect_eq(usher_set_option_text(p, "dns-servers", "2001:db8::53"), 0);
	cr_expect_eq(usher_set_option(p, 1, (const uint8_t *)"forged", 6), USHER_E_FORBIDDEN);
	cr_expect_eq(usher_delete_option(p, 3), USHER_E_FORBIDDEN);
	cr_expect_eq(usher_set_vendor(p, 4491, 2, (const uint8_t *)"v", 1), 0);
	return 0;
}

Test(hook_edit, dhcpv6)
{
	struct hook_rig *r = with("pkt6_receive", sets_options6);
	const struct slot *s = hook_query6(r, 1, "");

	cr_expect(shows(s, "23=20010db8000000000000000000000053"));
	cr_expect_eq(r->query[48], 12);
	hook_rig_free(r);
	r = with("pkt6_send", sets_options6);
	hook_query6(r, 1, "");
	s = hook_answer6(r, 2, "");
	cr_expect(shows(s, "23=20010db8000000000000000000000053"));
	cr_expect(shows(s, "17=0000118b0002000176"));
	hook_rig_free(r);
}

static int tries_what_is_forbidden(struct usher_callout *c)
{
	static const unsigned codes[] = { 51, 53, 54, 58, 59, 82 };
	static const enum usher_field fields[] = { USHER_YIADDR, USHER_XID, USHER_CHADDR,
		USHER_GIADDR, USHER_FLAGS };
	static uint8_t much[4000];
	struct usher_packet *p = packet_of(c);

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		cr_expect_eq(usher_set_option(p, codes[i], much, 4), USHER_E_FORBIDDEN);
		cr_expect_eq(usher_delete_option(p, codes[i]), USHER_E_FORBIDDEN);
	}
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		cr_expect_eq(usher_set_field(p, fields[i], much, 4), USHER_E_FORBIDDEN);
	cr_expect_eq(usher_set_option(p, 0, much, 4), USHER_E_VALUE);
	cr_expect_eq(usher_set_option(p, 255, much, 4), USHER_E_VALUE);
	cr_expect_eq(usher_set_option(p, 224, much, 3000), USHER_E_NO_SPACE);
	cr_expect_eq(usher_set_option(p, 224, much, 60000), USHER_E_NO_SPACE);
	cr_expect_eq(usher_set_option_text(p, "domain-name-servers", "dns"), USHER_E_VALUE);
	cr_expect_eq(usher_set_option_text(p, "no-such-option", "x"), USHER_E_NOT_FOUND);
	cr_expect_eq(usher_replace_message(p, much, 300), USHER_E_READ_ONLY);
	cr_expect_eq(usher_limit_lease(c, 10), USHER_E_READ_ONLY);
	cr_expect_eq(usher_set_text(c, "subnet4", "second"), USHER_E_READ_ONLY);
	calls++;
	return 0;
}

Test(hook_edit, what_is_forbidden_changes_nothing)
{
	struct hook_rig *r = with("pkt4_send", tries_what_is_forbidden), *plain;
	char text[4096];

	hook_query4(r, "350101ff", 0);
	snprintf(text, sizeof(text), "%s", hook_shown(hook_answer4(r, 2)));
	cr_expect_eq(calls, 1);
	hook_rig_free(r);
	plain = with("lease4_decline", tries_what_is_forbidden);
	hook_query4(plain, "350101ff", 0);
	cr_expect_str_eq(text, hook_shown(hook_answer4(plain, 2)));
	hook_rig_free(plain);
}

static int sets_fields(struct usher_callout *c)
{
	struct usher_packet *p = packet_of(c);

	cr_expect_eq(usher_set_field(p, USHER_SIADDR, (const uint8_t *)"\300\0\2\1", 4), 0);
	cr_expect_eq(usher_set_field(p, USHER_FILE, (const uint8_t *)"boot", 4), 0);
	cr_expect_eq(usher_set_field(p, USHER_SIADDR, (const uint8_t *)"\300", 1), USHER_E_VALUE);
	return 0;
}

Test(hook_edit, fields)
{
	struct hook_rig *r = with("pkt4_send", sets_fields);
	const struct slot *s;

	hook_query4(r, "350101ff", 0);
	s = hook_answer4(r, 2);
	cr_expect(s->edited);
	cr_expect_eq(memcmp(s->out + 28 + 20, "\300\0\2\1", 4), 0);
	cr_expect_str_eq((const char *)s->out + 28 + 108, "boot");
	hook_rig_free(r);
}

static int chooses(struct usher_callout *c)
{
	const char *now;

	cr_expect_eq(usher_set_text(c, "subnet4", "third"), USHER_E_NOT_FOUND);
	cr_expect_eq(usher_set_text(c, "subnet4collection", "open"), USHER_E_READ_ONLY);
	cr_expect_eq(usher_set_text(c, "subnet4", "second"), 0);
	cr_expect_eq(usher_get_text(c, "subnet4", 0, &now), 0);
	cr_expect_str_eq(now, "second");
	return 0;
}

/* The choice steers the server, and the guard goes by it. */
Test(hook_edit, a_choice_of_subnet_stands)
{
	struct hook_rig *r = with("subnet4_select", chooses);

	cr_expect(shows(hook_query4(r, "350101ff", 0), "82=0504ac110000"));
	/* An address of 172.16.0.0/24 is not one of "second". */
	cr_expect_str_eq(hook_shown(hook_answer4(r, 2)), "dropped");
	hook_rig_free(r);
}

static int limits(struct usher_callout *c)
{
	cr_expect_eq(usher_limit_lease(c, 0), USHER_E_VALUE);
	cr_expect_eq(usher_limit_lease(c, 20), 0);
	return 0;
}

Test(hook_edit, a_lease_is_cut)
{
	struct hook_rig *r = with("lease4_select", limits);

	hook_query4(r, "350101ff", 0);
	cr_expect(shows(hook_answer4(r, 2), "51=00000014"));
	hook_rig_free(r);
	r = with("lease6_renew", limits);
	hook_query6(r, 5, "");
	cr_expect(shows(hook_answer6(r, 7, "00030028 00000007 00000000 00000000 00050018"
		"20010db8000100000000000000000009 00000100 00000200"),
		"0000001400000014"));
	hook_rig_free(r);
}

/* --- bytes ----------------------------------------------------------------------------------- */

/* Puts an option before END. */
static int adds_bytes(struct usher_callout *c)
{
	struct usher_packet *p = packet_of(c);
	uint8_t copy[2048];
	size_t len;
	const uint8_t *was = usher_message(p, &len);

	memcpy(copy, was, len);
	while (copy[len - 1] == 0)
		len--;
	cr_assert_eq(copy[len - 1], 255);
	memcpy(copy + len - 1, "\340\1\7\377", 4);
	cr_expect_eq(usher_replace_message(p, copy, len + 3), 0);
	calls++;
	return 0;
}

Test(hook_edit, the_bytes_of_a_query)
{
	struct hook_rig *r = with("buffer4_receive", adds_bytes);
	const struct slot *s = hook_query4(r, "350101ff", 0);

	cr_expect(shows(s, "53=01 224=07"));
	cr_expect(shows(s, "82=0504ac100000"));
	hook_rig_free(r);
}

Test(hook_edit, the_bytes_of_an_answer)
{
	struct hook_rig *r = with("buffer4_send", adds_bytes);

	hook_query4(r, "350101ff", 0);
	cr_expect(shows(hook_answer4(r, 2), "224=07"));
	cr_expect_eq(calls, 1);
	hook_rig_free(r);
}

static size_t breakage;

/* One byte of what must stand. */
static int breaks_one(struct usher_callout *c)
{
	static const struct {
		size_t at;
		uint8_t with;
	} bytes[] = { { 0, 1 }, { 4, 9 }, { 16, 10 }, { 24, 9 }, { 28, 9 }, { 236, 0 }, { 242, 6 } };
	struct usher_packet *p = packet_of(c);
	uint8_t copy[2048];
	size_t len;
	const uint8_t *was = usher_message(p, &len);

	memcpy(copy, was, len);
	copy[bytes[breakage].at] = bytes[breakage].with;
	cr_expect_eq(usher_replace_message(p, copy, len), USHER_E_MALFORMED, "%zu", breakage);
	cr_expect_eq(usher_replace_message(p, copy, 3), USHER_E_NO_SPACE);
	return 0;
}

Test(hook_edit, an_answer_cannot_be_forged)
{
	struct hook_rig *r = with("buffer4_send", breaks_one);

	for (breakage = 0; breakage < 7; breakage++) {
		hook_query4(r, "350101ff", 0);
		cr_expect(shows(hook_answer4(r, 2), "53=02"), "%zu", breakage);
		cr_expect_eq(r->rig->counters.events[EVENT_library_refused], 1);
	}
	hook_rig_free(r);
}

static int grows(struct usher_callout *c)
{
	struct usher_packet *p = packet_of(c);
	uint8_t copy[2048];
	size_t len;
	const uint8_t *was = usher_message(p, &len);

	memcpy(copy, was, len);
	/* The last byte of the valid lifetime. */
	copy[len - 1]++;
	cr_expect_eq(usher_replace_message(p, copy, len), USHER_E_MALFORMED);
	copy[len - 2] = 1;
	copy[len - 1] = 255;
	cr_expect_eq(usher_replace_message(p, copy, len), 0);
	copy[len - 9]++;
	cr_expect_eq(usher_replace_message(p, copy, len), USHER_E_MALFORMED);
	calls++;
	return 0;
}

Test(hook_edit, no_lease_of_dhcpv6_grows_or_changes)
{
	struct hook_rig *r = with("buffer6_send", grows);

	hook_query6(r, 3, "");
	cr_expect(shows(hook_answer6(r, 7, "00030028 00000007 00000000 00000000 00050018"
		"20010db8000100000000000000000009 00000100 00000200"), "00000100000001ff"));
	cr_expect_eq(calls, 1);
	hook_rig_free(r);
}
