/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In-place editor of a DHCPv4 message. Borrows msg[cap], never allocates; one function moves bytes.
 * The first error sticks, later calls do nothing, dhcp4_edit_finish() reports it. A failed edit needs
 * no rollback: the kernel still holds the original.
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
 * msg[v->len] holds a copy of what v views, and room up to cap. Errors (sticky): NOSPACE if there is
 * no room for END.
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
 * field stood, else before option 82, else at the end. A value of more than 255 bytes is split into
 * adjacent instances (RFC 3396 section 5). Instances in an overloaded file or sname are removed.
 * Errors: NOSPACE, and then the message is as it was.
 */
void dhcp4_edit_set(struct dhcp4_edit *e, uint8_t code, const uint8_t *val, size_t len);

/* Adds one option at the very end. Errors: NOSPACE, RANGE if len > 255. */
void dhcp4_edit_append(struct dhcp4_edit *e, uint8_t code, const uint8_t *val, size_t len);

/* Removes all instances, also those in an overloaded file or sname; none is no error. */
void dhcp4_edit_del(struct dhcp4_edit *e, uint8_t code);

/*
 * Where the first instance in the options field has its value, writable, and its length; NULL if
 * there is none. Valid until the next edit.
 */
uint8_t *dhcp4_edit_value(struct dhcp4_edit *e, uint8_t code, size_t *ret_len);

/*
 * Moves the options out of an overloaded file and sname to the end of the options field, in the
 * order of RFC 3396 section 5, removes option 52 and zeroes both fields. False, and nothing changed,
 * if there is no room for that (or nothing was overloaded: then true).
 */
bool dhcp4_edit_unoverload(struct dhcp4_edit *e);

/* Removes every option. Header fields stay. */
void dhcp4_edit_clear(struct dhcp4_edit *e);

enum dhcp4_pad { DHCP4_PAD_QUERY, DHCP4_PAD_RESPONSE };

/*
 * Writes END and zeros behind it: up to the original length or BOOTP's 300 bytes, whichever is more;
 * a response that had nothing behind END need not keep its length. ret_len: the message's length.
 */
enum dhcp_err dhcp4_edit_finish(struct dhcp4_edit *e, enum dhcp4_pad pad, size_t *ret_len);

#endif
