#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What a bridge does to DHCP: flooding, VLAN tags, the first packet of a flow.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

need kea-dhcp4 kea-dhcp6
need_usher
topology
plug other other
must "Kea DHCPv4" kea 4
must "Kea DHCPv6" kea 6
must "divert" divert bridge clients server --vlan

# Somebody keeps connections on this bridge, as every stateful firewall does. Nothing was sent yet, so the very first packet
# of each family is the first of its flow, and is sent once.
on bridge iptables -w -A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT
on bridge ip6tables -w -A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT
usher_config ""
other_users
must "usher" usher_start
answers "the first DISCOVER is answered" 'addr=198\.51\.100\.' client ask4 eth0
answers "the first SOLICIT is answered" 'addr=3000::' client ask6 eth0

seen() { # file, pattern
	"$ROOT/tests/system/dhcp.py" dump "$WORK/$1.pcap" | grep -c -- "$2"
}

# A bridge that learns nothing sends every frame out of every port.
for port in clients server other; do
	on bridge ip link set "$port" type bridge_slave learning off
done
on bridge bridge fdb flush dev br0 2>/dev/null
capture server eth0 server
capture other eth0 other
offer=$(dhcp client ask4 eth0)
address=${offer#*addr=}
dhcp client ask4 eth0 type=request server=192.0.2.1 "addr=${address%% *}" >"$WORK/ack.log"
captures_end
check "flood: the copy for the server is steered" "$(cat "$WORK/ack.log")" test "$(seen server '^discover.* 82=')" = 1
check "flood: the copy for the other port is as the client sent it" "it is not" \
	test "$(seen other '^discover')" = 1 -a "$(seen other '^discover.* 82=')" = 0
check "flood: the answer is clean on every port" "it is not" \
	test "$(seen other '^ack')" = 1 -a "$(seen other '^ack.* 82=')" = 0
check "flood: one lease, one record" "$(cat "$WORK/outcome.txt")" test "$(outcome_count)" = 1

capture server eth0 tagged
dhcp client send4 eth0 vlan=7
captures_end
check "VLAN tag: steered, tag kept" "$("$ROOT/tests/system/dhcp.py" dump "$WORK/tagged.pcap")" \
	test "$(seen tagged '^discover.*vlan=7 .* 82=')" = 1
on bridge sysctl -qw net.bridge.bridge-nf-filter-vlan-tagged=0
capture server eth0 untouched
dhcp client send4 eth0 vlan=7
captures_end
check "VLAN tag, not looked into: passes as it is" "$("$ROOT/tests/system/dhcp.py" dump "$WORK/untouched.pcap")" \
	test "$(seen untouched '^discover.*vlan=7 ')" = 1 -a "$(seen untouched ' 82=')" = 0
finish
