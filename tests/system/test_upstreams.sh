#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Relay mode with two servers, Kea and ISC dhcpd: all asked, one by a hash of the client, and what becomes of either when servers
# are down. (The first that is up: test_relaymode.)
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=servers.sh
. "$(dirname "$0")/servers.sh"
# shellcheck source=places.sh
. "$(dirname "$0")/places.sh"

need kea-dhcp4 kea-dhcp6 dhcpd tshark
need_usher
place_relay
more_server isc spare 10.0
(SERVER_NS=isc ISC4_MORE='subnet 10.10.0.0 netmask 255.255.255.0 { }'; isc 4) &
(SERVER_NS=isc ISC6_MORE='subnet6 2001:db8:10::/64 { }'; isc 6) &
must "Kea DHCPv4" kea 4
kea_pids=$pid
must "Kea DHCPv6" kea 6
kea_pids="$kea_pids $pid"
for job in 1 2; do
	must "server $job of the others" wait -n
done
must "divert" divert relay clients

choose() { # all|hash, and "run" or "reload"
	place_config "\"mode\": \"relay\", \"relay\": { \"choose\": \"$1\", \"dead_after_ms\": 2000, \"dead_for_ms\": 60000 },
		\"upstreams\": [ { \"name\": \"kea\", \"address\": [\"10.9.0.1\", \"2001:db8:9::1\"] },
			{ \"name\": \"isc\", \"address\": [\"10.10.0.1\", \"2001:db8:10::1\"] } ],"
}
choose all
other_users
must "usher" usher_start

# Clients by number, all at once: what each was answered, a line each.
clients_do() { # first, last, seconds to wait
	local n jobs=()
	for n in $(seq "$1" "$2"); do
		on client "$ROOT/tests/system/client.py" 4 eth0 "$WORK/c4-$n" mac="0c:0e:0a:07:00:$n" wait="$3" discover &
		jobs+=($!)
		on client "$ROOT/tests/system/client.py" 6 eth0 "$WORK/c6-$n" mac="0c:0e:0a:07:00:$n" wait="$3" solicit &
		jobs+=($!)
	done 2>&1
	wait "${jobs[@]}"
}

# Who was seen asking each server, by number, a line for each time.
captures_read() {
	local capture
	captures_end
	for capture in kea isc; do
		tshark -r "$WORK/$capture.pcap" -Y 'dhcp.option.dhcp == 1 || dhcpv6.msgtype == 1' -T fields -e dhcp.hw.mac_addr \
			-e dhcpv6.duidll.link_layer_addr >"$WORK/$capture.asked" 2>>"$WORK/tshark.log"
	done
}

asked() { # capture, discover|solicit
	local head=
	[ "$2" = discover ] || head='	'
	sed -n "s/^${head}0c:0e:0a:07:00:\([0-9]*\)	*$/\1/p" "$WORK/$1.asked" | sort
}

how_many() { # capture, discover|solicit
	asked "$1" "$2" | sort -u | wc -l
}

watch() {
	capture client eth0 client
	capture server eth0 kea
	capture isc eth0 isc
}

# --- all -----------------------------------------------------------------------------------------------------------
watch
clients_do 10 11 3 >"$WORK/all.log"
sleep 0.5
captures_read
check "all: every query goes to both, DHCPv4" "$(asked kea discover) / $(asked isc discover)" \
	test "$(how_many kea discover),$(how_many isc discover)" = 2,2
check "all: likewise DHCPv6" "$(asked kea solicit) / $(asked isc solicit)" \
	test "$(how_many kea solicit),$(how_many isc solicit)" = 2,2
check "all: the client gets both answers" "$(seen client '^offer') offers, $(seen client '^advertise') advertises" \
	test "$(seen client '^offer'),$(seen client '^advertise')" = 4,4

# --- by hash -------------------------------------------------------------------------------------------------------
choose hash
must "another config" on bridge "$USHER" reload -c "$WORK/usher.json" >"$WORK/reload.log" 2>&1
watch
clients_do 20 25 3 >"$WORK/hash.log"
clients_do 20 25 3 >>"$WORK/hash.log"
sleep 0.3
captures_read
check "hash: everybody is answered" "$(cat "$WORK/hash.log")" test "$(grep -c '^offer addr=198\|^advertise addr=3000' "$WORK/hash.log")" = 24
for family in 4 6; do
	first=discover
	[ $family = 4 ] || first=solicit
	both=$(comm -12 <(asked kea $first | uniq) <(asked isc $first | uniq) | wc -l)
	check "hash: DHCPv$family, each with the same server both times, and both have some" "$both of both; $(asked kea $first) / $(asked isc $first)" \
		test "$both,$(($(how_many kea $first) > 0 && $(how_many isc $first) > 0)),$(($(asked kea $first | wc -l) + $(asked isc $first | wc -l)))" = 0,1,12
done

# --- one of them goes down, then both ---------------------------------------------------------------------------------
for one in $kea_pids; do
	stop "$one" KILL
done
clients_do 20 25 0.3 >"$WORK/first.log"
sleep 2
clients_do 20 25 0.3 >>"$WORK/first.log"
clients_do 20 25 3 >"$WORK/second.log"
check "hash: whose server is down gets the other in time" "$(cat "$WORK/second.log")" \
	test "$(grep -c '^offer addr=198\|^advertise addr=3000' "$WORK/second.log")" = 12
check "the log says which" "$(grep upstream "$WORK/usher.log")" test "$(grep -c 'upstream "kea" does not answer DHCPv[46]' "$WORK/usher.log")" = 2
for family in 4 6; do
	kill "$(cat "$WORK/isc$family.pid")"
done
clients_do 20 22 0.3 >"$WORK/none.log"
sleep 2
clients_do 20 22 0.3 >>"$WORK/none.log"
check "with both down nobody is answered" "$(cat "$WORK/none.log")" test "$(grep -c '^nothing' "$WORK/none.log")" = 12
check "which is said once of each server and protocol" "$(grep upstream "$WORK/usher.log")" \
	test "$(grep -c 'upstream "[a-z]*" does not answer DHCPv[46]' "$WORK/usher.log")" -le 4
must "Kea DHCPv4 again" kea 4
must "Kea DHCPv6 again" kea 6
clients_do 20 25 3 >"$WORK/again.log"
check "and served again by who is back" "$(cat "$WORK/again.log")" test "$(grep -c '^offer addr=198\|^advertise addr=3000' "$WORK/again.log")" -ge 6
waiting=$(awk '$1 == 67 { print $3 }' "/proc/$usher_pid/net/netfilter/nfnetlink_queue")
check "nothing was left waiting" "$waiting in the queue" test "$waiting" = 0
finish
