/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One file, opened, refused, filled, rotated and removed; what is in it is whole records. */
#include "relay/outcome_file.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static const char record[] = "id_type=HW_ADDR\nclient=hwtype=1 0c:0e:0a:01:ff:04\n"
	"addr=192.0.2.100\nregistered=yes\n\n";
enum { RECORD = sizeof(record) - 1 };

static char dir[] = "/tmp/usher-outcome-XXXXXX", path[64], other[64], err_text[512];
static struct outcome_file file;

static void setup(void)
{
	cr_assert_not_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/outcome.txt", dir);
	snprintf(other, sizeof(other), "%s/other", dir);
}

static void teardown(void)
{
	unlink(path);
	rmdir(path);
	unlink(other);
	rmdir(dir);
}

TestSuite(outcome_file, .init = setup, .fini = teardown, .timeout = 20);

static void must_open(void)
{
	cr_assert_eq(outcome_file_open(&file, path, false, err_text, sizeof(err_text)), 0, "%s",
		err_text);
}

static size_t size_of(const char *name)
{
	struct stat st;

	return stat(name, &st) == 0 ? (size_t)st.st_size : SIZE_MAX;
}

static void must_append(void)
{
	size_t done;

	cr_assert_eq(outcome_file_append(&file, record, RECORD, &done), 0);
	cr_assert_eq(done, RECORD);
}

Test(outcome_file, created_0640_whatever_the_umask)
{
	struct stat st;

	umask(0777);
	must_open();
	cr_assert_eq(stat(path, &st), 0);
	cr_assert_eq(st.st_mode & 07777, 0640);
	outcome_file_close(&file);
}

Test(outcome_file, what_is_there_already_is_kept)
{
	struct stat st;
	int fd = open(path, O_CREAT | O_WRONLY, 0604);

	cr_assert_eq(write(fd, record, RECORD), RECORD);
	fchmod(fd, 0604);
	close(fd);
	must_open();
	must_append();
	cr_assert_eq(stat(path, &st), 0);
	cr_assert_eq(st.st_size, 2 * RECORD);
	cr_assert_eq(st.st_mode & 07777, 0604);
}

static void must_refuse(const char *words)
{
	cr_assert_lt(outcome_file_open(&file, path, false, err_text, sizeof(err_text)), 0);
	cr_assert_not_null(strstr(err_text, words), "%s", err_text);
	cr_assert_not_null(strstr(err_text, path), "%s", err_text);
}

Test(outcome_file, refuses_a_symbolic_link)
{
	cr_assert_eq(symlink(other, path), 0);
	must_refuse("is a symbolic link");
	cr_assert_eq(size_of(other), SIZE_MAX, "the link was followed");
}

Test(outcome_file, refuses_a_directory)
{
	cr_assert_eq(mkdir(path, 0700), 0);
	must_refuse("is a directory");
}

Test(outcome_file, refuses_a_fifo_with_and_without_a_reader)
{
	int fd;

	cr_assert_eq(mkfifo(path, 0600), 0);
	must_refuse("is a FIFO");
	fd = open(path, O_RDONLY | O_NONBLOCK);
	must_refuse("is a FIFO");
	close(fd);
}

Test(outcome_file, refuses_a_device)
{
	snprintf(path, sizeof(path), "/dev/null");
	must_refuse("not a regular file");
	snprintf(path, sizeof(path), "%s/outcome.txt", dir);
}

Test(outcome_file, names_a_missing_directory)
{
	char saved[64];

	memcpy(saved, path, sizeof(saved));
	snprintf(path, sizeof(path), "%s/no/such", dir);
	must_refuse("directory does not exist: create it");
	memcpy(path, saved, sizeof(saved));
}

Test(outcome_file, counts_records_and_finds_the_last_whole_one)
{
	char two[2 * RECORD + 1];

	must_open();
	memcpy(two, record, RECORD);
	memcpy(two + RECORD, record, RECORD);
	for (size_t n = 0; n <= 2 * RECORD; n++) {
		cr_assert_eq(outcome_file_whole(&file, two, n), n / RECORD * RECORD);
		cr_assert_eq(outcome_file_records(&file, two, n), n / RECORD);
	}
	outcome_file_close(&file);
	cr_assert_eq(outcome_file_open(&file, path, true, err_text, sizeof(err_text)), 0);
	cr_assert_eq(outcome_file_records(&file, "{}\n{}\n{", 7), 2);
	cr_assert_eq(outcome_file_whole(&file, "{}\n{}\n{", 7), 6);
}

/* RLIMIT_FSIZE gives a short write and then EFBIG, at every place of a record. */
Test(outcome_file, a_short_write_leaves_no_torn_record)
{
	char three[3 * RECORD];

	signal(SIGXFSZ, SIG_IGN);
	for (size_t i = 0; i < 3; i++)
		memcpy(three + i * RECORD, record, RECORD);
	must_open();
	for (size_t limit = 0; limit < 3 * RECORD; limit++) {
		struct rlimit rl = { limit, RLIM_INFINITY };
		size_t done;

		cr_assert_eq(ftruncate(file.fd, 0), 0);
		setrlimit(RLIMIT_FSIZE, &rl);
		cr_assert_eq(outcome_file_append(&file, three, sizeof(three), &done), -EFBIG);
		rl.rlim_cur = RLIM_INFINITY;
		setrlimit(RLIMIT_FSIZE, &rl);
		cr_assert_eq(done, limit / RECORD * RECORD);
		cr_assert_eq(size_of(path), done);
		cr_assert_not(file.ragged);
	}
}

static ssize_t write_half_and_let_others_append(int fd, const void *buf, size_t n)
{
	static bool broken;
	int fd2;

	if (broken) {
		broken = false;
		errno = EIO;
		return -1;
	}
	broken = true;
	cr_assert_eq(write(fd, buf, n / 2), (ssize_t)(n / 2));
	fd2 = open(path, O_WRONLY | O_APPEND);
	cr_assert_eq(write(fd2, "theirs\n\n", 8), 8);
	close(fd2);
	return (ssize_t)(n / 2);
}

/* Somebody has appended behind our torn piece: it may not be cut off, so it is closed instead. */
Test(outcome_file, a_piece_that_cannot_be_cut_off_is_ended)
{
	char text[3 * RECORD] = "";
	size_t done;
	int fd;

	must_open();
	file.write = write_half_and_let_others_append;
	cr_assert_eq(outcome_file_append(&file, record, RECORD, &done), -EIO);
	cr_assert_eq(done, 0);
	cr_assert(file.ragged);
	file.write = write;
	must_append();
	cr_assert_not(file.ragged);
	fd = open(path, O_RDONLY);
	cr_assert_gt(read(fd, text, sizeof(text) - 1), 0);
	cr_assert_not_null(strstr(text, "theirs\n\n\n\n"), "%s", text);
	cr_assert_not_null(strstr(text, record));
}

Test(outcome_file, follows_its_path)
{
	must_open();
	must_append();
	cr_assert_eq(outcome_file_follow(&file, false, err_text, sizeof(err_text)), 0);
	cr_assert_eq(rename(path, other), 0);
	must_append();
	cr_assert_eq(size_of(other), 2 * RECORD);
	cr_assert_eq(outcome_file_follow(&file, false, err_text, sizeof(err_text)), 1);
	must_append();
	cr_assert_eq(size_of(path), RECORD);
	cr_assert_eq(outcome_file_follow(&file, true, err_text, sizeof(err_text)), 1);
	must_append();
	cr_assert_eq(size_of(path), 2 * RECORD);
}

Test(outcome_file, truncation_by_others_does_no_harm)
{
	must_open();
	must_append();
	cr_assert_eq(truncate(path, 0), 0);
	must_append();
	cr_assert_eq(size_of(path), RECORD);
}

Test(outcome_file, keeps_the_old_file_when_the_path_cannot_be_opened)
{
	must_open();
	cr_assert_eq(rename(path, other), 0);
	cr_assert_eq(symlink("/dev/null", path), 0);
	cr_assert_lt(outcome_file_follow(&file, false, err_text, sizeof(err_text)), 0);
	cr_assert_not_null(strstr(err_text, "is a symbolic link"));
	cr_assert(outcome_file_reachable(&file));
	must_append();
	cr_assert_eq(size_of(other), RECORD);
	cr_assert_eq(unlink(other), 0);
	cr_assert_not(outcome_file_reachable(&file));
}
