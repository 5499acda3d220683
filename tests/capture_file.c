/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The classic pcap format, link type raw IP, in host byte order. */
#include "tests/capture_file.h"

#include <stdio.h>
#include <stdlib.h>

enum { LINKTYPE_RAW = 101 };

struct capture_file {
	FILE *in, *out, *names;
};

static FILE *open_file(const char *prefix, const char *suffix)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s%s", prefix, suffix);
	f = fopen(path, "we");
	if (f == NULL) {
		perror(path);
		exit(1);
	}
	return f;
}

static FILE *open_pcap(const char *prefix, const char *suffix)
{
	static const uint32_t head[6] = { 0xa1b2c3d4, 0x00040002, 0, 0, 65535, LINKTYPE_RAW };
	FILE *f = open_file(prefix, suffix);

	fwrite(head, sizeof(head), 1, f);
	return f;
}

struct capture_file *capture_file_new(const char *prefix)
{
	struct capture_file *f = calloc(1, sizeof(*f));

	f->in = open_pcap(prefix, ".in.pcap");
	f->out = open_pcap(prefix, ".out.pcap");
	f->names = open_file(prefix, ".names");
	return f;
}

static void put(FILE *f, const uint8_t *pkt, size_t len)
{
	uint32_t head[4] = { 1700000000, 0, (uint32_t)len, (uint32_t)len };

	fwrite(head, sizeof(head), 1, f);
	fwrite(pkt, len, 1, f);
}

void capture_file_put(struct capture_file *f, const char *name, const uint8_t *in, size_t in_len,
	const uint8_t *out, size_t out_len)
{
	put(f->in, in, in_len);
	put(f->out, out, out_len);
	fprintf(f->names, "%s\n", name);
}

void capture_file_free(struct capture_file *f)
{
	if (fclose(f->in) != 0 || fclose(f->out) != 0 || fclose(f->names) != 0) {
		perror("capture file");
		exit(1);
	}
	free(f);
}
