/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The last stage, run only for what was edited: closes the message, sets the lengths of IP and UDP
 * and computes the checksums in full. After it slot->out is what the kernel sends.
 */
#include "relay/packet.h"

static enum step seal(struct packet *p, enum dhcp_err err, size_t pay_len)
{
	p->err = err;
	if (err != DHCP_OK)
		return packet_end(p, STEP_FAIL, CAUSE_no_space);
	p->slot->out_len = (uint32_t)frame_seal(&p->frame, p->slot->out, pay_len);
	if (p->slot->out_len == 0)
		return packet_end(p, STEP_FAIL, CAUSE_no_space);
	return STEP_NEXT;
}

enum step stage_seal4(struct packet *p)
{
	size_t len = 0;
	enum dhcp_err err = dhcp4_edit_finish(
		&p->edit4, p->response ? DHCP4_PAD_RESPONSE : DHCP4_PAD_QUERY, &len);

	return seal(p, err, len);
}

enum step stage_seal6(struct packet *p)
{
	size_t len = 0;
	enum dhcp_err err = dhcp6_edit_finish(&p->edit6, &len);

	return seal(p, err, len);
}
