#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# usher on a router, and relay agents that do what dhcrelay and dnsmasq do not: other source ports (RFC 8357), a link
# selection of their own (RFC 3527), several layers, spoofed ones.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=places.sh
. "$(dirname "$0")/places.sh"

need kea-dhcp4 kea-dhcp6
need_usher
KEA4_MORE_SUBNETS='{ "id": 3, "subnet": "203.0.113.0/24", "pools": [{ "pool": "203.0.113.100 - 203.0.113.199" }] },'
place_router
must "divert" divert router clients server
usher_config "$trusted_relays"
other_users
registered=0c:0e:0a:01:ff:07
register HW_ADDR "$registered"
register DUID "00:03:00:01:$registered"
must "usher" usher_start

agent() { # arguments of agent.py
	on relay "$ROOT/tests/system/agent.py" "$@" 2>&1
}

# asks CASE PATTERN ARGUMENT...: what the relay agent is answered.
asks() {
	local name=$1 pattern=$2 got
	shift 2
	got=$(agent "$@")
	if [[ $got =~ $pattern ]]; then ok "$name"; else fail "$name" "wanted '$pattern', got '$got'"; fi
}

circuit=0104eeff0011	# a relay agent's own 82.1
port4=0104eeff00111300	# and RFC 8357's 82.19
chosen=0504cb007100	# RFC 3527: 82.5 = 203.0.113.0

# A server that obeys RFC 8357 for both protocols, which none of the real ones does.
spawn server echo "$ROOT/tests/system/agent.py" serve 10.9.0.1 2001:db8:9::1
echo_pid=$pid
must "the echoing server" wait_for 5 grep -q serving "$WORK/echo.log"
capture server eth0 echo
asks "DHCPv4: plain relay agent" "^offer 67>67 .*addr=198.51.100.150 .* 82=$circuit$" ask4 192.0.2.1 10.9.0.1 "agent=$circuit"
asks "DHCPv4: no option 82, none comes back" '^offer 67>67 .*addr=198.51.100.150 .*codes=53,54,51$' ask4 192.0.2.1 10.9.0.1
asks "DHCPv4: registered, left to the server" "^offer .*addr=192.0.2.150 .* 82=$circuit$" \
	ask4 192.0.2.1 10.9.0.1 "agent=$circuit" mac=$registered
asks "RFC 3527 used downstream, DHCPv4: registered" "^offer .*addr=203.0.113.150 .* 82=$chosen$circuit$" \
	ask4 192.0.2.1 10.9.0.1 "agent=$chosen$circuit" mac=$registered
asks "RFC 3527 used downstream, DHCPv4: unregistered" "^offer .*addr=198.51.100.150 .* 82=$chosen$circuit$" \
	ask4 192.0.2.1 10.9.0.1 "agent=$chosen$circuit"
asks "RFC 8357, DHCPv4: answered at port 1067" "^offer 67>1067 .*addr=198.51.100.150 .* 82=$port4$" \
	ask4 192.0.2.1:1067 10.9.0.1 "agent=$port4"
asks "RFC 8357, DHCPv6: answered at port 1547" '^advertise 547>1547 .*addr=3000::150 .*layers=1 .*\[link=2001:db8:1::1 peer=fe80::1 18=abcd,135=0000\]$' \
	ask6 '[2001:db8:8::2]:1547' 2001:db8:9::1 link=2001:db8:1::1 id=abcd more=008700020000
asks "DHCPv6: two layers come back as they went" \
	'addr=3000::150 .*layers=2 .*\[link=:: peer=fe80::1 18=abcd\] \[link=2001:db8:1::1 peer=fe80::1 18=ef01\]$' \
	ask6 2001:db8:8::2 2001:db8:9::1 link=2001:db8:1::1 id=abcd inner=ef01
asks "DHCPv6: no Interface-ID, none comes back" 'addr=3000::150 .*layers=1 .*\[link=2001:db8:1::1 peer=fe80::1 \]$' \
	ask6 2001:db8:8::2 2001:db8:9::1 link=2001:db8:1::1
asks "DHCPv6: registered, left to the server" 'addr=2001:db8:1::150 .*\[link=2001:db8:1::1 peer=fe80::1 18=abcd\]$' \
	ask6 2001:db8:8::2 2001:db8:9::1 link=2001:db8:1::1 id=abcd mac=$registered
captures_end
check "RFC 8357: the relay agent's port reaches the server" "$("$ROOT/tests/system/dhcp.py" dump "$WORK/echo.pcap")" \
	test "$(seen echo '^discover 1067>67 .*1300')" = 1 -a "$(seen echo '^solicit 1547>547')" = 1

# Kea sorts option 82 by code, with usher or without. It obeys RFC 8357 for DHCPv6.
stop "$echo_pid"
must "Kea DHCPv4" kea 4
must "Kea DHCPv6" kea 6
asks "Kea, RFC 8357, DHCPv6" '^advertise 547>1547 .*addr=3000::1.*\[link=2001:db8:1::1 peer=fe80::1 .*18=abcd' \
	ask6 '[2001:db8:8::2]:1547' 2001:db8:9::1 link=2001:db8:1::1 id=abcd more=008700020000
asks "Kea, RFC 3527 used downstream: registered, its choice is the relay agent's" "^offer .*addr=203.0.113.1.* 82=$circuit$chosen$" \
	ask4 192.0.2.1 10.9.0.1 "agent=$circuit$chosen" mac=$registered
asks "Kea, RFC 3527 used downstream: unregistered, steered, and put back" "^offer .*addr=198.51.100.1.* 82=$circuit$chosen$" \
	ask4 192.0.2.1 10.9.0.1 "agent=$circuit$chosen"

# Who is not trusted gets nothing through.
asks "DHCPv4: a relay agent nobody named" '^nothing$' ask4 10.8.0.2 10.9.0.1 giaddr=10.77.0.1 wait=1
on relay ip -6 address add 2001:db8:77::1/128 dev lo
on bridge ip -6 route add 2001:db8:77::/64 via 2001:db8:8::2
asks "DHCPv6: a relay agent nobody named" '^nothing$' ask6 2001:db8:77::1 2001:db8:9::1 link=2001:db8:1::1 wait=1
finish
