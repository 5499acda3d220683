#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Two ushers in a row, each with an enterprise number of its own, on two bridges:
#   client:eth0 --- clients:bridge:server --- clients:second:server --- eth0:server
# The second takes the first for a client: of DHCPv4 it removes what the first wrote and steers anew; of DHCPv6 it has to
# be told that Relay-forwards from link-local addresses are to be believed. A move of DHCPv4 is the doing of the second,
# which is nearer to the server; the first sees a NAK.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=moves.sh
. "$(dirname "$0")/moves.sh"
# shellcheck source=places.sh
. "$(dirname "$0")/places.sh"

need kea-dhcp4 kea-dhcp6
need_usher
topology
# The server's wire now ends in the second bridge.
add_ns second
on second ip link add br0 type bridge forward_delay 0 mcast_snooping 0
on second ip link set br0 up
on bridge ip link set server netns "$TAG-second"
wire bridge server second clients
on bridge ip link set server master br0
for port in clients server; do
	on second ip link set "$port" master br0 up
done
must "Kea DHCPv4" kea 4
must "Kea DHCPv6" kea 6
must "divert" divert bridge clients server
must "the second divert" nsenter --net="/var/run/netns/$TAG-second" "$ROOT/scripts/divert" bridge clients server
place_config '"enterprise": 32474, "trusted_relays": ["fe80::/10"],'
sed "s|\"control\".*|\"control\": \"$WORK/second.sock\"|; s|outcome.txt|second.txt|" "$WORK/usher.json" >"$WORK/second.json"
place_config '"enterprise": 32473,'
other_users
must "usher" usher_start
spawn second second "$USHER" run -c "$WORK/second.json"
must "the second usher" wait_for 5 grep -q ' runs: ' "$WORK/second.log"
capture server eth0 server
machine=0
table 4 <<'EOT'
a lease, renewed, rebound, released | discover>offer:R request>ack:R renew>ack:R rebind>ack:R release>sent | granted:R renewed:R renewed:R released:R
registered while bound              | discover>offer:R request>ack:R + renew>nak:- discover>offer:O request>ack:O renew>ack:O | granted:R refused:- granted:O renewed:O
EOT
table 6 <<'EOT'
a lease, renewed, released          | solicit>advertise:R request>reply:R renew>reply:R release>reply:- | granted:R renewed:R released:R
registered while bound              | solicit>advertise:R request>reply:R + renew>reply:O/R renew>reply:O | granted:R moved:R granted:O renewed:O
EOT
captures_end
check "both have steered DHCPv6" "$("$ROOT/tests/system/dhcp.py" dump "$WORK/server.pcap")" test "$(seen server '^solicit.* layers=2')" -gt 0
check "one option 82 reaches the server" "$("$ROOT/tests/system/dhcp.py" dump "$WORK/server.pcap")" \
	test "$(seen server '^discover.*,82 82=')" -gt 0 -a "$(seen server '^discover.*,82,82')" = 0
finish
