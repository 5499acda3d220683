#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# systemd-networkd, DHCPv6: a lease, and its end when the registry no longer knows the client. (It renews after ten seconds
# at the earliest, so one move must do.)
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

need kea-dhcp6
[ -x /lib/systemd/systemd-networkd ] || skip_all "no systemd-networkd"
need_usher
topology
KEA_T1=2
must "Kea" kea 6
must "divert" divert bridge clients server
usher_config ""
other_users
register DUID "$CLIENT_DUID"
must "usher" usher_start

networkd6 client
networkd_pid=$pid

# The address in use: one that a move has taken away is deprecated or gone.
has_address() { # beginning
	on client ip -6 -o address show dev eth0 scope global -deprecated | grep -q " $1"
}

holds() { # case, beginning of the address
	check "$1" "$(on client ip -6 -o address show dev eth0)" wait_for 20 has_address "$2"
}

holds "registered: open subnet" 2001:db8:1::
registry_edit "/$CLIENT_DUID/d"
holds "taken out while bound: restricted subnet" 3000::
check "outcome file holds whole records only" "$(tail -n 5 "$WORK/outcome.txt" 2>&1)" outcome_is_clean
stop "$networkd_pid"
finish
