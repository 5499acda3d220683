#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# An operator's policy, docs/examples/policy.json as it stands: three groups, telephones, pinned sockets and guests, each
# with its own subnet and options, in both protocols.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

need kea-dhcp4 kea-dhcp6 udhcpc dhclient dhcrelay
need_usher

# Every subnet of the policy; no client has any of them without being steered.
kea_subnets() { # subnet...
	local id=0 subnet comma=
	for subnet; do
		id=$((id + 1))
		printf '%s{ "id": %d, "subnet": "%s", "pools": [{ "pool": "%s" }], "valid-lifetime": 3600 }' \
			"$comma" "$id" "$subnet" "$subnet"
		comma=,
	done
}

kea4_config() {
	echo "{ \"Dhcp4\": { $(kea_common '"eth0/192.0.2.1"' kea-dhcp4) \"authoritative\": true, \"subnet4\": [ $(kea_subnets \
		203.0.113.{0,64,128}/26 203.0.113.{192,224}/27 198.51.100.0/24) ] } }"
}

kea6_config() {
	echo "{ \"Dhcp6\": { $(kea_common '"eth0"' kea-dhcp6) \"preferred-lifetime\": 3000,
		\"server-id\": { \"type\": \"LL\", \"persist\": false },
		\"subnet6\": [ $(kea_subnets 2001:db8:{1,2,3,4}::/64 3000::/64) ] } }"
}

example() { # the example, with the paths and the port of this test
	sed -e 's|"client_interfaces": \["eth1"\]|"client_interfaces": ["clients"], "control": "",\n"registry": { "file": "'"$WORK"'/registry.jsonl" }|' \
		-e 's|/var/log/usher/outcome.json|'"$WORK"'/outcome.txt|' "$ROOT/docs/examples/policy.json"
}

staff=0c:0e:0a:00:00:01
student=0c:0e:0a:00:00:02
lab=0c:0e:0a:00:00:03
guest=0c:0e:0a:00:00:04
topology
must "Kea DHCPv4" kea 4
must "Kea DHCPv6" kea 6
must "divert" divert bridge clients server --relay 192.0.2.2
example >"$WORK/usher.json"
other_users
register HW_ADDR $staff '"group": "staff"'
register HW_ADDR $student '"group": "student"'
register HW_ADDR $lab '"group": "lab", "boot-file-name": "own.img"'
register DUID 00:03:00:01:$staff '"group": "staff"'
register DUID 00:03:00:01:$student '"group": "student"'
register DUID 00:03:00:01:$lab '"group": "lab"'
register CIRCUIT_ID 706f72742d39 '"group": "student"'	# port-9
must "usher" usher_start

as() { # mac: the client is another machine from now on
	on client ip link set eth0 down address "$1" up
	on client ip address flush dev eth0 scope global
	on server ip neighbour flush dev eth0
	rm -f "$(record_of client 4)"* "$(record_of client 6)"*
}

# told CASE FAMILY PATTERN...: each is a line of what the client program was given.
told() {
	local name=$1 env pattern
	env=$(record_of "${ns:-client}" "$2").env
	shift 2
	for pattern in "$@"; do
		grep -qE "^	$pattern\$" "$env" && continue
		fail "$name" "no '$pattern' in: $(grep -E '^	(new_|ip=|dns|bootfile|tftp|lease|opt)' "$env" | tr '\n\t' '; ')"
		return
	done
	ok "$name"
}

lease4() { # mac [argument of udhcpc...]
	as "$1"
	shift
	client_script
	on client env RECORD="$(record_of client 4)" timeout 20 udhcpc -f -q -n -i eth0 -s "$WORK/bin/client-script" \
		-t 5 -T 1 -A 1 -O dns -O bootfile -O tftp -O 0x72 "$@" >>"$WORK/udhcpc.log" 2>&1 </dev/null
}

lease4 $staff
told "DHCPv4, staff" 4 'ip=203\.0\.113\.([0-9]|[1-5][0-9]|6[0-3])' 'dns=203.0.113.10 203.0.113.11' bootfile=staff.img lease=3600
lease4 $student
told "DHCPv4, students" 4 'ip=203\.0\.113\.(6[4-9]|[7-9][0-9]|1[01][0-9]|12[0-7])' dns=203.0.113.74 bootfile=student.img
lease4 $lab
told "DHCPv4, laboratory; the user's own boot file goes first" 4 'ip=203\.0\.113\.1(2[89]|[3-8][0-9]|9[01])' dns=203.0.113.138 \
	bootfile=own.img
lease4 $guest -V ExamplePhone-7
told "DHCPv4, telephone by its vendor class" 4 'ip=203\.0\.113\.(19[2-9]|2[01][0-9]|22[0-3])' tftp=phones.example.org
lease4 $guest -V OtherPhone-7
told "DHCPv4, guest: two minutes and the way to the portal" 4 'ip=198\.51\.100\.[0-9]+' lease=120 \
	"opt114=$(printf https://portal.example.org/ | od -An -tx1 | tr -d ' \n')"

lease6() { # mac
	as "$1"
	dhclient_any client 6 'option dhcp6.portal code 103 = text; option dhcp6.boot code 59 = text;
		also request dhcp6.name-servers, dhcp6.portal, dhcp6.boot;' -D LL
	wait_for 10 learnt client 6 addr=
	stop "$pid" KILL
}

lease6 $staff
told "DHCPv6, staff" 6 'new_ip6_address=2001:db8:1::[0-9a-f:]*' new_dhcp6_name_servers=2001:db8:1::53 \
	new_dhcp6_boot=https://boot.example.org/staff new_max_life=3600
lease6 $student
told "DHCPv6, students" 6 'new_ip6_address=2001:db8:2::[0-9a-f:]*' new_dhcp6_name_servers=2001:db8:2::53
lease6 $lab
told "DHCPv6, laboratory" 6 'new_ip6_address=2001:db8:3::[0-9a-f:]*' new_dhcp6_name_servers=2001:db8:3::53
lease6 $guest
told "DHCPv6, guest: two minutes and the way to the portal" 6 'new_ip6_address=3000::[0-9a-f:]*' new_max_life=120 \
	new_dhcp6_portal=https://portal.example.org/
as $guest
phone6=0010001200007ed9000c$(printf ExamplePhone | od -An -tx1 | tr -d ' \n')
got=$(on client "$ROOT/tests/system/client.py" 6 eth0 "$WORK/phone6" show=59 extra="$phone6" solicit request 2>&1 | tail -n 1)
check "DHCPv6, telephone by its vendor class" "$got" grep -q 'reply addr=2001:db8:4::.*59=https://phones' <<<"$got"

# The switch: a relay agent that writes the name of the port it was asked by.
as $CLIENT_MAC
on client ip address add 192.0.2.2/24 dev eth0
on client sysctl -qw net.ipv4.ip_forward=1
for port in 7 8 9; do
	add_ns far$port
	wire client port-$port far$port eth0
	on client ip address add 10.$port.0.1/24 dev port-$port
	on server ip route add 10.$port.0.0/24 via 192.0.2.2
done
spawn client dhcrelay dhcrelay -4 -d --no-pid -a -id port-7 -id port-8 -id port-9 -iu eth0 192.0.2.1
socket4() { # port, mac, vendor class
	ns=far$1
	rm -f "$(record_of "$ns" 4)"*
	on "$ns" ip link set eth0 down address "$2" up
	on "$ns" env RECORD="$(record_of "$ns" 4)" timeout 20 udhcpc -f -q -n -i eth0 -s "$WORK/bin/client-script" \
		-t 5 -T 1 -A 1 -O dns -O bootfile -O tftp -V "$3" >>"$WORK/udhcpc.log" 2>&1 </dev/null
}
socket4 7 $staff ExamplePhone
told "socket pinned by a rule: whoever is plugged in" 4 'ip=203\.0\.113\.2(2[4-9]|[34][0-9]|5[0-5])' tftp=printers.example.org
socket4 8 0c:0e:0a:00:00:08 ExamplePhone
told "another socket of the same switch: the rules for the machine" 4 'ip=203\.0\.113\.(19[2-9]|2[01][0-9]|22[0-3])' \
	tftp=phones.example.org
socket4 9 0c:0e:0a:00:00:09 ExamplePhone
told "socket that the registry knows, a telephone in it: the telephone's rule is first" 4 \
	'ip=203\.0\.113\.(19[2-9]|2[01][0-9]|22[0-3])'
socket4 9 0c:0e:0a:00:00:0a other
told "socket that the registry knows: its group for a stranger" 4 'ip=203\.0\.113\.(6[4-9]|[7-9][0-9]|1[01][0-9]|12[0-7])' \
	bootfile=student.img
socket4 9 $staff other
told "socket that the registry knows: before the machine, as identify has it" 4 bootfile=student.img
check "recorded by what the user was found by" "$(tail -n 1 "$WORK/outcome.txt")" \
	grep -q '"event":"granted".*"id_type":"CIRCUIT_ID","id":"70:6f:72:74:2d:39".*"registered":true.*"subnet":"students"' \
	"$WORK/outcome.txt"

# A client that writes a circuit-id itself is believed nothing.
got=$(on client "$ROOT/tests/system/client.py" 4 eth0 "$WORK/forger" mac=$guest extra=5208"0106$(printf port-7 | od -An -tx1 | tr -d ' \n')" discover)
check "a client that says it is on a pinned port is a guest" "$got" grep -q '^offer addr=198\.51\.100\.' <<<"$got"
finish
