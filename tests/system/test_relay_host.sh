#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# usher as the relay agent on the server's own host: Kea with ordinary UDP sockets, which hears no client by itself.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=servers.sh
. "$(dirname "$0")/servers.sh"
# shellcheck source=moves.sh
. "$(dirname "$0")/moves.sh"
# shellcheck source=places.sh
. "$(dirname "$0")/places.sh"
# shellcheck source=processes.sh
. "$(dirname "$0")/processes.sh"

need kea-dhcp4 kea-dhcp6 dhclient
need_usher
place_host
must "divert" divert relay-host clients
KEA4_ADDRESS=198.51.100.1
must "Kea DHCPv6" kea 6
# shellcheck disable=SC2218 # the one of lib.sh, and then our own
kea4_config | sed 's|"interfaces-config": {|& "dhcp-socket-type": "udp",|' >"$WORK/kea-udp.conf"
kea4_config() {
	cat "$WORK/kea-udp.conf"
}
must "Kea DHCPv4 with UDP sockets" kea 4
place_config '"mode": "relay",
	"upstreams": [ { "name": "here", "address": ["198.51.100.1", "2001:db8:1::1"], "server": "kea" } ],'
other_users
must "usher" usher_start
capture client eth0 client
split "relay mode on the server's host"
machine=0
table 4 <<'EOT'
a lease, renewed, rebound, released | discover>offer:R request>ack:R renew>ack:R rebind>ack:R release>sent | granted:R renewed:R renewed:R released:R
registered while bound              | discover>offer:R request>ack:R + renew>nak:- discover>offer:O request>ack:O renew>ack:O | granted:R moved:R granted:O renewed:O
EOT
table 6 <<'EOT'
a lease, renewed, released          | solicit>advertise:R request>reply:R renew>reply:R release>reply:- | granted:R renewed:R released:R
registered while bound              | solicit>advertise:R request>reply:R + renew>reply:O/R renew>reply:O | granted:R moved:R granted:O renewed:O
EOT
dhclient4 client
dhclient6 client
expect "dhclient, DHCPv4" client 4 addr=198.51.100.
expect "dhclient, DHCPv6" client 6 addr=3000::
captures_end
check "nothing of a relay agent reaches a client" "it does" test \
	"$(seen client '^\(offer\|ack\|nak\).* 82=')$(seen client 'codes=.*118')$(seen client 'layers=[1-9]')$(seen client '^\(offer\|ack\|nak\).*giaddr=[1-9]')" = 0000
check "no worker did what it may not" "$(grep worker "$WORK/usher.log")" no_worker_failed
stop "$usher_pid"
check "without usher nobody is answered" "somebody was" \
	grep -q '^nothing' <(on client "$ROOT/tests/system/client.py" 4 eth0 "$WORK/none" mac=0c:0e:0a:02:00:f0 discover 2>&1)
finish
