/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of keys of the config: where each is kept, what it may be, what it is when it is left
 * out. The defaults are those of docs/DESIGN.md and of what servers and clients were seen to need.
 */
#include "relay/config_key.h"

#include "dhcpcodec/agent.h"
#include "relay/batch.h"
#include "relay/park.h"
#include "relay/queue.h"
#include "rules/action.h"

static const struct choice modes[] = {
	{ "inline", MODE_INLINE }, { "relay", MODE_RELAY }, { NULL, 0 }
};
static const struct choice fails[] = { { "open", true }, { "closed", false }, { NULL, 0 } };
static const struct choice treats[] = {
	{ "pass", TREAT_PASS }, { "drop", TREAT_DROP }, { NULL, 0 }
};
static const struct choice lines[] = {
	{ "reject", LINES_REJECT }, { "skip", LINES_SKIP }, { NULL, 0 }
};
static const struct choice unavailables[] = {
	{ "wait", UNAVAILABLE_WAIT }, { "restrict", UNAVAILABLE_RESTRICT },
	{ "pass", UNAVAILABLE_PASS }, { NULL, 0 }
};
static const struct choice registry_modes[] = {
	{ "full", REGISTRY_FULL }, { "on-demand", REGISTRY_ON_DEMAND }, { NULL, 0 }
};
static const struct choice formats[] = {
	{ "user_chk", OUTCOME_USER_CHK }, { "json", OUTCOME_JSON }, { NULL, 0 }
};
static const struct choice mismatches[] = {
	{ "nak-convert", MISMATCH_NAK }, { "nak-inject", MISMATCH_INJECT },
	{ "server", MISMATCH_SERVER }, { NULL, 0 }
};
static const struct choice chooses[] = {
	{ "all", CHOOSE_ALL }, { "first", CHOOSE_FIRST }, { "hash", CHOOSE_HASH }, { NULL, 0 }
};
static const struct choice client_82[] = { { "strip", false }, { "drop", true }, { NULL, 0 } };
static const struct choice pxe_fields[] = { { "none", false }, { "auto", true }, { NULL, 0 } };
static const struct choice docsis_32[] = { { "auto", false }, { "string", true }, { NULL, 0 } };
static const struct choice auth[] = {
	{ "never-touch", false }, { "key-delivery-ok", true }, { NULL, 0 }
};
static const struct choice late[] = { { "pass", false }, { "drop", true }, { NULL, 0 } };
static const struct choice sandboxes[] = {
	{ "off", SANDBOX_OFF }, { "best-effort", SANDBOX_BEST_EFFORT },
	{ "require", SANDBOX_REQUIRE }, { NULL, 0 }
};
static const struct choice levels[] = {
	{ "error", LEVEL_ERROR },
	{ "warning", LEVEL_WARNING },
	{ "info", LEVEL_INFO },
	{ "debug", LEVEL_DEBUG },
	{ NULL, 0 },
};

#define FIELD(s, f) .offset = offsetof(struct s, f), .size = sizeof(((struct s *)NULL)->f)
#define CONFIG(f) FIELD(config, f)
#define MYSQL(f) .place = PLACE_MYSQL, CONFIG(registry.mysql.f)
#define TREATMENT(f) .treat = true, FIELD(treatment, f)

/* clang-format off */
static const struct config_key keys[] = {
	{ "mode", &type_choice, "\"inline\"", CONFIG(mode), .choices = modes,
	  .help = "where usher stands: in the path of the packets, or as a relay agent" },
	{ "server", &type_choice, "\"any\"", CONFIG(server), .choices = server_choices,
	  .help = "the kind of server, which says what \"hint\" is unless that is given" },
	{ "queues", &type_queues, "\"67\"", CONFIG(queue_first),
	  .help = "the NFQUEUE number, or first-last: one worker each" },
	{ "fail", &type_choice, "\"open\"", CONFIG(fail_open), .choices = fails,
	  .help = "whether a full queue passes packets unseen or drops them" },
	{ "registry.file", &type_text, "\"/etc/usher/registry.jsonl\"", CONFIG(registry.file),
	  .place = PLACE_FILE, .min = 1, .max = 4095,
	  .help = "the registry, one JSON object a line" },
	{ "registry.mysql.host", &type_name, "\"localhost\"", MYSQL(host), .min = 0, .max = 255,
	  .help = "where the database is, reached by TCP unless socket is given" },
	{ "registry.mysql.port", &type_uint, "3306", MYSQL(port), .min = 1, .max = 65535,
	  .help = "the port there" },
	{ "registry.mysql.socket", &type_text, "\"\"", MYSQL(socket), .min = 0, .max = 107,
	  .help = "the unix socket of a database on this machine; empty: by TCP" },
	{ "registry.mysql.database", &type_name, "\"\"", MYSQL(database), .min = 0, .max = 64,
	  .help = "the database that holds the tables; it has no default" },
	{ "registry.mysql.user", &type_name, "\"usher\"", MYSQL(user), .min = 1, .max = 128,
	  .help = "who we are to the database" },
	{ "registry.mysql.password_file", &type_text, "\"\"", MYSQL(password_file), .min = 0,
	  .max = 4095, .help = "a file whose first line is the password; empty: none" },
	{ "registry.mysql.password_env", &type_name, "\"\"", MYSQL(password_env), .min = 0,
	  .max = 255, .help = "an environment variable that is the password; empty: none" },
	{ "registry.mysql.table", &type_name, "\"usher_users\"", MYSQL(table), .min = 1, .max = 56,
	  .help = "the table of users; that of changes is called the same and _changes" },
	{ "registry.mysql.tls_ca", &type_text, "\"\"", MYSQL(tls_ca), .min = 0, .max = 4095,
	  .help = "certificates by which the database must prove itself; empty: no TLS" },
	{ "registry.mysql.poll_ms", &type_uint, "200", MYSQL(poll_ms), .min = 10, .max = 3600000,
	  .help = "how often the database is asked what has changed" },
	{ "registry.mysql.connect_timeout_ms", &type_uint, "3000", MYSQL(connect_timeout_ms),
	  .min = 10, .max = 600000, .help = "how long a connection may take" },
	{ "registry.mysql.read_timeout_ms", &type_uint, "5000", MYSQL(read_timeout_ms), .min = 10,
	  .max = 600000, .help = "how long an answer, or the next row of one, may take" },
	{ "registry.mysql.on_unavailable", &type_choice, "\"wait\"", MYSQL(on_unavailable),
	  .choices = unavailables,
	  .help = "what to do at a start for which the database has no registry" },
	{ "registry.mysql.mode", &type_choice, "\"full\"", MYSQL(mode), .choices = registry_modes,
	  .help = "whether all users are kept in memory, or those that packets were about lately" },
	{ "registry.mysql.lookup_timeout_ms", &type_uint, "200", MYSQL(lookup_timeout_ms), .min = 1,
	  .max = 10000, .help = "on demand: how long a packet may wait for the database" },
	{ "registry.mysql.cache_users", &type_uint, "100000", MYSQL(cache_users), .min = 1,
	  .max = 100000000, .help = "on demand: how many users are kept in memory" },
	{ "registry.mysql.cache_users_s", &type_uint, "3600", MYSQL(cache_users_s), .min = 1,
	  .max = 31536000, .help = "on demand: for how long" },
	{ "registry.mysql.cache_strangers", &type_uint, "10000", MYSQL(cache_strangers), .min = 1,
	  .max = 100000000, .help = "on demand: how many ids are known to be nobody's" },
	{ "registry.mysql.cache_strangers_s", &type_uint, "60", MYSQL(cache_strangers_s), .min = 1,
	  .max = 31536000, .help = "on demand: for how long" },
	{ "registry.bad_lines", &type_choice, "\"reject\"", CONFIG(registry.bad_lines),
	  .choices = lines,
	  .help = "whether a registry with a wrong line is refused whole or taken without it" },
	{ "registry.refresh_wait_ms", &type_uint, "50", CONFIG(registry.refresh_wait_ms),
	  .min = 0, .max = 1000, .help = "how long a packet may wait for a reload it needs" },
	{ "outcome.file", &type_text, "\"/var/log/usher/outcome.txt\"", CONFIG(outcome.file),
	  .min = 0, .max = 4095, .help = "where records of leases go; empty: nowhere" },
	{ "outcome.json_file", &type_text, "\"\"", CONFIG(outcome.json_file), .min = 0, .max = 4095,
	  .help = "where the same records go as JSON, beside outcome.file; empty: nowhere" },
	{ "outcome.format", &type_choice, "\"user_chk\"", CONFIG(outcome.format), .choices = formats,
	  .help = "how a record is written" },
	{ "outcome.offers", &type_bool, "false", CONFIG(outcome.offers),
	  .help = "a record for each OFFER and ADVERTISE too" },
	{ "outcome.wait_ms", &type_uint, "20", CONFIG(outcome.wait_ms), .min = 0, .max = 1000,
	  .help = "how long a lease may wait for the disk" },
	{ "subnets", &type_subnets, "[]",
	  .help = "the subnets to steer to; the last is the restricted one" },
	{ "rules", &type_rules, "null",
	  .help = "conditions and actions; the first rule that matches decides" },
	{ "upstreams", &type_upstreams, "[]",
	  .help = "in relay mode the servers: whom queries are sent to and whose answers are believed" },
	{ "relay.choose", &type_choice, "\"all\"", TREATMENT(relay.choose), .choices = chooses,
	  .help = "which of several upstreams get a query" },
	{ "relay.dead_after_ms", &type_uint, "8000", TREATMENT(relay.dead_after_ms), .min = 100,
	  .max = 3600000, .help = "queries unanswered for so long: the upstream is down" },
	{ "relay.dead_for_ms", &type_uint, "30000", TREATMENT(relay.dead_for_ms), .min = 100,
	  .max = 3600000, .help = "how long an upstream that is down is left alone" },
	{ "relay.links", &type_links, "[]",
	  .help = "our addresses on the clients' links, where they are not the interface's first" },
	{ "relay.agent_option", &type_bool, "true", TREATMENT(relay.agent_option),
	  .help = "DHCPv4 queries get an option 82; false: giaddr names the subnet, and nothing else" },
	{ "relay.circuit_id", &type_format, "\"%i\"", TREATMENT(relay.circuit_id), .min = 0, .max = 64,
	  .help = "sub-option 82.1: %i is the interface's name; empty: none" },
	{ "relay.flags", &type_bool, "true", TREATMENT(relay.relay_flags),
	  .help = "sub-option 82.10: whether the query came by unicast" },
	{ "relay.link_layer", &type_bool, "true", TREATMENT(relay.link_layer),
	  .help = "DHCPv6 option 79: the client's link-layer address" },
	{ "relay.force_broadcast", &type_bool, "false", TREATMENT(relay.force_broadcast),
	  .help = "broadcast answers also to clients that did not ask for it" },
	{ "relay.min_secs", &type_uint, "0", TREATMENT(relay.min_secs), .min = 0, .max = 65535,
	  .help = "DHCPv4 queries of clients that have tried for less than this are not relayed" },
	{ "hint", &type_choice, "\"link-selection\"", TREATMENT(hint), .choices = hint_choices,
	  .help = "how a DHCPv4 server is told the subnet" },
	{ "enterprise", &type_uint, "32473", TREATMENT(enterprise), .min = 1, .max = UINT32_MAX,
	  .help = "the enterprise number under which our state travels" },
	{ "enforce", &type_choice, "\"nak\"", TREATMENT(enforce), .choices = enforce_choices,
	  .help = "what is done about an answer from the wrong subnet" },
	{ "on_mismatch", &type_choice, "\"nak-convert\"", TREATMENT(on_mismatch),
	  .choices = mismatches,
	  .help = "who moves a client that has an address of the wrong subnet" },
	{ "client_interfaces", &type_names, "[]", CONFIG(client_interfaces), .min = 1, .max = 15,
	  .help = "the interfaces of the untrusted side" },
	{ "server_interfaces", &type_names, "[]", CONFIG(server_interfaces), .min = 1, .max = 15,
	  .help = "the interfaces of the server's side" },
	{ "identify", &type_identify, "[]",
	  .help = "what a client is recognised by, in the order tried" },
	{ "trusted_relays", &type_relays, "[]",
	  .help = "addresses or prefixes of relays that are believed" },
	{ "malformed.query", &type_choice, "\"drop\"", TREATMENT(malformed_query),
	  .choices = treats, .help = "a query that is not valid DHCP" },
	{ "malformed.response", &type_choice, "\"pass\"", TREATMENT(malformed_response),
	  .choices = treats, .help = "a response that is not valid DHCP" },
	{ "fragments", &type_choice, "\"drop\"", TREATMENT(fragments), .choices = treats,
	  .help = "fragments of queries" },
	{ "ext_headers", &type_choice, "\"drop\"", TREATMENT(ext_headers), .choices = treats,
	  .help = "queries behind an IPv6 extension header" },
	{ "bootp", &type_choice, "\"pass\"", TREATMENT(bootp), .choices = treats,
	  .help = "BOOTP: messages without a DHCP message type" },
	{ "oversize", &type_choice, "\"pass\"", TREATMENT(oversize), .choices = treats,
	  .help = "queries that would become too long" },
	{ "leasequery", &type_choice, "\"drop\"", TREATMENT(leasequery), .choices = treats,
	  .help = "LEASEQUERY from the client side" },
	{ "client_82", &type_choice, "\"strip\"", TREATMENT(client_82_drop), .choices = client_82,
	  .help = "a client that writes option 82 or 118 itself" },
	{ "strict_chaddr", &type_bool, "false", TREATMENT(strict_chaddr),
	  .help = "the frame's source address must be chaddr" },
	{ "max_ip4", &type_uint, "1472", TREATMENT(max_ip4), .min = 576, .max = 65535,
	  .help = "longest IPv4 packet, in bytes, that a query may become" },
	{ "max_ip6", &type_uint, "1500", TREATMENT(max_ip6), .min = 1280, .max = 65535,
	  .help = "longest IPv6 packet, in bytes, that a query may become" },
	{ "max_82", &type_uint, "250", TREATMENT(max_82), .min = 64, .max = AGENT_MAX,
	  .help = "longest option 82, in bytes, that a query may get" },
	{ "max_hops", &type_uint, "16", TREATMENT(max_hops), .min = 1, .max = 255,
	  .help = "relays that a DHCPv4 query may have passed" },
	{ "max_hops6", &type_uint, "8", TREATMENT(max_hops6), .min = 1, .max = DHCP6_HOP_LIMIT,
	  .help = "relays that a DHCPv6 query may have passed" },
	{ "pxe_fields", &type_choice, "\"none\"", TREATMENT(pxe_auto), .choices = pxe_fields,
	  .help = "whether tftp_server also sets siaddr and sname" },
	{ "vendor_create", &type_bool, "false", TREATMENT(vendor_create),
	  .help = "make DHCPv6 option 17 for enterprise 4491 where the answer has none" },
	{ "docsis_32", &type_choice, "\"auto\"", TREATMENT(docsis_string), .choices = docsis_32,
	  .help = "how DHCPv6 vendor suboption 32 is written: as addresses, or as text" },
	{ "auth", &type_choice, "\"never-touch\"", TREATMENT(auth_key_delivery), .choices = auth,
	  .help = "whether a message that delivers a reconfigure key may be edited" },
	{ "state_key", &type_state_key, "\"\"", TREATMENT(digest_key),
	  .help = "key of the digest in our state, 32 hex digits; empty: made of the enterprise number" },
	{ "control", &type_text, "\"/run/usher/control.sock\"", CONFIG(control), .min = 0, .max = 107,
	  .help = "the control socket; empty: none" },
	{ "control_owner", &type_name, "\"\"", CONFIG(control_owner), .min = 0, .max = 32,
	  .help = "whose the control socket is; empty: the user whom usher runs as" },
	{ "control_group", &type_name, "\"\"", CONFIG(control_group), .min = 0, .max = 32,
	  .help = "which group may look through the control socket; empty: that of usher" },
	{ "control_mode", &type_octal, "\"0660\"", CONFIG(control_mode), .max = 0777,
	  .help = "the permissions of the control socket" },
	{ "batch", &type_uint, "256", CONFIG(batch), .min = 1, .max = BATCH_MAX,
	  .help = "packets that a worker takes at once" },
	{ "pin", &type_bool, "false", CONFIG(pin),
	  .help = "whether each worker stays on a CPU of its own" },
	{ "queue_length", &type_uint, "8192", CONFIG(queue_length), .min = 1, .max = 1048576,
	  .help = "packets that may wait in the kernel" },
	{ "receive_buffer", &type_uint, "8388608", CONFIG(receive_buffer),
	  .min = 65536, .max = 1u << 30, .help = "bytes of the queue's socket buffer" },
	{ "mark", &type_mark, "\"0/0\"", CONFIG(mark),
	  .help = "mark/mask of packets sent on, so that rules can tell them" },
	{ "hooks_libraries", &type_libraries, "[]",
	  .help = "hook libraries, loaded and called in this order" },
	{ "hooks_slow_ms", &type_uint, "50", CONFIG(hook_slow_ms), .min = 1, .max = 10000,
	  .help = "a callout that takes longer is counted and told of" },
	{ "hooks_park.packets", &type_uint, "256", CONFIG(park.packets), .min = 1, .max = PARK_MAX,
	  .help = "packets of each queue that libraries may hold at a time" },
	{ "hooks_park.timeout_ms", &type_uint, "1000", CONFIG(park.timeout_ms), .min = 1, .max = 30000,
	  .help = "how long a library may hold one" },
	{ "hooks_park.on_timeout", &type_choice, "\"pass\"", CONFIG(park.drop), .choices = late,
	  .help = "what becomes of one that was held for so long" },
	{ "hooks_leases.count", &type_uint, "65536", CONFIG(hook_leases.most), .min = 1, .max = 16777216,
	  .help = "leases whose end is watched for, where a library asks for that" },
	{ "hooks_leases.probation", &type_uint, "86400", CONFIG(hook_leases.probation), .min = 1,
	  .max = 31536000, .help = "seconds after which a declined address counts as recovered" },
	{ "hooks_exchanges", &type_uint, "4096", CONFIG(hook_exchanges), .min = 0, .max = 1048576,
	  .help = "queries kept for libraries until their answers have come" },
	{ "sandbox", &type_choice, "\"best-effort\"", CONFIG(sandbox), .choices = sandboxes,
	  .help = "whether workers are processes without power, and what if the kernel lacks a means" },
	{ "deadline_ms", &type_uint, "500", CONFIG(deadline_ms), .min = 20, .max = 10000,
	  .help = "how long a worker may take for a batch before it is replaced" },
	{ "quarantine.query", &type_choice, "\"drop\"", CONFIG(quarantine.query),
	  .choices = treats, .help = "a query that kills workers, or that no worker is there for" },
	{ "quarantine.response", &type_choice, "\"pass\"", CONFIG(quarantine.response),
	  .choices = treats, .help = "a response of that kind" },
	{ "quarantine.dir", &type_text, "\"/var/lib/usher/quarantine\"", CONFIG(quarantine.dir),
	  .min = 0, .max = 4095, .help = "where the first packets that kill are kept; empty: nowhere" },
	{ "log_level", &type_choice, "\"info\"", CONFIG(log_level), .choices = levels,
	  .help = "what is logged" },
};
/* clang-format on */

const struct config_key *config_keys(size_t *ret_count)
{
	*ret_count = sizeof(keys) / sizeof(keys[0]);
	return keys;
}
