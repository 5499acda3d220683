/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daytime: an option that answers carry at certain times of the day only. "from" and "to" are local
 * times; from 22:00 to 06:00 is the night. Options as docs/options.md names them.
 *
 *   { "library": ".../daytime.so", "parameters": { "from": "22:00", "to": "06:00",
 *     "option": "domain-name-servers", "value": "192.0.2.53" } }
 *
 * "option6" and "value6" are for DHCPv6.
 */
#include <usher/hooks.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct daytime {
	int from, to;            /* minutes of the day */
	const char *option[2], *value[2];
};

int version(void)
{
	return USHER_HOOKS_VERSION;
}

int multi_threading_compatible(void)
{
	return 1;
}

/* "22:00" as minutes; -1 if it is none. */
static int minutes(const struct usher_value *v)
{
	unsigned hours, rest;

	if (sscanf(usher_value_text(v, ""), "%2u:%2u", &hours, &rest) != 2 || hours > 24 || rest > 59)
		return -1;
	return (int)(hours * 60 + rest);
}

int load(struct usher_library *lib)
{
	const struct usher_value *p = usher_parameters(lib);
	struct daytime *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return 1;
	usher_set_data(lib, d);
	d->from = minutes(usher_value_get(p, "from"));
	d->to = minutes(usher_value_get(p, "to"));
	d->option[0] = usher_value_text(usher_value_get(p, "option"), NULL);
	d->value[0] = usher_value_text(usher_value_get(p, "value"), NULL);
	d->option[1] = usher_value_text(usher_value_get(p, "option6"), NULL);
	d->value[1] = usher_value_text(usher_value_get(p, "value6"), NULL);
	if (d->from >= 0 && d->to >= 0 && (d->option[0] == NULL) == (d->value[0] == NULL) &&
		(d->option[1] == NULL) == (d->value[1] == NULL))
		return 0;
	usher_log(lib, USHER_ERROR,
		"expected \"from\" and \"to\" as \"22:00\", and an option with its value");
	return 1;
}

int unload(struct usher_library *lib)
{
	free(usher_data(lib));
	return 0;
}

static bool is_time(const struct daytime *d)
{
	time_t now = time(NULL);
	struct tm tm;
	int minute;

	localtime_r(&now, &tm);
	minute = tm.tm_hour * 60 + tm.tm_min;
	if (d->from <= d->to)
		return d->from <= minute && minute < d->to;
	return minute >= d->from || minute < d->to;
}

static int add(struct usher_callout *c, const char *name, int v6)
{
	const struct daytime *d = usher_data(usher_library_of(c));
	int rc;

	if (d->option[v6] == NULL || usher_get_step(c) != USHER_CONTINUE || !is_time(d))
		return 0;
	rc = usher_set_option_text(usher_get_packet(c, name), d->option[v6], d->value[v6]);
	return rc == USHER_E_NO_SPACE || rc == USHER_E_READ_ONLY ? 0 : rc;
}

int pkt4_send(struct usher_callout *c)
{
	return add(c, "response4", 0);
}

int pkt6_send(struct usher_callout *c)
{
	return add(c, "response6", 1);
}
