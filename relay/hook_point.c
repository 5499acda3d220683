/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of hook points: their names, which are Kea's, their arguments, what may be changed
 * there and what each next step means here. docs/hooks.md says the same in words.
 */
#include "relay/hook_parts.h"

#include <string.h>

#define STEPS(skip, drop, park) { MEANS_NOTHING, MEANS_##skip, MEANS_##drop, MEANS_##park }

/* clang-format off */
static const struct hook_point points[HOOK_KINDS] = {
	/*
	 * names, arguments, what may be changed, what SKIP, DROP and PARK mean, whether BEFORE is a
	 * place
	 */
	[HOOK_BUFFER_RECEIVE] = { { "buffer4_receive", "buffer6_receive" },
		HOOK_QUERY, HOOK_BYTES, STEPS(PASS, DROP, NOTHING), false },
	[HOOK_PKT_RECEIVE] = { { "pkt4_receive", "pkt6_receive" },
		HOOK_QUERY, HOOK_OPTIONS, STEPS(DROP, DROP, PARK), true },
	[HOOK_SUBNET_SELECT] = { { "subnet4_select", "subnet6_select" },
		HOOK_QUERY | HOOK_SUBNET | HOOK_SUBNETS, HOOK_OPTIONS | HOOK_CHOOSE,
		STEPS(NOTHING, DROP, PARK), true },
	[HOOK_LEASE_SELECT] = { { "lease4_select", "lease6_select" },
		HOOK_QUERY | HOOK_RESPONSE | HOOK_SUBNET | HOOK_LEASE | HOOK_FAKE, HOOK_LIMIT,
		STEPS(DROP, DROP, NOTHING), false },
	[HOOK_LEASE_RENEW] = { { "lease4_renew", "lease6_renew" },
		HOOK_QUERY | HOOK_RESPONSE | HOOK_SUBNET | HOOK_LEASE, HOOK_LIMIT,
		STEPS(DROP, DROP, NOTHING), false },
	[HOOK_LEASE_REBIND] = { { NULL, "lease6_rebind" },
		HOOK_QUERY | HOOK_RESPONSE | HOOK_SUBNET | HOOK_LEASE, HOOK_LIMIT,
		STEPS(DROP, DROP, NOTHING), false },
	[HOOK_LEASE_RELEASE] = { { "lease4_release", "lease6_release" },
		HOOK_QUERY | HOOK_LEASE, 0, STEPS(KEEP, KEEP, NOTHING), false },
	[HOOK_LEASE_DECLINE] = { { "lease4_decline", "lease6_decline" },
		HOOK_QUERY | HOOK_LEASE, 0, STEPS(KEEP, DROP, NOTHING), false },
	[HOOK_LEASES_COMMITTED] = { { "leases4_committed", "leases6_committed" },
		HOOK_QUERY | HOOK_RESPONSE | HOOK_LEASES | HOOK_DELETED, 0,
		STEPS(NOTHING, DROP, PARK), false },
	[HOOK_PKT_SEND] = { { "pkt4_send", "pkt6_send" },
		HOOK_QUERY | HOOK_RESPONSE | HOOK_SUBNET, HOOK_OPTIONS, STEPS(NOTHING, DROP, PARK), true },
	[HOOK_BUFFER_SEND] = { { "buffer4_send", "buffer6_send" },
		HOOK_RESPONSE, HOOK_BYTES, STEPS(DROP, DROP, NOTHING), false },
	[HOOK_LEASE_EXPIRE] = { { "lease4_expire", "lease6_expire" },
		HOOK_LEASE | HOOK_REMOVE, 0, STEPS(NOTHING, NOTHING, NOTHING), false },
	[HOOK_LEASE_RECOVER] = { { "lease4_recover", "lease6_recover" },
		HOOK_LEASE, 0, STEPS(NOTHING, NOTHING, NOTHING), false },
};

static const struct {
	unsigned arg;
	const char *name[2];
} args[] = {
	{ HOOK_QUERY, { "query4", "query6" } },
	{ HOOK_RESPONSE, { "response4", "response6" } },
	{ HOOK_SUBNET, { "subnet4", "subnet6" } },
	{ HOOK_SUBNETS, { "subnet4collection", "subnet6collection" } },
	{ HOOK_LEASE, { "lease4", "lease6" } },
	{ HOOK_LEASES, { "leases4", "leases6" } },
	{ HOOK_DELETED, { "deleted_leases4", "deleted_leases6" } },
	{ HOOK_FAKE, { "fake_allocation", "fake_allocation" } },
	{ HOOK_REMOVE, { "remove_lease", "remove_lease" } },
};
/* clang-format on */

const struct hook_point *hook_point(enum hook_kind kind)
{
	return &points[kind];
}

bool hook_point_find(const char *name, enum hook_kind *ret, bool *ret_v6)
{
	for (size_t i = 0; i < (size_t)HOOK_KINDS * 2; i++) {
		const char *known = points[i / 2].name[i % 2];

		if (known == NULL || strcmp(known, name) != 0)
			continue;
		*ret = (enum hook_kind)(i / 2);
		*ret_v6 = i % 2 != 0;
		return true;
	}
	return false;
}

unsigned hook_point_arg(enum hook_kind kind, bool v6, size_t index, const char **ret_name)
{
	for (size_t i = 0; i < sizeof(args) / sizeof(args[0]); i++) {
		if ((points[kind].args & args[i].arg) == 0)
			continue;
		if (index-- > 0)
			continue;
		*ret_name = args[i].name[v6];
		return args[i].arg;
	}
	*ret_name = NULL;
	return 0;
}
