/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The option dictionary: code, name, type and whether usher may set it, for every option of the
 * IANA registries (BOOTP/DHCP parameters, DHCPv6 parameters). Names are Kea's; where Kea has none,
 * the registry's name in Kea's spelling. docs/options.md shows it as a table.
 */
#ifndef USHER_DHCPCODEC_OPTION_H
#define USHER_DHCPCODEC_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The types of a field: enumerator, name, how many bytes it takes at least, whether always just
 * that many, and what to write for it, fit to follow "expected ".
 */
#define DHCP_TYPES(X) \
	X(IPV4,         "ipv4-address",  4, true,  "an IPv4 address such as 192.0.2.1") \
	X(IPV6,         "ipv6-address", 16, true,  "an IPv6 address such as 2001:db8::1") \
	X(PREFIX6,      "ipv6-prefix",   1, false, "an IPv6 prefix such as 2001:db8::/32") \
	X(UINT8,        "uint8",         1, true,  "a number from 0 to 255") \
	X(UINT16,       "uint16",        2, true,  "a number from 0 to 65535") \
	X(UINT32,       "uint32",        4, true,  "a number from 0 to 4294967295") \
	X(INT8,         "int8",          1, true,  "a number from -128 to 127") \
	X(INT16,        "int16",         2, true,  "a number from -32768 to 32767") \
	X(INT32,        "int32",         4, true,  "a number from -2147483648 to 2147483647") \
	X(BOOLEAN,      "boolean",       1, true,  "true or false") \
	X(EMPTY,        "empty",         0, true,  "true, as the option has no value") \
	X(STRING,       "string",        1, false, "a text of at least one character") \
	X(BINARY,       "binary",        0, false, "pairs of hex digits such as hex:c0ffee") \
	X(FQDN,         "fqdn",          1, false, "a domain name such as host.example.com") \
	X(SEARCH,       "compressed-fqdn", 1, false, "a domain name such as example.com") \
	X(CLIENT_NAME,  "client-fqdn",   1, false, "a client's name such as host.example.com.") \
	X(ROUTE4,       "ipv4-route",    5, false, "a route such as 10.0.0.0/8 - 192.0.2.1") \
	X(TUPLE8,       "tuple8",        1, false, "a text, or bytes such as 0xc0ffee") \
	X(TUPLE16,      "tuple16",       2, false, "a text, or bytes such as 0xc0ffee") \
	X(SUBOPTION8,   "suboption8",    2, false, "a suboption such as 1=text or 254=0xc0ffee") \
	X(SUBOPTION16,  "suboption16",   4, false, "a suboption such as 1=text or 65535=0xc0ffee") \
	X(SUBOPTIONS8,  "suboptions8",   3, false, "a suboption such as 1=text or 254=0xc0ffee") \
	X(SIP4,         "sip-servers",   2, false, "IPv4 addresses or domain names, not both") \
	X(NTP6,         "ntp-server",    5, false, "an IPv6 address or a domain name")

enum dhcp_type {
	DHCP_TYPE_END = 0,
#define X(id, name, min, fixed, expected) DHCP_##id,
	DHCP_TYPES(X)
#undef X
	DHCP_TYPE_COUNT
};

/* How the fields of an option repeat. */
enum dhcp_repeat {
	DHCP_ONE,   /* the fields, once */
	DHCP_LIST,  /* the last field once or more */
	DHCP_GROUPS /* all fields together once or more */
};

/* Whether a configured value may take the place of the server's. */
enum dhcp_override {
	DHCP_FREE,  /* yes */
	DHCP_CLAMP, /* only shortened, together with the lease time */
	DHCP_NEVER  /* no: the protocol, the lease or a relay agent speaks through it */
};

#define DHCP_OPTION_FIELDS 5

/* One option, or one suboption of an enterprise's vendor options. Plain data, may be copied. */
struct dhcp_option_def {
	const char *name;    /* static; NULL if it is known by number only */
	uint8_t name_len;
	uint8_t family;      /* 4 or 6 */
	uint8_t repeat;      /* enum dhcp_repeat */
	uint8_t override;    /* enum dhcp_override */
	uint16_t code;       /* for a vendor suboption: of the option that carries it, 125 or 17 */
	uint16_t suboption;  /* 0: the option itself */
	uint32_t enterprise; /* of the suboption, host order */
	uint8_t type[DHCP_OPTION_FIELDS + 1]; /* enum dhcp_type, ended by DHCP_TYPE_END */
};

/* The rows of a family (4 or 6) by rising code; *ret_count of them, static. */
const struct dhcp_option_def *dhcp_option_table(unsigned family, size_t *ret_count);

/* The row of a code, or NULL: unassigned, or no such family. */
const struct dhcp_option_def *dhcp_option_by_code(unsigned family, unsigned code);

/*
 * Finds an option of one family by what a user writes:
 *   routers          a name of the dictionary
 *   option-224       a v4 option by number, 0 to 255; option6-59 a v6 option, 1 to 65535
 *   vendor-4491.33   suboption 33 of enterprise 4491, in option 125 (v4, RFC 3925) or 17 (v6,
 *                    RFC 8415 21.17); for 4491 also by name, vendor-4491.config-file
 * An option without a row is BINARY. False if the name is none of these; *ret is then untouched.
 * Whether it may be set is in ret->override and for the caller to heed: lookups serve reading too.
 */
bool dhcp_option_find(unsigned family, const char *name, size_t len, struct dhcp_option_def *ret);

/*
 * Writes the name that dhcp_option_find() finds the option by. Returns the length that the whole
 * takes, as snprintf does; buf is NUL-terminated if cap > 0.
 */
size_t dhcp_option_name(const struct dhcp_option_def *def, char *buf, size_t cap);

/* Writes the type in words, e.g. "boolean, list of ipv4-address". Returns as dhcp_option_name(). */
size_t dhcp_option_type(const struct dhcp_option_def *def, char *buf, size_t cap);

/* The name of a field's type, static; "?" for a number that is none. */
const char *dhcp_type_name(unsigned type);

/*
 * Whether a value of len bytes can be one of the definition: the exact length, or a multiple, where
 * all fields are of fixed size, else the least length.
 */
bool dhcp_option_fits(const struct dhcp_option_def *def, size_t len);

#endif
