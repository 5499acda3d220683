/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why a queue could not be opened, in words with a remedy. */
#ifndef USHER_RELAY_QUEUE_ERROR_H
#define USHER_RELAY_QUEUE_ERROR_H

#include <stddef.h>
#include <stdint.h>

/*
 * Writes the reason for the negative errno that opening queue `number` gave, as far as this process
 * can find it out now. The kernel says EPERM both for a missing capability and for a queue that
 * somebody else has bound. dst is always terminated.
 */
void queue_error_text(int err, uint16_t number, char *dst, size_t cap);

#endif
