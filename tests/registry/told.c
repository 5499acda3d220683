/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/registry/told.h"
#include "tests/registry/temp.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <unistd.h>

static struct told *of(struct source *s)
{
	return (struct told *)(void *)s;
}

static int told_fd(const struct source *s)
{
	return ((const struct told *)(const void *)s)->ends[0];
}

static void told_share(struct source *s, struct source_tally *tally)
{
	of(s)->tally = tally;
}

static void take_out(struct told *t)
{
	char bytes[64];

	if (t->tally == NULL)
		return;
	atomic_fetch_add(&t->tally->taken, 1);
	(void)!read(t->ends[0], bytes, sizeof(bytes));
}

static bool told_stirred(struct source *s)
{
	struct told *t = of(s);
	unsigned int version;
	bool changed;

	pthread_mutex_lock(&t->lock);
	take_out(t);
	version = t->version;
	changed = version != t->stirred;
	t->stirred = version;
	if (t->tally != NULL)
		atomic_store(&t->tally->told, atomic_load(&t->tally->taken));
	pthread_mutex_unlock(&t->lock);
	return changed;
}

static enum source_state told_look(struct source *s, struct reg_error *err)
{
	(void)err;
	return of(s)->version == of(s)->read ? SOURCE_QUIET : SOURCE_NEW;
}

static enum reg_err told_open(struct source *s, bool added, struct source_facts *ret,
	struct reg_error *err)
{
	struct told *t = of(s);

	(void)added;
	(void)err;
	t->read = atomic_load(&t->version);
	t->given = false;
	*ret = (struct source_facts){ .whole = true };
	temp_sleep_ms(t->delay_ms);
	while (t->closed) {
		if (t->snatch) {
			pthread_mutex_lock(&t->lock);
			take_out(t);
			pthread_mutex_unlock(&t->lock);
			t->snatch = false;
		}
		temp_sleep_ms(1);
	}
	return REG_OK;
}

static enum reg_err told_next(struct source *s, struct reg_entry *ret, struct reg_error *err)
{
	struct told *t = of(s);
	uint8_t id[4] = { 0, 0, (uint8_t)(t->read >> 8), (uint8_t)t->read };

	(void)err;
	if (t->given)
		return REG_E_END;
	t->given = true;
	*ret = (struct reg_entry){ .count = 0 };
	return reg_id_set(&ret->id, REG_HW_ADDR, id, sizeof(id));
}

static void told_close(struct source *s, bool taken)
{
	(void)s;
	(void)taken;
}

static void told_free(struct source *s)
{
	(void)s;
}

static const struct source_ops ops = { .kind = "told", .fd = told_fd, .stirred = told_stirred,
	.share = told_share, .look = told_look, .open = told_open, .next = told_next,
	.close = told_close, .free = told_free };

void told_init(struct told *t, bool has_descriptor)
{
	*t = (struct told){ .source = { .ops = &ops, .name = "told" }, .ends = { -1, -1 } };
	pthread_mutex_init(&t->lock, NULL);
	if (has_descriptor)
		cr_assert_eq(pipe2(t->ends, O_NONBLOCK | O_CLOEXEC), 0);
}

void told_change(struct told *t, unsigned int version)
{
	t->version = version;
	cr_assert_eq(write(t->ends[1], "x", 1), 1);
}

void told_done(struct told *t)
{
	close(t->ends[0]);
	close(t->ends[1]);
	pthread_mutex_destroy(&t->lock);
}
