/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides how servers echo. What is known of them is in docs: Kea sorts sub-options and fuses those
 * of one code, ISC dhcpd and dnsmasq give back what they got, dnsmasq adds option 118 of its own
 * accord.
 */
#include "tests/answer.h"

#include "tests/assemble.h"

#include <stdlib.h>
#include <string.h>

const char *const echo_names[ECHO_STYLES] = {
	"verbatim", "in front", "sorted", "fused", "dnsmasq", "dropped",
};

struct out {
	uint8_t *bytes;
	size_t len;
};

static void put(struct out *o, const void *bytes, size_t n)
{
	if (o->len + n > ANSWER_MAX)
		abort();
	if (n > 0)
		memcpy(o->bytes + o->len, bytes, n);
	o->len += n;
}

static void put_option(struct out *o, uint8_t code, const void *val, size_t len)
{
	uint8_t head[2] = { code, (uint8_t)len };

	put(o, head, 2);
	put(o, val, len);
}

static size_t wide(const uint8_t *p)
{
	return (size_t)p[0] << 8 | p[1];
}

bool answer_options(const uint8_t *area, size_t len, bool agent, struct answer_option *ret,
	size_t *ret_count)
{
	size_t i = 0, count = 0;

	while (i < len) {
		if (!agent && area[i] == 0) {
			i++;
			continue;
		}
		if (!agent && area[i] == 255)
			break;
		if (count == ANSWER_OPTIONS || i + 2 > len || i + 2 + area[i + 1] > len)
			return false;
		ret[count++] = (struct answer_option){ area[i], area[i + 1], area + i + 2 };
		i += 2 + (size_t)area[i + 1];
	}
	*ret_count = count;
	return true;
}

size_t answer_concat(const struct answer_option *all, size_t count, uint8_t code, uint8_t *out)
{
	size_t len = SIZE_MAX;

	for (size_t i = 0; i < count; i++) {
		if (all[i].code != code)
			continue;
		if (len == SIZE_MAX)
			len = 0;
		if (len + all[i].len > 512)
			abort();
		memcpy(out + len, all[i].val, all[i].len);
		len += all[i].len;
	}
	return len;
}

/*
 * Option 82's value as the server gives it back; its length. A broken one is given back as it is.
 */
static size_t echo(const uint8_t *val, size_t len, enum echo_style style, uint8_t *to)
{
	struct answer_option all[ANSWER_OPTIONS];
	struct out o = { .bytes = to };
	size_t count;

	if ((style != ECHO_SORTED && style != ECHO_FUSED) ||
		!answer_options(val, len, true, all, &count)) {
		memcpy(to, val, len);
		return len;
	}
	for (unsigned code = 0; code < 256; code++) {
		size_t first = SIZE_MAX;

		for (size_t i = 0; i < count; i++) {
			if (all[i].code != code)
				continue;
			if (first == SIZE_MAX || style == ECHO_SORTED ||
				to[first + 1] + all[i].len > 255) {
				first = o.len;
				put_option(&o, (uint8_t)code, all[i].val, all[i].len);
			} else {
				to[first + 1] = (uint8_t)(to[first + 1] + all[i].len);
				put(&o, all[i].val, all[i].len);
			}
		}
	}
	return o.len;
}

size_t answer_seal(uint8_t *ip, size_t payload)
{
	bool v6 = ip[0] >> 4 == 6;
	size_t udp = v6 ? 40 : 20, len = udp + 8 + payload, field = v6 ? len - 40 : len;
	uint8_t *at = ip + (v6 ? 4 : 2);
	uint32_t sum;

	at[0] = (uint8_t)(field >> 8);
	at[1] = (uint8_t)field;
	ip[udp + 4] = (uint8_t)((8 + payload) >> 8);
	ip[udp + 5] = (uint8_t)(8 + payload);
	sum = assemble_udp_sum(ip, udp, len);
	ip[udp + 6] = (uint8_t)(sum >> 8);
	ip[udp + 7] = (uint8_t)sum;
	if (!v6) {
		ip[10] = ip[11] = 0;
		sum = ~assemble_sum(ip, 20, 0);
		ip[10] = (uint8_t)(sum >> 8);
		ip[11] = (uint8_t)sum;
	}
	return len;
}

/* IP and UDP of an answer to a client, or to a relay where it asked from. */
static void envelope4(struct out *o, const uint8_t *msg)
{
	static const uint8_t zero[4] = { 0 }, all[4] = { 255, 255, 255, 255 };
	uint8_t head[28] = { 0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17, 0, 0, 10, 1, 0, 1 };
	bool relayed = memcmp(msg + 24, zero, 4) != 0;

	memcpy(head + 16, relayed ? msg + 24 : memcmp(msg + 12, zero, 4) != 0 ? msg + 12 : all, 4);
	head[21] = 67;
	head[23] = relayed ? 67 : 68;
	put(o, head, sizeof(head));
}

static void header4(struct out *o, const uint8_t *msg)
{
	static const uint8_t cookie[4] = { 0x63, 0x82, 0x53, 0x63 }, yiaddr[4] = { 172, 16, 0, 1 };
	uint8_t head[236] = { 2 };

	memcpy(head + 1, msg + 1, 7);
	memcpy(head + 10, msg + 10, 6);
	memcpy(head + 16, yiaddr, 4);
	memcpy(head + 24, msg + 24, 4 + 16);
	put(o, head, sizeof(head));
	put(o, cookie, sizeof(cookie));
}

/* What of the query is given back besides option 82. */
static void echo_others(struct out *o, const struct answer_option *all, size_t count,
	const uint8_t *agent, size_t agent_len, enum echo_style style)
{
	struct answer_option sub[ANSWER_OPTIONS];
	uint8_t buf[512];
	size_t n = answer_concat(all, count, 118, buf), subs = 0;

	if (n != SIZE_MAX)
		put_option(o, 118, buf, n);
	else if (style == ECHO_DNSMASQ && agent_len != SIZE_MAX &&
		answer_options(agent, agent_len, true, sub, &subs))
		for (size_t i = 0; i < subs; i++)
			if (sub[i].code == 5 && sub[i].len == 4) {
				put_option(o, 118, sub[i].val, 4);
				break;
			}
	n = answer_concat(all, count, 90, buf);
	/* dnsmasq knows no authentication. */
	if (n != SIZE_MAX && n < 256 && style != ECHO_DNSMASQ)
		put_option(o, 90, buf, n);
}

/* The options of the options field, then those of an overloaded file and sname (RFC 3396 5). */
static bool read_all(const uint8_t *msg, size_t len, struct answer_option *all, size_t *ret_count)
{
	struct answer_option more[ANSWER_OPTIONS];
	size_t count, n;
	uint8_t fields = 0;

	if (!answer_options(msg + 240, len - 240, false, all, &count))
		return false;
	for (size_t i = 0; i < count; i++)
		if (all[i].code == 52 && all[i].len == 1)
			fields = all[i].val[0] & 3;
	for (uint8_t bit = 1; bit <= 2; bit++) {
		if ((fields & bit) == 0)
			continue;
		if (!answer_options(msg + (bit == 1 ? 108 : 44), bit == 1 ? 128 : 64, false, more, &n) ||
			count + n > ANSWER_OPTIONS)
			return false;
		memcpy(all + count, more, n * sizeof(*more));
		count += n;
	}
	*ret_count = count;
	return true;
}

size_t answer4(const uint8_t *query, size_t len, enum echo_style style, size_t cut,
	uint8_t out[static ANSWER_MAX])
{
	static const uint8_t fixed[] = { 53, 1, 5, 54, 4, 10, 1, 0, 1, 51, 4, 0, 0, 0, 60 };
	const uint8_t *msg = query + (size_t)(query[0] & 15) * 4 + 8;
	struct answer_option all[ANSWER_OPTIONS];
	uint8_t agent[512], back[1024];
	size_t count, agent_len, back_len = SIZE_MAX;
	struct out o = { .bytes = out };

	if (!read_all(msg, len - (size_t)(msg - query), all, &count))
		return 0;
	agent_len = answer_concat(all, count, 82, agent);
	if (agent_len != SIZE_MAX && style != ECHO_DROPPED) {
		back_len = echo(agent, agent_len, style, back);
		if (back_len > cut)
			back_len = cut;
	}
	envelope4(&o, msg);
	header4(&o, msg);
	if (back_len != SIZE_MAX && style == ECHO_FRONT)
		put_option(&o, 82, back, back_len);
	put(&o, fixed, sizeof(fixed));
	echo_others(&o, all, count, agent, agent_len, style);
	if (back_len != SIZE_MAX && style != ECHO_FRONT)
		put_option(&o, 82, back, back_len);
	put(&o, "\xff", 1);
	while (o.len < 328)
		put(&o, "", 1);
	return answer_seal(out, o.len - 28);
}

/* -- DHCPv6 ------------------------------------------------------------------------------------ */

/* The first option of that code among those of two-byte code and length. */
static const uint8_t *find6(const uint8_t *area, size_t len, size_t code, size_t *ret_len)
{
	for (size_t i = 0; i + 4 <= len && i + 4 + wide(area + i + 2) <= len;
		i += 4 + wide(area + i + 2)) {
		if (wide(area + i) == code) {
			*ret_len = wide(area + i + 2);
			return area + i + 4;
		}
	}
	return NULL;
}

static void put_option6(struct out *o, size_t code, const uint8_t *val, size_t len)
{
	uint8_t head[4] = { (uint8_t)(code >> 8), (uint8_t)code, (uint8_t)(len >> 8), (uint8_t)len };

	put(o, head, 4);
	put(o, val, len);
}

/* Option 79 is a relay's word to the server and is not given back (RFC 6939 5). */
static void echo_layer(struct out *o, const uint8_t *area, size_t len, bool others)
{
	for (size_t i = 0; i + 4 <= len && i + 4 + wide(area + i + 2) <= len;
		i += 4 + wide(area + i + 2)) {
		size_t code = wide(area + i);

		if (code == 18 || (others && code != 9 && code != 79))
			put(o, area + i, 4 + wide(area + i + 2));
	}
}

static bool reply(struct out *o, const uint8_t *msg, size_t len)
{
	static const uint8_t server[10] = { 0, 3, 0, 1, 2, 0, 0, 0, 0, 0xff };
	uint8_t head[4];
	const uint8_t *id;
	size_t id_len;

	if (len < 4)
		return false;
	memcpy(head, msg, 4);
	head[0] = msg[0] == 36 ? 37 : 7;
	put(o, head, 4);
	id = find6(msg + 4, len - 4, 1, &id_len);
	if (id != NULL)
		put_option6(o, 1, id, id_len);
	put_option6(o, 2, server, sizeof(server));
	return true;
}

static bool answer_layer(struct out *o, const uint8_t *msg, size_t len, enum echo_style style,
	bool outermost)
{
	bool drop = style == ECHO_DROPPED && outermost, behind = style == ECHO_SORTED ||
		style == ECHO_FUSED, others = style == ECHO_FRONT || style == ECHO_DNSMASQ;
	const uint8_t *inside;
	size_t inside_len, at, n;
	uint8_t head[34];

	if (len < 1 || msg[0] != 12)
		return reply(o, msg, len);
	inside = len < 34 ? NULL : find6(msg + 34, len - 34, 9, &inside_len);
	if (inside == NULL)
		return false;
	memcpy(head, msg, 34);
	head[0] = 13;
	put(o, head, 34);
	if (!drop && !behind)
		echo_layer(o, msg + 34, len - 34, others);
	at = o->len + 4;
	put_option6(o, 9, NULL, 0);
	if (!answer_layer(o, inside, inside_len, style, false))
		return false;
	n = o->len - at;
	o->bytes[at - 2] = (uint8_t)(n >> 8);
	o->bytes[at - 1] = (uint8_t)n;
	if (!drop && behind)
		echo_layer(o, msg + 34, len - 34, others);
	return true;
}

size_t answer6(const uint8_t *query, size_t len, enum echo_style style,
	uint8_t out[static ANSWER_MAX])
{
	uint8_t head[48] = { 0x60, 0, 0, 0, 0, 0, 17, 64 };
	struct out o = { .bytes = out };
	const uint8_t *port;
	size_t n;

	memcpy(head + 8, "\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	memcpy(head + 24, query + 8, 16);
	head[40] = 547 >> 8;
	head[41] = 547 & 255;
	head[42] = 547 >> 8;
	head[43] = query[48] == 12 ? 547 & 255 : 546 & 255;
	/* RFC 8357 5: the answer goes to the port that the relay sent from, if it says so. */
	port = query[48] == 12 && len > 48 + 34 ? find6(query + 48 + 34, len - 48 - 34, 135, &n) : NULL;
	if (port != NULL)
		memcpy(head + 42, query + 40, 2);
	put(&o, head, sizeof(head));
	if (!answer_layer(&o, query + 48, len - 48, style, true))
		return 0;
	return answer_seal(out, o.len - 48);
}
