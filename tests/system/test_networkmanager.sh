#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# NetworkManager with its own DHCP code and with dhclient, both protocols: a lease, and what the registry makes of it while it is
# held. Its own DHCPv6, which is systemd's, renews after ten seconds at the earliest, so there one move must do. After a NAK its own
# DHCPv4 leaves the old address in ciaddr when it accepts an offer, which ISC dhcpd would refuse in the old address's subnet.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=servers.sh
. "$(dirname "$0")/servers.sh"
# shellcheck source=networkmanager.sh
. "$(dirname "$0")/networkmanager.sh"

need dhcpd kea-dhcp6 NetworkManager nmcli dbus-daemon dhclient
need_usher
topology
KEA_T1=2
ISC4_MORE='option dhcp-renewal-time 2;'
must "ISC DHCPv4" isc 4
must "Kea DHCPv6" kea 6
must "divert" divert bridge clients server
usher_config ""
other_users
must "usher" usher_start

# Name, family, and the program that NetworkManager leaves DHCP to.
clients='own4:4:internal own6:6:internal isc4:4:dhclient isc6:6:dhclient'
declare -A mac
number=0
for one in $clients; do
	IFS=: read -r name family program <<<"$one"
	number=$((number + 1))
	mac[$name]=0c:0e:0a:06:00:0$number
	machine_on_hub "$name" "${mac[$name]}"
	[ "$name" != own6 ] || register DUID "00:03:00:01:${mac[$name]}"
	"nm$family" "$name" "$program"
done

# The address in use: one that a move has taken away is deprecated or gone.
has_address() { # name, family, beginning
	on "$1" ip "-$2" -o address show dev eth0 scope global -deprecated | grep -q " $3"
}

holds() { # name, family, what, beginning of the address
	check "$1, DHCPv$2, $3" "$(on "$1" ip -o address show dev eth0; nmcli_in "$1" device show eth0 2>&1)" \
		wait_for 15 has_address "$1" "$2" "$4"
}

holds own4 4 "unregistered: restricted subnet" 198.51.100.
holds own6 6 "registered: open subnet" 2001:db8:1::
holds isc4 4 "unregistered: restricted subnet" 198.51.100.
holds isc6 6 "unregistered: restricted subnet" 3000::
registry_edit "/${mac[own6]}/d"
register HW_ADDR "${mac[own4]}"
register HW_ADDR "${mac[isc4]}"
register DUID "00:03:00:01:${mac[isc6]}"
holds own4 4 "registered while bound: open subnet" 192.0.2.
holds isc4 4 "registered while bound: open subnet" 192.0.2.
holds isc6 6 "registered while bound: open subnet" 2001:db8:1::
holds own6 6 "taken out while bound: restricted subnet" 3000::
registry_edit "/${mac[own4]}/d; /${mac[isc4]}/d"
holds own4 4 "taken out while bound: restricted subnet" 198.51.100.
holds isc4 4 "taken out while bound: restricted subnet" 198.51.100.
dhcp4=$(nmcli_in own4 -f DHCP4 device show eth0 2>&1)
check "nmcli shows the router of its subnet" "$dhcp4" grep -q 'routers = 198.51.100.1$' <<<"$dhcp4"
check "and nothing of a relay agent" "$dhcp4" test "$(grep -ci 'agent\|circuit\|option_82\|unknown_118' <<<"$dhcp4")" = 0
check "dhclient is what was asked for" "$(on isc4 pgrep -a . 2>&1)" test -n "$(ip netns pids "$TAG-isc4" | xargs -r ps -o comm= -p | grep dhclient)"
check "outcome file holds whole records only" "$(tail -n 5 "$WORK/outcome.txt" 2>&1)" outcome_is_clean
finish
