/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The source that reads a registry file: JSON lines, as docs/registry.md describes.
 */
#ifndef USHER_REGISTRY_SOURCE_FILE_H
#define USHER_REGISTRY_SOURCE_FILE_H

#include "registry/lines.h"
#include "registry/source.h"

struct source_file_options {
	const char *path;                /* the last component may not be a symbolic link */
	uint64_t max_bytes;              /* a longer file is refused; 0: SOURCE_FILE_MAX */
	unsigned int settle_ms;          /* how long a half written file must be still to be read */
	unsigned int held_ms;            /* and while its writer is seen to have it open, if more */
	bool watch;                      /* false: for one reading; no look(), stirred() */
	const struct reg_memory *memory; /* borrowed while the source lives; NULL: never refused */
	const struct file_io *io;        /* likewise; NULL: the system's */
};

#define SOURCE_FILE_MAX (UINT64_C(4) << 30)

/* Touches no file yet. REG_E_NOMEM; REG_E_OPEN: the path is empty or too long. */
enum reg_err source_file_new(const struct source_file_options *options, struct source **ret,
	struct reg_error *err);

#endif
