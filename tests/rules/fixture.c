/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/rules/fixture.h"

#include "registry/builder.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

/* Two upstreams for every policy, a and b, so that rules can name them. */
static enum rule_err add_upstreams(struct policy_builder *b, struct rule_error *err)
{
	static const char json[] = "[{\"name\": \"a\", \"address\": [\"10.0.0.2\", \"2001:db8::2\"]},"
				   " {\"name\": \"b\", \"address\": \"10.0.0.3\"}]";
	const struct node *list = node_parse(policy_arena(b), json, sizeof(json) - 1, err);
	enum rule_err e = list == NULL ? RULE_E_MEMORY : RULE_OK;

	for (const struct node *n = list != NULL ? list->first : NULL; e == RULE_OK && n != NULL;
		n = n->next)
		e = policy_add_upstream(b, n, err);
	return e;
}

struct policy *fixture_load(const char *json, struct rule_error *err)
{
	struct policy_builder *b = policy_begin();
	const struct node *root, *list, *n = NULL;
	enum rule_err e = RULE_OK;

	cr_assert_not_null(b);
	*policy_treatment(b) = (struct treatment){ .hint = HINT_LINK_SELECTION };
	root = node_parse(policy_arena(b), json, strlen(json), err);
	if (root == NULL)
		goto failed;
	e = add_upstreams(b, err);
	list = node_get(root, "subnets");
	for (n = list != NULL ? list->first : NULL; e == RULE_OK && n != NULL; n = n->next)
		e = policy_add_subnet(b, n, err);
	list = node_get(root, "rules");
	if (list != NULL)
		policy_own_rules(b);
	for (n = list != NULL ? list->first : NULL; e == RULE_OK && n != NULL; n = n->next)
		e = policy_add_rule(b, n, err);
	if (e == RULE_OK)
		return policy_finish(b, err);
failed:
	policy_abandon(b);
	return NULL;
}

struct policy *fixture_policy(const char *json)
{
	struct rule_error err = { .code = RULE_OK };
	struct policy *p = fixture_load(json, &err);

	cr_assert_not_null(p, "%u: %s: %s\n%s", err.line, err.path, err.text, json);
	return p;
}

struct policy *fixture_rules(const char *rules)
{
	static char json[65536];

	cr_assert_lt(snprintf(json, sizeof(json), "{ " SUBNETS ", \"rules\": %s }", rules),
		(int)sizeof(json));
	return fixture_policy(json);
}

struct text {
	char *buf;
	size_t len, cap;
};

static void append(void *ctx, const char *text, size_t len)
{
	struct text *t = ctx;

	cr_assert_lt(len, t->cap - t->len);
	memcpy(t->buf + t->len, text, len);
	t->len += len;
	t->buf[t->len] = '\0';
}

const char *fixture_print(const struct policy *p)
{
	static char buf[65536];
	struct text t = { .buf = buf, .cap = sizeof(buf) };
	struct writer w = writer_begin(append, &t);

	writer_open(&w, NULL, '{');
	policy_print(p, &w);
	writer_close(&w, '{');
	return buf;
}

struct fixture_user fixture_user(const char *attributes)
{
	static const uint8_t id[] = { 2, 0, 0, 0, 0, 1 };
	struct reg_pair pairs[16];
	struct reg_entry entry = { .line = 1, .pairs = pairs };
	struct builder_options options = { .name = "fixture" };
	struct builder_result result;
	struct builder *b;
	struct reg_error err = { .text = "" };

	for (const char *at = attributes; *at != '\0';) {
		const char *end = strchrnul(at, ';'), *equals = strchr(at, '=');

		cr_assert(equals != NULL && equals < end);
		pairs[entry.count++] = (struct reg_pair){ .name = at, .value = equals + 1,
			.name_len = (size_t)(equals - at), .value_len = (size_t)(end - equals - 1) };
		at = *end == ';' ? end + 1 : end;
	}
	cr_assert_eq(reg_id_set(&entry.id, REG_HW_ADDR, id, sizeof(id)), REG_OK);
	cr_assert_eq(builder_begin(&options, &b), REG_OK);
	cr_assert_eq(builder_add(b, &entry, &err), REG_OK, "%s", err.text);
	cr_assert_eq(builder_finish(b, false, NULL, &result), REG_OK);
	return (struct fixture_user){ .registry = result.registry,
		.user = registry_find(result.registry, REG_HW_ADDR, id, sizeof(id)) };
}

void fixture_user_done(struct fixture_user *u)
{
	u->registry = registry_free(u->registry);
}

void fixture_query4(struct fixture_packet *p, uint8_t type, const char *options, const char *giaddr)
{
	static const uint8_t end = 255;
	uint8_t message_type[3] = { 53, 1, type };

	memset(p, 0, sizeof(*p));
	build_dhcp4(&p->bytes, BOOTREQUEST);
	if (*giaddr != '\0')
		cr_assert_eq(hex_read(giaddr, p->bytes.b + DHCP4_GIADDR, 4), 4);
	build_bytes(&p->bytes, message_type, sizeof(message_type));
	build_hex(&p->bytes, options);
	build_bytes(&p->bytes, &end, 1);
	cr_assert_eq(dhcp4_view_init(&p->view4, p->bytes.b, p->bytes.len), DHCP_OK, "%s", options);
	p->facts = (struct facts){ .family = 4, .type = type, .view4 = &p->view4,
		.id = p->bytes.b + DHCP4_CHADDR, .id_len = 6, .id_type = REG_HW_ADDR };
}

void fixture_query6(struct fixture_packet *p, uint8_t type, const char *options, const char *link,
	const char *relay_options)
{
	size_t opened = 0;

	memset(p, 0, sizeof(*p));
	if (*link != '\0') {
		build_relay6(&p->bytes, DHCPV6_RELAY_FORW, 0, 0, 1);
		cr_assert_eq(hex_read(link, p->bytes.b + DHCP6_LINK, 16), 16);
		build_hex(&p->bytes, relay_options);
		opened = build_open(&p->bytes, D6O_RELAY_MSG);
	}
	build_dhcp6(&p->bytes, type);
	build_hex(&p->bytes, options);
	if (*link != '\0')
		build_close(&p->bytes, opened);
	cr_assert_eq(dhcp6_view_init(&p->view6, p->bytes.b, p->bytes.len), DHCP_OK, "%s", options);
	p->facts = (struct facts){ .family = 6, .type = type, .view6 = &p->view6,
		.id = (const uint8_t *)"\0\1\0\1", .id_len = 4, .id_type = REG_DUID };
}
