/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides where the options for an answer come from. Encodes nothing: rules and registry have made the
 * bytes when they were loaded. Puts nothing into a packet: that is the send stages'.
 */
#include "relay/override.h"

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

bool override_any(const struct packet *p)
{
	struct override_iter it = override_begin(p);
	struct override o;
	const char *val;
	size_t len;

	if (it.user != NULL && (registry_known(it.user, REG_ATTR_BOOTFILE, &val, &len) ||
				       registry_known(it.user, REG_ATTR_TFTP_SERVER, &val, &len)))
		return true;
	return override_next(&it, &o);
}
