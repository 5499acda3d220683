/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The status as text for Prometheus and as JSON: well formed whatever the figures are, and what
 * docs/control.md says.
 */
#include "relay/status.h"

#include "rules/node.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static struct status s;
static char *text;
static size_t len;

/* Every counter another number, so that none stands for another. */
static void fill(void)
{
	uint64_t *c = (uint64_t *)&s.counters;

	for (size_t i = 0; i < offsetof(struct worker_counters, servers) / sizeof(*c); i++)
		c[i] = 1000 + i;
	servers_count(&s.counters.servers, 4, (const uint8_t[]){ 192, 0, 2, 1 }, 4, 77);
	servers_count(&s.counters.servers, 6, (const uint8_t[]){ 0, 3, 0, 1 }, 4, 78);
	s.counters.servers.others = 79;
	s.started = 1764294727;
	s.uptime_ms = 12005;
	s.config = "/etc/usher/\"usher\".json";
	s.queue_count = 2;
	s.queues[0] = (struct status_queue){ 67, true, { .waiting = 3, .dropped = 4, .user_dropped = 5 } };
	s.queues[1].number = 68;
	s.outcome_count = 2;
	s.outcomes[0] = (struct status_outcome){ "/a", false, { .records = 10, .waiting = 11 } };
	s.outcomes[1] = (struct status_outcome){ "/b", true, { .records = 12, .lost = 13 } };
	s.relay = true;
	s.sender = (struct sender_counters){ 21, 22, 23, 24, 25, 26 };
	snprintf(s.error, sizeof(s.error), "a \"quoted\" \\ error");
	s.registry.failing = true;
}

static void metrics(void)
{
	FILE *f = open_memstream(&text, &len);

	metrics_write(&s, f);
	cr_assert_eq(fclose(f), 0);
}

static void has(const char *line)
{
	const char *at = strstr(text, line);

	cr_expect(at != NULL && (at == text || at[-1] == '\n') && strchr("\n{ ", at[strlen(line)]) != NULL,
		"no line \"%s\" in:\n%s", line, text);
}

Test(metrics, the_figures_are_there)
{
	fill();
	metrics();
	has("usher_start_time_seconds 1764294727");
	has("usher_uptime_seconds 12.005");
	has("usher_packets_total 1000");
	has("usher_verdicts_total{verdict=\"drop\"} 1002");
	has("usher_decisions_total{reason=\"rewritten\"} 1003");
	has("usher_server_answers_total{family=\"4\",server=\"192.0.2.1\"} 77");
	has("usher_server_answers_total{family=\"6\",server=\"00:03:00:01\"} 78");
	has("usher_server_answers_total{family=\"any\",server=\"other\"} 79");
	has("usher_queue_waiting_packets{queue=\"67\"} 3");
	has("usher_queue_dropped_full_total{queue=\"67\"} 4");
	has("usher_queue_dropped_socket_total{queue=\"67\"} 5");
	has("usher_outcome_records_total{format=\"user_chk\"} 10");
	has("usher_outcome_lost_records_total{format=\"json\"} 13");
	has("usher_outcome_backlog_bytes{format=\"user_chk\"} 11");
	has("usher_relay_sent_packets_total 21");
	has("usher_relay_unsent_packets_total{reason=\"no_route\"} 22");
	has("usher_relay_unsent_packets_total{reason=\"refused\"} 23");
	has("usher_relay_unsent_packets_total{reason=\"no_room\"} 24");
	has("usher_relay_unsent_packets_total{reason=\"too_long\"} 25");
	has("usher_relay_unsent_packets_total{reason=\"failed\"} 26");
	has("usher_registry_failing 1");
	cr_expect_null(strstr(text, "queue=\"68\""), "a queue that the kernel does not know");
	free(text);
}

/* A series that is not there before it moves makes a rate over it wrong. */
Test(metrics, what_is_known_beforehand_is_there_with_zero)
{
	metrics();
	for (int i = 0; i < CAUSE_COUNT; i++) {
		char line[128];

		snprintf(line, sizeof(line), "usher_dropped_packets_total{reason=\"%s\"} 0",
			cause_name((enum cause)i));
		has(line);
	}
	has("usher_leases_total{family=\"6\",registered=\"true\",event=\"granted\"} 0");
	has("usher_answer_seconds_bucket{le=\"+Inf\"} 0");
	free(text);
}

/* Prometheus, text format 0.0.4: one HELP and TYPE before the samples of a family, all together. */
Test(metrics, every_family_is_introduced_once)
{
	char families[128][128];
	size_t count = 0;

	fill();
	metrics();
	cr_assert_eq(text[len - 1], '\n');
	for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
		size_t n = strcspn(line, "{ ");

		if (sscanf(line, "# HELP %127s", families[count]) == 1) {
			for (size_t i = 0; i < count; i++)
				cr_expect_str_neq(families[i], families[count]);
			count++;
			cr_assert_lt(count, 127);
			continue;
		}
		cr_assert_gt(count, 0);
		if (strncmp(line, "# TYPE ", 7) == 0)
			line += 7, n = strcspn(line, " ");
		cr_expect_eq(strncmp(line, families[count - 1], strlen(families[count - 1])), 0,
			"\"%s\" under %s", line, families[count - 1]);
		cr_expect(isdigit((unsigned char)line[strlen(line) - 1]) || strncmp(line + n, " ", 1) == 0,
			"%s", line);
	}
	free(text);
}

Test(metrics, histograms_are_cumulative)
{
	uint64_t below, last = 0;
	unsigned buckets = 0;

	histogram_add(&s.counters.handling, 30, 5);
	histogram_add(&s.counters.handling, 700, 2);
	histogram_add(&s.counters.handling, 20000000, 1);
	metrics();
	for (char *at = text; (at = strstr(at, "\nusher_handling_seconds_bucket{le=\"")) != NULL; buckets++) {
		at = strchr(at + 1, '}');
		below = strtoull(at + 1, NULL, 10);
		cr_expect_geq(below, last);
		last = below;
	}
	cr_expect_eq(buckets, HISTOGRAM_BOUNDS + 1);
	cr_expect_eq(last, 8);
	has("usher_handling_seconds_bucket{le=\"5e-05\"} 5");
	has("usher_handling_seconds_sum 20.001550");
	has("usher_handling_seconds_count 8");
	free(text);
}

static char *slurp(const char *path)
{
	FILE *f = fopen(path, "r");
	char *all = NULL;
	size_t cap = 0;

	cr_assert_not_null(f);
	cr_assert_gt(getdelim(&all, &cap, '\0', f), 0);
	fclose(f);
	return all;
}

Test(metrics, every_name_is_in_the_documentation_and_no_other)
{
	char *page = slurp("docs/control.md"), name[128], spaced[130];

	metrics();
	for (char *at = text; (at = strstr(at, "# HELP ")) != NULL; at++) {
		cr_assert_eq(sscanf(at, "# HELP %127s", name), 1);
		cr_expect_not_null(strstr(page, name), "%s is not in docs/control.md", name);
	}
	for (char *at = page; (at = strstr(at, "usher_")) != NULL; at++) {
		size_t n = strspn(at, "abcdefghijklmnopqrstuvwxyz_");

		if (strncmp(at, "usher_chk", 9) == 0)
			continue;
		snprintf(spaced, sizeof(spaced), "%.*s ", (int)n, at);
		cr_expect_not_null(strstr(text, spaced), "there is no %s", spaced);
	}
	free(page);
	free(text);
}

static void to_file(void *ctx, const char *piece, size_t n)
{
	fwrite(piece, 1, n, ctx);
}

static void json(void)
{
	FILE *f = open_memstream(&text, &len);
	struct writer w = writer_begin(to_file, f);

	writer_open_inline(&w, NULL, '{');
	status_write(&s, &w);
	writer_close(&w, '{');
	cr_assert_eq(fclose(f), 0);
}

Test(status, is_one_line_of_json_and_documented)
{
	char *page = slurp("docs/control.md");
	struct arena arena = { .last = NULL };
	const struct node *root;
	struct rule_error e;

	fill();
	s.paused = true;
	json();
	cr_expect_eq(strchr(text, '\n'), text + len - 1);
	root = node_parse(&arena, text, len, &e);
	cr_assert_not_null(root, "%s", e.text);
	for (const struct node *n = root->first; n != NULL; n = n->next)
		cr_expect_not_null(strstr(page, n->key), "%s is not in docs/control.md", n->key);
	cr_expect_str_eq(node_get(node_get(root, "last_error"), "text")->text, s.error);
	cr_expect_str_eq(node_get(root, "config")->text, s.config);
	cr_expect_eq(node_count(node_get(root, "causes")), CAUSE_COUNT);
	cr_expect_str_eq(node_get(node_get(root, "relay"), "sent")->text, "21");
	cr_expect_str_eq(node_get(node_get(root, "relay"), "failed")->text, "26");
	arena_done(&arena);
	free(text);
	free(page);
}

Test(status, lists_without_figures_are_empty)
{
	s.config = "";
	json();
	cr_expect_not_null(strstr(text, "\"causes\": []"), "%s", text);
	cr_expect_not_null(strstr(text, "\"servers\": []"), "%s", text);
	cr_expect_null(strstr(text, "last_error"), "%s", text);
	cr_expect_null(strstr(text, "\"relay\""), "%s", text);
	free(text);
}
