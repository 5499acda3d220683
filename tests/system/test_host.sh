#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# usher on the server's own host: dnsmasq for both protocols, Kea and ISC for DHCPv6, in INPUT and OUTPUT. A server that
# reads raw sockets is recognised when usher starts.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=servers.sh
. "$(dirname "$0")/servers.sh"
# shellcheck source=moves.sh
. "$(dirname "$0")/moves.sh"
# shellcheck source=places.sh
. "$(dirname "$0")/places.sh"

need kea-dhcp4 kea-dhcp6 dhcpd dnsmasq
need_usher
place_host
must "divert" divert host clients
place_config ""
other_users
must "usher" usher_start
check "no server, nothing to warn of" "$(cat "$WORK/usher.log")" test "$(grep -c 'packet socket' "$WORK/usher.log")" = 0
machine=0

serves() { # server, family
	if [ "$2" = 4 ]; then
		table 4 <<-EOT
		$1: a lease, renewed, released | discover>offer:R request>ack:R renew>ack:R release>sent discover>offer:R | granted:R renewed:R released:R
		$1: registered while bound     | discover>offer:R request>ack:R + renew>nak:- discover>offer:O request>ack:O renew>ack:O | granted:R moved:R granted:O renewed:O
		EOT
	else
		table 6 <<-EOT
		$1: a lease, renewed, released | solicit>advertise:R request>reply:R renew>reply:R release>reply:- | granted:R renewed:R released:R
		$1: registered                 | solicit>advertise:R + solicit>advertise:O request>reply:O renew>reply:O | granted:O renewed:O
		EOT
	fi
}

restarted() { # what usher says of raw servers when it starts now is in $said
	stop "$usher_pid"
	: >"$WORK/usher.log"
	must "usher" usher_start
	said=$(grep 'packet socket' "$WORK/usher.log")
}

dnsmasq_server || fail dnsmasq "does not start"
dnsmasq_pid=$pid
capture client eth0 client
serves dnsmasq 4
serves dnsmasq 6
captures_end
check "dnsmasq: nothing of ours reaches the client" "it does" \
	test "$(seen client '^\(offer\|ack\|nak\).* 82=')$(seen client '^\(offer\|ack\|nak\).*codes=[0-9,]*118')$(seen client 'layers=[1-9]')" = 000
restarted
check "dnsmasq reads ordinary sockets" "$said" test -z "$said"
stop "$dnsmasq_pid"

must "Kea DHCPv6" kea 6
kea_pid=$pid
serves Kea 6
restarted
check "Kea DHCPv6 reads ordinary sockets" "$said" test -z "$said"
stop "$kea_pid"

must "ISC DHCPv6" isc 6
isc_pid=$pid
serves ISC 6
stop "$isc_pid"

# DHCPv4 of these two is read before any rule in INPUT.
must "ISC DHCPv4" isc 4
isc_pid=$pid
restarted
check "ISC dhcpd is recognised as one that reads raw sockets" "$said" grep -q "dhcpd (pid $isc_pid) reads DHCPv4 from a packet socket" <<<"$said"
check "and the way out is named" "$said" grep -q 'usher-divert host-netns' <<<"$said"
stop "$isc_pid"
must "Kea DHCPv4" kea 4
kea_pid=$pid
restarted
check "Kea is recognised as one that reads raw sockets" "$said" grep -q "kea-dhcp4 (pid $kea_pid) reads DHCPv4 from a packet socket" <<<"$said"
divert host clients --family 6
restarted
check "with rules for DHCPv6 only it does not matter" "$said" test -z "$said"
divert host clients
stop "$kea_pid"
sed -i 's|"interfaces-config": {|& "dhcp-socket-type": "udp",|' "$WORK/kea4.conf"
: >"$WORK/kea4.log"
spawn "$SERVER_NS" kea4 env KEA_LOCKFILE_DIR="$WORK" KEA_PIDFILE_DIR="$WORK" "$WORK/bin/kea-dhcp4" -c "$WORK/kea4.conf"
wait_for 10 grep -q DHCP4_STARTED "$WORK/kea4.log"
restarted
check "Kea with UDP sockets is not" "$said" test -z "$said"
finish
