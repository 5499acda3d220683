#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# usher killed without warning: with bypass clients are served unsteered, without it not at all until it is back.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

need kea-dhcp4 kea-dhcp6
need_usher
topology
must "Kea DHCPv4" kea 4
must "Kea DHCPv6" kea 6
must "divert" divert bridge clients server
usher_config ""
other_users
must "usher" usher_start

answers "DHCPv4 to begin with" 'addr=198\.51\.100\.' client ask4 eth0
answers "DHCPv6 to begin with" 'addr=3000::' client ask6 eth0
stop "$usher_pid" KILL
answers "killed, bypass: DHCPv4 is the server's own" 'addr=192\.0\.2\.' client ask4 eth0
answers "killed, bypass: DHCPv6 is the server's own" 'addr=2001:db8:1::' client ask6 eth0

must "divert" divert bridge clients server --closed
answers "killed, closed: no DHCPv4" '^nothing$' client ask4 eth0 wait=1
answers "killed, closed: no DHCPv6" '^nothing$' client ask6 eth0 wait=1

must "usher again" usher_start
answers "back: DHCPv4" 'addr=198\.51\.100\.' client ask4 eth0
answers "back: DHCPv6" 'addr=3000::' client ask6 eth0

# Between query and answer: the packet carries all there is to know.
offer=$(dhcp client ask4 eth0)
stop "$usher_pid" KILL
must "usher once more" usher_start
address=${offer#*addr=}
answers "an offer of the one before is taken up" 'ack .*addr=198\.51\.100\.' \
	client ask4 eth0 type=request server=192.0.2.1 "addr=${address%% *}"
finish
