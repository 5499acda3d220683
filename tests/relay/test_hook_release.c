/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What becomes of a RELEASE or DECLINE of which libraries keep leases: the server does not hear of
 * those, and in DHCPv6 it answers all the same.
 */
#include "tests/hook_rig.h"

#include "dhcpcodec/frame.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static const char registry[] = "{ \"type\": \"DUID\", \"id\": \"0003000102000000000a\" }\n";

#define ADDRESS(last) "00050018 20010db80000000000000000000000" last "0 0000000000000000"
/* Addresses 1 and 2 in one IA, a prefix in another, address 3 in a third. */
#define LEASES "00030044 00000007 00000000 00000000" ADDRESS("1") ADDRESS("2") \
	"00190029 00000008 00000000 00000000 001a0019 0000000000000000 38 20010db8aa0000000000000000000000" \
	"00030028 00000009 00000000 00000000" ADDRESS("3")

static unsigned kept;                /* a bit for each lease */
static enum usher_step how;
static size_t asked, deleted;
static uint64_t ticket;
static bool parks;

static int on_lease(struct usher_callout *c)
{
	if ((kept >> asked++ & 1) != 0)
		usher_set_step(c, how);
	return 0;
}

static int on_committed(struct usher_callout *c)
{
	struct usher_lease l = USHER_LEASE_INIT;

	for (deleted = 0; usher_get_lease(c, "deleted_leases6", deleted, &l) == USHER_OK;)
		deleted++;
	if (parks)
		ticket = usher_park(c, NULL);
	return 0;
}

static struct usher_library *self;

static struct hook_rig *begin(unsigned mask, enum usher_step step, bool park)
{
	static const struct hook_fn fns[] = { { "lease6_release", on_lease },
		{ "lease6_decline", on_lease }, { "lease4_release", on_lease },
		{ "leases6_committed", on_committed }, { NULL, NULL } };

	kept = mask;
	how = step;
	parks = park;
	asked = deleted = 0;
	hook_destroy = NULL;
	return hook_rig_new(hook_call(fns, 0, &self), "", registry);
}

/* "n1 n2|p|n3": the IAs that the server sees and what is in them. */
static const char *leases(const struct slot *s)
{
	static char text[64];
	const uint8_t *ip = s->edited ? s->out : s->raw + s->in_off;
	struct dhcp6_view v;
	struct tlv_iter it;
	struct dhcp6_ia ia;
	struct frame f;

	text[0] = '\0';
	cr_assert_eq(s->verdict, SLOT_ACCEPT);
	cr_assert_eq(frame_parse(&f, ip, s->edited ? s->out_len : s->in_len, FRAME_VERIFY), DHCP_OK);
	cr_assert_eq(dhcp6_view_init(&v, ip + f.pay_off, f.pay_len), DHCP_OK);
	for (it = dhcp6_inner(&v); dhcp6_next_ia(&it, &ia); strcat(text, "|")) {
		struct tlv_iter sub = dhcp6_ia_begin(&ia);
		struct dhcp6_lease l;

		while (dhcp6_next_lease(&sub, &l))
			sprintf(text + strlen(text), l.is_prefix ? "p" : "n%u", l.addr[15] >> 4);
	}
	return text;
}

Test(hook_release, what_is_kept_the_server_does_not_see)
{
	static const struct {
		unsigned kept;
		const char *left;
		size_t deleted;
	} cases[] = {
		{ 0x0, "n1n2|p|n3|", 4 },
		{ 0x1, "n2|p|n3|", 3 },
		{ 0x2, "n1|p|n3|", 3 },
		{ 0x3, "p|n3|", 2 },
		{ 0x4, "n1n2|n3|", 3 },
		{ 0x9, "n2|p|", 2 },
		{ 0xf, "", 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct hook_rig *r = begin(cases[i].kept, i % 2 == 0 ? USHER_SKIP : USHER_DROP, false);

		cr_expect_str_eq(leases(hook_query6(r, 8, LEASES)), cases[i].left, "%x", cases[i].kept);
		cr_expect_eq(asked, 4);
		cr_expect_eq(deleted, cases[i].deleted, "%x: %zu", cases[i].kept, deleted);
		cr_expect_eq(r->rig->counters.events[EVENT_outcome_released], cases[i].deleted);
		hook_rig_free(r);
	}
}

/* As in Kea: SKIP is answered, DROP is not. */
Test(hook_release, of_a_decline_only_skip_is_answered)
{
	struct hook_rig *r = begin(0xf, USHER_SKIP, false);

	cr_expect_str_eq(leases(hook_query6(r, 9, LEASES)), "");
	hook_rig_free(r);
	r = begin(0xf, USHER_DROP, false);
	cr_expect_str_eq(hook_shown(hook_query6(r, 9, LEASES)), "dropped");
	hook_rig_free(r);
}

/* Nobody answers one in DHCPv4; an authenticated one may not be changed. */
Test(hook_release, else_it_is_dropped)
{
	struct hook_rig *r = begin(0xf, USHER_SKIP, false);

	cr_expect_str_eq(hook_shown(hook_query4(r, "350107 3604ac100002 ff", 0xac100001)), "dropped");
	asked = 0;
	cr_expect_str_eq(hook_shown(hook_query6(r, 8,
		LEASES "000b001b 030100 0000000000000001 02 00112233445566778899aabbccddee")), "dropped");
	hook_rig_free(r);
}

Test(hook_release, and_so_it_is_after_parking)
{
	struct hook_rig *r = begin(0x5, USHER_SKIP, true);

	cr_expect_str_eq(hook_shown(hook_query6(r, 8, LEASES)), "parked");
	cr_assert_eq(usher_unpark(self, ticket, USHER_CONTINUE, NULL, 0), 0);
	pipeline_run(&r->rig->pipeline, r->rig->batch);
	cr_expect_str_eq(leases(&r->rig->batch->slots[0]), "n2|n3|");
	cr_expect_eq(asked, 4);
	hook_rig_free(r);
}
