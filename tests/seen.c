/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/seen.h"

#include "tests/assemble.h"

#include <string.h>

bool look4(const uint8_t *ip, size_t len, struct seen4 *ret)
{
	const uint8_t *msg = ip + IP4;

	memset(ret, 0, sizeof(*ret));
	if (len < IP4 + 240 || !answer_options(msg + 240, len - IP4 - 240, false, ret->all, &ret->count))
		return false;
	for (size_t i = 0; i < ret->count; i++)
		if (ret->all[i].code != 82 && ret->all[i].code != 118)
			ret->others[ret->other_count++] = ret->all[i];
	ret->agent_len = answer_concat(ret->all, ret->count, 82, ret->agent);
	ret->select_len = answer_concat(ret->all, ret->count, 118, ret->select);
	return true;
}

bool same_bytes(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
	return a_len == b_len && (a_len == SIZE_MAX || memcmp(a, b, a_len) == 0);
}

bool same_options(const struct answer_option *a, size_t a_count, const struct answer_option *b,
	size_t b_count)
{
	if (a_count != b_count)
		return false;
	for (size_t i = 0; i < a_count; i++)
		if (a[i].code != b[i].code || !same_bytes(a[i].val, a[i].len, b[i].val, b[i].len))
			return false;
	return true;
}

/* The sub-options without link selections; the first of those in *ret_link (NULL: none). */
static size_t without_link(const uint8_t *val, size_t len, struct answer_option *ret,
	const uint8_t **ret_link)
{
	struct answer_option all[ANSWER_OPTIONS];
	size_t count = 0, n = 0;

	*ret_link = NULL;
	if (!answer_options(val, len, true, all, &count))
		return SIZE_MAX;
	for (size_t i = 0; i < count; i++) {
		if (all[i].code != 5)
			ret[n++] = all[i];
		else if (*ret_link == NULL && all[i].len == 4)
			*ret_link = all[i].val;
	}
	return n;
}

/*
 * Option 82 is the same byte for byte, but for the place of the relay's own link selection: servers
 * read ours only if it comes first, so in a verbatim echo the relay's comes first as well.
 */
bool same_agent(const struct seen4 *a, const struct seen4 *b)
{
	struct answer_option sub_a[ANSWER_OPTIONS], sub_b[ANSWER_OPTIONS];
	const uint8_t *link_a, *link_b;
	size_t n, m;

	if (same_bytes(a->agent, a->agent_len, b->agent, b->agent_len))
		return true;
	if (a->agent_len == SIZE_MAX || b->agent_len == SIZE_MAX)
		return false;
	n = without_link(a->agent, a->agent_len, sub_a, &link_a);
	m = without_link(b->agent, b->agent_len, sub_b, &link_b);
	return n != SIZE_MAX && link_a != NULL && link_b != NULL && memcmp(link_a, link_b, 4) == 0 &&
		same_options(sub_a, n, sub_b, m);
}

/* Lengths, END, padding and checksums of what goes out. */
bool well_formed4(const uint8_t *ip, size_t len)
{
	uint16_t sum = assemble_udp_sum(ip, 20, len), field = (uint16_t)(ip[26] << 8 | ip[27]);
	size_t i = IP4 + 240;

	if (len < IP4 + 300 || (size_t)(ip[2] << 8 | ip[3]) != len ||
		(size_t)(ip[24] << 8 | ip[25]) != len - 20)
		return false;
	if (assemble_sum(ip, 20, 0) != 0xffff || (field != sum && field != 0))
		return false;
	while (i < len && ip[i] != 255)
		i += ip[i] == 0 ? 1 : 2 + (size_t)ip[i + 1];
	for (i++; i < len; i++)
		if (ip[i] != 0)
			return false;
	return i <= len;
}
