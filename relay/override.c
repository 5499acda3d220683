/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides where the options for an answer come from. Encodes nothing: rules and registry have made
 * the bytes when they were loaded. Puts nothing into a packet: that is the send stages'.
 */
#include "relay/override.h"

/* So much has room beside what servers send, also in the shortest datagram. */
enum { FEW_BYTES = 128 };

const struct reg_user *override_user(const struct packet *p)
{
	return p->user != NULL ? p->user : registry_default(p->registry, p->v6 ? 6 : 4);
}

struct override_iter override_begin(const struct packet *p)
{
	struct override_iter it = {
		.rule = p->decision.rule,
		.user = override_user(p),
		.family = p->v6 ? 6 : 4,
	};

	return it;
}

static bool next_of_rule(struct override_iter *it, struct override *ret)
{
	while (it->rule != NULL && it->next < it->rule->option_count) {
		const struct option_edit *e = &it->rule->options[it->next++];

		if (e->def.family != it->family)
			continue;
		*ret = (struct override){
			.how = e->how,
			.code = e->def.code,
			.suboption = e->def.suboption,
			.enterprise = e->def.enterprise,
			.bytes = e->bytes,
			.len = e->len,
		};
		return true;
	}
	return false;
}

bool override_next(struct override_iter *it, struct override *ret)
{
	struct reg_option o;

	if (next_of_rule(it, ret))
		return true;
	if (it->user == NULL || !reg_option_next(it->user, it->family, &it->attrs, &o))
		return false;
	*ret = (struct override){
		.how = OPTION_SET,
		.code = o.code,
		.suboption = o.suboption,
		.enterprise = o.enterprise,
		.bytes = o.bytes,
		.len = o.len,
	};
	return true;
}

/* RFC 3396: a value of more than 255 bytes is several options. */
static size_t option_bytes(size_t len)
{
	return len + 2 * (1 + len / 256);
}

/* What the two known attributes take; 0: the user, if there is one, has neither. */
static size_t known_bytes(const struct reg_user *user)
{
	static const enum reg_attr attrs[] = { REG_ATTR_BOOTFILE, REG_ATTR_TFTP_SERVER };
	size_t sum = 0, len;
	const char *val;

	for (size_t i = 0; user != NULL && i < sizeof(attrs) / sizeof(attrs[0]); i++)
		if (registry_known(user, attrs[i], &val, &len))
			sum += option_bytes(len);
	return sum;
}

bool override_any(const struct packet *p)
{
	struct override_iter it = override_begin(p);
	struct override o;

	return known_bytes(it.user) > 0 || override_next(&it, &o);
}

bool override_needs_size(const struct packet *p)
{
	struct override_iter it = override_begin(p);
	size_t sum = known_bytes(it.user);
	struct override o;
	struct tlv t;

	if (!dhcp4_get(&p->view4, DHO_MAX_MESSAGE_SIZE, &t) || t.len != 2 ||
		be16_get(t.val) <= OVERRIDE_MIN_DATAGRAM || p->auth)
		return false;
	while (override_next(&it, &o))
		if (o.how != OPTION_REMOVE)
			sum += option_bytes(o.len);
	return sum > FEW_BYTES;
}
