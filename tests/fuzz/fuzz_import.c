/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which format, and a file of it: every user that comes out of it is one that a registry takes, and
 * no line of an error has a character that is not printable.
 */
#include "registry/builder.h"
#include "registry/import.h"
#include "tests/fuzz/fuzz.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static char path[64];

static void put_file(const struct input *in)
{
	int fd;

	snprintf(path, sizeof(path), "/tmp/usher-fuzz-import-%ld", (long)getpid());
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	MUST(fd >= 0 && write(fd, in->p, in->n) == (ssize_t)in->n);
	close(fd);
}

static bool take_entry(void *ctx, const struct reg_entry *entry)
{
	struct reg_error err;

	MUST(builder_add(ctx, entry, &err) == REG_OK);
	return true;
}

static void check_text(const char *text)
{
	for (; *text != '\0'; text++)
		MUST(isprint((unsigned char)*text));
}

int fuzz_one(const uint8_t *data, size_t size)
{
	struct builder_options options = { .name = "fuzz" };
	struct input in = { data, size };
	const char *format = registry_import_format(take_byte(&in) % 4);
	struct reg_report report = { 0 };
	struct reg_error err = { "" };
	struct builder *b;

	MUST(builder_begin(&options, &b) == REG_OK);
	put_file(&in);
	if (registry_import(format, path, take_entry, b, &report, &err) != REG_OK)
		check_text(err.text);
	for (size_t i = 0; i < reg_report_kept(&report); i++)
		check_text(report.first[i].text);
	unlink(path);
	builder_free(b);
	return 0;
}
