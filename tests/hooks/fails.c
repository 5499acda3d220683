/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Goes wrong as "parameters" says: { "load": true } refuses to be loaded; { "error": true } returns
 * 7 from pkt4_receive; { "slow_ms": N } takes so long there; { "corrupt": true } puts garbage in
 * the place of an answer; { "unparked": true } parks queries and never lets them go; { "scribble":
 * true } writes into the message where it may not.
 */
#include "usher/hooks.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

struct faults {
	bool error, corrupt, unparked, scribble;
	int64_t slow_ms;
};

int version(void)
{
	return USHER_HOOKS_VERSION;
}

int load(struct usher_library *lib)
{
	const struct usher_value *p = usher_parameters(lib);
	struct faults *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return 1;
	usher_set_data(lib, f);
	f->error = usher_value_bool(usher_value_get(p, "error"), false);
	f->corrupt = usher_value_bool(usher_value_get(p, "corrupt"), false);
	f->unparked = usher_value_bool(usher_value_get(p, "unparked"), false);
	f->scribble = usher_value_bool(usher_value_get(p, "scribble"), false);
	f->slow_ms = usher_value_int(usher_value_get(p, "slow_ms"), 0);
	return usher_value_bool(usher_value_get(p, "load"), false) ? 3 : 0;
}

int unload(struct usher_library *lib)
{
	free(usher_data(lib));
	return 0;
}

int pkt4_receive(struct usher_callout *c)
{
	const struct faults *f = usher_data(usher_library_of(c));
	struct timespec ts = { f->slow_ms / 1000, f->slow_ms % 1000 * 1000000 };

	if (f->slow_ms > 0)
		nanosleep(&ts, NULL);
	if (f->unparked)
		usher_park(c, NULL);
	return f->error ? 7 : 0;
}

int pkt4_send(struct usher_callout *c)
{
	const struct faults *f = usher_data(usher_library_of(c));
	struct usher_packet *p = usher_get_packet(c, "response4");
	const uint8_t *val;
	size_t len;
	uint8_t *at;

	if (!f->scribble || usher_set_option_text(p, "domain-name", "example.com") != USHER_OK ||
		usher_get_option(p, 15, &val, &len) != USHER_OK)
		return 0;
	memcpy(&at, &val, sizeof(at));
	at[-1] = 255;
	return 0;
}

int buffer4_send(struct usher_callout *c)
{
	const struct faults *f = usher_data(usher_library_of(c));
	struct usher_packet *p = usher_get_packet(c, "response4");
	uint8_t garbage[300];

	if (!f->corrupt)
		return 0;
	memset(garbage, 0x5a, sizeof(garbage));
	return usher_replace_message(p, garbage, sizeof(garbage)) == USHER_E_MALFORMED ? 0 : 9;
}
