/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory that ends at a page nobody may touch: one byte read or written past the end of a packet
 * ends the test.
 */
#ifndef USHER_TESTS_GUARD_H
#define USHER_TESTS_GUARD_H

#include <stddef.h>
#include <stdint.h>

/*
 * n bytes flush against a PROT_NONE page, copied from src (NULL: zeros). Give back with
 * guard_free().
 */
uint8_t *guard_copy(const void *src, size_t n);
void guard_free(uint8_t *p, size_t n);

#endif
