/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Nothing is allocated between receive and verdict: every vector goes through the pipeline and its
 * verdict into messages while the allocator counts. The count is the C library's own entry points,
 * replaced for the whole program, so that nothing that any library does is missed; under
 * AddressSanitizer, which replaces them itself, it is that one's hook.
 */
#include "relay/verdict.h"
#include "tests/hook_rig.h"
#include "tests/rig.h"
#include "tests/vector.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* volatile: the compiler believes that malloc() does not look at them. */
static _Thread_local volatile bool counting;
static _Thread_local volatile size_t allocations;

#ifdef __SANITIZE_ADDRESS__
#define SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#define SANITIZED
#endif
#endif

#ifdef SANITIZED

int __sanitizer_install_malloc_and_free_hooks(
	void (*malloc_hook)(const volatile void *, size_t), void (*free_hook)(const volatile void *));

static void on_malloc(const volatile void *p, size_t n)
{
	(void)p;
	(void)n;
	allocations += counting;
}

static void on_free(const volatile void *p)
{
	(void)p;
}

static void count_begin(void)
{
	static bool installed;

	if (!installed)
		cr_assert(__sanitizer_install_malloc_and_free_hooks(on_malloc, on_free) > 0);
	installed = true;
	allocations = 0;
	counting = true;
}

#else

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void *__libc_memalign(size_t align, size_t n);

__attribute__((visibility("default"))) void *malloc(size_t n)
{
	allocations += counting;
	return __libc_malloc(n);
}

__attribute__((visibility("default"))) void *calloc(size_t n, size_t size)
{
	allocations += counting;
	return __libc_calloc(n, size);
}

__attribute__((visibility("default"))) void *realloc(void *p, size_t n)
{
	allocations += counting;
	return __libc_realloc(p, n);
}

__attribute__((visibility("default"))) void *aligned_alloc(size_t align, size_t n)
{
	allocations += counting;
	return __libc_memalign(align, n);
}

__attribute__((visibility("default"))) int posix_memalign(void **ret, size_t align, size_t n)
{
	allocations += counting;
	*ret = __libc_memalign(align, n);
	return *ret != NULL ? 0 : ENOMEM;
}

static void count_begin(void)
{
	allocations = 0;
	counting = true;
}

#endif

static size_t count_end(void)
{
	counting = false;
	return allocations;
}

/* What assembling a vector needs. */
struct scene {
	const struct vectors *vs;
	struct rig *rig;
};

static const char *fragment(void *ctx, const char *name)
{
	const struct scene *s = ctx;

	return vector_fragment(s->vs, name);
}

static uint8_t subnet_id(void *ctx, const char *name)
{
	const struct scene *s = ctx;

	return rig_subnet_id(s->rig, name);
}

static size_t run(struct rig *rig, const struct rig_packet *packet)
{
	static struct verdicts verdicts;
	struct verdict_options o = { .queue = 67, .sweep = true };
	size_t during;

	rig_run(rig, packet); /* copies the packet into the slot */
	count_begin();
	pipeline_run(&rig->pipeline, rig->batch);
	verdicts_build(&verdicts, rig->batch, 0, &o, SIZE_MAX);
	during = count_end();
	return during;
}

Test(allocation, the_counter_counts)
{
	void *volatile p;

	count_begin();
	p = malloc(1);
	p = realloc(p, 100000);
	cr_assert_geq(count_end(), 2);
	free(p);
}

Test(allocation, none_on_the_way_of_any_vector)
{
	struct vectors *vs = vectors_read();
	static struct assembled in;

	for (size_t i = 0; i < vs->count; i++) {
		const struct vector *v = &vs->all[i];
		char *config = vector_config(vs, v);
		struct rig *rig = rig_new(config, vector_registry(vs, v));
		struct scene scene = { vs, rig };
		struct assemble_env env = { .fragment = fragment, .subnet_id = subnet_id, .ctx = &scene };
		struct rig_packet packet = { .side = (enum side)v->side, .skb_info = v->skb_info,
			.physindev = v->physindev, .cap_len = v->cap_len, .hw = v->hw,
			.hw_len = v->hw_len, .indev = v->indev, .hook = v->hook };

		vector_packet(v, &v->in, &env, &in);
		packet.bytes = in.bytes;
		packet.len = in.len;
		cr_assert_eq(run(rig, &packet), 0, "%s allocates", v->id);
		rig_free(rig);
		free(config);
	}
	vectors_free(vs);
}

/*
 * The local time is the one thing the C library could want memory for: at its first use, at start.
 */
Test(allocation, none_for_rules_about_time_and_records_as_json)
{
	struct rig *rig = rig_new("{ \"outcome\": { \"format\": \"json\" }, \"control\": \"\", \"subnets\": ["
		"{ \"name\": \"a\", \"prefixes\": [\"10.0.0.0/8\"] } ], \"rules\": [ { \"when\": { \"time\": "
		"\"08:00-18:00\", \"weekday\": [\"mon\"] } } ] }", "# nobody\n");
	static const uint8_t release[276] = {
		0x45, 0, 1, 0x14, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 5, 10, 0, 0, 1, 0, 68, 0, 67, 1, 0,
		0, 0, 1, 1, 6, 0, 1, 2, 3, 4, 0, 0, 0, 0, 10, 0, 0, 5, [28 + 28] = 2, 0, 0, 0, 0, 10,
		[28 + 236] = 99, 130, 83, 99, 53, 1, 7, 255,
	};
	struct rig_packet packet = { .bytes = release, .len = 276, .side = SIDE_CLIENT };

	tzset();
	cr_assert_eq(run(rig, &packet), 0);
	cr_assert_gt(rig->records.len, 0, "no record was written");
	rig_free(rig);
}

/* What was run last, run once more. */
static size_t again(struct hook_rig *r)
{
	r->rig->records.len = 0;
	count_begin();
	pipeline_run(&r->rig->pipeline, r->rig->batch);
	return count_end();
}

Test(allocation, none_with_ten_callouts_on_every_hook_point)
{
	static const char ia[] = "00030028 00000007 00000000 00000000"
		"00050018 20010db8000100000000000000000009 0000003c 0000003c";
	char library[4096];
	struct hook_rig *r;

	snprintf(library, sizeof(library), "{ \"library\": \"%s\", \"parameters\": { \"callouts\": 10 } }",
		hook_path("test-hooks/empty"));
	r = hook_rig_new(library, "", "{ \"type\": \"HW_ADDR\", \"id\": \"02000000000a\" }\n");
	hook_query4(r, "350101ff", 0);
	cr_expect_eq(again(r), 0);
	hook_answer4(r, 2);
	cr_expect_eq(again(r), 0);
	hook_query4(r, "350103 3204ac100001 ff", 0);
	cr_expect_eq(again(r), 0);
	hook_answer4(r, 5);
	cr_expect_eq(again(r), 0);
	hook_query6(r, 1, ia);
	cr_expect_eq(again(r), 0);
	hook_answer6(r, 2, ia);
	cr_expect_eq(again(r), 0);
	hook_query6(r, 5, ia);
	cr_expect_eq(again(r), 0);
	hook_answer6(r, 7, ia);
	cr_expect_eq(again(r), 0);
	hook_rig_free(r);
}
