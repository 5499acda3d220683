/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In-place editor of a DHCPv4 message. Borrows msg[cap], never allocates; one function makes room
 * and one closes gaps. The first error sticks, later calls do nothing, dhcp4_edit_finish() reports
 * it. A failed edit needs no rollback: the kernel still holds the original. Values given to it must
 * not lie within msg; option 52 is changed by dhcp4_edit_unoverload() only.
 */
#ifndef USHER_DHCPCODEC_EDIT4_H
#define USHER_DHCPCODEC_EDIT4_H

#include "dhcpcodec/dhcp4.h"

struct dhcp4_edit {
	uint8_t *msg;
	size_t len, cap;       /* len: up to where END will be written; its byte is reserved in cap */
	size_t limit;          /* len + 1 may not exceed this; at most cap */
	size_t orig_len;       /* of the message before */
	bool padded;           /* it had bytes behind END */
	uint8_t overload;
	enum dhcp_err err;
};

/*
 * msg holds a copy of what v views, of which only the bytes up to v->end are read, and room up to
 * cap. Errors (sticky): COOKIE if the message has no options (BOOTP without the cookie), NOSPACE if
 * there is no room for END.
 */
void dhcp4_edit_init(struct dhcp4_edit *e, const struct dhcp4_view *v, uint8_t *msg, size_t cap);

/*
 * No edit may make the message longer than limit bytes, END included (a size budget inside cap).
 * Whether it can is asked with dhcp4_edit_room(): what fits at the end, END excluded.
 */
void dhcp4_edit_limit(struct dhcp4_edit *e, size_t limit);
size_t dhcp4_edit_room(const struct dhcp4_edit *e);

/*
 * Puts one value in the place of all instances of the option: where the first one of the options
 * field stood, else before an option 82 that is the last one, else at the end. A value of more than
 * 255 bytes is split into adjacent instances (RFC 3396 section 5). Instances in an overloaded file
 * or sname are removed. Errors: NOSPACE, RANGE if the code is that of PAD or END; then the message
 * is as it was.
 */
void dhcp4_edit_set(struct dhcp4_edit *e, uint8_t code, const uint8_t *val, size_t len);

/* Adds one option at the very end. Errors: NOSPACE, RANGE if len > 255 or as above. */
void dhcp4_edit_append(struct dhcp4_edit *e, uint8_t code, const uint8_t *val, size_t len);

/* Removes all instances, also those in an overloaded file or sname; none is no error. */
void dhcp4_edit_del(struct dhcp4_edit *e, uint8_t code);

/*
 * Sets a sub-option of one enterprise in option 125 (RFC 3925 section 4), leaving its other
 * sub-options and other enterprises' alone; makes the option, or the enterprise's part of it, where
 * there is none. val NULL removes the sub-option. Errors, returned only and nothing changed: OPTLEN
 * if what the option holds is broken, NOSPACE, RANGE if len > 253 or the enterprise's part grows
 * past 255.
 */
enum dhcp_err dhcp4_edit_vendor(struct dhcp4_edit *e, uint32_t enterprise, uint8_t sub,
	const uint8_t *val, size_t len);

/*
 * Where the first instance in the options field has its value, writable, and its length; NULL if
 * there is none. Valid until the next edit.
 */
uint8_t *dhcp4_edit_value(struct dhcp4_edit *e, uint8_t code, size_t *ret_len);

/*
 * Moves the options out of an overloaded file and sname to the end of the options field (but before
 * an option 82 that is the last one), in the order of RFC 3396 section 5, removes option 52 and
 * zeroes the fields. True also if nothing was overloaded; false, and nothing changed, if there is
 * no room for that.
 */
bool dhcp4_edit_unoverload(struct dhcp4_edit *e);

/* Removes every option; file and sname are zeroed if they held options. Other fields stay. */
void dhcp4_edit_clear(struct dhcp4_edit *e);

enum dhcp4_pad { DHCP4_PAD_QUERY, DHCP4_PAD_RESPONSE };

/*
 * Writes END and zeros behind it: up to the original length or BOOTP's 300 bytes, whichever is more
 * (padding is not bound by the limit); a response that had nothing behind END need not keep its
 * length. ret_len: the message's length. Errors: the first one of all edits; then nothing is
 * written.
 */
enum dhcp_err dhcp4_edit_finish(struct dhcp4_edit *e, enum dhcp4_pad pad, size_t *ret_len);

#endif
