# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A user found by each type of identity, on one server: the answer, which need not show the identity, is still the user's.
# Sourced after lib.sh and servers.sh.

hex_of() { # text
	printf %s "$1" | od -An -tx1 | tr -d ' \n'
}

length() { # hex
	printf %02x $((${#1} / 2))
}

# known FAMILY TYPE ID CASE KEY=VALUE...: a client of its own each time; first nobody knows it, then the registry does.
known() {
	local family=$1 type=$2 id=$3 name="DHCPv$1, $4" mac got first=discover code=67 attribute=boot-file-name
	local open=192.0.2. restricted=198.51.100.
	[ "$family" = 4 ] || { first=solicit code=59 attribute=option6-59 open=2001:db8:1:: restricted=3000::; }
	shift 4
	machine=$((machine + 1))
	mac=$(printf '0c:0e:0a:03:00:%02x' "$machine")
	got=$(on client "$ROOT/tests/system/client.py" "$family" eth0 "$WORK/stranger$machine" mac="$mac" "$@" $first 2>&1)
	check "$name: a stranger" "$got" grep -qF " addr=$restricted" <<<"$got"
	register "$type" "${id:-$mac}" "\"$attribute\": \"image$machine\""
	got=$(on client "$ROOT/tests/system/client.py" "$family" eth0 "$WORK/user$machine" mac="$mac" show=$code "$@" $first request 2>&1 |
		tail -n 1)
	check "$name: the user's subnet and option" "$got" grep -qE "^(ack|reply) addr=$open.* $code=image$machine( |$)" <<<"$got"
	check "$name: recorded as such" "$(tail -n 1 "$WORK/outcome.txt")" \
		test "$(tail -n 1 "$WORK/outcome.txt" | grep -c "\"event\":\"granted\".*\"id_type\":\"$type\".*\"registered\":true")" = 1
}

identities() { # server
	local duid=000400112233445566778899aabbccddeeff relay4 relay6 to_mac id
	machine=0
	need_usher
	topology
	must "$1" server_start "$1"
	must "divert" divert bridge clients server --relay 192.0.2.2
	usher_config '"identify": ["CIRCUIT_ID", "REMOTE_ID", "SUBSCRIBER_ID", "DUID", "CLIENT_ID", "HW_ADDR"],
		"trusted_relays": ["192.0.2.2", "2001:db8:1::2"],
		"rules": [ { "when": { "registered": true }, "subnet": "open" }, { "subnet": "restricted" } ],'
	sed -i 's|\(outcome.txt"\) }|\1, "format": "json" }|' "$WORK/usher.json"
	other_users
	must "usher" usher_start

	known 4 HW_ADDR '' "hardware address"
	known 4 CLIENT_ID 00c0ffee01 "client identifier" extra=3d0500c0ffee01
	known 4 DUID $duid "DUID in a client identifier (RFC 4361)" extra=3d17ff00000001$duid
	known 6 DUID 0004aa112233445566778899aabbccddeeff "DUID" duid=0004aa112233445566778899aabbccddeeff
	known 6 HW_ADDR '' "hardware address of the frame" duid=0004bb112233445566778899aabbccddeeff

	on client ip address add 192.0.2.2/24 dev eth0
	on client ip -6 address add 2001:db8:1::2/64 dev eth0
	to_mac=$(on server cat /sys/class/net/eth0/address)
	relay4="giaddr=192.0.2.2 to=192.0.2.1 to_mac=$to_mac"
	relay6="link=2001:db8:1::2 src=2001:db8:1::2"
	id=$(hex_of port-1)
	# shellcheck disable=SC2086 # lists of arguments
	{
		known 4 CIRCUIT_ID "$id" "circuit-id" $relay4 agent=01"$(length "$id")$id"
		id=$(hex_of modem-1)
		known 4 REMOTE_ID "$id" "remote-id" $relay4 agent=02"$(length "$id")$id"
		id=$(hex_of mrs-jones)
		known 4 SUBSCRIBER_ID "$id" "subscriber-id" $relay4 agent=06"$(length "$id")$id"
		id=$(hex_of port-6)
		known 6 CIRCUIT_ID "$id" "Interface-ID" $relay6 duid=0004cc01 agent=001200"$(length "$id")$id"
		id=$(hex_of modem-6)
		known 6 REMOTE_ID "$id" "remote-id (option 37)" $relay6 duid=0004cc02 agent=002500"$(length "00000000$id")00007ed9$id"
		id=$(hex_of mrs-jones6)
		known 6 SUBSCRIBER_ID "$id" "subscriber-id (option 38)" $relay6 duid=0004cc03 agent=002600"$(length "$id")$id"
		known 6 HW_ADDR 0c0e0afe0001 "hardware address of the relay agent's word (RFC 6939)" $relay6 duid=0004cc04 \
			agent=004f000800010c0e0afe0001
	}
	finish
}
