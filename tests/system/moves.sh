# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Clients that are registered and taken out of the registry while they hold a lease, on one server. Sourced after lib.sh
# and servers.sh. The scenarios are tables: what a client sends, what it must be answered, what must be recorded.
#
#   name | step... | event...
#
#   +  the client is registered          -  it is taken out of the registry
#   MESSAGE>TYPE:WHERE                   it sends MESSAGE (client.py) and is answered TYPE with an address in WHERE
#   EVENT:WHERE                          the outcome file has this record of the client, in this order
#
# WHERE: R restricted, O open, "-" no address; for DHCPv6 also "O/R" when the answer takes R away while it gives O.

place() { # address
	case $1 in
	198.51.100.* | 3000::*) echo R ;;
	192.0.2.* | 2001:db8:1::*) echo O ;;
	'') echo - ;;
	0.0.0.0) echo - ;;
	*) echo "?$1" ;;
	esac
}

# What an answer line of client.py says, as TYPE:WHERE.
answer_of() { # line
	local type=${1%% *} addr gone
	[[ $1 =~ addr=([^ ]*) ]]
	addr=$(place "${BASH_REMATCH[1]:-}")
	[[ ! $1 =~ gone=([^ ]+) ]] || gone=/$(place "${BASH_REMATCH[1]}")
	case $type in
	nothing | sent) echo "$type" ;;
	*) echo "$type:$addr${gone:-}" ;;
	esac
}

# Nothing of ours is in what the client sees.
clean() { # line
	[[ ! $1 =~ \ 82= && ! $1 =~ codes=[0-9,]*118 && ! $1 =~ layers=[1-9] ]]
}

move_register() { # family, mac
	if [ "$1" = 4 ]; then register HW_ADDR "$2"; else register DUID "00:03:00:01:$2"; fi
}

# EVENT:WHERE of every record of the clients whose id matches, a line each.
records_of() { # pattern
	awk -v id="\"id\":\"$1\"" '
		function value(key) { return match($0, "\"" key "\":\"[^\"]*") ? substr($0, RSTART + length(key) + 4, RLENGTH - length(key) - 4) : "" }
		function where(address) {
			if (address ~ /^(198\.51\.100\.|3000::)/) return "R"
			if (address ~ /^(192\.0\.2\.|2001:db8:1::)/) return "O"
			return address ~ /^(0\.0\.0\.0)?$/ ? "-" : "?" address
		}
		$0 ~ id { print value("event") ":" where(value("address")) }' "$WORK/outcome.txt"
}

events_of() { # mac: the same in one line
	records_of "[0-9a-f:]*$1" | tr '\n' ' '
}

# Of a DHCPv6 answer that takes one address and gives another, servers put either first.
in_order() { # family, event...
	local family=$1
	shift
	if [ "$family" = 4 ]; then echo "$*"; else printf '%s\n' "$@" | sort; fi
}

# One row of a table. The client is a new machine each time.
scenario() { # family, name, steps, events
	local family=$1 name="DHCPv$1, $2" step line mac wanted got
	machine=$((machine + 1))
	mac=$(printf '0c:0e:0a:02:00:%02x' "$machine")
	for step in $3; do
		case $step in
		+) move_register "$family" "$mac"; continue ;;
		-) registry_edit "/$mac/d"; continue ;;
		esac
		line=$(on client "$ROOT/tests/system/client.py" "$family" eth0 "$WORK/machine$machine" mac="$mac" show=3 "${step%%>*}" 2>&1)
		wanted=${step#*>}
		got=$(answer_of "$line")
		if [ "$got" != "$wanted" ]; then
			fail "$name" "${step%%>*}: wanted $wanted, got $got: $line"
			return
		elif ! clean "$line"; then
			fail "$name" "${step%%>*}: the client sees something of ours: $line"
			return
		fi
	done
	got=$(events_of "$mac")
	# shellcheck disable=SC2086 # lists of events
	check "$name" "recorded: $got, wanted: $4" test "$(in_order "$family" $got)" = "$(in_order "$family" $4)"
}

table() { # family; rows on standard input
	local name steps events
	while IFS='|' read -r name steps events; do
		name=${name%"${name##*[! $'\t']}"}
		[ -z "$name" ] || scenario "$1" "$name" "$steps" "$events"
	done
}

# The same of every server: DHCPv4 moves are usher's own doing.
moves4() {
	table 4 <<-'EOT'
	a lease, renewed and rebound where it belongs | discover>offer:R request>ack:R renew>ack:R rebind>ack:R reboot>ack:R | granted:R renewed:R renewed:R granted:R
	registered while bound, renewal         | discover>offer:R request>ack:R + renew>nak:- discover>offer:O request>ack:O renew>ack:O | granted:R moved:R granted:O renewed:O
	registered while bound, rebinding       | discover>offer:R request>ack:R + rebind>nak:- discover>offer:O request>ack:O | granted:R moved:R granted:O
	unregistered while bound, renewal       | + discover>offer:O request>ack:O - renew>nak:- discover>offer:R request>ack:R renew>ack:R | granted:O moved:O granted:R renewed:R
	unregistered while bound, rebinding     | + discover>offer:O request>ack:O - rebind>nak:- discover>offer:R request>ack:R | granted:O moved:O granted:R
	INIT-REBOOT after registration          | discover>offer:R request>ack:R + reboot>nak:- discover>offer:O request>ack:O | granted:R moved:R granted:O
	INIT-REBOOT after removal               | + discover>offer:O request>ack:O - reboot>nak:- discover>offer:R request>ack:R | granted:O moved:O granted:R
	registered between OFFER and REQUEST    | discover>offer:R + request>nak:- discover>offer:O request>ack:O | moved:R granted:O
	moved there and back                    | discover>offer:R request>ack:R + renew>nak:- discover>offer:O request>ack:O - renew>nak:- discover>offer:R request>ack:R | granted:R moved:R granted:O moved:O granted:R
	released                                | discover>offer:R request>ack:R release>sent discover>offer:R | granted:R released:R
	released after registration             | discover>offer:R request>ack:R + release>sent discover>offer:O request>ack:O | granted:R released:R granted:O
	declined                                | discover>offer:R request>ack:R decline>sent discover>offer:R | granted:R declined:R
	declined after removal                  | + discover>offer:O request>ack:O - decline>sent discover>offer:R request>ack:R | granted:O declined:O granted:R
	informed                                | discover>offer:R request>ack:R inform>ack:- + inform>ack:- renew>nak:- | granted:R moved:R
	EOT
}

# DHCPv6: the server moves the client, told by the link-address.
moves6() {
	table 6 <<-'EOT'
	a lease, renewed and rebound where it belongs | solicit>advertise:R request>reply:R renew>reply:R rebind>reply:R | granted:R renewed:R renewed:R
	released                                | solicit>advertise:R request>reply:R release>reply:- solicit>advertise:R | granted:R released:R
	released after registration             | solicit>advertise:R request>reply:R + release>reply:- solicit>advertise:O request>reply:O | granted:R released:R granted:O
	declined                                | solicit>advertise:R request>reply:R decline>reply:- solicit>advertise:R | granted:R declined:R
	Information-request                     | solicit>advertise:R request>reply:R inform>reply:- | granted:R
	Confirm after registration              | solicit>advertise:R request>reply:R + confirm>reply:- solicit>advertise:O request>reply:O | granted:R refused:- granted:O
	EOT
}

# Kea and ISC: the old address at 0/0 and the new one, in one answer.
moves6_at_once() {
	table 6 <<-'EOT'
	registered while bound, Renew           | solicit>advertise:R request>reply:R + renew>reply:O/R renew>reply:O | granted:R moved:R granted:O renewed:O
	registered while bound, Rebind          | solicit>advertise:R request>reply:R + rebind>reply:O/R rebind>reply:O | granted:R moved:R granted:O renewed:O
	unregistered while bound, Renew         | + solicit>advertise:O request>reply:O - renew>reply:R/O renew>reply:R | granted:O moved:O granted:R renewed:R
	unregistered while bound, Rebind        | + solicit>advertise:O request>reply:O - rebind>reply:R/O | granted:O moved:O granted:R
	EOT
}

# Kea gives a Request for an address of the other subnet one of the right subnet; ISC and dnsmasq refuse it.
moves6_kea() {
	moves6_at_once
	table 6 <<<'registered between ADVERTISE and Request | solicit>advertise:R + request>reply:O | granted:O'
}

moves6_isc() {
	moves6_at_once
	table 6 <<<'registered between ADVERTISE and Request | solicit>advertise:R + request>reply:- solicit>advertise:O | refused:-'
}

# dnsmasq: the old address at 0/0 and nothing else, in the answer to a Rebind with status NoAddrsAvail; the client begins anew.
moves6_dnsmasq() {
	table 6 <<-'EOT'
	registered between ADVERTISE and Request | solicit>advertise:R + request>reply:- solicit>advertise:O | refused:-
	registered while bound, Renew           | solicit>advertise:R request>reply:R + renew>reply:-/R solicit>advertise:O request>reply:O renew>reply:O | granted:R moved:R granted:O renewed:O
	registered while bound, Rebind          | solicit>advertise:R request>reply:R + rebind>reply:-/R solicit>advertise:O request>reply:O | granted:R refused:- granted:O
	unregistered while bound, Renew         | + solicit>advertise:O request>reply:O - renew>reply:-/O solicit>advertise:R request>reply:R | granted:O moved:O granted:R
	unregistered while bound, Rebind        | + solicit>advertise:O request>reply:O - rebind>reply:-/O solicit>advertise:R request>reply:R | granted:O refused:- granted:R
	EOT
}

# Both subnets by name: a server that has an address in either might choose the restricted one by itself.
move_config() { # longest lease
	usher_config "\"rules\": [ { \"when\": { \"registered\": true }, \"subnet\": \"open\", \"max_lease\": $1 },
		{ \"subnet\": \"restricted\", \"max_lease\": $1 } ],"
	sed -i "s|\(outcome.txt\"\) }|\1, \"format\": \"json\" }|; s|3000::/64\"\]|&, \"max_lease\": 0|" "$WORK/usher.json"
}

# --- client programs ---------------------------------------------------------------------------------------------

# Events of the client program's machine, without renewals and repeats, which come when they come.
history_is() { # mac, EVENT:WHERE...
	local mac=$1
	shift
	[ "$(events_of "$mac" | tr ' ' '\n' | grep -v '^renewed:' | uniq | xargs)" = "$*" ]
}

recorded() { # case, mac, event...
	local name=$1
	shift
	if wait_for 5 history_is "$@"; then ok "$name"; else fail "$name" "recorded: $(events_of "$1"), wanted: ${*:2}"; fi
}

# udhcpc renews when it is told to.
udhcpc_moves() {
	udhcpc4 client
	client_pid=$pid
	expect "udhcpc: restricted" client 4 addr=198.51.100.
	move_register 4 "$CLIENT_MAC"
	kill -USR1 "$client_pid"
	expect "udhcpc, registered while bound: open after its next renewal" client 4 addr=192.0.2.
	registry_edit "/HW_ADDR.*$CLIENT_MAC/d"
	kill -USR1 "$client_pid"
	expect "udhcpc, unregistered while bound: restricted after its next renewal" client 4 addr=198.51.100.
	kill -USR2 "$client_pid"
	recorded "udhcpc: recorded, its release too" "$CLIENT_MAC" granted:R moved:R granted:O moved:O granted:R released:R
	stop "$client_pid" KILL
}

# dhclient that finds its lease file again asks for the address it had: INIT-REBOOT; for DHCPv6 a Confirm.
dhclient_reboots() { # family, case, restricted, open
	local client="dhclient$1" record
	record=$(record_of client "$1")
	rm -f "$record"*
	"$client" client
	expect "dhclient: $2, restricted" client "$1" "addr=$3"
	stop "$pid" KILL
	move_register "$1" "$CLIENT_MAC"
	"$client" client
	expect "dhclient: $2 after registration, open" client "$1" "addr=$4" 20
	stop "$pid" KILL
	registry_edit "/$CLIENT_MAC/d"
	"$client" client
	expect "dhclient: $2 after removal, restricted" client "$1" "addr=$3" 20
}

dhclient6_moves() {
	dhclient_reboots 6 Confirm 3000:: 2001:db8:1::
	move_register 6 "$CLIENT_MAC"
	expect "dhclient, registered while bound: open after its next Renew" client 6 addr=2001:db8:1:: 15
	registry_edit "/$CLIENT_MAC/d"
	expect "dhclient, unregistered while bound: restricted after its next Renew" client 6 addr=3000:: 15
	stop "$pid" KILL
	on client "$WORK/bin/dhclient" -6 -r -D LL -cf "$WORK/client.v6.conf" -lf "$WORK/client.v6.leases" -pf "$WORK/none.pid" \
		-sf "$WORK/bin/client-script" -e "RECORD=$WORK/client.v6" eth0 >>"$WORK/release.log" 2>&1
	local events
	events=$(events_of "00:03:00:01:$CLIENT_MAC")
	# The address that it was moved from is still in its lease: it gives both back.
	check "dhclient: recorded, its release too" "$events" \
		test "$(grep -cE 'moved:R.*moved:O .*released:R (released:O )?$' <<<"$events")$(grep -c 'granted:O.*granted:R' <<<"$events")" = 11
}

# Short leases, of whatever server: the clamp makes T1 four seconds.
client_moves() {
	move_config 8
	kill -HUP "$usher_pid"
	sleep 0.5
	on client ip address flush dev eth0 scope global
	on server ip neighbour flush dev eth0
	udhcpc_moves
	dhclient_reboots 4 INIT-REBOOT 198.51.100. 192.0.2.
	stop "$pid" KILL
	dhclient6_moves
}

moves() { # server
	machine=0
	need_usher
	topology
	must "$1" server_start "$1"
	must "divert" divert bridge clients server
	move_config 0
	other_users
	must "usher" usher_start
	capture server eth0 server
	capture client eth0 client
	moves4
	moves6
	"moves6_$1"
	captures_end
	check "server's side and client's side differ in hint and state only, or in a NAK" "see above" \
		"$ROOT/tests/system/dhcp.py" compare "$WORK/server.pcap" "$WORK/client.pcap"
	client_moves
	finish
}
