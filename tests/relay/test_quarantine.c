/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "relay/quarantine.h"

#include "relay/capture.h"
#include "relay/log.h"
#include "tests/build.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct slot slot;
static struct build pkt;
static char dir[] = "/tmp/usher-quarantine-XXXXXX";

static void come(int family, uint16_t sport, uint16_t dport)
{
	static const uint8_t payload[300];

	pkt.len = 0;
	if (family == 6)
		build_ip6(&pkt, 17, "", sport, dport, payload, sizeof(payload));
	else
		build_ip4(&pkt, "", sport, dport, payload, sizeof(payload));
	slot.in_off = 100;
	slot.in_len = (uint32_t)pkt.len;
	slot.time_ns = 1234567890 * 1000000000ll + 4711000;
	memcpy(slot.raw + 100, pkt.b, pkt.len);
}

/* --- verdicts -------------------------------------------------------------------------------- */

static const struct {
	int family;
	uint16_t sport, dport;
	bool query;
} kinds[] = {
	{ 4, 68, 67, true }, { 4, 67, 68, false }, { 4, 67, 67, true }, { 4, 4011, 68, false },
	{ 4, 68, 4011, true }, { 4, 1024, 67, true }, { 4, 67, 1024, false },
	{ 6, 546, 547, true }, { 6, 547, 546, false }, { 6, 547, 547, true },
};

static const struct quarantine drops_queries = { .dir = "", .query = TREAT_DROP, .response = TREAT_PASS },
	drops_answers = { .dir = "", .query = TREAT_PASS, .response = TREAT_DROP };

Test(quarantine, verdicts)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		come(kinds[i].family, kinds[i].sport, kinds[i].dport);
		cr_expect_eq(quarantine_verdict(&drops_queries, &slot),
			kinds[i].query ? SLOT_DROP : SLOT_ACCEPT, "row %zu", i);
		cr_expect_eq(quarantine_verdict(&drops_answers, &slot),
			kinds[i].query ? SLOT_ACCEPT : SLOT_DROP, "row %zu", i);
	}
}

/* What says nothing of ports may be a client's. */
Test(quarantine, verdicts_of_stumps)
{
	for (uint32_t len = 0; len < 24; len++) {
		come(4, 67, 68);
		slot.in_len = len;
		cr_expect_eq(quarantine_verdict(&drops_queries, &slot), SLOT_DROP, "%u bytes", len);
	}
}

/* --- files ----------------------------------------------------------------------------------- */

static size_t files(void)
{
	DIR *d = opendir(dir);
	size_t n = 0;

	for (struct dirent *e = readdir(d); e != NULL; e = readdir(d))
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

static void setup(void)
{
	cr_redirect_stderr();
	cr_assert_not_null(mkdtemp(dir));
}

static void teardown(void)
{
	char path[128];

	for (int i = 0; i < QUARANTINE_FILES; i++) {
		snprintf(path, sizeof(path), "%s/packet-%02d.pcap", dir, i);
		unlink(path);
	}
	rmdir(dir);
}

TestSuite(quarantine_file, .init = setup, .fini = teardown);

/* Read as bytes: the headers of pcap-savefile(5), then the packet. */
Test(quarantine_file, one)
{
	const struct quarantine q = { .dir = dir, .query = TREAT_DROP };
	char path[128];
	uint32_t head[10];
	uint8_t bytes[2048];
	struct stat st;
	FILE *f;

	come(4, 68, 67);
	quarantine_save(&q, 67, &slot);
	snprintf(path, sizeof(path), "%s/packet-00.pcap", dir);
	cr_assert_eq(stat(path, &st), 0);
	cr_expect_eq(st.st_mode & 0777, 0600);
	f = fopen(path, "rb");
	cr_assert_eq(fread(head, 1, sizeof(head), f), sizeof(head));
	cr_assert_eq(fread(bytes, 1, sizeof(bytes), f), pkt.len);
	fclose(f);
	cr_expect(head[0] == 0xa1b2c3d4 && head[5] == 101);
	cr_expect(head[6] == 1234567890 && head[7] == 4711);
	cr_expect(head[8] == pkt.len && head[9] == pkt.len);
	cr_expect_arr_eq(bytes, pkt.b, pkt.len);
}

/* The first ones stay, and there are never more. */
Test(quarantine_file, bounded)
{
	const struct quarantine q = { .dir = dir, .query = TREAT_DROP };
	char path[128], first[4096], again[4096];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/packet-00.pcap", dir);
	for (int i = 0; i < QUARANTINE_FILES + 5; i++) {
		come(4, (uint16_t)(1000 + i), 67);
		quarantine_save(&q, 67, &slot);
		f = fopen(path, "rb");
		n = fread(i == 0 ? first : again, 1, sizeof(first), f);
		fclose(f);
		cr_expect(i == 0 || memcmp(first, again, n) == 0);
		cr_expect_eq(files(), (size_t)(i < QUARANTINE_FILES ? i + 1 : QUARANTINE_FILES));
	}
}

/* A link that somebody has laid there is not followed; the next name is taken. */
Test(quarantine_file, links_are_not_followed)
{
	const struct quarantine q = { .dir = dir, .query = TREAT_DROP };
	char path[128], target[128];

	snprintf(path, sizeof(path), "%s/packet-00.pcap", dir);
	snprintf(target, sizeof(target), "%s-target", dir);
	cr_assert_eq(symlink(target, path), 0);
	come(4, 68, 67);
	quarantine_save(&q, 67, &slot);
	cr_expect_neq(access(target, F_OK), 0);
	cr_expect_eq(files(), 2);
}

/* Without a directory, or without one that is there, nothing but a line in the log. */
Test(quarantine_file, nowhere)
{
	const struct quarantine none = { .dir = "", .query = TREAT_DROP },
		missing = { .dir = "/nonexistent", .response = TREAT_PASS };

	come(4, 68, 67);
	quarantine_save(&none, 67, &slot);
	quarantine_save(&missing, 67, &slot);
	cr_expect_eq(files(), 0);
}
