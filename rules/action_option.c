/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The action "options": hides how options and their values are named and turned into bytes while
 * the policy is made. A name that both families have stands for both where the value fits both.
 *
 * Putting the options into an answer is the pipeline's work.
 */
#include "rules/action.h"

#include "dhcpcodec/value.h"

#include <string.h>

enum { VALUE_MAX = 4096 };

struct edits {
	struct option_edit *all;
	size_t count;
};

static bool same_option(const struct dhcp_option_def *a, const struct dhcp_option_def *b)
{
	return a->family == b->family && a->code == b->code && a->suboption == b->suboption &&
		a->enterprise == b->enterprise;
}

static enum rule_err add(struct action_reader *r, const struct node *n, struct edits *edits,
	const struct option_edit *edit)
{
	struct option_edit *all;

	for (size_t i = 0; i < edits->count; i++)
		if (same_option(&edits->all[i].def, &edit->def))
			return node_fail(n, r->err, RULE_E_REPEAT,
				"expected each option once in a rule, got this one again");
	all = arena_grow(r->arena, edits->all, edits->count, sizeof(*all));
	if (all == NULL)
		return r->err->code = RULE_E_MEMORY;
	edits->all = all;
	edits->all[edits->count++] = *edit;
	return RULE_OK;
}

static enum rule_err check(struct action_reader *r, const struct node *n, const char *name,
	const struct option_edit *edit)
{
	if (edit->def.override != DHCP_FREE)
		return node_fail(n, r->err, RULE_E_FORBIDDEN,
			"expected an option that a rule may change, got \"%s\", which %s", name,
			edit->def.override == DHCP_CLAMP ?
				"only \"max_lease\" changes" :
				"the protocol or the lease depends on");
	if (edit->def.suboption != 0 && edit->how != OPTION_SET)
		return node_fail(n, r->err, RULE_E_VALUE,
			"expected an option, got the vendor suboption \"%s\", which can only be set", name);
	return RULE_OK;
}

/* The text of a value: a string, or a number or truth value as it is written. */
static enum rule_err value_text(
	struct action_reader *r, const struct node *n, struct option_edit *edit, size_t *ret_len)
{
	if (n->kind == JSON_STRING || n->kind == JSON_NUMBER)
		edit->text = n->text;
	else if (n->kind == JSON_BOOL)
		edit->text = n->truth ? "true" : "false";
	else
		return node_expected(n, r->err, RULE_E_TYPE, "a text");
	*ret_len = strlen(edit->text);
	return RULE_OK;
}

/* The value for the one family; RULE_E_OPTVALUE without *err when it is none of its type. */
static enum rule_err encode(
	struct action_reader *r, struct option_edit *edit, size_t text_len)
{
	uint8_t buf[VALUE_MAX];
	size_t len;

	if (dhcp_value_encode(&edit->def, edit->text, text_len, buf, sizeof(buf), &len) != DHCP_OK)
		return RULE_E_OPTVALUE;
	edit->bytes = arena_copy(r->arena, buf, len);
	edit->len = len;
	return edit->bytes == NULL ? r->err->code = RULE_E_MEMORY : RULE_OK;
}

static enum rule_err no_option(struct action_reader *r, const struct node *n, const char *name)
{
	return node_fail(n, r->err, RULE_E_OPTION,
		"expected the name of an option, \"option-<code>\", \"option6-<code>\" or "
		"\"vendor-<enterprise>.<suboption>\", got \"%.60s\"", name);
}

/* One member of "set" or "default". */
static enum rule_err parse_value(
	struct action_reader *r, const struct node *n, enum option_how how, struct edits *edits)
{
	struct option_edit edit = { .how = how, .name = n->key };
	size_t text_len = 0, name_len = strlen(n->key);
	bool found = false, taken = false;
	char why[DHCP_VALUE_WHY_MAX] = "";
	enum rule_err e = value_text(r, n, &edit, &text_len);

	for (unsigned int family = 4; e == RULE_OK && family <= 6; family += 2) {
		if (!dhcp_option_find(family, n->key, name_len, &edit.def))
			continue;
		found = true;
		e = check(r, n, n->key, &edit);
		if (e != RULE_OK)
			break;
		e = encode(r, &edit, text_len);
		if (e == RULE_E_OPTVALUE) {
			if (why[0] == '\0')
				dhcp_value_why(&edit.def, edit.text, text_len, why, sizeof(why));
			e = RULE_OK;
			continue;
		}
		taken = true;
		if (e == RULE_OK)
			e = add(r, n, edits, &edit);
	}
	if (e != RULE_OK)
		return e;
	if (!found)
		return no_option(r, n, n->key);
	return taken ? RULE_OK : node_fail(n, r->err, RULE_E_OPTVALUE, "%s", why);
}

static enum rule_err parse_values(
	struct action_reader *r, const struct node *n, enum option_how how, struct edits *edits)
{
	enum rule_err e = RULE_OK;

	if (n->kind != JSON_OBJECT)
		return node_expected(
			n, r->err, RULE_E_TYPE, "an object of options and their values");
	for (const struct node *i = n->first; e == RULE_OK && i != NULL; i = i->next)
		e = parse_value(r, i, how, edits);
	return e;
}

/* A name or a list of names. */
static enum rule_err parse_removals(
	struct action_reader *r, const struct node *n, enum option_how how, struct edits *edits)
{
	struct option_edit edit = { .how = how };

	for (const struct node *i = node_items(n); i != NULL; i = node_next(n, i)) {
		bool found = false;

		if (i->kind != JSON_STRING)
			return node_expected(i, r->err, RULE_E_TYPE, "the name of an option");
		for (unsigned int family = 4; family <= 6; family += 2) {
			if (!dhcp_option_find(family, i->text, i->len, &edit.def))
				continue;
			found = true;
			edit.name = i->text;
			if (check(r, i, i->text, &edit) != RULE_OK ||
				add(r, i, edits, &edit) != RULE_OK)
				return r->err->code;
		}
		if (!found)
			return no_option(r, i, i->text);
	}
	return RULE_OK;
}

static const struct {
	const char *key;
	enum option_how how;
	enum rule_err (*parse)(struct action_reader *r, const struct node *n, enum option_how how,
		struct edits *edits);
} hows[] = {
	{ "remove", OPTION_REMOVE, parse_removals },
	{ "default", OPTION_DEFAULT, parse_values },
	{ "set", OPTION_SET, parse_values },
};
enum { HOWS = sizeof(hows) / sizeof(hows[0]) };

enum rule_err option_edits_parse(
	struct action_reader *r, const struct node *n, struct rule *ret)
{
	struct edits edits = { .all = NULL };
	enum rule_err e = node_object(n, r->err);

	for (const struct node *i = n->first; e == RULE_OK && i != NULL; i = i->next) {
		bool known = false;

		for (size_t k = 0; k < HOWS; k++)
			known |= strcmp(hows[k].key, i->key) == 0;
		if (!known)
			e = node_unknown(i, r->err, &hows[0].key, HOWS, sizeof(hows[0]));
	}
	for (size_t k = 0; e == RULE_OK && k < HOWS; k++) {
		const struct node *member = node_get(n, hows[k].key);

		if (member != NULL)
			e = hows[k].parse(r, member, hows[k].how, &edits);
	}
	ret->options = edits.all;
	ret->option_count = edits.count;
	return e;
}

static void print_how(const struct rule *rule, size_t k, struct writer *w)
{
	bool list = hows[k].how == OPTION_REMOVE, open = false;
	const char *last = NULL;

	for (size_t i = 0; i < rule->option_count; i++) {
		const struct option_edit *edit = &rule->options[i];

		/* a name that stands for an option of each family was written once */
		if (edit->how != hows[k].how || edit->name == last)
			continue;
		if (!open)
			writer_open(w, hows[k].key, list ? '[' : '{');
		open = true;
		last = edit->name;
		if (list)
			writer_text(w, NULL, edit->name);
		else
			writer_text(w, edit->name, edit->text);
	}
	if (open)
		writer_close(w, list ? '[' : '{');
}

void option_edits_print(const struct rule *rule, struct writer *w)
{
	writer_open(w, "options", '{');
	for (size_t k = 0; k < HOWS; k++)
		print_how(rule, k, w);
	writer_close(w, '{');
}
