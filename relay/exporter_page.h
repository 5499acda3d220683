/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files of the web page, relay/page/, as they are in the program. */
#ifndef USHER_RELAY_EXPORTER_PAGE_H
#define USHER_RELAY_EXPORTER_PAGE_H

#include <stddef.h>

struct page_file {
	const char *path;            /* of the URL */
	const char *type;            /* Content-Type */
	const char *text;
	size_t len;
};

/* NULL: there is no such file. */
const struct page_file *page_file_find(const char *path);

#endif
