/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides the file: a capture of one packet without a link header (pcap, LINKTYPE_RAW). The names are
 * a fixed set and none is overwritten, so that the directory cannot be filled by who has found such
 * a packet, and the first ones, which tell most, stay.
 */
#include "relay/quarantine.h"

#include "dhcpcodec/frame.h"
#include "relay/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

enum { PATH_ROOM = 4200, LINKTYPE_RAW = 101, SERVER4 = 67, SERVER6 = 547, PXE = 4011 };

/*
 * Whether the packet is of the kind that a client sends; so is anything of which the ports are not
 * known.
 */
static bool is_query(const struct slot *s)
{
	struct frame f;

	frame_parse(&f, s->raw + s->in_off, s->in_len, 0);
	return !f.has_ports || f.dport == SERVER4 || f.dport == SERVER6 ||
		(f.sport != SERVER4 && f.sport != SERVER6 && f.sport != PXE);
}

enum slot_verdict quarantine_verdict(const struct quarantine *q, const struct slot *s)
{
	enum treat treat = is_query(s) ? q->query : q->response;

	return treat == TREAT_DROP ? SLOT_DROP : SLOT_ACCEPT;
}

/* An open file of a name that was free; -1 with errno, EEXIST: none is. */
static int create(const char *dir, char *path)
{
	for (int i = 0; i < QUARANTINE_FILES; i++) {
		int fd;

		snprintf(path, PATH_ROOM, "%s/packet-%02d.pcap", dir, i);
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (fd >= 0 || errno != EEXIST)
			return fd;
	}
	errno = EEXIST;
	return -1;
}

/* The headers of pcap-savefile(5), in the order of the host. */
static bool write_capture(int fd, const struct slot *s)
{
	const uint32_t file[6] = { 0xa1b2c3d4, 2 | 4 << 16, 0, 0, 0x40000, LINKTYPE_RAW };
	const uint32_t packet[4] = { (uint32_t)(s->time_ns / 1000000000),
		(uint32_t)(s->time_ns % 1000000000 / 1000), s->in_len, s->in_len };
	union {
		const void *in;
		void *out;
	} parts[] = { { file }, { packet }, { s->raw + s->in_off } };
	const struct iovec iov[] = { { parts[0].out, sizeof(file) },
		{ parts[1].out, sizeof(packet) }, { parts[2].out, s->in_len } };

	return writev(fd, iov, 3) == (ssize_t)(sizeof(file) + sizeof(packet) + s->in_len);
}

void quarantine_save(const struct quarantine *q, uint16_t queue, const struct slot *s)
{
	const char *verdict = quarantine_verdict(q, s) == SLOT_DROP ? "dropped" : "passed";
	static struct log_site site;
	char path[PATH_ROOM];
	int fd, err;
	bool saved;

	if (q->dir[0] == '\0') {
		log_limited(&site, LEVEL_ERROR, "queue %u: a packet killed two workers and is %s",
			queue, verdict);
		return;
	}
	fd = create(q->dir, path);
	saved = fd >= 0 && write_capture(fd, s);
	err = errno;
	if (fd >= 0)
		close(fd);
	if (saved)
		log_error("queue %u: a packet killed two workers and is %s; it is kept in %s: "
			"please send it to the developers of usher",
			queue, verdict, path);
	else
		log_limited(&site, LEVEL_ERROR,
			"queue %u: a packet killed two workers and is %s; it is not kept: %s: %s",
			queue, verdict, q->dir,
			err == EEXIST ? "there are enough already" : strerror(err));
}
