/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides the order and the attributes of the users. Consecutive lines are of different classes, so
 * that neighbours in the registry's memory are not neighbours in what the generator asks for.
 */
#include "tests/bench/users.h"

#include "registry/builder.h"

#include <stdlib.h>

static const struct reg_pair steered4[] = {
	{ "subnet", "open", 6, 4 },
	{ "bootfile", "/boot/pxelinux.0", 8, 16 },
	{ "domain-name-servers", "10.0.0.53, 10.0.1.53", 19, 20 },
};
static const struct reg_pair steered6[] = {
	{ "subnet", "open", 6, 4 },
	{ "option6-23", "2001:db8::53, 2001:db8::54", 10, 26 },
};

struct user_class {
	enum reg_id_type type;
	enum traffic_class class;
	const struct reg_pair *pairs;
	size_t count;
};

static const struct user_class classes[] = {
	{ REG_HW_ADDR, TRAFFIC_PLAIN, NULL, 0 },
	{ REG_HW_ADDR, TRAFFIC_STEERED, steered4, sizeof(steered4) / sizeof(steered4[0]) },
	{ REG_DUID, TRAFFIC_PLAIN, NULL, 0 },
	{ REG_DUID, TRAFFIC_STEERED, steered6, sizeof(steered6) / sizeof(steered6[0]) },
};
enum { CLASSES = sizeof(classes) / sizeof(classes[0]) };

static void id_of(const struct user_class *c, uint32_t n, struct reg_id *ret)
{
	uint8_t bytes[TRAFFIC_DUID];

	if (c->type == REG_HW_ADDR)
		traffic_mac(c->class, n, bytes);
	else
		traffic_duid(c->class, n, bytes);
	reg_id_set(ret, c->type, bytes, c->type == REG_HW_ADDR ? TRAFFIC_MAC : TRAFFIC_DUID);
}

static void die(const char *why)
{
	fprintf(stderr, "users: %s\n", why);
	exit(1);
}

struct registry *users_registry(size_t users)
{
	struct builder_options o = { .expect = users * 64 };
	struct reg_error err = { "" };
	struct builder_result result;
	struct builder *b;

	if (builder_begin(&o, &b) != REG_OK)
		die("no memory");
	for (size_t i = 0; i < users || i < CLASSES; i++) {
		const struct user_class *c = &classes[i % CLASSES];
		struct reg_entry e = {
			.line = (uint32_t)i + 1, .count = c->count, .pairs = c->pairs,
		};

		id_of(c, (uint32_t)(i / CLASSES), &e.id);
		if (builder_add(b, &e, &err) != REG_OK)
			die(err.text);
	}
	if (builder_finish(b, false, NULL, &result) != REG_OK)
		die("the registry cannot be built");
	return result.registry;
}

static void write_user(const struct user_class *c, uint32_t n, FILE *f)
{
	char text[REG_ID_TEXT], *hex;
	struct reg_id id;

	id_of(c, n, &id);
	hex = strchr(reg_id_text(id.type, id.bytes, id.len, text), '=') + 1;
	fprintf(f, "{\"type\":\"%s\",\"id\":\"%s\"", reg_id_type_name(id.type), hex);
	for (size_t i = 0; i < c->count; i++)
		fprintf(f, ",\"%s\":\"%s\"", c->pairs[i].name, c->pairs[i].value);
	fputs("}\n", f);
}

bool users_write(size_t users, FILE *f)
{
	for (size_t i = 0; i < users || i < CLASSES; i++)
		write_user(&classes[i % CLASSES], (uint32_t)(i / CLASSES), f);
	return fflush(f) == 0 && !ferror(f);
}
