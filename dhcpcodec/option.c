/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides the two tables (option4.inc, option6.inc), the suboptions of the one enterprise that has
 * names here (CableLabs, CL-SP-CANN-DHCP), and the ways to spell an option by number. What a type
 * means on the wire is value.c's business; whether the override column is obeyed is the caller's.
 * Names are compared by length first, so that a look-up in a table of 150 costs next to nothing and
 * needs no index that could be out of order.
 */
#include "dhcpcodec/option.h"

#include <stdio.h>
#include <string.h>

#define CABLELABS 4491
#define CARRIER(family) ((uint16_t)((family) == 4 ? 125 : 17))

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define DEF(f, c, n, r, o, ...) \
	.name = (n), .name_len = sizeof(n) - 1, .family = (f), .code = (c), .repeat = DHCP_##r, \
	.override = DHCP_##o, .type = { __VA_ARGS__ }

static const struct dhcp_option_def rows4[] = {
#define ROW(c, n, r, o, ...) { DEF(4, c, n, r, o, __VA_ARGS__) },
#include "dhcpcodec/option4.inc"
#undef ROW
};

static const struct dhcp_option_def rows6[] = {
#define ROW(c, n, r, o, ...) { DEF(6, c, n, r, o, __VA_ARGS__) },
#include "dhcpcodec/option6.inc"
#undef ROW
};

#define SUB(f, c, n, r, ...) \
	{ DEF(f, CARRIER(f), n, r, FREE, __VA_ARGS__), .suboption = (c), .enterprise = CABLELABS }

static const struct dhcp_option_def vendor_rows[] = {
	SUB(4, 1,  "oro",            LIST, DHCP_UINT8),
	SUB(4, 2,  "tftp-servers",   LIST, DHCP_IPV4),
	SUB(6, 1,  "oro",            LIST, DHCP_UINT16),
	SUB(6, 2,  "device-type",    ONE,  DHCP_STRING),
	SUB(6, 10, "vendor-name",    ONE,  DHCP_STRING),
	SUB(6, 32, "tftp-servers",   LIST, DHCP_IPV6),
	SUB(6, 33, "config-file",    ONE,  DHCP_STRING),
	SUB(6, 34, "syslog-servers", LIST, DHCP_IPV6),
	SUB(6, 36, "device-id",      ONE,  DHCP_BINARY),
	SUB(6, 37, "time-servers",   LIST, DHCP_IPV6),
	SUB(6, 38, "time-offset",    ONE,  DHCP_INT32),
};

struct type_info {
	const char *name;
	uint8_t min;
	bool fixed;
};

static const struct type_info type_infos[DHCP_TYPE_COUNT] = {
#define X(id, name, min, fixed, expected) [DHCP_##id] = { name, min, fixed },
	DHCP_TYPES(X)
#undef X
};

const struct dhcp_option_def *dhcp_option_table(unsigned family, size_t *ret_count)
{
	*ret_count = family == 4 ? COUNT(rows4) : family == 6 ? COUNT(rows6) : 0;
	return family == 4 ? rows4 : family == 6 ? rows6 : NULL;
}

const struct dhcp_option_def *dhcp_option_by_code(unsigned family, unsigned code)
{
	size_t lo = 0, hi;
	const struct dhcp_option_def *rows = dhcp_option_table(family, &hi);

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (rows[mid].code == code)
			return &rows[mid];
		if (rows[mid].code < code)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

static const struct dhcp_option_def *by_name(unsigned family, const char *name, size_t len)
{
	size_t n;
	const struct dhcp_option_def *rows = dhcp_option_table(family, &n);

	for (size_t i = 0; i < n; i++) {
		if (rows[i].name_len == len && memcmp(rows[i].name, name, len) == 0)
			return &rows[i];
	}
	return NULL;
}

/* If the text at *p starts with word, steps over it. */
static bool skip_word(const char **p, const char *end, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(end - *p) < n || memcmp(*p, word, n) != 0)
		return false;
	*p += n;
	return true;
}

/* Reads decimal digits at *p, at least one and without a leading zero, as a number up to max. */
static bool read_number(const char **p, const char *end, uint32_t max, uint32_t *ret)
{
	const char *start = *p;
	uint64_t v = 0;

	for (; *p < end && **p >= '0' && **p <= '9'; (*p)++) {
		v = v * 10 + (uint64_t)(**p - '0');
		if (v > max)
			return false;
	}
	*ret = (uint32_t)v;
	return *p > start && (*start != '0' || *p == start + 1);
}

static struct dhcp_option_def nameless(unsigned family, uint32_t code)
{
	struct dhcp_option_def def = { .family = (uint8_t)family, .code = (uint16_t)code };

	def.type[0] = DHCP_BINARY;
	return def;
}

static bool find_by_number(unsigned family, const char *p, const char *end,
	struct dhcp_option_def *ret)
{
	const struct dhcp_option_def *row;
	uint32_t code;

	if (!skip_word(&p, end, family == 4 ? "option-" : "option6-"))
		return false;
	if (!read_number(&p, end, family == 4 ? 255 : 65535, &code) || p != end)
		return false;
	if (family == 6 && code == 0)
		return false;
	row = dhcp_option_by_code(family, code);
	*ret = row != NULL ? *row : nameless(family, code);
	return true;
}

static bool find_suboption(unsigned family, const char *p, const char *end,
	struct dhcp_option_def *ret)
{
	uint32_t enterprise, code = 0;
	bool number;

	if (!skip_word(&p, end, "vendor-") || !read_number(&p, end, UINT32_MAX, &enterprise) ||
		!skip_word(&p, end, "."))
		return false;
	number = p < end && *p >= '0' && *p <= '9';
	if (number && (!read_number(&p, end, family == 4 ? 254 : 65535, &code) || p != end ||
		code == 0))
		return false;
	for (size_t i = 0; i < COUNT(vendor_rows); i++) {
		const struct dhcp_option_def *row = &vendor_rows[i];

		if (row->family != family || row->enterprise != enterprise)
			continue;
		if (number ? row->suboption == code : row->name_len == (size_t)(end - p) &&
			memcmp(row->name, p, row->name_len) == 0) {
			*ret = *row;
			return true;
		}
	}
	if (!number)
		return false;
	*ret = nameless(family, CARRIER(family));
	ret->suboption = (uint16_t)code;
	ret->enterprise = enterprise;
	return true;
}

bool dhcp_option_find(unsigned family, const char *name, size_t len, struct dhcp_option_def *ret)
{
	const struct dhcp_option_def *row;

	if (family != 4 && family != 6)
		return false;
	row = by_name(family, name, len);
	if (row != NULL) {
		*ret = *row;
		return true;
	}
	return find_by_number(family, name, name + len, ret) ||
		find_suboption(family, name, name + len, ret);
}

size_t dhcp_option_name(const struct dhcp_option_def *def, char *buf, size_t cap)
{
	int n;

	if (def->suboption != 0 && def->name != NULL)
		n = snprintf(buf, cap, "vendor-%u.%s", def->enterprise, def->name);
	else if (def->suboption != 0)
		n = snprintf(buf, cap, "vendor-%u.%u", def->enterprise, def->suboption);
	else if (def->name != NULL)
		n = snprintf(buf, cap, "%s", def->name);
	else
		n = snprintf(buf, cap, def->family == 4 ? "option-%u" : "option6-%u", def->code);
	return (size_t)n;
}

const char *dhcp_type_name(unsigned type)
{
	if (type == DHCP_TYPE_END || type >= DHCP_TYPE_COUNT)
		return "?";
	return type_infos[type].name;
}

size_t dhcp_option_type(const struct dhcp_option_def *def, char *buf, size_t cap)
{
	size_t pos = 0;

	for (size_t i = 0; def->type[i] != DHCP_TYPE_END; i++) {
		bool last = def->type[i + 1] == DHCP_TYPE_END;
		const char *lead = i > 0 ? ", " : "";
		const char *list = "";

		if (i == 0 && def->repeat == DHCP_GROUPS)
			list = "list of groups of ";
		else if (last && def->repeat == DHCP_LIST)
			list = "list of ";
		pos += (size_t)snprintf(pos < cap ? buf + pos : NULL, pos < cap ? cap - pos : 0,
			"%s%s%s", lead, list, dhcp_type_name(def->type[i]));
	}
	return pos;
}

bool dhcp_option_fits(const struct dhcp_option_def *def, size_t len)
{
	size_t total = 0, last = 0;
	bool fixed = true;

	for (size_t i = 0; def->type[i] != DHCP_TYPE_END; i++) {
		last = type_infos[def->type[i]].min;
		total += last;
		fixed = fixed && type_infos[def->type[i]].fixed;
	}
	if (!fixed)
		return len >= total;
	if (def->repeat == DHCP_GROUPS)
		return len > 0 && total > 0 && len % total == 0;
	if (def->repeat == DHCP_LIST)
		return len >= total && last > 0 && (len - total) % last == 0;
	return len == total;
}
