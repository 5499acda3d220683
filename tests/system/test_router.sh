#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# usher on a router: real relay agents downstream, Kea upstream. What the relay agent wrote comes back to it byte for byte.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=places.sh
. "$(dirname "$0")/places.sh"

need kea-dhcp4 kea-dhcp6 dhcrelay dnsmasq dhclient
need_usher
place_router
KEA_T1=2
must "Kea DHCPv4" kea 4
must "Kea DHCPv6" kea 6
must "divert" divert router clients server
usher_config "$trusted_relays"
other_users
must "usher" usher_start

renewed() { # capture
	[ "$(seen "$1" '^request 68>67')" -gt 0 ] && [ "$(seen "$1" '^ack 67>68')" -gt 0 ]
}

# A new client behind this relay agent: unregistered, then registered.
with_relay() { # isc|dnsmasq
	local pid4 pid6
	must "the relay agent of $1" relay_start "$1"
	capture server eth0 "server-$1"
	capture relay above "relay-$1"
	capture client eth0 "client-$1"
	dhclient4 client
	pid4=$pid
	dhclient6 client
	pid6=$pid
	expect "$1, DHCPv4, unregistered: restricted subnet" client 4 addr=198.51.100.
	expect "$1, DHCPv6, unregistered: restricted subnet" client 6 addr=3000::
	register HW_ADDR "$CLIENT_MAC"
	register DUID "$CLIENT_DUID"
	expect "$1, DHCPv4, registered while bound: the server's own choice" client 4 addr=192.0.2.
	expect "$1, DHCPv6, registered while bound: the server's own choice" client 6 addr=2001:db8:1::
	check "$1: a renewal went past the relay agent, through the router, and was acknowledged" "none" wait_for 8 renewed "relay-$1"
	stop "$pid4"
	stop "$pid6"
	captures_end
	relay_stop
	rm "$(record_of client 4)"* "$(record_of client 6)"*
	on client ip address flush dev eth0 scope global
	registry_edit "/$CLIENT_MAC/d"
	check "$1: server's side and relay agent's side differ in hint and state only" "see above" \
		"$ROOT/tests/system/dhcp.py" compare "$WORK/server-$1.pcap" "$WORK/relay-$1.pcap"
	check "$1: relayed queries of both protocols were steered" "they were not" \
		test "$(seen "server-$1" '^discover.*giaddr=192.* 82=')" -gt 0 -a "$(seen "server-$1" '^solicit.* layers=2')" -gt 0
	check "$1: such a renewal brought the NAK of the move" "none" test "$(seen "relay-$1" '^nak 67>68')" -gt 0
	check "$1: nothing of it reaches the client" "it does" \
		test "$(seen "client-$1" '^\(offer\|ack\|nak\).* 82=')$(seen "client-$1" 'codes=.*,118')$(seen "client-$1" 'layers=[1-9]')" = 000
}

with_relay isc
check "the relay agent of isc writes an option 82 to be kept" "none" test "$(seen relay-isc '^offer.* 82=01')" -gt 0
check "the relay agent of isc writes an Interface-ID to be kept" "none" test "$(seen relay-isc '^advertise.* layers=1')" -gt 0
with_relay dnsmasq
finish
