/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Samples of counters from the text of the metrics, and what the page is given of them. */
#include "relay/exporter_history.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct exporter_history h;
static char *text;

static const char *written(void)
{
	size_t len;
	FILE *f;

	free(text);
	f = open_memstream(&text, &len);
	exporter_history_write(&h, f);
	cr_assert_eq(fclose(f), 0);
	return text;
}

static void begin(void)
{
	memset(&h, 0, sizeof(h));
}

static void end(void)
{
	free(text);
}

TestSuite(exporter_history, .init = begin, .fini = end);

static void add(int64_t seconds, const char *metrics)
{
	exporter_history_add(&h, seconds, metrics, strlen(metrics));
}

Test(exporter_history, nothing)
{
	cr_expect_str_eq(written(), "{\"step\":5,\"names\":[],\"samples\":[]}\n");
}

Test(exporter_history, counters_are_summed_over_their_labels)
{
	add(100, "# HELP a_total {x\n# TYPE a_total counter\n"
		"a_total{f=\"4\",s=\"}\\\" 9\"} 1\na_total{f=\"6\"} 2\nb_total 5\nsome_gauge 7\n"
		"c_seconds_bucket{le=\"1\"} 3\nd_total{never=\"ends\n");
	cr_expect_str_eq(written(), "{\"step\":5,\"names\":[\"a_total\",\"b_total\"],"
		"\"samples\":[[100,3,5]]}\n");
}

Test(exporter_history, a_counter_that_comes_later_or_is_away)
{
	add(100, "a_total 1\n");
	add(105, "");
	add(110, "b_total 2.5\na_total 1e3\n");
	cr_expect_str_eq(written(), "{\"step\":5,\"names\":[\"a_total\",\"b_total\"],\"samples\":["
		"[100,1,null],[105,null,null],[110,1000,2.5]]}\n");
}

Test(exporter_history, what_is_no_counter)
{
	add(100, "_total 1\nx_total\ny_total  \nz_total NaN\nv_total +Inf\nu\"_total 1\nq_total 1");
	cr_expect_str_eq(written(), "{\"step\":5,\"names\":[],\"samples\":[[100]]}\n");
}

Test(exporter_history, both_limits)
{
	char metrics[HISTORY_NAMES * 32] = "", line[32];

	for (int i = 0; i <= HISTORY_NAMES; i++) {
		snprintf(line, sizeof(line), "n%d_total 1\n", i);
		strcat(metrics, line);
	}
	for (int i = 0; i < HISTORY_SAMPLES + 3; i++)
		add(i, metrics);
	cr_expect_eq(h.names, (size_t)HISTORY_NAMES);
	cr_expect(strstr(written(), "\"samples\":[[3,1,") != NULL);
	cr_expect(strstr(text, "n40_total") == NULL);
}
