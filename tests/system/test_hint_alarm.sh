#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A Kea that does not know a subnet that is hinted at: the log says so, once. Not so of a Kea that is down, or was: of that
# it says that nobody answers, and when somebody does again.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

need kea-dhcp4 kea-dhcp6
need_usher
topology
must "divert" divert bridge clients server
usher_config ""
other_users
must "usher" usher_start
for n in 1 2 3 4 5 6 7; do
	register HW_ADDR "0c:0e:0a:05:00:0$n"
	register DUID "00:03:00:01:0c:0e:0a:05:00:0$n"
done

asks() { # family, mac, its first message, seconds to wait: one line
	on client "$ROOT/tests/system/client.py" "$1" eth0 "$WORK/ask$1" mac="$2" wait="$4" "$3" 2>&1
}

stranger_asks() { # how often: nobody answers
	local i
	for i in $(seq "$1"); do
		asks 4 0c:0e:0a:05:00:f0 discover 0.3
		asks 6 0c:0e:0a:05:00:f0 solicit 0.3
	done
}

# Those who are registered need no hint: they are the others.
known_ask() { # number
	asks 4 "0c:0e:0a:05:00:0$1" discover 3
	asks 6 "0c:0e:0a:05:00:0$1" solicit 3
}

alarms() { # pattern
	grep -c "probably not configured.*$1" "$WORK/usher.log"
}

kea_without_restricted() {
	local family
	kea_pids=
	for family in 4 6; do
		: >"$WORK/kea$family.log"
		must "Kea DHCPv$family without the restricted subnet" kea $family
		kea_pids="$kea_pids $pid"
	done
}

kea_stops() {
	local one
	for one in $kea_pids; do
		stop "$one" KILL
	done
}

# shellcheck disable=SC2218 # those of lib.sh, and then our own
kea4_config | grep -v '"id": 2\|198\.51\.100\.' | sed '/"id": 1/,/option-data/s/"routers", "data": "192.0.2.1" }\] },/"routers", "data": "192.0.2.1" }] }/' >"$WORK/without4.conf"
# shellcheck disable=SC2218
kea6_config | grep -v '"id": 2' | sed 's/\(2001:db8:1::1ff" }\] }\),/\1/' >"$WORK/without6.conf"
kea4_config() {
	cat "$WORK/without4.conf"
}
kea6_config() {
	cat "$WORK/without6.conf"
}

# The server answers some, and goes down for longer than it takes to become suspicious.
kea_without_restricted
known=$(known_ask 1)
check "those without a hint are answered" "$known" test "$(grep -c '^offer addr=192.0.2\|^advertise addr=2001:db8:1:' <<<"$known")" = 2
unanswered=$(stranger_asks 1)
check "those with a hint that it does not know are not, or get no address" "$unanswered" \
	test "$(grep -c '^nothing\|^advertise addr= .*status=2' <<<"$unanswered")" = 2
kea_stops
stopped=$SECONDS
unanswered=$(stranger_asks 6)
sleep $((stopped + 33 > SECONDS ? stopped + 33 - SECONDS : 0))
stranger_asks 1 >"$WORK/last.log"
check "nothing is said of a server that is down" "$(grep 'not configured' "$WORK/usher.log")" test "$(alarms '')" = 0

silence() { # whether log and status say it of both protocols
	[ "$(grep -c "warning: no DHCPv[46] server answers: " "$WORK/usher.log")" = 2 ] &&
		[ "$("$USHER" status -s "$WORK/usher.sock" | grep -c 'NO DHCPv[46] SERVER ANSWERS: ')" = 2 ]
}
check "but that nobody answers, DHCPv4 and DHCPv6" "$(cat "$WORK/usher.log")" silence

# It is back, and answers those whom it knows.
kea_without_restricted
for n in 1 2 3 4 5 6 7; do
	known_ask $n >>"$WORK/last.log"
done
check "nor of one that was, whoever it answers first" "$(grep 'not configured' "$WORK/usher.log")" test "$(alarms '')" = 0

check "and that it is over" "$(grep 'server answer' "$WORK/usher.log")" \
	test "$(grep -c 'info: a DHCPv[46] server answers again' "$WORK/usher.log")$("$USHER" status -s "$WORK/usher.sock" | grep -c 'SERVER ANSWERS')" = 20

# Now it is alive all the time, and knows nothing of the subnet.
for n in 1 2 3 4 5 6 7; do
	known_ask $n >>"$WORK/last.log"
	stranger_asks 1 >>"$WORK/last.log"
done
known_ask 1 >>"$WORK/last.log"
said="usher says which subnet, with which hint, and what to do"
check "$said, DHCPv4" "$(tail -n 3 "$WORK/usher.log")" test "$(alarms 'DHCPv4 queries with the hint 198.51.100.0 got no address.*give the server a subnet')" = 1
check "$said, DHCPv6" "$(tail -n 3 "$WORK/usher.log")" test "$(alarms 'DHCPv6 queries with the hint 3000::1 got no address.*give the server a subnet')" = 1
check "once each, and of no other subnet" "$(grep 'not configured' "$WORK/usher.log")" test "$(grep -c 'subnet "restricted" is probably' "$WORK/usher.log"),$(alarms '')" = 2,2
finish
