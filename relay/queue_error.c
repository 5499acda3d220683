/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides how the kernel's few errnos for a failed bind are told apart. EPERM is looked into in the
 * order in which the kernel itself checks: first the capability, then the owner of the queue, and
 * what is left is a capability that counts in another user namespace only.
 */
#include "relay/queue_error.h"

#include "relay/queue_table.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool may_administrate(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { { 0 } };

	if (syscall(SYS_capget, &head, data) != 0)
		return false;
	return (data[0].effective & 1u << CAP_NET_ADMIN) != 0;
}

static void explain_eperm(uint16_t number, char *dst, size_t cap)
{
	struct queue_row row;
	char owner[320];
	int err;

	if (!may_administrate()) {
		snprintf(dst, cap,
			"queue %u: not permitted without CAP_NET_ADMIN: run as root, or with "
			"AmbientCapabilities=CAP_NET_ADMIN in the unit",
			number);
		return;
	}
	err = queue_table_find(number, &row);
	if (err == -EACCES) {
		snprintf(dst, cap,
			"queue %u is bound by somebody whom only root can see (/proc/net/netfilter/"
			"nfnetlink_queue): stop it, or choose another number in \"queues\" and in the "
			"rules; or this network namespace belongs to another user namespace",
			number);
		return;
	}
	if (err == 0) {
		queue_table_owner(row.port_id, owner, sizeof(owner));
		snprintf(dst, cap,
			"queue %u is already bound by %s: stop it, or choose another number in "
			"\"queues\" and in the rules",
			number, owner);
		return;
	}
	snprintf(dst, cap,
		"queue %u: not permitted although CAP_NET_ADMIN is there: the network namespace "
		"belongs to another user namespace; start usher in the one it was made in",
		number);
}

void queue_error_text(int err, uint16_t number, char *dst, size_t cap)
{
	switch (-err) {
	case EPERM:
		explain_eperm(number, dst, cap);
		break;
	case EBUSY:
		snprintf(dst, cap, "queue %u is given twice: name each number once in \"queues\"",
			number);
		break;
	case EINVAL:
	case EOPNOTSUPP:
	case EPROTONOSUPPORT:
	case EAFNOSUPPORT:
		snprintf(dst, cap,
			"queue %u: this kernel offers no NFQUEUE (%s): modprobe nfnetlink_queue, "
			"or use a kernel with CONFIG_NETFILTER_NETLINK_QUEUE",
			number, strerror(-err));
		break;
	case ETIMEDOUT:
		snprintf(dst, cap, "queue %u: the kernel did not answer", number);
		break;
	default:
		snprintf(dst, cap, "queue %u: %s", number, strerror(-err));
		break;
	}
}
