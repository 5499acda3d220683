/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why a packet got the verdict it got: one list gives the enum, the counter's name and the text a
 * person reads. Every packet ends in exactly one cause, so that packets in equal the sum of causes;
 * the second list counts what happened on the way.
 */
#ifndef USHER_RELAY_CAUSE_H
#define USHER_RELAY_CAUSE_H

#define RELAY_CAUSES(X) \
	X(rewritten,       "edited and sent on") \
	X(untouched,       "nothing to change") \
	X(not_dhcp,        "not a DHCP message") \
	X(truncated,       "longer than the queue copies") \
	X(bad_ip,          "IP or UDP header inconsistent") \
	X(fragment,        "a fragment") \
	X(ext_header,      "UDP behind an IPv6 extension header") \
	X(bad_csum,        "wrong UDP checksum") \
	X(malformed,       "malformed DHCP message") \
	X(bootp,           "BOOTP, no message type") \
	X(other_type,      "a message type that is none of our business") \
	X(leasequery,      "LEASEQUERY from the client side") \
	X(rogue_reply,     "a server's message from the client side") \
	X(rogue_query,     "a DHCPv6 client's message from the server's side") \
	X(spoofed_giaddr,  "relayed by somebody who is not in trusted_relays") \
	X(spoofed_relay,   "Relay-forward from somebody who is not in trusted_relays") \
	X(own_address,     "giaddr is an address of this host") \
	X(hops,            "hop limit exceeded") \
	X(loop,            "already carries our own state") \
	X(client_82,       "a client sent option 82") \
	X(chaddr_mismatch, "source hardware address is not chaddr") \
	X(relay_auth,      "option 82 is authenticated (RFC 4030)") \
	X(oversize,        "would be longer than the path allows") \
	X(no_space,        "edit did not fit") \
	X(by_rule,         "a rule says so") \
	X(by_library,      "a hook library says so") \
	X(no_registry,     "no registry was read yet") \
	X(no_answer,       "the database did not say in time who it is") \
	X(wrong_subnet,    "the server's answer is not in the subnet decided on") \
	X(paused,          "usher is paused") \
	X(moved,           "ACK turned into NAK: not entitled to the address") \
	X(relayed,         "sent on as a relay agent") \
	X(refused,         "answered with a NAK: not entitled to the address") \
	X(unknown_server,  "a server's message from an address that no upstream has") \
	X(foreign_giaddr,  "an answer for another relay agent") \
	X(foreign_answer,  "a Relay-reply without our own state") \
	X(no_link,         "the client's interface is not known, or has no address of ours") \
	X(no_upstream,     "no upstream can be asked") \
	X(too_early,       "the client has not tried long enough") \
	X(quarantined,     "it killed two workers") \
	X(unattended,      "no worker was there in time") \
	X(internal,        "a stage failed")

#define RELAY_EVENTS(X) \
	X(registered,       "queries and responses of registered users") \
	X(unregistered,     "queries and responses of others") \
	X(steered,          "queries given a hint") \
	X(restored,         "responses restored") \
	X(state_missing,    "responses without our state") \
	X(stripped,         "queries from which a client's own hints were removed") \
	X(overridden,       "options overridden") \
	X(override_skipped, "overrides that did not fit or may not be made") \
	X(clamped,          "leases shortened") \
	X(guard_logged,     "wrong subnet, let through by enforce: log") \
	X(guard_auth,       "wrong subnet, let through because authenticated") \
	X(chaddr_differs,   "source hardware address is not chaddr") \
	X(no_identity,      "messages without an identity to look up") \
	X(lookup_hit,       "on demand: messages of users who were in memory") \
	X(lookup_asked,     "on demand: messages that waited for the database") \
	X(lookup_negative,  "on demand: of those, messages of clients known to be nobody") \
	X(lookup_unanswered, "on demand: messages whose question was not answered in time, or one too many") \
	X(upstream_down,    "times that an upstream was found not to answer") \
	X(server_id_odd,    "answers whose server identifier is not the one that the alias stands for") \
	X(library_failed,   "callouts of hook libraries that returned an error") \
	X(library_slow,     "callouts of hook libraries that took too long") \
	X(library_refused,  "edits of hook libraries that were refused") \
	X(parked,           "packets parked by a hook library") \
	X(park_late,        "packets for which a hook library did not decide in time") \
	X(query_unknown,    "answers whose query a hook library asked for and that was not known") \
	X(query_overwritten, "queries kept for hook libraries that had to make room for others") \
	X(outcome_granted,  "outcome records of leases granted") \
	X(outcome_refused,  "refusals seen") \
	X(outcome_released, "releases seen") \
	X(outcome_declined, "declines seen")

enum cause {
#define X(name, text) CAUSE_##name,
	RELAY_CAUSES(X)
#undef X
	CAUSE_COUNT
};

enum event {
#define X(name, text) EVENT_##name,
	RELAY_EVENTS(X)
#undef X
	EVENT_COUNT
};

const char *cause_name(enum cause c);
const char *cause_text(enum cause c);
const char *event_name(enum event e);
const char *event_text(enum event e);

#endif
