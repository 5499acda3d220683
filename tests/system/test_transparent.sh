#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Client and server see nothing of usher but the subnet: both sides of the bridge are compared byte for byte.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

need kea-dhcp4 kea-dhcp6 dhclient tshark
need_usher
topology
must "Kea DHCPv4" kea 4
must "Kea DHCPv6" kea 6
must "divert" divert bridge clients server
usher_config ""
other_users
must "usher" usher_start
capture server eth0 server
capture client eth0 client

# Nobody here has attributes, so nothing but hint and state may differ.
dhclient4 client
clients=("$pid")
dhclient6 client
clients+=("$pid")
expect "DHCPv4, unregistered" client 4 addr=198.51.100.
expect "DHCPv6, unregistered" client 6 addr=3000::
register HW_ADDR "$CLIENT_MAC"
register DUID "$CLIENT_DUID"
expect "DHCPv4, registered" client 4 addr=192.0.2.
expect "DHCPv6, registered" client 6 addr=2001:db8:1::
# One more renewal each, then a packet that says a lot.
sleep 4
dhcp client ask4 eth0 extra=0c04686f73743d0701aabbccddeeff390205dc >"$WORK/ask4.log"
dhcp client ask6 eth0 extra=00080002000a >"$WORK/ask6.log"
# The captures end one after the other: nobody may ask in between.
for pid in "${clients[@]}"; do
	stop "$pid"
done
captures_end

seen() { # file, pattern: messages
	"$ROOT/tests/system/dhcp.py" dump "$WORK/$1.pcap" | grep -c -- "$2"
}
check "server's side and client's side differ in hint and state only" "see above" \
	"$ROOT/tests/system/dhcp.py" compare "$WORK/server.pcap" "$WORK/client.pcap"
check "queries were steered, or there was nothing to compare" "they were not" \
	test "$(seen server 'discover.* 82=')" -gt 0 -a "$(seen server 'solicit.* layers=1')" -gt 0
check "no option 82 or 118 towards the client" "$(seen client '^\(offer\|ack\|nak\)')" \
	test "$(seen client ' 82=')" = 0 -a "$(seen client 'codes=.*118')" = 0
check "no relay header towards the client" "there are" test "$(seen client 'layers=[1-9]')" = 0

# What a host sends has its checksum filled in by the device it leaves through: only arrivals are judged.
flaws() { # file, filter for what came from elsewhere
	tshark -r "$WORK/$1.pcap" -o ip.check_checksum:TRUE -o udp.check_checksum:TRUE \
		-Y "$2 && (_ws.malformed || ip.checksum.status == 0 || udp.checksum.status == 0)" 2>/dev/null
}
flawless() {
	[ -z "$(flaws "$@")" ] || { flaws "$@"; return 1; }
}
check "tshark finds no flaw in what the server got" "see above" flawless server "eth.src == $CLIENT_MAC"
check "tshark finds no flaw in what the client got" "see above" flawless client "eth.src != $CLIENT_MAC"
finish
