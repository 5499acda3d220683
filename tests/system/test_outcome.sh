#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The outcome in both formats at once: every event of real exchanges, a disk that is full, rotation in both ways, and
# usher tail beside it.
# Measures time: scripts/check runs it alone.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

need kea-dhcp4 kea-dhcp6 python3
need_usher
topology
must "Kea DHCPv4" kea 4
must "Kea DHCPv6" kea 6
must "divert" divert bridge clients server
usher_config '"outcome": { "file": "'"$WORK"'/disk/outcome.txt", "json_file": "'"$WORK"'/disk/outcome.json" },'
sed -i '/"outcome": { "file": "[^"]*" },$/d' "$WORK/usher.json"
other_users
register HW_ADDR "$CLIENT_MAC"
register DUID "$CLIENT_DUID"
mkdir "$WORK/disk"

# With a small disk of its own, which nobody else sees; what is on it is read through the process.
# shellcheck disable=SC2016 # for the inner shell
spawn bridge usher sh -c 'mount -t tmpfs -o size=256k none "$1/disk" && exec "$2" run -c "$1/usher.json"' sh "$WORK" "$USHER"
usher_pid=$pid
must "usher" wait_for 10 queue_is_bound 67
disk=/proc/$usher_pid/root/$WORK/disk

events() { # the story of the JSON file: event address lease_sent; for each line
	/usr/bin/python3 -c '
import json, sys
for line in open(sys.argv[1]):
    r = json.loads(line)
    print(r["event"], r.get("address", "-"), r.get("lease_sent", "-"), "yes" if r.get("registered") else "no")' "$1"
}

whole() { # file...: nothing but whole lines of JSON, how many there are
	cat "$@" | /usr/bin/python3 -c '
import json, sys
text = sys.stdin.read()
assert not text or text.endswith("\n"), "torn: " + text[-80:]
print(len([json.loads(line) for line in text.splitlines()]))'
}

address_in() {
	local address=${1#*addr=}
	echo "${address%% *}"
}

request() { # mac [key=value]...: a whole exchange; prints the answer to its REQUEST
	local mac=$1
	shift
	dhcp client ask4 eth0 "mac=$mac" type=request server=192.0.2.1 "addr=$(address_in "$(dhcp client ask4 eth0 "mac=$mac")")" "$@"
}

# --- every event ---------------------------------------------------------------------------------------------------

stranger=0c:0e:0a:00:00:99
got=$(request "$CLIENT_MAC")
mine=$(address_in "$got")
on client ip address add "$mine/24" dev eth0
dhcp client ask4 eth0 type=request "ciaddr=$mine" "src=$mine" >/dev/null
got=$(request $stranger)
theirs=$(address_in "$got")
dhcp client ask4 eth0 mac=$stranger type=request addr=203.0.113.7 >/dev/null
dhcp client send4 eth0 mac=$stranger type=decline server=192.0.2.1 "addr=$theirs"
dhcp client send4 eth0 type=release server=192.0.2.1 "ciaddr=$mine" "src=$mine"
dhcp client ask6 eth0 >/dev/null
wait_for 2 grep -q '"event":"released"' "$disk/outcome.json"
events "$disk/outcome.json" >"$WORK/events"
for wanted in "granted $mine 60 yes" "renewed $mine 60 yes" "granted $theirs 60 no" "refused" "declined $theirs - no" \
	"released $mine - yes"; do
	check "event: ${wanted%% *} ${wanted##* }" "$(cat "$WORK/events")" grep -q "^$wanted" "$WORK/events"
done
check "how long the server took" "$(cat "$disk/outcome.json")" grep -Eq '"event":"granted".*"answer_us":[0-9]+,' "$disk/outcome.json"
# A user who is taken out while it has a lease: its next renewal is refused by usher.
got=$(request "$CLIENT_MAC")
mine=$(address_in "$got")
on client ip address replace "$mine/24" dev eth0
registry_edit "/HW_ADDR.*$CLIENT_MAC/d"
dhcp client ask4 eth0 type=request "ciaddr=$mine" "src=$mine" >/dev/null
events "$disk/outcome.json" >"$WORK/events"
check "event: moved" "$(cat "$WORK/events")" grep -q "^moved $mine" "$WORK/events"
check "beside it the records of user_chk" "$(cat "$disk/outcome.txt")" test \
	"$(grep -c '^addr=' "$disk/outcome.txt")" = "$(grep -Ec '^(granted|renewed)' "$WORK/events")"

# --- rotation ------------------------------------------------------------------------------------------------------

"$USHER" tail -f -n 0 "$disk/outcome.json" >"$WORK/tail.out" 2>&1 &
tail_pid=$!
disown $tail_pid
# many ACKs, at a steady pace, from the server's side: each makes a record
on server /usr/bin/python3 - "$ROOT/tests/system" >"$WORK/acks" 2>&1 <<'PY' &
import sys, time
sys.path.insert(0, sys.argv[1])
import dhcp
link = dhcp.open_device("eth0")
for n in range(300):
    mac = bytes([2, 0, 0, 1, n >> 8, n & 255])
    options = dhcp.opt4(53, b"\5") + dhcp.opt4(51, b"\0\0\0\x3c") + dhcp.opt4(54, bytes([192, 0, 2, 1])) + b"\xff"
    ack = dhcp.bootp(mac, n, options, op=2, yiaddr="198.51.100.%d" % (n % 250 + 1))
    link.send(dhcp.frame4(ack, dhcp.mac_of("eth0"), "198.51.100.1", "255.255.255.255", 67, 68))
    time.sleep(0.004)
print("all sent")
PY
before=$(whole "$disk/outcome.json")
for n in 1 2 3 4 5 6 7 8; do
	sleep 0.5	# tail -f looks five times a second
	mv "$disk/outcome.json" "$disk/outcome.json.$n"
	mv "$disk/outcome.txt" "$disk/outcome.txt.$n"
done
wait_for 10 grep -q "all sent" "$WORK/acks"
sleep 0.3
count=$(($(whole "$disk"/outcome.json*) - before))
check "rotated eight times under load: no record is lost, none is torn" "$count of 300 ACKs" test "$count" = 300
cat "$disk"/outcome.txt* >"$WORK/outcome.txt"
check "nor in the other file" "$(grep -c ^addr= "$WORK/outcome.txt")" outcome_is_clean
has_followed() { # lines
	[ "$(wc -l <"$WORK/tail.out")" = "$1" ]
}
check "tail -f has followed all of it" "$(wc -l <"$WORK/tail.out")" wait_for 3 has_followed 300
: >"$disk/outcome.json"
request $stranger >/dev/null
check "cut to nothing: the next record is the first" "$(cat -v "$disk/outcome.json")" test "$(whole "$disk/outcome.json")" = 1
check "tail -f goes on behind it" "$(tail -n 2 "$WORK/tail.out")" wait_for 3 has_followed 301
kill $tail_pid

# --- a full disk ---------------------------------------------------------------------------------------------------

rm -f "$disk"/outcome.*.[0-9]
before=$(whole "$disk/outcome.json")
dd if=/dev/zero of="$disk/filler" bs=4k 2>/dev/null
filling=0
until [ "$filling" = 60 ] || grep -q 'outcome.json.*leases go on' "$WORK/usher.log"; do
	request $stranger >/dev/null	# the page that is begun may have room for some records
	filling=$((filling + 1))
done
for _ in 1 2 3; do
	request $stranger
done >"$WORK/leases"
check "full disk: a client gets its leases" "$(cat "$WORK/leases")" test "$(grep -c '^ack ' "$WORK/leases")" = 3
check "status says so" "$("$USHER" status -s "$WORK/usher.sock")" \
	grep -q 'THE DISK DOES NOT TAKE RECORDS' <("$USHER" status -s "$WORK/usher.sock")
torn=$(whole "$disk/outcome.json" 2>&1) || true
check "no torn record while it is full" "$torn" test "$torn" -ge "$before"
rm "$disk/filler"
caught_up() {
	[ "$(whole "$disk/outcome.json")" = $((before + filling + 3)) ]
}
check "within a second of room all records are there" "$(whole "$disk/outcome.json")" wait_for 1 caught_up
check "and the log says how long it was" "$(tail -n 5 "$WORK/usher.log")" grep -q 'outcome.json: written again after' "$WORK/usher.log"
cp "$disk/outcome.txt" "$WORK/outcome.txt"
check "the other file is whole too" "$(tail "$WORK/outcome.txt")" outcome_is_clean
finish
