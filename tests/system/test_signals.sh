#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# HUP, USR1, USR2 and TERM, and a second usher on the same queue.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

need kea-dhcp4
need_usher
topology
must "Kea" kea 4
must "divert" divert bridge clients server
usher_config ""
other_users
register HW_ADDR "$CLIENT_MAC"
must "usher" usher_start

lines() {
	wc -l <"$WORK/usher.log"
}

says_since() { # line, pattern
	tail -n "+$(($1 + 1))" "$WORK/usher.log" | grep -q "$2"
}

log_grew() { # beyond
	[ "$(lines)" -gt "$1" ]
}

lease() { # one whole exchange of the client by hand; prints the ACK
	local offer address
	offer=$(dhcp client ask4 eth0)
	address=${offer#*addr=}
	dhcp client ask4 eth0 type=request server=192.0.2.1 "addr=${address%% *}"
}

check "a lease to begin with" "$(tail -n 3 "$WORK/usher.log")" grep -q 'ack .*addr=192\.0\.2\.' <(lease)

before=$(lines)
kill -USR1 "$usher_pid"
check "USR1: statistics in the log" "nothing new in the log" wait_for 2 log_grew "$before"

mv "$WORK/outcome.txt" "$WORK/outcome.old"
old=$(wc -c <"$WORK/outcome.old")
kill -USR2 "$usher_pid"
wait_for 2 test -e "$WORK/outcome.txt"
lease >/dev/null
check "USR2: the next record is in a new outcome file" "$(ls "$WORK")" test "$(outcome_count)" = 1
check "USR2: the old file got no more" "it grew" test "$(wc -c <"$WORK/outcome.old")" = "$old"
check "the record is whole" "$(cat "$WORK/outcome.txt")" outcome_is_clean

usher_config '"rules": [{ "when": { "registered": true }, "subnet": "restricted" }],'
kill -HUP "$usher_pid"
sleep 0.3
answers "HUP: the new configuration counts" 'addr=198\.51\.100\.' client ask4 eth0

cp "$WORK/usher.json" "$WORK/good.json"
echo '{ "queues": ' >"$WORK/usher.json"
before=$(lines)
kill -HUP "$usher_pid"
check "HUP, broken configuration: the log names the place" "$(tail -n 2 "$WORK/usher.log")" \
	wait_for 2 says_since "$before" 'usher.json:[0-9]'
answers "HUP, broken configuration: the old one stays" 'addr=198\.51\.100\.' client ask4 eth0
mv "$WORK/good.json" "$WORK/usher.json"

sed "s,usher.sock,second.sock,; s,outcome.txt,second.txt," "$WORK/usher.json" >"$WORK/second.json"
on bridge timeout 5 "$USHER" run -c "$WORK/second.json" >"$WORK/second.log" 2>&1
status=$?
check "second usher on the queue: exit 2" "exit $status" test "$status" = 2
check "second usher on the queue: says which" "$(cat "$WORK/second.log")" grep -q 'queue.*67' "$WORK/second.log"
answers "the first goes on" 'addr=198\.51\.100\.' client ask4 eth0

check "TERM: ends at once" "still there" stop "$usher_pid"
ip netns exec "$TAG-bridge" "$USHER" run -c "$WORK/usher.json" >>"$WORK/usher.log" 2>&1 &
usher_pid=$!
must "usher again" wait_for 10 queue_is_bound 67
kill -TERM "$usher_pid"
wait "$usher_pid"
status=$?
check "TERM: exit 0" "exit $status" test "$status" = 0
finish
