/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A rule about what only the query shows does its work on the answer, through a server that knows
 * nothing of it; and a rule that the answer alone would seem to meet does not.
 */
#include "tests/answer.h"
#include "tests/build.h"
#include "tests/rig.h"

#include <criterion/criterion.h>
#include <string.h>

enum { IP4 = 20 + 8, IP6 = 40 + 8 };

static const char config[] =
	"{ \"control\": \"\","
	"  \"subnets\": [ { \"name\": \"reg\", \"prefixes\": [\"10.1.0.0/24\", \"2001:db8:1::/64\"] },"
	"    { \"name\": \"unreg\", \"prefixes\": [\"10.99.0.0/24\", \"2001:db8:99::/64\"] } ],"
	"  \"rules\": ["
	"    { \"when\": { \"vendor_class\": \"PXE*\" }, \"subnet\": \"server\","
	"      \"options\": { \"set\": { \"root-path\": \"net\", \"bootfile-url\": \"u\" } } },"
	"    { \"when\": { \"not\": { \"vendor_class\": \"*\" } }, \"subnet\": \"server\" },"
	"    { \"subnet\": \"server\", \"options\": { \"set\": { \"root-path\": \"disk\" } } } ] }";
static const char users[] = "{ \"type\": \"HW_ADDR\", \"id\": \"02000000000a\" }\n";

static const uint8_t *bytes_of(const struct slot *s, size_t *ret_len)
{
	cr_assert_eq(s->verdict, SLOT_ACCEPT);
	*ret_len = s->edited ? s->out_len : s->in_len;
	return s->edited ? s->out : s->raw + s->in_off;
}

/*
 * The client's answer as text, after query and answer went through usher and a server that echoes.
 */
static const char *talk(struct rig *rig, const struct build *query, bool v6)
{
	static uint8_t answer[ANSWER_MAX];
	struct rig_packet p = { .bytes = query->b, .len = query->len, .side = SIDE_CLIENT };
	const uint8_t *at;
	size_t len, head = v6 ? IP6 : IP4;

	at = bytes_of(rig_run(rig, &p), &len);
	len = v6 ? answer6(at, len, ECHO_VERBATIM, answer) :
		   answer4(at, len, ECHO_VERBATIM, SIZE_MAX, answer);
	p = (struct rig_packet){ .bytes = answer, .len = len, .side = SIDE_SERVER };
	at = bytes_of(rig_run(rig, &p), &len);
	return v6 ? show6(at + head, len - head) : show4(at + head, len - head);
}

static const char *talk4(struct rig *rig, const char *options)
{
	static struct build msg, packet;

	msg.len = packet.len = 0;
	build_message4(&msg, 1, options);
	build_ip4(&packet, "", 68, 67, msg.b, msg.len);
	return talk(rig, &packet, false);
}

/* Message type 1; then option 60, or none. */
Test(rule_travels, dhcpv4)
{
	struct rig *rig = rig_new(config, users);

	cr_expect_not_null(strstr(talk4(rig, "350101 3c09505845436c69656e74 ff"), "17=6e6574"));
	cr_expect_null(strstr(talk4(rig, "350101 3c09505845436c69656e74 ff"), "82="));
	cr_expect_null(strstr(talk4(rig, "350101 ff"), "17="));
	cr_expect_not_null(strstr(talk4(rig, "350101 3c0178 ff"), "17=6469736b"));
	rig_free(rig);
}

Test(rule_travels, dhcpv6)
{
	static struct build msg, packet;
	struct rig *rig = rig_new(config, users);
	const char *shown;

	build_dhcp6(&msg, 1);
	build_hex(&msg, "0001000a 00030001 020000000001 000e0000 0010000f 00000157 0009505845436c69656e74");
	build_ip6(&packet, 17, "", 546, 547, msg.b, msg.len);
	shown = talk(rig, &packet, true);
	cr_expect_not_null(strstr(shown, "59=75"), "%s", shown);
	rig_free(rig);
}
