/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides how attributes become bytes: what is a known attribute, what is an option and of which
 * family. An empty value is kept as an attribute but sets nothing: it means "leave the server's",
 * as in user_chk. Whether a subnet of that name exists is not asked: that is the policy's.
 */
#include "registry/record.h"

#include "dhcpcodec/value.h"
#include "registry/layout.h"

#include <stdio.h>

struct pack {
	const struct reg_entry *entry;
	struct attr_names *names;
	const char *file;
	struct reg_error *err;
	uint8_t *out;
	size_t at;                        /* written so far */
	uint16_t index[REG_PAIRS_MAX];    /* of the names of the pairs */
	uint8_t set[REG_PAIRS_MAX];       /* REG_NAME_OPTION4, 6: where it was encoded */
	struct reg_body body;
	uint16_t known_at[REG_ATTR_COUNT];
};

static const struct attr_def *def_of(const struct pack *p, size_t pair)
{
	return &p->names->defs[p->index[pair]];
}

static enum reg_err too_long(struct pack *p)
{
	reg_error_set(p->err, p->file, p->entry->line,
		"attributes take more than %d bytes when packed", REG_USER_MAX);
	return REG_E_LIMIT;
}

static bool fits(const struct pack *p, size_t n)
{
	return n <= REG_USER_MAX - p->at;
}

static enum reg_err intern_names(struct pack *p, uint8_t *ret_known)
{
	*ret_known = 0;
	for (size_t i = 0; i < p->entry->count; i++) {
		const struct reg_pair *pair = &p->entry->pairs[i];
		enum reg_err e = attr_names_intern(p->names, pair->name, pair->name_len,
			&p->index[i]);

		if (e == REG_E_LIMIT)
			reg_error_set(p->err, p->file, p->entry->line,
				"more than %d different attribute names", REG_NAMES_MAX);
		else if (e != REG_OK)
			reg_error_set(p->err, p->file, p->entry->line, "%s", reg_strerror(e));
		if (e != REG_OK)
			return e;
		if (def_of(p, i)->known != REG_ATTR_COUNT && pair->value_len > 0)
			*ret_known |= (uint8_t)(1u << def_of(p, i)->known);
	}
	return REG_OK;
}

static enum reg_err put_attrs(struct pack *p)
{
	for (size_t i = 0; i < p->entry->count; i++) {
		const struct reg_pair *pair = &p->entry->pairs[i];
		uint8_t known = def_of(p, i)->known;

		if (!fits(p, REG_ATTR_HEAD + pair->value_len))
			return too_long(p);
		if (known != REG_ATTR_COUNT)
			p->known_at[known] = (uint16_t)p->at;
		reg_put16(p->out + p->at, p->index[i]);
		reg_put16(p->out + p->at + 2, pair->value_len);
		if (pair->value_len > 0)
			memcpy(p->out + p->at + REG_ATTR_HEAD, pair->value, pair->value_len);
		p->at += REG_ATTR_HEAD + pair->value_len;
	}
	return REG_OK;
}

/* Whether one of the options written since `begin` is that option. */
static bool set_before(const struct pack *p, size_t begin, const struct dhcp_option_def *def)
{
	for (size_t at = begin; at < p->at;) {
		struct reg_option opt;

		at += reg_option_at(p->out + at, &opt);
		if (opt.code == def->code && opt.suboption == def->suboption &&
			opt.enterprise == def->enterprise)
			return true;
	}
	return false;
}

static enum dhcp_err put_option(struct pack *p, const struct dhcp_option_def *def,
	const struct reg_pair *pair)
{
	size_t head = REG_OPTION_HEAD + (def->suboption != 0 ? REG_OPTION_VENDOR : 0), len;
	uint8_t *b = p->out + p->at;
	enum dhcp_err e;

	if (!fits(p, head))
		return DHCP_E_NOSPACE;
	e = dhcp_value_encode(def, pair->value, pair->value_len, b + head,
		REG_USER_MAX - p->at - head, &len);
	if (e != DHCP_OK)
		return e;
	if (len > REG_OPTION_LEN)
		return DHCP_E_NOSPACE;
	reg_put16(b, def->code);
	reg_put16(b + 2, len | (def->suboption != 0 ? REG_OPTION_LEN + 1 : 0));
	if (def->suboption != 0) {
		reg_put16(b + REG_OPTION_HEAD, def->suboption);
		memcpy(b + REG_OPTION_HEAD + 2, &def->enterprise, sizeof(def->enterprise));
	}
	p->at += head + len;
	return DHCP_OK;
}

/* All attributes that are options of one family. What does not encode may still do in the other. */
static enum reg_err put_options(struct pack *p, unsigned int family)
{
	uint8_t bit = family == 4 ? REG_NAME_OPTION4 : REG_NAME_OPTION6;
	size_t begin = p->at;

	for (size_t i = 0; i < p->entry->count; i++) {
		const struct reg_pair *pair = &p->entry->pairs[i];
		const struct dhcp_option_def *def = &def_of(p, i)->option[family == 4 ? 0 : 1];
		enum dhcp_err e;

		if ((def_of(p, i)->bits & bit) == 0 || pair->value_len == 0 ||
			def->override != DHCP_FREE)
			continue;
		if (set_before(p, begin, def)) {
			reg_error_set(p->err, p->file, p->entry->line,
				"%.*s: that option is already set by another attribute",
				(int)pair->name_len, pair->name);
			return REG_E_OPTION;
		}
		e = put_option(p, def, pair);
		if (e == DHCP_E_NOSPACE)
			return too_long(p);
		if (e == DHCP_OK)
			p->set[i] |= bit;
	}
	return REG_OK;
}

static void explain(struct pack *p, size_t i, const struct dhcp_option_def *def)
{
	const struct reg_pair *pair = &p->entry->pairs[i];
	char why[DHCP_VALUE_WHY_MAX];

	if (def->override == DHCP_CLAMP)
		snprintf(why, sizeof(why), "lease times are set by max_lease of a subnet or rule");
	else if (def->override != DHCP_FREE)
		snprintf(why, sizeof(why), "%s", dhcp_strerror(DHCP_E_FORBIDDEN));
	else
		dhcp_value_why(def, pair->value, pair->value_len, why, sizeof(why));
	reg_error_set(p->err, p->file, p->entry->line, "%.*s: %s", (int)pair->name_len, pair->name,
		why);
}

/* An attribute that names an option must have set one, in one family at least. */
static enum reg_err check_set(struct pack *p)
{
	for (size_t i = 0; i < p->entry->count; i++) {
		const struct reg_pair *pair = &p->entry->pairs[i];
		const struct attr_def *d = def_of(p, i);
		uint8_t families = d->bits & (REG_NAME_OPTION4 | REG_NAME_OPTION6);
		bool first;

		if (d->bad_number) {
			reg_error_set(p->err, p->file, p->entry->line, "%.*s: no such option, "
				"expected option-1 to option-254, option6-1 to option6-65535 or "
				"vendor-4491.33", (int)pair->name_len, pair->name);
			return REG_E_OPTION;
		}
		if (families == 0 || pair->value_len == 0 || p->set[i] != 0)
			continue;
		/* Of two families the one that may be set tells more. */
		first = (families & REG_NAME_OPTION4) != 0 &&
			((families & REG_NAME_OPTION6) == 0 || d->option[0].override == DHCP_FREE);
		explain(p, i, &d->option[first ? 0 : 1]);
		return REG_E_OPTION;
	}
	return REG_OK;
}

/* The body proper, once all offsets are known. */
static void put_body(struct pack *p, size_t body_at, uint8_t known)
{
	uint8_t *to = p->out + body_at;

	p->body.end = (uint16_t)p->at;
	memcpy(to, &p->body, sizeof(p->body));
	to += sizeof(p->body);
	for (size_t a = 0; a < REG_ATTR_COUNT; a++) {
		if ((known >> a & 1) == 0)
			continue;
		reg_put16(to, p->known_at[a]);
		to += 2;
	}
}

static enum reg_err pack_attrs(struct pack *p, struct reg_user *user)
{
	size_t body_at = p->at;
	enum reg_err e = intern_names(p, &user->known);

	if (e != REG_OK)
		return e;
	user->flags = REG_USER_BODY;
	p->at += sizeof(p->body) + 2 * (size_t)__builtin_popcount(user->known);
	p->body.attrs = (uint16_t)p->at;
	e = put_attrs(p);
	for (unsigned int i = 0; i < 2 && e == REG_OK; i++) {
		p->body.options[i] = (uint16_t)p->at;
		e = put_options(p, i == 0 ? 4 : 6);
	}
	if (e == REG_OK)
		e = check_set(p);
	if (e == REG_OK)
		put_body(p, body_at, user->known);
	return e;
}

enum reg_err record_write(const struct reg_entry *entry, uint32_t ref, struct attr_names *names,
	const char *file, uint8_t *out, size_t *ret_len, struct reg_error *err)
{
	struct reg_user head = { .line = entry->line, .type = (uint8_t)entry->id.type,
		.id_len = entry->id.len };
	enum reg_err e = REG_OK;
	struct pack p;

	/* The arrays are large and mostly unused: only what will be read is cleared. */
	p.entry = entry;
	p.names = names;
	p.file = file;
	p.err = err;
	p.out = out;
	p.at = sizeof(head) + entry->id.len;
	p.body.self = ref;
	if (entry->count > REG_PAIRS_MAX)
		return too_long(&p);
	memset(p.set, 0, entry->count);
	if (entry->count > 0)
		e = pack_attrs(&p, &head);
	if (e != REG_OK)
		return e;
	memcpy(out, &head, sizeof(head));
	memcpy(out + sizeof(head), entry->id.bytes, entry->id.len);
	while (p.at % REG_UNIT != 0)
		out[p.at++] = 0;
	*ret_len = p.at;
	return REG_OK;
}
