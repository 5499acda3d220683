# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What every client program must live through, with usher between it and Kea. Sourced after lib.sh.

# story CLIENT FAMILY: unregistered, registered with a boot file, another boot file, out of the registry again. The client
# asks at its T1, two seconds; udhcpc knows no T1 and is told to renew.
story() {
	local type=HW_ADDR id=$CLIENT_MAC restricted=198.51.100.100 open=192.0.2.100 server=tftp.client.example
	if [ "$2" = 6 ]; then
		type=DUID id=$CLIENT_DUID restricted=3000::100 open=2001:db8:1::100 server=2001:db8::1:1
	fi
	need_usher
	topology
	KEA_T1=2
	must "Kea" kea "$2"
	must "divert" divert bridge clients server
	usher_config ""
	other_users
	must "usher" usher_start
	"$1" client
	client_pid=$pid
	expect "unregistered: restricted subnet, the server's options" client "$2" "addr=$restricted bootfile=server-default"
	register "$type" "$id" "\"bootfile\": \"first.img\", \"tftp_server\": \"$server\""
	story_renew "$1"
	expect "registered: open subnet, the registry's options" client "$2" "addr=$open bootfile=first.img tftp=$server"
	registry_edit s/first.img/second.img/
	story_renew "$1"
	expect "changed: the new boot file" client "$2" "addr=$open bootfile=second.img tftp=$server"
	registry_edit /second.img/d
	story_renew "$1"
	expect "taken out: restricted subnet, the server's options" client "$2" "addr=$restricted bootfile=server-default"
	check "outcome file holds whole records only" "$(tail -n 5 "$WORK/outcome.txt" 2>&1)" outcome_is_clean
	check "outcomes are these leases" "$(outcome_history "$type")" \
		test "$(outcome_history "$type")" = "$restricted no;$open yes;$restricted no;"
	finish
}

story_renew() { # client
	[ "$1" != udhcpc4 ] || kill -USR1 "$client_pid"
}
