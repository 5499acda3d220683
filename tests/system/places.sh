# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Where usher can stand beside the bridge of lib.sh. Sourced after lib.sh. The namespaces keep their names: clients in
# "client", the server in "server", usher always in "bridge", where the interface "clients" is the untrusted side.
#
#   router   client:eth0 --- below:relay:above --- clients:bridge:server --- eth0:server
#   host     client:eth0 --- clients:bridge                      (the server runs in "bridge" too)

router_addresses() { # ns, device, last number
	on "$1" ip address add "10.$3/24" dev "$2"
	on "$1" ip -6 address add "2001:db8:${3%%.*}::${3##*.}/64" dev "$2"
}

forwards() { # ns
	on "$1" sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.conf.all.rp_filter=0
}

# Both subnets are the relay agent's link: it is the router of either.
client_subnets() { # ns, device
	on "$1" ip address add 192.0.2.1/24 dev "$2"
	on "$1" ip address add 198.51.100.1/24 dev "$2"
	on "$1" ip -6 address add 3000::1/64 dev "$2"
	on "$1" ip -6 address add 2001:db8:1::1/64 dev "$2"
}

place_router() {
	local ns
	for ns in bridge relay client server; do
		add_ns "$ns"
	done
	wire client eth0 relay below
	wire relay above bridge clients
	wire bridge server server eth0
	on client ip link set eth0 down address "$CLIENT_MAC" up
	client_subnets relay below
	router_addresses relay above 8.0.2
	router_addresses bridge clients 8.0.1
	router_addresses bridge server 9.0.2
	router_addresses server eth0 9.0.1
	forwards relay
	forwards bridge
	on relay ip route add default via 10.8.0.1
	on relay ip -6 route add default via 2001:db8:8::1
	on server ip route add default via 10.9.0.2
	on server ip -6 route add default via 2001:db8:9::2
	on bridge ip route add 192.0.2.0/24 via 10.8.0.2
	on bridge ip route add 198.51.100.0/24 via 10.8.0.2
	on bridge ip -6 route add 2001:db8:1::/64 via 2001:db8:8::2
	on bridge ip -6 route add 3000::/64 via 2001:db8:8::2
	ISC4_MORE='subnet 10.9.0.0 netmask 255.255.255.0 { }'
	ISC6_MORE='subnet6 2001:db8:9::/64 { }'
	isc_placed=yes
	KEA4_ADDRESS=10.9.0.1
	KEA6_ADDRESS=2001:db8:9::1
}

# What usher has to be told of these relay agents.
trusted_relays='"trusted_relays": ["192.0.2.1", "198.51.100.1", "10.8.0.0/24", "2001:db8:8::/64"],'

# relay_start isc|dnsmasq: a relay agent in the namespace "relay" for both protocols; its pids are in $relay_pids.
relay_isc() {
	spawn relay dhcrelay4 dhcrelay -4 -d --no-pid -a -id below -iu above 10.9.0.1
	relay_pids=$pid
	spawn relay dhcrelay6 dhcrelay -6 -d --no-pid -I -l below -u 2001:db8:9::1%above
	relay_pids="$relay_pids $pid"
}

relay_dnsmasq() {
	private_copy dnsmasq
	spawn relay dnsmasq-relay "$WORK/bin/dnsmasq" --no-daemon --conf-file=/dev/null --user=root --group=root --port=0 \
		--pid-file="$WORK/dnsmasq-relay.pid" --interface=below --interface=above --bind-dynamic --log-dhcp \
		--dhcp-relay=192.0.2.1,10.9.0.1 --dhcp-relay=2001:db8:1::1,2001:db8:9::1
	relay_pids=$pid
}

# usher is the relay agent: "bridge" is the clients' router, with no bridge in it. Its giaddr is 192.0.2.1.
#
#   relay    client:eth0 --- clients:bridge:server --- eth0:server
place_relay() {
	local ns
	for ns in bridge client server; do
		add_ns "$ns"
	done
	wire client eth0 bridge clients
	wire bridge server server eth0
	on client ip link set eth0 down address "$CLIENT_MAC" up
	client_subnets bridge clients
	router_addresses bridge server 9.0.2
	router_addresses server eth0 9.0.1
	forwards bridge
	on server ip route add default via 10.9.0.2
	on server ip -6 route add default via 2001:db8:9::2
	ISC4_MORE='subnet 10.9.0.0 netmask 255.255.255.0 { }'
	ISC6_MORE='subnet6 2001:db8:9::/64 { }'
	isc_placed=yes
	KEA4_ADDRESS=10.9.0.1
	KEA6_ADDRESS=2001:db8:9::1
}

# One more server there, behind a wire of its own: NS DEVICE NUMBER; 10.NUMBER.1.
more_server() {
	add_ns "$1"
	wire bridge "$2" "$1" eth0
	router_addresses bridge "$2" "$3.2"
	router_addresses "$1" eth0 "$3.1"
	on "$1" ip route add default via "10.$3.2"
	on "$1" ip -6 route add default via "2001:db8:${3%%.*}::2"
}

# What usher has to be told in that place.
relay_upstreams='"mode": "relay",
		"upstreams": [ { "name": "main", "address": ["10.9.0.1", "2001:db8:9::1"] } ],'

listens() { # ns, port...: on UDP
	local ns=$1 port
	shift
	for port in "$@"; do
		on "$ns" ss -Hlun "sport = :$port" | grep -q . || return 1
	done
}

relay_start() { # isc|dnsmasq
	"relay_$1"
	wait_for 5 listens relay 67 547
}

relay_stop() {
	local one
	for one in $relay_pids; do
		stop "$one"
	done
}

# The server runs where usher runs, and reads UDP sockets.
place_host() {
	add_ns bridge
	add_ns client
	wire client eth0 bridge clients
	on client ip link set eth0 down address "$CLIENT_MAC" up
	client_subnets bridge clients
	SERVER_NS=bridge
	SERVER_IF=clients
}

# The same for one that reads raw sockets: divert makes it a namespace, "$TAG-s".
place_netns() { # option...
	place_host
	divert host-netns "$TAG-s" clients "$@" || return
	namespaces+=("$TAG-s")
	SERVER_NS=s
}

seen() { # capture, pattern: how many messages
	"$ROOT/tests/system/dhcp.py" dump "$WORK/$1.pcap" | grep -c -- "$2"
}

# usher with rules that leave nothing to the server, and outcomes that say what happened.
place_config() { # [MEMBER,...]
	cat >"$WORK/usher.json" <<-EOT
	{
		$*
		"queues": "67",
		"registry": { "file": "$WORK/registry.jsonl" },
		"outcome": { "file": "$WORK/outcome.txt", "format": "json" },
		"subnets": [
			{ "name": "open",       "prefixes": ["192.0.2.0/24", "2001:db8:1::/64"], "pd_prefixes": ["2001:db8:100::/48"]${MAX_LEASE:-} },
			{ "name": "restricted", "prefixes": ["198.51.100.0/24", "3000::/64"], "pd_prefixes": ["3000:100::/48"]${MAX_LEASE:-} }
		],
		"rules": [
			{ "when": { "registered": true }, "subnet": "open" },
			{ "when": { "registered": false }, "subnet": "restricted" }
		],
		"client_interfaces": ["clients"],
		"control": "$WORK/usher.sock"
	}
	EOT
	: >>"$WORK/registry.jsonl"
}
