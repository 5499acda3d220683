/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What can be asked of the daemon over its control socket: one table. docs/control.md.
 */
#ifndef USHER_RELAY_OPERATE_H
#define USHER_RELAY_OPERATE_H

#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>

/*
 * Answers one request, a JSON object in line[0..len), of the process `who`. daemon is a struct
 * daemon; for the main thread. Writes one line to out, whatever the request is. As in
 * relay/control.h.
 */
void operate(void *daemon, const struct ucred *who, const char *line, size_t len, FILE *out);

#endif
