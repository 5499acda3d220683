/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hides the search, which is through few, most often one. */
#include "relay/servers.h"

#include "dhcpcodec/bytes.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Once an answer, so the usual case, an IPv4 address, is no call. */
static inline bool is(const struct server_count *s, uint8_t family, const uint8_t *id, size_t len)
{
	if (s->len != len || s->family != family)
		return false;
	return len == 4 ? be32_get(s->id) == be32_get(id) : memcmp(s->id, id, len) == 0;
}

void servers_count(
	struct servers *s, uint8_t family, const uint8_t *id, size_t len, uint64_t answers)
{
	struct server_count *at = s->all;

	if (len > SERVER_ID_MAX)
		len = SERVER_ID_MAX;
	for (; at < s->all + SERVERS_MAX && at->len > 0; at++)
		if (is(at, family, id, len)) {
			at->answers += answers;
			return;
		}
	if (at == s->all + SERVERS_MAX || len == 0) {
		s->others += answers;
		return;
	}
	at->family = family;
	at->len = (uint8_t)len;
	memcpy(at->id, id, len);
	at->answers = answers;
}

void servers_add(struct servers *to, const struct servers *from)
{
	for (size_t i = 0; i < SERVERS_MAX && from->all[i].len > 0; i++)
		servers_count(to, from->all[i].family, from->all[i].id, from->all[i].len,
			from->all[i].answers);
	to->others += from->others;
}

static bool can_be(const struct server_count *s)
{
	return s->family == 4 ? s->len == 4 : s->family == 6 && s->len <= SERVER_ID_MAX;
}

void servers_take(struct servers *to, const struct servers *from)
{
	size_t i = 0;

	*to = *from;
	while (i < SERVERS_MAX && can_be(&to->all[i]))
		i++;
	memset(to->all + i, 0, (SERVERS_MAX - i) * sizeof(to->all[0]));
}

const char *server_text(const struct server_count *s, char dst[static SERVER_TEXT_MAX])
{
	bool v4 = s->family == 4;
	size_t most = v4 ? 4 : SERVER_ID_MAX, n = 0;

	dst[0] = '\0';
	for (size_t i = 0; i < s->len && i < most; i++)
		n += (size_t)snprintf(dst + n, SERVER_TEXT_MAX - n, v4 ? "%s%u" : "%s%02x",
			i == 0 ? "" : v4 ? "." : ":", s->id[i]);
	return dst;
}
