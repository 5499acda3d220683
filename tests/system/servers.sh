# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The other servers of the system tests, with the subnets that lib.sh gives Kea. Sourced after lib.sh and topology.
# Each returns when it serves; its log is $WORK/NAME.log.

# ISC refuses an interface with addresses of two subnets (unless they are a shared network, which nobody could be steered
# within). The second router's address stands on lo: it answers all the same.
isc_addresses() {
	on "$SERVER_NS" ip address del 198.51.100.1/24 dev "$SERVER_IF"
	on "$SERVER_NS" ip -6 address del 3000::1/64 dev "$SERVER_IF"
	on "$SERVER_NS" ip address add 198.51.100.1/32 dev lo
	on "$SERVER_NS" ip -6 address add 3000::1/128 dev lo
	on "$SERVER_NS" ip route add 198.51.100.0/24 dev "$SERVER_IF"
	on "$SERVER_NS" ip -6 route add 3000::/64 dev "$SERVER_IF"
}

isc4_config() {
	cat <<-EOT
	authoritative;
	ping-check false;
	default-lease-time 60;
	option bootfile-name "server-default";
	option tftp-server-name "tftp.server.example";
	${ISC4_MORE:-}
	subnet 192.0.2.0 netmask 255.255.255.0 { range 192.0.2.100 192.0.2.199; option routers 192.0.2.1; }
	subnet 198.51.100.0 netmask 255.255.255.0 { range 198.51.100.100 198.51.100.199; option routers 198.51.100.1; }
	EOT
}

isc6_config() {
	cat <<-EOT
	authoritative;
	default-lease-time 60;
	preferred-lifetime 50;
	${ISC6_MORE:-}
	subnet6 2001:db8:1::/64 { range6 2001:db8:1::100 2001:db8:1::1ff; ${ISC6_OPEN:-} }
	subnet6 3000::/64 { range6 3000::100 3000::1ff; ${ISC6_RESTRICTED:-} }
	EOT
}

isc() { # 4|6
	private_copy dhcpd
	[ -n "${isc_placed:-}" ] || isc_addresses
	isc_placed=yes
	"isc$1_config" >"$WORK/isc$1.conf"
	: >"$WORK/isc$1.leases"
	spawn "$SERVER_NS" "isc$1" "$WORK/bin/dhcpd" "-$1" -f -d -user root -group root -cf "$WORK/isc$1.conf" \
		-lf "$WORK/isc$1.leases" -pf "$WORK/isc$1.pid" "$SERVER_IF"
	wait_for 10 grep -q 'Server starting service' "$WORK/isc$1.log"
}

# One dnsmasq for both protocols. It sends a router only where it has been told which.
dnsmasq_server() {
	private_copy dnsmasq
	# shellcheck disable=SC2086 # options
	spawn "$SERVER_NS" dnsmasq "$WORK/bin/dnsmasq" --no-daemon --conf-file=/dev/null --user=root --group=root --port=0 \
		--interface="$SERVER_IF" --bind-dynamic --no-ping --dhcp-authoritative --log-dhcp --dhcp-leasefile="$WORK/dnsmasq.leases" \
		--pid-file="$WORK/dnsmasq.pid" \
		--dhcp-range=set:open,192.0.2.100,192.0.2.199,255.255.255.0,120 \
		--dhcp-range=set:restricted,198.51.100.100,198.51.100.199,255.255.255.0,120 \
		--dhcp-range=2001:db8:1::100,2001:db8:1::1ff,64,120 --dhcp-range=3000::100,3000::1ff,64,120 \
		--dhcp-option=tag:open,option:router,192.0.2.1 --dhcp-option=tag:restricted,option:router,198.51.100.1 \
		--dhcp-option=option:bootfile-name,server-default --dhcp-option=option:tftp-server,tftp.server.example ${DNSMASQ_MORE:-}
	wait_for 10 grep -q 'DHCPv6, IP range' "$WORK/dnsmasq.log"
}

server_start() { # kea, isc or dnsmasq
	case $1 in
	dnsmasq) dnsmasq_server ;;
	*) "$1" 4 && "$1" 6 ;;
	esac
}
