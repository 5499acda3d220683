#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A relay agent behind the client port, with a client of its own: it gets back exactly what it wrote.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

need kea-dhcp4 kea-dhcp6 dhcrelay dhclient
need_usher
KEA4_MORE_SUBNETS='{ "id": 3, "subnet": "203.0.113.0/24", "pools": [{ "pool": "203.0.113.100 - 203.0.113.199" }] },'
KEA6_MORE_SUBNETS='{ "id": 3, "subnet": "2001:db8:9::/64", "pools": [{ "pool": "2001:db8:9::100 - 2001:db8:9::1ff" }] },'
topology
# far:eth0 --- below:client:eth0 --- clients:bridge:server --- eth0:server: the namespace "client" is the relay agent.
add_ns far
wire client below far eth0
on far ip link set eth0 down address 0c:0e:0a:01:ff:05 up
on client ip address add 192.0.2.2/24 dev eth0
on client ip address add 203.0.113.1/24 dev below
on client ip -6 address add 2001:db8:1::2/64 dev eth0
on client ip -6 address add 2001:db8:9::1/64 dev below
on client sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
on server ip route add 203.0.113.0/24 via 192.0.2.2
on server ip -6 route add 2001:db8:9::/64 via 2001:db8:1::2
must "Kea DHCPv4" kea 4
must "Kea DHCPv6" kea 6
must "divert" divert bridge clients server --relay 192.0.2.2
usher_config '"trusted_relays": ["192.0.2.2", "203.0.113.1", "2001:db8:1::2", "2001:db8:9::1"],'
other_users
must "usher" usher_start
capture server eth0 server
capture client eth0 relay
capture far eth0 far

spawn client dhcrelay4 dhcrelay -4 -d --no-pid -a -id below -iu eth0 192.0.2.1
spawn client dhcrelay6 dhcrelay -6 -d --no-pid -I -l below -u 2001:db8:1::1%eth0
far_duid=00:03:00:01:0c:0e:0a:01:ff:05
# The relay agents take a moment to listen; the clients ask again until they do.
dhclient4 far
pid4=$pid
dhclient6 far
pid6=$pid
expect "DHCPv4, unregistered: restricted subnet" far 4 addr=198.51.100.
expect "DHCPv6, unregistered: restricted subnet" far 6 addr=3000::
register HW_ADDR 0c:0e:0a:01:ff:05
register DUID "$far_duid"
# Its renewals go around the relay agent, so it starts anew.
stop "$pid4"
stop "$pid6"
rm "$(record_of far 4)"* "$(record_of far 6)"*
on far ip -4 address flush dev eth0
dhclient4 far
dhclient6 far
expect "DHCPv4, registered: the subnet of the relay agent" far 4 addr=203.0.113.
expect "DHCPv6, registered: the subnet of the relay agent" far 6 addr=2001:db8:9::
captures_end

seen() { # file, pattern
	"$ROOT/tests/system/dhcp.py" dump "$WORK/$1.pcap" | grep -c -- "$2"
}
check "server's side and relay agent's side differ in hint and state only" "see above" \
	"$ROOT/tests/system/dhcp.py" compare "$WORK/server.pcap" "$WORK/relay.pcap"
check "the relay agent's own option 82 was there to be kept" "none seen" test "$(seen relay '^discover.* 82=')" -gt 0
check "nothing of the relay agent's reaches its client" "it does" \
	test "$(seen far ' 82=')" = 0 -a "$(seen far 'layers=[1-9]')" = 0
finish
