#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A running usher is asked and told things over its control socket, by those who may, while others hang on to it; and
# nothing that a client sends reaches the log as it came.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

need kea-dhcp4 python3 setpriv
need_usher
topology
must "Kea" kea 4
must "divert" divert bridge clients server
usher_config '"control_group": "nogroup",'
other_users
register HW_ADDR "$CLIENT_MAC" '"bootfile": "own"'
chmod go-w "$WORK/usher.json" "$WORK/registry.jsonl"
chmod 755 "$WORK"
must "usher" usher_start

usher() { # command...: its output is in $said, its exit code the result
	local command=$1 status
	shift
	said=$("$USHER" "$command" -c "$WORK/usher.json" "$@" 2>&1)
	status=$?
	return $status
}

says() { # CASE PATTERN COMMAND...: it succeeds and its output matches
	local name=$1 pattern=$2
	shift 2
	if usher "$@" && grep -Eq -- "$pattern" <<<"$said"; then ok "$name"; else fail "$name" "wanted '$pattern', got '$said'"; fi
}

refuses() { # CASE CODE PATTERN COMMAND...
	local name=$1 code=$2 pattern=$3 status
	shift 3
	usher "$@"
	status=$?
	if [ $status = "$code" ] && grep -Eq -- "$pattern" <<<"$said"; then
		ok "$name"
	else
		fail "$name" "wanted exit $code and '$pattern', got exit $status and '$said'"
	fi
}

stranger=0c:0e:0a:00:00:99
lease() { # mac: a whole exchange; prints the answer to its REQUEST
	local offer address
	offer=$(dhcp client ask4 eth0 "mac=$1")
	address=${offer#*addr=}
	address=${address%% *}
	dhcp client ask4 eth0 "mac=$1" type=request server=192.0.2.1 "addr=$address"
}

# --- to look -------------------------------------------------------------------------------------------------------

check "a registered client" "no lease" grep -q 'ack .*addr=192\.0\.2\..*bootfile=own' <(lease $CLIENT_MAC)
check "a stranger" "no lease" grep -q 'ack .*addr=198\.51\.100\.' <(lease $stranger)
says "status: what went by" '^ +2  DHCPv4 ACK$' status
says "status: leases of registered clients" '^ +1  DHCPv4 granted, registered clients$' status
says "status: the registry" 'registry .*registry.jsonl: 5 users' status
says "status: no error" 'last error  none' status
usher status --json
check "status --json: the sum of causes is what came in" "$said" /usr/bin/python3 -c '
import json, sys
s = json.loads(sys.argv[1])
assert s["packets"]["received"] == sum(c["packets"] for c in s["causes"]) == 8, s["packets"]
assert s["packets"]["dropped"] == sum(c["dropped"] for c in s["causes"])
assert s["answer_time"]["count"] == 4 and s["handling_time"]["count"] == 8
assert s["servers"] == [{"family": 4, "server": "192.0.2.1", "answers": 4}], s["servers"]
assert s["queues"][0]["number"] == 67 and s["queues"][0]["bound"]' "$said"
says "metrics: the same" '^usher_leases_total\{family="4",registered="false",event="granted"\} 1$' metrics
printf '%s\n' "$said" >"$WORK/metrics"
if command -v promtool >/dev/null; then
	check "metrics: promtool has nothing to say" "$(promtool check metrics <"$WORK/metrics" 2>&1)" \
		promtool check metrics <"$WORK/metrics"
else
	skip "metrics: promtool has nothing to say" "no promtool: scripts/install-deps test"
fi
says "explain --live: by what is in force" 'bootfile = own' explain --live "$CLIENT_MAC"
says "explain --live: an offer that goes through" '^response    OFFER: edited' explain --live \
	--response "0201060001020304000000000000000000000000c0000264000000000c0e0a01ff04$(printf '%0404d' 0)6382536335010236040102030433040000003cff" \
	"$CLIENT_MAC"
refuses "explain --live: no id" 1 'no-id' explain --live no-id

# --- to tell -------------------------------------------------------------------------------------------------------

says "reload: how many users" '^reloaded: 5 users$' reload
echo 'no JSON' >>"$WORK/registry.jsonl"
refuses "reload: a broken registry is told with its place" 1 'registry.jsonl:6: .*the registry in force stays' reload
says "status: the error is the last one" 'last error .*registry.jsonl:6' status
says "status: an older registry is in force" 'THE LAST READING FAILED' status
says "explain --live: the older registry" 'bootfile = own' explain --live "$CLIENT_MAC"
check "the older registry is in force" "no lease" grep -q 'bootfile=own' <(lease $CLIENT_MAC)
registry_edit 6d
cp "$WORK/usher.json" "$WORK/good.json"
echo '{ "queues": ' >"$WORK/usher.json"
"$USHER" reload -s "$WORK/usher.sock" >"$WORK/reload.out" 2>&1
status=$?
check "reload: a broken config is told with its place" "exit $status: $(cat "$WORK/reload.out")" \
	grep -q 'usher.json:[0-9].*the config in force stays' "$WORK/reload.out"
check "reload: a broken config: exit 1" "exit $status" test $status = 1
mv "$WORK/good.json" "$WORK/usher.json"
says "reload: mended" '^reloaded: 5 users$' reload

says "pause" '^paused' pause
check "paused: a stranger gets what the server itself chooses" "restricted" grep -q 'ack .*addr=192\.0\.2\.' <(lease $stranger)
check "paused: a user does not get its own boot file" "edited" grep -q 'bootfile=server-default' <(lease $CLIENT_MAC)
says "status: says so" '^PAUSED for' status
says "resume" '^resumed' resume
check "resumed: a stranger is restricted" "not restricted" grep -q 'ack .*addr=198\.51\.100\.' <(lease $stranger)

says "log-level: is told" '^info$' log-level
says "log-level: is set" '^debug$' log-level debug
before=$(wc -l <"$WORK/usher.log")
# ESC, LF, NUL and what a terminal takes for CSI in every option that is text, in the hardware address and the names
nasty='1b5b324a0a00c29b9b'
extra=
for code in 0c 0f 11 28 38 3c 40 42 43 4d 51 7c 7d; do
	extra+="${code}09$nasty"
done
dhcp client ask4 eth0 mac=02:1b:5b:32:4a:0a "extra=$extra" wait=1 >/dev/null
dhcp client ask4 eth0 mac=02:1b:5b:32:4a:0a type=request server=27.91.50.74 addr=10.0.155.27 "extra=$extra" wait=0.3 >/dev/null
dhcp client ask6 eth0 "duid=0002000009bf$nasty" "extra=000f000b0009$nasty""0010000f000009bf0009$nasty""001d0009$nasty""0027000a01$nasty" wait=0.3 >/dev/null
says "log-level: back again" '^info$' log-level info
tail -n "+$((before + 1))" "$WORK/usher.log" >"$WORK/debug.txt"
check "log-level debug: a line for each message" "$(cat "$WORK/debug.txt")" test "$(grep -c 'debug: queue 67: query DISCOVER of HW_ADDR=021b5b324a0a' "$WORK/debug.txt")" = 1
check "nothing of a client's in the log as it came" "$(cat -v "$WORK/usher.log")" /usr/bin/python3 -c '
import sys
data = open(sys.argv[1], "rb").read()
bad = {b for b in data if not (32 <= b < 127 or b == 10)}
assert data and not bad, bad' "$WORK/usher.log"

# --- who may -------------------------------------------------------------------------------------------------------

as_nobody() { # groups, command...
	local group=$1
	shift
	setpriv --reuid=65534 --regid="$group" --clear-groups "$WORK/bin/usher-copy" "$1" -s "$WORK/usher.sock" >"$WORK/nobody.out" 2>&1
}
cp "$USHER" "$WORK/bin/usher-copy"
check "a member of the group may look" "$(cat "$WORK/nobody.out" 2>/dev/null)" as_nobody nogroup status
for command in pause reload; do
	as_nobody nogroup $command
	status=$?
	check "a member of the group may not $command" "exit $status: $(cat "$WORK/nobody.out")" \
		grep -q "\"$command\" is for root" "$WORK/nobody.out"
done
says "nothing was paused" 'usher .* up' status
check "really not" "$said" grep -qv '^PAUSED' <<<"$said"
as_nobody daemon status
check "others may not even look" "$(cat "$WORK/nobody.out")" grep -q 'Permission denied: who may ask is said by control_owner' "$WORK/nobody.out"

# --- those who hang on to it ---------------------------------------------------------------------------------------

cat >"$WORK/hang.py" <<'PY'
import socket, sys, threading, time
path, seconds = sys.argv[1], float(sys.argv[2])
end = time.monotonic() + seconds
def connect():
    s = socket.socket(socket.AF_UNIX)
    s.connect(path)
    return s
def flood():
    s = connect()
    s.setblocking(False)
    while time.monotonic() < end:
        for f in (lambda: s.send(b'{"command": "status"}\n' * 50), lambda: s.recv(65536)):
            try:
                f()
            except BlockingIOError:
                time.sleep(0.001)
            except OSError:
                s = connect()
                s.setblocking(False)
def half():
    while time.monotonic() < end:
        try:
            s = connect()
            s.send(b'{"command": "met')
            time.sleep(0.02)
        except OSError:
            pass
for f in [flood] * 3 + [half] * 3:
    threading.Thread(target=f).start()
print("hanging", flush=True)
PY
spawn bridge hang /usr/bin/python3 "$WORK/hang.py" "$WORK/usher.sock" 2
hang_pid=$pid
wait_for 5 grep -q hanging "$WORK/hang.log"
slow=0
for _ in 1 2 3; do
	from=${EPOCHREALTIME/[.,]/}
	usher status || slow=$((slow + 1))
	[ $((${EPOCHREALTIME/[.,]/} - from)) -lt 1500000 ] || slow=$((slow + 1))
done
check "beside clients that flood and hang, status is answered at once" "$slow of 3 not within 1.5 s" test $slow = 0
check "and DHCP goes on" "no lease" grep -q 'ack .*addr=192\.0\.2\.' <(lease $CLIENT_MAC)
wait_for 6 gone $hang_pid

# --- what is in the way --------------------------------------------------------------------------------------------

sed 's,"queues": "67","queues": "68",; s,outcome.txt,second.txt,' "$WORK/usher.json" >"$WORK/second.json"
chmod 666 "$WORK/second.json"
spawn bridge second "$USHER" run -c "$WORK/second.json"
second_pid=$pid
check "a second usher on the same socket says who has it" "$(cat "$WORK/second.log")" \
	wait_for 5 grep -q "usher.sock is in use by another usher (pid $usher_pid): stop that, or name another" "$WORK/second.log"
check "and runs without" "$(cat "$WORK/second.log")" wait_for 5 grep -q ' runs: queues 68' "$WORK/second.log"
check "a config that others may write to is told" "$(cat "$WORK/second.log")" grep -q 'group or others may write to the config' "$WORK/second.log"
stop $second_pid
says "the first one is still asked" ' up ' status
chmod 666 "$WORK/registry.jsonl"
usher reload
check "a registry that others may write to is told" "$(tail -n 3 "$WORK/usher.log")" wait_for 3 \
	grep -Eq 'registry.jsonl.*(writ|chmod)' "$WORK/usher.log"

stop "$usher_pid"
check "the socket is gone with the daemon" "it is there" test ! -e "$WORK/usher.sock"
refuses "no daemon: it is said" 2 'no daemon listens on .*usher.sock: is usher running' status
finish
