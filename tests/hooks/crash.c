/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dies of every query of a client whose id ends in 66, as a library with a bug would; the parameter
 * "how" is "segv", "abort", "file" (opens one, which it is told it may not, and survives) or
 * "netlink" (likewise).
 */
#include <usher/hooks.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

int version(void)
{
	return USHER_HOOKS_VERSION;
}

int load(struct usher_library *lib)
{
	const char *how = usher_value_text(usher_value_get(usher_parameters(lib), "how"), "segv");

	usher_set_data(lib, strdup(how));
	return usher_data(lib) == NULL;
}

int unload(struct usher_library *lib)
{
	free(usher_data(lib));
	return 0;
}

static int strike(const char *how)
{
	volatile int *nowhere = NULL;

	if (strcmp(how, "abort") == 0)
		abort();
	if (strcmp(how, "file") == 0)
		return open("/etc/hostname", O_RDONLY) >= 0;
	if (strcmp(how, "netlink") == 0)
		return socket(AF_NETLINK, SOCK_RAW, 12) >= 0;
	*nowhere = 1;
	return 1;
}

static int look(struct usher_callout *c, const char *name)
{
	const uint8_t *id;
	const char *type;
	size_t len;

	if (usher_identity(usher_get_packet(c, name), &type, &id, &len) != USHER_OK || len == 0 ||
		id[len - 1] != 0x66)
		return 0;
	return strike(usher_data(usher_library_of(c)));
}

int pkt4_receive(struct usher_callout *c)
{
	return look(c, "query4");
}

int pkt6_receive(struct usher_callout *c)
{
	return look(c, "query6");
}
