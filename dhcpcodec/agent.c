/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides the layout of sub-option 9, which is not a row of code-length-value but of
 * enterprise-length-data (RFC 4243), and keeps option 82 within what servers echo. Knows nothing of
 * what our own data mean.
 */
#include "dhcpcodec/agent.h"

enum { BLOCK_HEAD = 5 };

bool agent_block(const struct tlv *vendor, uint32_t enterprise, const uint8_t *magic,
	size_t magic_len, struct agent_block *ret)
{
	const uint8_t *pos = vendor->val, *end = vendor->val + vendor->len;

	while (BLOCK_HEAD <= (size_t)(end - pos)) {
		size_t len = pos[4];

		if (len > (size_t)(end - pos) - BLOCK_HEAD)
			return false;
		if (be32_get(pos) == enterprise && len >= magic_len &&
			memcmp(pos + BLOCK_HEAD, magic, magic_len) == 0) {
			ret->at = pos;
			ret->size = BLOCK_HEAD + len;
			ret->data = pos + BLOCK_HEAD;
			ret->len = len;
			return true;
		}
		pos += BLOCK_HEAD + len;
	}
	return false;
}

bool agent_vendor_whole(const struct tlv *vendor)
{
	const uint8_t *pos = vendor->val, *end = vendor->val + vendor->len;

	while (BLOCK_HEAD <= (size_t)(end - pos) &&
		pos[4] <= (size_t)(end - pos) - BLOCK_HEAD)
		pos += BLOCK_HEAD + pos[4];
	return pos == end;
}

void agent_put_bytes(struct agent_writer *w, const uint8_t *bytes, size_t len)
{
	if (w->err != DHCP_OK)
		return;
	if (len > w->cap - w->len) {
		w->err = DHCP_E_NOSPACE;
		return;
	}
	if (len > 0)
		memcpy(w->buf + w->len, bytes, len);
	w->len += len;
}

void agent_put(struct agent_writer *w, uint8_t code, const uint8_t *val, size_t len)
{
	uint8_t head[2] = { code, (uint8_t)len };

	if (len > 255 && w->err == DHCP_OK)
		w->err = DHCP_E_RANGE;
	agent_put_bytes(w, head, sizeof(head));
	agent_put_bytes(w, val, len);
}

void agent_put_vendor(struct agent_writer *w, const uint8_t *foreign, size_t foreign_len,
	uint32_t enterprise, const uint8_t *data, size_t len)
{
	size_t size = foreign_len + BLOCK_HEAD + len;
	uint8_t head[2] = { RAI_VENDOR, (uint8_t)size };
	uint8_t block[BLOCK_HEAD];

	if ((size > 255 || len > 255) && w->err == DHCP_OK)
		w->err = DHCP_E_NOSPACE;
	be32_put(block, enterprise);
	block[4] = (uint8_t)len;
	agent_put_bytes(w, head, sizeof(head));
	agent_put_bytes(w, foreign, foreign_len);
	agent_put_bytes(w, block, sizeof(block));
	agent_put_bytes(w, data, len);
}
