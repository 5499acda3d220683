/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides sd_listen_fds_with_names(3), and FDSTORE=, FDSTOREREMOVE= and FDPOLL= of sd_notify(3). That
 * there is a store is said by $FDSTORE: systemd sets it from version 254 on, for older ones the
 * unit does.
 */
#include "relay/store.h"

#include "relay/notify.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FIRST_FD = 3 };                   /* SD_LISTEN_FDS_START */

static const char prefix[] = "queue-";

static unsigned long number_in(const char *variable)
{
	const char *text = getenv(variable);

	return text != NULL ? strtoul(text, NULL, 10) : 0;
}

/*
 * The number in "queue-NUMBER", which ends at a colon or at the end of the text; -1: it is another
 * name.
 */
static long queue_of(const char *name)
{
	unsigned long n;
	char *end;

	if (strncmp(name, prefix, strlen(prefix)) != 0)
		return -1;
	name += strlen(prefix);
	n = strtoul(name, &end, 10);
	return end != name && (*end == '\0' || *end == ':') && n <= UINT16_MAX ? (long)n : -1;
}

static void take_one(struct store *s, int fd, const char *name)
{
	long queue = queue_of(name);

	if (queue < 0 || s->count == STORE_MOST || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
		close(fd);
		return;
	}
	s->all[s->count].fd = fd;
	s->all[s->count++].queue = (uint16_t)queue;
}

void store_take(struct store *s)
{
	bool ours = number_in("LISTEN_PID") == (unsigned long)getpid();
	unsigned long count = ours ? number_in("LISTEN_FDS") : 0;
	const char *name = getenv("LISTEN_FDNAMES");

	*s = (struct store){ .open = number_in("FDSTORE") > 0 && getenv("NOTIFY_SOCKET") != NULL };
	for (unsigned long i = 0; i < count && name != NULL; i++) {
		take_one(s, FIRST_FD + (int)i, name);
		name = strchr(name, ':');
		name = name != NULL ? name + 1 : NULL;
	}
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
}

int store_fetch(struct store *s, uint16_t queue)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->all[i].fd >= 0 && s->all[i].queue == queue) {
			int fd = s->all[i].fd;

			s->all[i].fd = -1;
			return fd;
		}
	return -1;
}

/*
 * systemd gives up a descriptor that poll(2) reports an error of, and an overrun of a netlink
 * socket is one: FDPOLL=0.
 */
bool store_keep(const struct store *s, uint16_t queue, int fd)
{
	char text[64];

	snprintf(text, sizeof(text), "FDSTORE=1\nFDNAME=%s%u\nFDPOLL=0", prefix, queue);
	return s->open && notify_send_fd(text, fd) == 0;
}

void store_forget(const struct store *s, uint16_t queue)
{
	if (s->open)
		notify_say("FDSTOREREMOVE=1\nFDNAME=%s%u", prefix, queue);
}

void store_done(struct store *s)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->all[i].fd >= 0) {
			close(s->all[i].fd);
			store_forget(s, s->all[i].queue);
		}
	s->count = 0;
}
