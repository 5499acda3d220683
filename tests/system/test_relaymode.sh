#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# usher as the relay agent: three servers upstream, all kinds of clients, another relay agent below.
# Measures time: scripts/check runs it alone.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=servers.sh
. "$(dirname "$0")/servers.sh"
# shellcheck source=places.sh
. "$(dirname "$0")/places.sh"
# shellcheck source=processes.sh
. "$(dirname "$0")/processes.sh"

need kea-dhcp4 kea-dhcp6 dhcpd dnsmasq dhcrelay dhclient udhcpc dhcpcd ss tshark
need_usher
place_relay

# Two more servers, each behind a wire of its own; and a second link of clients, where a relay agent lives.
more_server isc spare 10.0
more_server masq third 11.0
for ns in agent far; do
	add_ns $ns
done
wire agent eth0 bridge more
wire agent below far eth0
router_addresses bridge more 12.0.1
router_addresses agent eth0 12.0.2
router_addresses agent below 13.0.1
forwards agent
on agent ip route add default via 10.12.0.1
on agent ip -6 route add default via 2001:db8:12::1
on bridge ip route add 10.13.0.0/24 via 10.12.0.2
on bridge ip -6 route add 2001:db8:13::/64 via 2001:db8:12::2

KEA_T1=2
(SERVER_NS=isc ISC4_MORE='subnet 10.10.0.0 netmask 255.255.255.0 { }' ISC6_MORE='subnet6 2001:db8:10::/64 { }'; isc 4) &
(SERVER_NS=isc ISC4_MORE='' ISC6_MORE='subnet6 2001:db8:10::/64 { }'; isc 6) &
(SERVER_NS=masq; dnsmasq_server) &
must "Kea DHCPv4" kea 4
kea_pids=$pid
must "Kea DHCPv6" kea 6
kea_pids="$kea_pids $pid"
for job in 1 2 3; do
	must "server $job of the others" wait -n
done
must "divert" divert relay clients,more

relay_config() { # upstreams
	place_config '"mode": "relay", "log_level": "debug",
		"trusted_relays": ["10.13.0.1", "10.12.0.2", "2001:db8:12::2", "2001:db8:13::1"],
		"relay": { "choose": "first", "dead_after_ms": 4000, "dead_for_ms": 60000 },' "\"upstreams\": [ $1 ],"
	sed -i 's/\["clients"\]/["clients", "more"]/
		s/"rules": \[/&\n\t\t\t{ "when": { "user": { "site": true } }, "subnet": "open", "upstream": "@site" },/' "$WORK/usher.json"
}
relay_config '
	{ "name": "main",  "address": ["10.9.0.1", "2001:db8:9::1"], "server": "kea" },
	{ "name": "spare", "address": ["10.10.0.1", "2001:db8:10::1"], "server": "isc" },
	{ "name": "third", "address": ["10.11.0.1", "2001:db8:11::1"], "server": "dnsmasq" }'
other_users
must "usher" usher_start

split "relay mode"

machine() { # ns, mac
	add_ns "$1"
	on client ip link add "m-$1" link eth0 address "$2" type macvlan mode bridge
	on client ip link set "m-$1" netns "$TAG-$1" name eth0
	on "$1" ip link set eth0 up
}
machine udhcpc 0c:0e:0a:03:00:11
machine dhcpcd 0c:0e:0a:03:00:12
machine site 0c:0e:0a:03:00:13
register HW_ADDR 0c:0e:0a:03:00:13 '"site": "third"'
register DUID 00:03:00:01:0c:0e:0a:03:00:13 '"site": "third"'

# --- every kind of client, and what each side sees -----------------------------------------------------------------
# The client's ends first: what it shows is then in the other one too.
capture client eth0 client
capture server eth0 server
spawn agent dhcrelay4 dhcrelay -4 -d --no-pid -a -id below -iu eth0 10.12.0.1
spawn agent dhcrelay6 dhcrelay -6 -d --no-pid -I -l below -u 2001:db8:12::1%eth0
dhclient4 client
dhclient6 client
udhcpc4 udhcpc
udhcpc_pid=$pid
dhcpcd4 dhcpcd
dhcpcd6 dhcpcd
dhclient4 far
dhclient6 far
expect "dhclient, DHCPv4" client 4 addr=198.51.100. 25
expect "dhclient, DHCPv6" client 6 addr=3000:: 25
expect "udhcpc, DHCPv4" udhcpc 4 addr=198.51.100. 25
expect "dhcpcd, DHCPv4" dhcpcd 4 addr=198.51.100. 25
expect "dhcpcd, DHCPv6" dhcpcd 6 addr=3000:: 25
expect "DHCPv4 through another relay agent" far 4 addr=198.51.100. 25
expect "DHCPv6 through that" far 6 addr=3000:: 25

for mac in "$CLIENT_MAC" 0c:0e:0a:03:00:11 0c:0e:0a:03:00:12; do
	register HW_ADDR "$mac"
	register DUID "00:03:00:01:$mac"
done
kill -USR1 "$udhcpc_pid" # it counts thirty seconds, whatever T1
expect "dhclient, DHCPv4, registered: moved" client 4 addr=192.0.2. 25
expect "dhclient, DHCPv6, registered: moved" client 6 addr=2001:db8:1:: 25
expect "udhcpc, DHCPv4, registered: moved" udhcpc 4 addr=192.0.2. 25
expect "dhcpcd, DHCPv4, registered: moved" dhcpcd 4 addr=192.0.2. 25
expect "dhcpcd, DHCPv6, registered: moved" dhcpcd 6 addr=2001:db8:1:: 25
renewed() {
	[ "$(grep -c '"event":"renewed".*192.0.2' "$WORK/outcome.txt")" -gt 0 ] &&
		[ "$(grep -c '"event":"renewed".*2001:db8:1:' "$WORK/outcome.txt")" -gt 0 ]
}
check "renewed by both protocols" "not in the outcome file" wait_for 20 renewed
captures_end
check "server's side and client's side differ in what a relay agent does only" "see above" \
	"$ROOT/tests/system/dhcp.py" compare "$WORK/server.pcap" "$WORK/client.pcap" 192.0.2.1
check "nothing of a relay agent reaches a client" "it does" test \
	"$(seen client ' 82=')$(seen client 'codes=.*118')$(seen client 'layers=[1-9]')$(seen client 'giaddr=[1-9]')" = 0000
check "the move was a NAK of usher's own, unknown to the server" "$(seen client '^nak'), $(seen server '^nak')" \
	test "$(seen client '^nak')" -gt 0 -a "$(seen server '^nak')" = 0

# --- whom the rule names ---------------------------------------------------------------------------------------------
kill -KILL "$(first usher-worker)" # the next one learns by itself where it stands
dhclient4 site
dhclient6 site
expect "DHCPv4 by the upstream that the user names, dnsmasq" site 4 addr=192.0.2. 25
expect "DHCPv6 by that" site 6 addr=2001:db8:1:: 25
check "dnsmasq, and only it, was asked" "see its log" test "$(grep -c 0c:0e:0a:03:00:13 "$WORK/dnsmasq.log")" -gt 0 -a "$(grep -c 0c:0e:0a:03:00:13 "$WORK/kea4.log")" = 0

# --- who is not to be heard ----------------------------------------------------------------------------------------
router_mac=$(on bridge cat /sys/class/net/server/address)
on server ip address add 10.9.0.66/24 dev eth0
for source in 10.9.0.66 10.9.0.1; do
	dhcp server send4 eth0 op=2 type=offer src=$source dst=192.0.2.1 sport=67 dport=67 link="$router_mac" \
		giaddr="$([ $source = 10.9.0.1 ] && echo 192.0.2.99 || echo 192.0.2.1)" yiaddr=198.51.100.166
done
dhcp client send4 eth0 giaddr=203.0.113.1 xid=0badbad1
caused() { # name
	kill -USR1 "$usher_pid"
	sleep 0.3
	grep "statistics: .*($1)" "$WORK/usher.log" | tail -n 1 | sed 's/.*statistics: \([0-9]*\) .*/\1/' | grep -q '^[1-9]'
}
check "a server that is not listed is not heard" "not counted" caused unknown_server
check "an answer for another relay agent is dropped" "not counted" caused foreign_giaddr
check "a giaddr that a client writes itself is dropped" "not counted" caused spoofed_giaddr

# --- an upstream goes down -----------------------------------------------------------------------------------------
for one in $kea_pids; do
	stop "$one" KILL
done
machine late 0c:0e:0a:03:00:14
udhcpc4 late
dhclient6 late
expect "DHCPv4 when the first upstream is down: the second" late 4 addr=198.51.100. 25
expect "DHCPv6 likewise" late 6 addr=3000:: 25
check "no worker did what it may not" "$(grep worker "$WORK/usher.log")" no_worker_failed
check "the log says so" "it does not" test "$(grep -c 'upstream "main" does not answer DHCPv[46]' "$WORK/usher.log")" = 2

# --- renewals that come back to us ---------------------------------------------------------------------------------
stop "$usher_pid"
on bridge ip address add 192.0.2.12/24 dev clients
relay_config '{ "name": "spare", "address": ["10.10.0.1", "2001:db8:10::1"], "alias": "192.0.2.12" }, { "name": "third", "address": "10.11.0.1" }'
must "usher with an alias" usher_start
capture isc eth0 alias
register HW_ADDR 0c:0e:0a:03:00:15
on client "$ROOT/tests/system/client.py" 4 eth0 "$WORK/alias" mac=0c:0e:0a:03:00:15 show=54 discover request renew release \
	>"$WORK/alias.log" 2>&1
captures_end
says() { # pattern
	grep -q -- "$1" "$WORK/alias.log"
}
check "the alias is the server identifier" "$(cat "$WORK/alias.log")" says '^offer addr=192.0.2.*54=192.0.2.12'
check "a renewal to the alias is relayed and answered" "$(cat "$WORK/alias.log")" test "$(grep -c '^ack addr=192.0.2.*54=192.0.2.12' "$WORK/alias.log")" = 2
check "with giaddr, state and the flag of RFC 5010" "not seen" test "$(seen alias '^request 67>67.*giaddr=192.0.2.1 .*0a0180')" = 1
check "its release reaches the server too" "not seen" test "$(seen alias '^release 67>67.*giaddr=192.0.2.1 ')" = 1
finish
