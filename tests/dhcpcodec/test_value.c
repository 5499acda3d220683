/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values: known texts against known bytes, every row of the dictionary there and back,
	every refusal
 * with its text, and random bytes and texts flush against memory that nobody may touch.
 */
#include "dhcpcodec/value.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct dhcp_option_def find(unsigned family, const char *name)
{
	struct dhcp_option_def def;

	cr_assert(dhcp_option_find(family, name, strlen(name), &def), "no option %s", name);
	return def;
}

static void to_hex(const uint8_t *bytes, size_t len, char *out)
{
	for (size_t i = 0; i < len; i++)
		sprintf(out + 2 * i, "%02x", bytes[i]);
	out[2 * len] = '\0';
}

/* Text, wire bytes in hex, and the text that they decode to; NULL: the same. */
static const struct {
	unsigned family;
	const char *name, *text, *wire, *back;
} vectors[] = {
	{ 4, "subnet-mask", "255.255.255.0", "ffffff00", NULL },
	{ 4, "routers", "192.0.2.1, 192.0.2.2", "c0000201c0000202", NULL },
	{ 4, "routers", " 192.0.2.1 192.0.2.2 ,\t192.0.2.3  ", "c0000201c0000202c0000203",
	  "192.0.2.1, 192.0.2.2, 192.0.2.3" },
	{ 4, "routers", "192.0.2.1,192.0.2.2", "c0000201c0000202", "192.0.2.1, 192.0.2.2" },
	{ 4, "routers", "hex:c0:00:02:01", "c0000201", "192.0.2.1" },
	{ 4, "time-offset", "-18000", "ffffb9b0", NULL },
	{ 4, "time-offset", "2147483647", "7fffffff", NULL },
	{ 4, "time-offset", "-2147483648", "80000000", NULL },
	{ 4, "interface-mtu", "0x5dc", "05dc", "1500" },
	{ 4, "default-ip-ttl", "255", "ff", NULL },
	{ 4, "arp-cache-timeout", "4294967295", "ffffffff", NULL },
	{ 4, "arp-cache-timeout", "0xABCDEF", "00abcdef", "11259375" },
	{ 4, "path-mtu-plateau-table", "68, 1500", "004405dc", NULL },
	{ 4, "ip-forwarding", "true", "01", NULL },
	{ 4, "ip-forwarding", "off", "00", "false" },
	{ 4, "ip-forwarding", "hex:02", "02", "hex:02" },
	{ 4, "host-name", "kiosk-7", "6b696f736b2d37", NULL },
	{ 4, "host-name", " a, b ", "20612c206220", NULL },
	{ 4, "host-name", "h\xc3\xbcgel", "68c3bc67656c", "hex:68c3bc67656c" },
	{ 4, "host-name", "hex:6100", "6100", "hex:6100" },
	{ 4, "host-name", "hex:6865783a61", "6865783a61", "hex:6865783a61" },
	{ 4, "policy-filter", "10.0.0.0 255.0.0.0, 10.1.0.0 255.255.0.0",
	  "0a000000ff0000000a010000ffff0000", "10.0.0.0, 255.0.0.0, 10.1.0.0, 255.255.0.0" },
	{ 4, "slp-directory-agent", "true, 192.0.2.1, 192.0.2.2", "01c0000201c0000202", NULL },
	{ 4, "slp-service-scope", "no, a, b", "00612c2062", "false, a, b" },
	{ 4, "vendor-encapsulated-options", "6=0x08, 9=boot menu",
	  "060108" "0909626f6f74206d656e75", NULL },
	{ 4, "vendor-encapsulated-options", "1=, 2=0x", "01000200", "1=, 2=" },
	{ 4, "vendor-encapsulated-options", "hex:0601", "0601", "hex:0601" },
	{ 4, "user-class", "staff, two words", "0573746166660974776f20776f726473", NULL },
	{ 4, "user-class", "0x00ff", "0200ff", NULL },
	{ 4, "client-ndi", "1, 2, 1", "010201", NULL },
	{ 4, "uuid-guid", "0, 0011 2233", "0000112233", "0, hex:00112233" },
	/* RFC 4702 2.1: with E in wire format, without in ASCII */
	{ 4, "fqdn", "5, 255, 255, host.example.com.", "05ffff04686f7374076578616d706c6503636f6d00",
	  NULL },
	{ 4, "fqdn", "4, 0, 0, host", "04000004686f7374", NULL },
	{ 4, "fqdn", "1, 0, 0, host.example.com", "010000686f73742e6578616d706c652e636f6d", NULL },
	{ 6, "client-fqdn", "1, host.example.com.", "0104686f7374076578616d706c6503636f6d00",
	  NULL },
	{ 6, "client-fqdn", "0, host", "0004686f7374", NULL },
	/* RFC 3397 2: the example */
	{ 4, "domain-search", "eng.apple.com, marketing.apple.com",
	  "03656e67056170706c6503636f6d00096d61726b6574696e67c004", NULL },
	{ 4, "domain-search", "plain:eng.apple.com, marketing.apple.com",
	  "03656e67056170706c6503636f6d00096d61726b6574696e67056170706c6503636f6d00", NULL },
	{ 4, "domain-search", "plain:a.b, c.d", "016101620001630164" "00", "a.b, c.d" },
	{ 4, "domain-search", "a.b a.b b", "0161016200c000c002", "a.b, a.b, b" },
	{ 4, "domain-search", "A.b, a.b", "0141016200" "0161c002", NULL },
	{ 4, "domain-search", "eng.apple.com, www.apple.com, x.www.apple.com, y.org",
	  "03656e67056170706c6503636f6d00" "03777777c004" "0178c00f" "0179036f726700", NULL },
	{ 6, "domain-search", "a.example, b.example",
	  "016107" "6578616d706c6500016207" "6578616d706c6500", NULL },
	{ 4, "v4-lost", ".", "00", NULL },
	{ 4, "v4-lost", "_x.example.", "025f78076578616d706c6500", "_x.example" },
	{ 4, "sip-servers", "192.0.2.1, 192.0.2.2", "01c0000201c0000202", NULL },
	{ 4, "sip-servers", "sip.example, b", "0003736970076578616d706c6500016200", NULL },
	{ 6, "ntp-server", "2001:db8::123", "0001001020010db8000000000000000000000123", NULL },
	{ 6, "ntp-server", "ff05::101", "00020010ff050000000000000000000000000101", NULL },
	{ 6, "ntp-server", "ntp.example", "0003000d036e7470076578616d706c6500", NULL },
	/* RFC 3442: the lengths of its examples */
	{ 4, "classless-static-route", "0.0.0.0/0 - 192.0.2.1", "00c0000201", NULL },
	{ 4, "classless-static-route", "10.0.0.0/8 - 192.0.2.1, 10.17.0.0/16 - 192.0.2.2",
	  "080ac0000201100a11c0000202", NULL },
	{ 4, "ms-classless-static-route", "10.27.129.0/24 192.0.2.1,10.229.0.128/25,192.0.2.2",
	  "180a1b81c0000201190ae50080c0000202",
	  "10.27.129.0/24 - 192.0.2.1, 10.229.0.128/25 - 192.0.2.2" },
	{ 4, "classless-static-route", "10.198.122.47/32 192.0.2.1", "200ac67a2fc0000201",
	  "10.198.122.47/32 - 192.0.2.1" },
	{ 4, "classless-static-route", "hex:080ac0000201", "080ac0000201",
	  "10.0.0.0/8 - 192.0.2.1" },
	{ 4, "option-6rd", "32, 56, 2001:db8::, 192.0.2.1",
	  "203820010db8000000000000000000000000c0000201", NULL },
	{ 4, "vivco-suboptions", "4491, docsis3.0, 311, MSFT 5.0",
	  "0000118b09646f63736973332e30" "00000137084d53465420352e30", NULL },
	{ 4, "vivso-suboptions", "4491, 1=a, 2=0x0a000001, 311, 5=x",
	  "0000118b" "09" "010161" "02040a000001" "00000137" "03" "050178", NULL },
	{ 4, "v4-portparams", "6, 8, 65280", "0608ff00", NULL },
	{ 4, "option-230", "c0ffee", "c0ffee", "hex:c0ffee" },
	{ 4, "option-230", "hex:", "", "hex:" },
	{ 4, "option-230", "hex: C0 FF EE ", "c0ffee", "hex:c0ffee" },
	{ 4, "option-230", "string:text, more", "746578742c206d6f7265",
	  "hex:746578742c206d6f7265" },
	{ 4, "option-230", "ipv4-address:192.0.2.1, 192.0.2.2", "c0000201c0000202",
	  "hex:c0000201c0000202" },
	{ 4, "option-230", "uint16:1", "0001", "hex:0001" },
	{ 6, "dns-servers", "2001:db8::53, ::1",
	  "20010db8000000000000000000000053" "00000000000000000000000000000001", NULL },
	{ 6, "bootfile-url", "http://[2001:db8::1]/boot.efi",
	  "687474703a2f2f5b323030313a6462383a3a315d2f626f6f742e656669", NULL },
	{ 6, "bootfile-param", "root=/dev/nfs rw, ip=dhcp",
	  "0010726f6f743d2f6465762f6e6673207277" "000769703d64686370", NULL },
	{ 6, "vendor-class", "32473, pump, 0x2c", "00007ed9" "000470756d70" "00012c", NULL },
	{ 6, "vendor-opts", "4491, 33=cm.cfg", "0000118b" "00210006636d2e636667", NULL },
	{ 6, "vendor-4491.33", "cm.cfg", "636d2e636667", NULL },
	{ 6, "vendor-4491.32", "2001:db8::1", "20010db8000000000000000000000001", NULL },
	{ 6, "vendor-4491.38", "-3600", "fffff1f0", NULL },
	{ 6, "addr-reg-enable", "true", "", NULL },
	{ 6, "addr-reg-enable", "hex:", "", "true" },
	{ 6, "s46-bind-ipv6-prefix", "2001:db8::/32", "2020010db8", NULL },
	{ 6, "s46-bind-ipv6-prefix", "2001:db8:8000::/33", "2120010db880", NULL },
	{ 6, "s46-bind-ipv6-prefix", "::/0", "00", NULL },
	{ 6, "s46-bind-ipv6-prefix", "hex:2120010db8ff", "2120010db8ff", "hex:2120010db8ff" },
	{ 6, "information-refresh-time", "0xffffffff", "ffffffff", "4294967295" },
};

Test(value, known_texts_and_bytes)
{
	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct dhcp_option_def def = find(vectors[i].family, vectors[i].name);
		const char *text = vectors[i].text;
		char hex[513], back[600];
		uint8_t out[256];
		size_t len = 999;

		cr_assert_eq(dhcp_value_encode(&def, text, strlen(text), out, sizeof(out), &len),
			DHCP_OK, "%s: %s", vectors[i].name, text);
		to_hex(out, len, hex);
		cr_assert_str_eq(hex, vectors[i].wire, "%s: %s", vectors[i].name, text);
		cr_assert_eq(dhcp_value_decode(&def, out, len, back, sizeof(back)), DHCP_OK);
		cr_assert_str_eq(back, vectors[i].back != NULL ? vectors[i].back : text, "%s",
			vectors[i].name);
	}
}

/* What a text must be refused with. */
static const struct {
	unsigned family;
	const char *name, *text;
	enum dhcp_err err;
	const char *why;
} refusals[] = {
	{ 4, "routers", "10.0.0", DHCP_E_VALUE,
	  "expected an IPv4 address such as 192.0.2.1, got \"10.0.0\"" },
	{ 4, "routers", "", DHCP_E_VALUE,
	  "expected an IPv4 address such as 192.0.2.1, got nothing" },
	{ 4, "routers", "10.0.0.1,", DHCP_E_VALUE,
	  "expected an IPv4 address such as 192.0.2.1, got nothing" },
	{ 4, "routers", "10.0.0.1,,10.0.0.2", DHCP_E_VALUE,
	  "expected an IPv4 address such as 192.0.2.1, got nothing" },
	{ 4, "routers", "10.0.0.1 2001:db8::1", DHCP_E_VALUE,
	  "expected an IPv4 address such as 192.0.2.1, got \"2001:db8::1\"" },
	{ 4, "routers", "10.0.0.256", DHCP_E_VALUE,
	  "expected an IPv4 address such as 192.0.2.1, got \"10.0.0.256\"" },
	{ 4, "subnet-mask", "255.0.0.0 255.0.0.0", DHCP_E_VALUE,
	  "expected the end of the value, got \"255.0.0.0\"" },
	{ 4, "subnet-mask", "hex:ffff", DHCP_E_OPTSIZE, "expected ipv4-address, got 2 bytes" },
	{ 4, "routers", "hex:", DHCP_E_OPTSIZE, "expected list of ipv4-address, got 0 bytes" },
	{ 4, "ip-forwarding", "hex:0001", DHCP_E_OPTSIZE, "expected boolean, got 2 bytes" },
	{ 4, "routers", "hex:fff", DHCP_E_VALUE,
	  "expected pairs of hex digits such as hex:c0ffee, got \"fff\"" },
	{ 4, "routers", "hex::ff", DHCP_E_VALUE,
	  "expected pairs of hex digits such as hex:c0ffee, got \":ff\"" },
	{ 4, "static-routes", "10.0.0.0 10.0.0.1 10.1.0.0", DHCP_E_VALUE,
	  "expected an IPv4 address such as 192.0.2.1, got nothing" },
	{ 6, "dns-servers", "2001:db8::g", DHCP_E_VALUE,
	  "expected an IPv6 address such as 2001:db8::1, got \"2001:db8::g\"" },
	{ 6, "dns-servers", "fe80::1%eth0", DHCP_E_VALUE,
	  "expected an IPv6 address such as 2001:db8::1, got \"fe80::1%eth0\"" },
	{ 4, "default-ip-ttl", "256", DHCP_E_RANGE,
	  "expected a number from 0 to 255, got \"256\"" },
	{ 4, "default-ip-ttl", "-1", DHCP_E_RANGE, "expected a number from 0 to 255, got \"-1\"" },
	{ 4, "default-ip-ttl", "0x", DHCP_E_VALUE, "expected a number from 0 to 255, got \"0x\"" },
	{ 4, "default-ip-ttl", "1.5", DHCP_E_VALUE,
	  "expected a number from 0 to 255, got \"1.5\"" },
	{ 4, "interface-mtu", "0x10000", DHCP_E_RANGE,
	  "expected a number from 0 to 65535, got \"0x10000\"" },
	{ 4, "arp-cache-timeout", "99999999999999999999", DHCP_E_RANGE,
	  "expected a number from 0 to 4294967295, got \"99999999999999999999\"" },
	{ 4, "time-offset", "2147483648", DHCP_E_RANGE,
	  "expected a number from -2147483648 to 2147483647, got \"2147483648\"" },
	{ 4, "time-offset", "-", DHCP_E_VALUE,
	  "expected a number from -2147483648 to 2147483647, got \"-\"" },
	{ 6, "dns-servers", "2001:0db8:0000:0000:0000:0000:0000:0000:0000:0053", DHCP_E_VALUE,
	  "expected an IPv6 address such as 2001:db8::1, "
	  "got \"2001:0db8:0000:0000:0000:0000:00...\"" },
	{ 4, "ip-forwarding", "TRUE", DHCP_E_VALUE, "expected true or false, got \"TRUE\"" },
	{ 4, "host-name", "", DHCP_E_VALUE,
	  "expected a text of at least one character, got nothing" },
	{ 4, "domain-search", "a..b", DHCP_E_VALUE,
	  "expected a domain name such as example.com, got \"a..b\"" },
	{ 4, "domain-search", "ok, .b", DHCP_E_VALUE,
	  "expected a domain name such as example.com, got \".b\"" },
	{ 4, "v4-lost", "a;b", DHCP_E_VALUE,
	  "expected a domain name such as host.example.com, got \"a;b\"" },
	{ 4, "v4-lost", "b\"\\\n", DHCP_E_VALUE,
	  "expected a domain name such as host.example.com, got \"b\\x22\\x5c\\x0a\"" },
	{ 4, "fqdn", "5, 0, 0, .", DHCP_E_VALUE,
	  "expected a client's name such as host.example.com., got \".\"" },
	{ 4, "fqdn", "5, 0", DHCP_E_VALUE, "expected a number from 0 to 255, got nothing" },
	{ 4, "classless-static-route", "10.0.0.0/8", DHCP_E_VALUE,
	  "expected a route such as 10.0.0.0/8 - 192.0.2.1, got \"10.0.0.0/8\"" },
	{ 4, "classless-static-route", "10.0.0.0 - 192.0.2.1", DHCP_E_VALUE,
	  "expected a route such as 10.0.0.0/8 - 192.0.2.1, got \"10.0.0.0\"" },
	{ 4, "classless-static-route", "10.0.0.0/33 - 192.0.2.1", DHCP_E_VALUE,
	  "expected a route such as 10.0.0.0/8 - 192.0.2.1, got \"10.0.0.0/33\"" },
	{ 4, "classless-static-route", "10.0.0.0/8 -> 192.0.2.1", DHCP_E_VALUE,
	  "expected a route such as 10.0.0.0/8 - 192.0.2.1, got \"10.0.0.0/8 ->\"" },
	{ 4, "classless-static-route", "10.1.0.0/8 - 192.0.2.1", DHCP_E_VALUE,
	  "expected a prefix whose host bits are zero, got \"10.1.0.0/8\"" },
	{ 6, "s46-bind-ipv6-prefix", "2001:db8::1/32", DHCP_E_VALUE,
	  "expected a prefix whose host bits are zero, got \"2001:db8::1/32\"" },
	{ 6, "s46-bind-ipv6-prefix", "2001:db8::/129", DHCP_E_VALUE,
	  "expected an IPv6 prefix such as 2001:db8::/32, got \"2001:db8::/129\"" },
	{ 4, "sip-servers", "192.0.2.1, sip.example", DHCP_E_VALUE,
	  "expected IPv4 addresses or domain names, not both, got \"sip.example\"" },
	{ 4, "sip-servers", "", DHCP_E_VALUE,
	  "expected IPv4 addresses or domain names, not both, got nothing" },
	{ 6, "ntp-server", "2001:db8::1, ntp.example", DHCP_E_VALUE,
	  "expected the end of the value, got \", ntp.example\"" },
	{ 6, "ntp-server", "2001:db8::x", DHCP_E_VALUE,
	  "expected an IPv6 address or a domain name, got \"2001:db8::x\"" },
	{ 6, "addr-reg-enable", "false", DHCP_E_VALUE,
	  "expected true, as the option has no value, got \"false\"" },
	{ 4, "user-class", "a, ", DHCP_E_VALUE,
	  "expected a text, or bytes such as 0xc0ffee, got nothing" },
	{ 4, "user-class", "0xabc", DHCP_E_VALUE,
	  "expected a text, or bytes such as 0xc0ffee, got \"abc\"" },
	{ 4, "vendor-encapsulated-options", "boot", DHCP_E_VALUE,
	  "expected a suboption such as 1=text or 254=0xc0ffee, got \"boot\"" },
	{ 4, "vendor-encapsulated-options", "255=x", DHCP_E_VALUE,
	  "expected a suboption such as 1=text or 254=0xc0ffee, got \"255=x\"" },
	{ 4, "vivso-suboptions", "4491", DHCP_E_VALUE,
	  "expected a suboption such as 1=text or 254=0xc0ffee, got nothing" },
	{ 4, "vivso-suboptions", "4491, 1=a, x", DHCP_E_VALUE,
	  "expected a number from 0 to 4294967295, got \"x\"" },
	{ 6, "vendor-opts", "4491, 0=a", DHCP_E_VALUE,
	  "expected a suboption such as 1=text or 65535=0xc0ffee, got \"0=a\"" },
	{ 4, "option-230", "text", DHCP_E_VALUE,
	  "expected pairs of hex digits such as hex:c0ffee, got \"text\"" },
	{ 4, "option-230", "ipv4-address:10", DHCP_E_VALUE,
	  "expected an IPv4 address such as 192.0.2.1, got \"10\"" },
	{ 4, "uuid-guid", "0", DHCP_E_VALUE,
	  "expected pairs of hex digits such as hex:c0ffee, got nothing" },
};

Test(value, refused_with_a_text)
{
	for (size_t i = 0; i < COUNT(refusals); i++) {
		struct dhcp_option_def def = find(refusals[i].family, refusals[i].name);
		const char *text = refusals[i].text;
		char why[DHCP_VALUE_WHY_MAX];
		uint8_t out[256];
		size_t len = 999;

		cr_expect_eq(dhcp_value_encode(&def, text, strlen(text), out, sizeof(out), &len),
			refusals[i].err, "%s: %s", refusals[i].name, text);
		cr_expect_eq(len, 999, "%s: %s", refusals[i].name, text);
		cr_expect_eq(dhcp_value_why(&def, text, strlen(text), why, sizeof(why)),
			strlen(why));
		cr_expect_str_eq(why, refusals[i].why);
	}
}

Test(value, trailing_nul_is_not_sent)
{
	struct dhcp_option_def def = find(4, "boot-file-name");
	uint8_t out[8];
	size_t len;

	cr_assert_eq(dhcp_value_encode(&def, "a\0b\0\0", 5, out, sizeof(out), &len), DHCP_OK);
	cr_assert(len == 3 && memcmp(out, "a\0b", 3) == 0);
	cr_assert_eq(dhcp_value_encode(&def, "\0\0", 2, out, sizeof(out), &len), DHCP_E_VALUE);
	cr_assert_eq(dhcp_value_encode(&def, NULL, 0, out, sizeof(out), &len), DHCP_E_VALUE);
}

Test(value, limits_of_names)
{
	struct dhcp_option_def def = find(6, "aftr-name");
	char text[300], back[300];
	uint8_t out[300];
	size_t len;

	memset(text, 'a', sizeof(text));
	cr_assert_eq(dhcp_value_encode(&def, text, 63, out, sizeof(out), &len), DHCP_OK);
	cr_assert_eq(len, 65);
	cr_assert_eq(dhcp_value_encode(&def, text, 64, out, sizeof(out), &len), DHCP_E_VALUE);
	for (size_t i = 1; i < sizeof(text); i += 2)
		text[i] = '.';
	/* 253 characters make 255 bytes */
	cr_assert_eq(dhcp_value_encode(&def, text, 253, out, sizeof(out), &len), DHCP_OK);
	cr_assert_eq(len, 255);
	cr_assert_eq(dhcp_value_decode(&def, out, len, back, sizeof(back)), DHCP_OK);
	cr_assert(strlen(back) == 253 && memcmp(back, text, 253) == 0);
	cr_assert_eq(dhcp_value_encode(&def, text, 255, out, sizeof(out), &len), DHCP_E_VALUE);
}

Test(value, limits_of_lengths)
{
	static char text[140000];
	static uint8_t out[70000];
	struct dhcp_option_def tuple = find(4, "user-class"), block = find(4, "vivso-suboptions");
	struct dhcp_option_def url = find(6, "bootfile-url"), param = find(6, "bootfile-param");
	char why[DHCP_VALUE_WHY_MAX];
	size_t len, n;

	memset(text, 'a', sizeof(text));
	cr_assert_eq(dhcp_value_encode(&tuple, text, 255, out, sizeof(out), &len), DHCP_OK);
	cr_assert(len == 256 && out[0] == 255);
	cr_assert_eq(dhcp_value_encode(&tuple, text, 256, out, sizeof(out), &len), DHCP_E_RANGE);
	dhcp_value_why(&tuple, text, 256, why, sizeof(why));
	cr_assert_str_eq(why,
		"expected at most 255 bytes, got \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...\"");
	cr_assert_eq(dhcp_value_encode(&url, text, 65535, out, sizeof(out), &len), DHCP_OK);
	cr_assert_eq(len, 65535);
	cr_assert_eq(dhcp_value_encode(&url, text, 65536, out, sizeof(out), &len), DHCP_E_NOSPACE);
	cr_assert_eq(dhcp_value_encode(&param, text, 65536, out, sizeof(out), &len), DHCP_E_RANGE);
	cr_assert_eq(dhcp_value_encode(&param, text, 65535, out, sizeof(out), &len),
		DHCP_E_NOSPACE);
	memcpy(text, "1, 1=", 5);
	memcpy(text + 5 + 200, ", 2=", 4);
	n = 5 + 200 + 4 + 51;
	cr_assert_eq(dhcp_value_encode(&block, text, n, out, sizeof(out), &len), DHCP_OK);
	cr_assert(len == 260 && out[4] == 255);
	n++;
	cr_assert_eq(dhcp_value_encode(&block, text, n, out, sizeof(out), &len), DHCP_E_RANGE);
	dhcp_value_why(&block, text, n, why, sizeof(why));
	cr_assert(strstr(why, "expected at most 255 bytes of suboptions, got \"1=aaa") == why, "%s",
		why);
}

Test(value, why_of_what_is_right)
{
	struct dhcp_option_def def = find(4, "subnet-mask");
	char why[DHCP_VALUE_WHY_MAX];

	dhcp_value_why(&def, "255.0.0.0", 9, why, sizeof(why));
	cr_assert_str_eq(why, "value of 4 bytes");
	cr_assert_eq(dhcp_value_why(&def, "x", 1, why, 6), 51);
	cr_assert_str_eq(why, "expec");
}

/* Bytes that no text of the type stands for: shown raw, never as something else. */
Test(value, odd_bytes_are_shown_raw)
{
	static const struct {
		unsigned family;
		const char *name, *wire;
	} odd[] = {
		{ 4, "domain-search", "c000" }, /* a pointer to itself */
		{ 4, "domain-search", "0161c003" }, /* forward */
		{ 4, "domain-search", "0161c000" }, /* into its own name: a.a.a... */
		{ 4, "domain-search", "016100c0" }, /* half a pointer */
		{ 4, "domain-search", "0161" }, /* no end */
		{ 4, "domain-search", "4061" }, /* a label type that is none */
		{ 4, "domain-search", "01200000" }, /* a space in a label */
		{ 4, "domain-search", "0261620003636263c00203" }, /* rubbish behind */
		{ 4, "v4-lost", "016100016200" }, /* two names where one may be */
		{ 6, "domain-search", "01610001" "62c000" }, /* RFC 8415 10: no compression */
		{ 4, "classless-static-route", "21c0000201c0000201" }, /* width 33 */
		{ 4, "classless-static-route", "080ac00002" }, /* half a router */
		{ 4, "sip-servers", "02c0000201" },
		{ 4, "sip-servers", "01c00002" },
		{ 6, "ntp-server", "0001000f20010db8000000000000000000000123" },
		{ 6, "ntp-server", "00010010ff050000000000000000000000000101" },
		{ 4, "vivso-suboptions", "0000118b0401010101" },
		{ 4, "vivso-suboptions", "0000118b0500010101ff" },
		{ 4, "vendor-encapsulated-options", "0601080000ff" },
		{ 4, "user-class", "0061" },
		{ 6, "vendor-class", "00007ed90005" },
		{ 4, "host-name", "1b5b324a" }, /* an escape sequence */
	};

	for (size_t i = 0; i < COUNT(odd); i++) {
		struct dhcp_option_def def = find(odd[i].family, odd[i].name);
		char want[256], back[256];
		uint8_t bytes[64];
		size_t len;

		snprintf(want, sizeof(want), "hex:%s", odd[i].wire);
		cr_assert_eq(dhcp_value_encode(&def, want, strlen(want), bytes, sizeof(bytes),
			&len), DHCP_OK, "%s %s", odd[i].name, want);
		cr_assert_eq(dhcp_value_decode(&def, bytes, len, back, sizeof(back)), DHCP_OK);
		cr_assert_str_eq(back, want, "%s", odd[i].name);
	}
}
