/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SipHash-1-3 (Aumasson, Bernstein: "SipHash: a fast short-input PRF", with one round a block and
 * three at the end, as Rust's and Python's hash tables use it): ids come from packets, and without
 * the key nobody can choose ids that fall into one bucket.
 */
#ifndef USHER_REGISTRY_SIPHASH_H
#define USHER_REGISTRY_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t siphash13(const uint8_t key[static 16], const void *data, size_t len);

#endif
