#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# systemd-networkd, DHCPv4: a lease, and what the registry makes of it while it is held.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

need kea-dhcp4
[ -x /lib/systemd/systemd-networkd ] || skip_all "no systemd-networkd"
need_usher
topology
KEA_T1=2
must "Kea" kea 4
must "divert" divert bridge clients server
usher_config ""
other_users
must "usher" usher_start

networkd4 client
networkd_pid=$pid

has_address() { # beginning
	on client ip -4 -o address show dev eth0 | grep -q " $1"
}

holds() { # case, beginning of the address
	check "$1" "$(on client ip -4 -o address show dev eth0)" wait_for 15 has_address "$2"
}

holds "unregistered: restricted subnet" 198.51.100.
register HW_ADDR "$CLIENT_MAC"
holds "registered while bound: open subnet" 192.0.2.
registry_edit "/$CLIENT_MAC/d"
holds "taken out while bound: restricted subnet" 198.51.100.
check "outcome file holds whole records only" "$(tail -n 5 "$WORK/outcome.txt" 2>&1)" outcome_is_clean
stop "$networkd_pid"
finish
