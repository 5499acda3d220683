#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# usher as a relay agent that adds no option 82: giaddr alone tells Kea, and dnsmasq, the subnet.
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

need kea-dhcp4 dnsmasq dhclient
need_usher
place_relay
on bridge ip address add 192.0.2.12/24 dev clients
more_server masq third 11.0
(SERVER_NS=masq; dnsmasq_server) &
must "Kea" kea 4
must "dnsmasq" wait -n
must "divert" divert relay clients
giaddr_config() { # server, address, more of the upstream
	MAX_LEASE=', "max_lease": 0'
	place_config "\"mode\": \"relay\", \"relay\": { \"agent_option\": false }," \
		"\"upstreams\": [ { \"name\": \"$1\", \"address\": \"$2\", \"server\": \"$1\" ${3:-} } ],"
}
other_users
giaddr_config kea 10.9.0.1
must "usher" usher_start
split "relay mode without option 82"

# What the two sides of usher have seen: giaddr and hops, and nothing else.
sides() { # server
	captures_end
	check "$1: server's side and client's side differ in giaddr and hops only" "see above" \
		"$ROOT/tests/system/dhcp.py" compare "$WORK/$1.pcap" "$WORK/client.pcap" 192.0.2.1,198.51.100.1
	check "$1: there is no option 82 on its side" "there is" test "$(seen "$1" ' 82=')$(seen "$1" 'codes=.*118')" = 00
	check "$1: giaddr is our address in the subnet" "it is not" test \
		"$(seen "$1" '^discover.*giaddr=192.0.2.1 ')" -gt 0 -a "$(seen "$1" '^discover.*giaddr=198.51.100.1 ')" -gt 0
	check "$1: nothing of a relay agent reaches a client" "it does" test \
		"$(seen client ' 82=')$(seen client '^\(offer\|ack\|nak\).*giaddr=[1-9]')" = 00
}

machine=0
capture server eth0 kea
capture client eth0 client
table 4 <<'EOT'
a lease, renewed, rebound, INIT-REBOOT | discover>offer:R request>ack:R renew>ack:R rebind>ack:R reboot>ack:R | granted:R renewed:R renewed:R granted:R
registered while bound, rebinding      | discover>offer:R request>ack:R + rebind>nak:- discover>offer:O request>ack:O renew>ack:O | granted:R moved:R granted:O renewed:O
unregistered while bound, renewal      | + discover>offer:O request>ack:O - renew>nak:- discover>offer:R request>ack:R | granted:O moved:O granted:R
registered between OFFER and REQUEST   | discover>offer:R + request>nak:- discover>offer:O request>ack:O | moved:R granted:O
declined after removal                 | + discover>offer:O request>ack:O - decline>sent discover>offer:R | granted:O declined:O
informed, released                     | discover>offer:R request>ack:R inform>ack:- release>sent | granted:R released:R
EOT
dhclient4 client
expect "dhclient" client 4 addr=198.51.100.
register HW_ADDR "$CLIENT_MAC"
stop "$pid" KILL
dhclient4 client
expect "dhclient, registered: moved at its INIT-REBOOT" client 4 addr=192.0.2.
stop "$pid" KILL
sides kea

# Renewals, and a release, that come to usher itself; dnsmasq looks for what is released in the subnet that giaddr names.
giaddr_config dnsmasq 10.11.0.1 ', "alias": "192.0.2.12"'
kill -HUP "$usher_pid"
sleep 0.5
capture masq eth0 dnsmasq
capture client eth0 client
table 4 <<'EOT'
dnsmasq: a lease, renewed, rebound    | discover>offer:R request>ack:R renew>ack:R rebind>ack:R reboot>ack:R | granted:R renewed:R renewed:R granted:R
dnsmasq: registered while bound       | discover>offer:R request>ack:R + renew>nak:- discover>offer:O request>ack:O renew>ack:O | granted:R moved:R granted:O renewed:O
dnsmasq: released after registration  | discover>offer:R request>ack:R + release>sent discover>offer:O request>ack:O | granted:R released:R granted:O
EOT
captures_end
check "dnsmasq: renewals came to the alias and were relayed" "not seen" test "$(seen dnsmasq '^request 67>67.*giaddr=198.51.100.1 ')" -gt 0
check "dnsmasq: and what was released is free" "$(grep RELEASE "$WORK/dnsmasq.log")" grep -q 'DHCPRELEASE.*198.51.100.[0-9]* 0c:0e:[0-9a-f:]* *$' "$WORK/dnsmasq.log"
check "dnsmasq: there is no option 82 on its side" "there is" test "$(seen dnsmasq ' 82=')$(seen dnsmasq 'codes=.*118')" = 00
finish
