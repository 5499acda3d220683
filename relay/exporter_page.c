/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides how the files get into the program: by the assembler, as they are, so that the page needs
 * no build step and the program no files beside it.
 */
#include "relay/exporter_page.h"

#include <string.h>

#define EMBED(name, file) \
	extern const char name[], name##_end[]; \
	__asm__(".pushsection .rodata\n.global " #name "\n.hidden " #name "\n" #name ":\n" \
		".incbin \"relay/page/" file "\"\n.global " #name "_end\n.hidden " #name "_end\n" \
		#name "_end:\n.byte 0\n.popsection\n")

EMBED(page_html, "index.html");
EMBED(page_script, "usher.js");
EMBED(page_style, "usher.css");
EMBED(page_icon, "usher.svg");

static struct page_file files[] = {
	{ "/", "text/html; charset=utf-8", page_html, 0 },
	{ "/usher.js", "text/javascript; charset=utf-8", page_script, 0 },
	{ "/usher.css", "text/css; charset=utf-8", page_style, 0 },
	{ "/usher.svg", "image/svg+xml", page_icon, 0 },
};

static const char *const ends[] = { page_html_end, page_script_end, page_style_end,
	page_icon_end };

const struct page_file *page_file_find(const char *path)
{
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (strcmp(files[i].path, path) != 0)
			continue;
		files[i].len = (size_t)(ends[i] - files[i].text);
		return &files[i];
	}
	return NULL;
}
