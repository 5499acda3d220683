#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Hook libraries with real clients and a real Kea: each hook point called once, in Kea's order, with the right arguments,
# through lease, renewal, release, decline and expiry; libraries exchanged and refused at a reload; a packet parked until a
# service has answered.
# Measures time: scripts/check runs it alone.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=processes.sh
. "$(dirname "$0")/processes.sh"

need kea-dhcp4 kea-dhcp6 udhcpc dhclient python3
need_usher
built=$(cd "$(dirname "$USHER")" && pwd)
[ -e "$built/test-hooks/log.so" ] || skip_all "no $built/test-hooks/log.so: make build/unit"
topology
must "Kea" kea 4
must "Kea for DHCPv6" kea 6
must "divert" divert bridge clients server

# The worker loads them as the user that it is, which sees nothing of root's.
chmod 711 "$WORK"
mkdir -m 755 "$WORK/hooks"
cp "$built"/test-hooks/*.so "$built/hooks/ask.so" "$WORK/hooks"
logging=$WORK/hooks/log.so
points=$WORK/points
install -m 666 /dev/null "$points"

# Short leases, and an address that was declined comes back after two seconds.
config() { # library, parameters, seconds of a lease
	usher_config "\"hooks_libraries\": [{ \"library\": \"$1\", \"parameters\": $2 }],
		\"hooks_leases\": { \"probation\": 2 }, \"hooks_park\": { \"timeout_ms\": 700 },
		\"rules\": [{ \"subnet\": \"restricted\", \"max_lease\": $3 }],"
}

config "$logging" "{ \"file\": \"$points\" }" 4
other_users
must "usher" usher_start
split "with libraries"

# Of one family at a time: while the one waits for a lease to end, the other can go on.
family=4
declare -A seen=([4]=0 [6]=0)

lines() { # what was called since the last time
	grep "^[a-z]*${family}_" "$points" | tail -n "+$((seen[$family] + 1))"
}

names() {
	lines | awk '{ print $1 }' | xargs
}

forget() {
	seen[$family]=$(grep -c "^[a-z]*${family}_" "$points")
}

are() { # names...
	[ "$(names)" = "$*" ]
}

called() { # case, seconds, names...
	local case=$1 seconds=$2
	shift 2
	if wait_for "$seconds" are "$@"; then ok "$case"; else fail "$case" "called: $(names), wanted: $*"; fi
}

machine() { # 4|6, mac, step...
	local family=$1 mac=$2
	shift 2
	on client "$ROOT/tests/system/client.py" "$family" eth0 "$WORK/machine$mac$family" mac="0c:0e:0a:03:00:$mac" "$@" \
		>>"$WORK/machine.log" 2>&1
}

query4="buffer4_receive pkt4_receive subnet4_select"
query6="buffer6_receive pkt6_receive subnet6_select"
# shellcheck disable=SC2086 # lists of words
{
	udhcpc4 client
	called "udhcpc: a lease" 10 $query4 lease4_select pkt4_send buffer4_send \
		$query4 lease4_select leases4_committed pkt4_send buffer4_send
	check "with its arguments" "$(cat "$points")" cmp -s "$points" - <<-EOT
		buffer4_receive query4=type0
		pkt4_receive query4=type1
		subnet4_select query4=type1 subnet4=restricted subnet4collection=open,restricted
		lease4_select query4=type1 response4=type2 subnet4=restricted lease4=198.51.100.100:valid fake_allocation=true
		pkt4_send query4=type1 response4=type2 subnet4=restricted
		buffer4_send response4=type2
		buffer4_receive query4=type0
		pkt4_receive query4=type3
		subnet4_select query4=type3 subnet4=restricted subnet4collection=open,restricted
		lease4_select query4=type3 response4=type5 subnet4=restricted lease4=198.51.100.100:valid fake_allocation=false
		leases4_committed query4=type3 response4=type5 leases4=198.51.100.100:valid deleted_leases4=
		pkt4_send query4=type3 response4=type5 subnet4=restricted
		buffer4_send response4=type5
	EOT
	forget
	kill -USR1 "$pid"
	called "udhcpc: a renewal" 10 $query4 lease4_renew leases4_committed pkt4_send buffer4_send
	forget
	kill -USR2 "$pid"
	called "udhcpc: a release" 5 buffer4_receive pkt4_receive lease4_release leases4_committed
	check "with the address" "$(tail -n 1 "$points")" grep -q 'deleted_leases4=198.51.100.100$' "$points"
	stop "$pid"
	forget

	machine 4 01 discover request decline
	called "a decline; two seconds later the address is as good as new" 8 \
		$query4 lease4_select pkt4_send buffer4_send $query4 lease4_select leases4_committed pkt4_send buffer4_send \
		buffer4_receive pkt4_receive lease4_decline leases4_committed lease4_expire lease4_recover
	machine 4 02 discover request
	forget

	family=6
	dhclient6 client
	client_pid=$pid
	called "dhclient, DHCPv6: a lease" 10 $query6 lease6_select pkt6_send buffer6_send \
		$query6 lease6_select leases6_committed pkt6_send buffer6_send
	forget
	called "dhclient, DHCPv6: a renewal" 8 $query6 lease6_renew leases6_committed pkt6_send buffer6_send
	stop "$client_pid" KILL
	forget
	family=4
	called "a lease that nobody renews expires" 8 lease4_expire
	family=6
	called "and one of DHCPv6" 8 lease6_expire
	forget
	machine 6 03 solicit request rebind release
	called "a rebinding, a release" 5 $query6 lease6_select pkt6_send buffer6_send \
		$query6 lease6_select leases6_committed pkt6_send buffer6_send \
		$query6 lease6_rebind leases6_committed pkt6_send buffer6_send \
		$query6 lease6_release leases6_committed pkt6_send buffer6_send
	check "with the address" "$(lines)" grep -q '^lease6_release query6=type8 lease6=3000::1' "$points"
	forget
	machine 6 04 solicit request decline
	called "a decline, DHCPv6" 8 $query6 lease6_select pkt6_send buffer6_send \
		$query6 lease6_select leases6_committed pkt6_send buffer6_send \
		$query6 lease6_decline leases6_committed pkt6_send buffer6_send lease6_expire lease6_recover
}

# --- reloading -----------------------------------------------------------------------------------------------------

says() { # pattern
	grep -q -- "$1" "$WORK/usher.log"
}

config "$WORK/hooks/other_version.so" "{}" 4
kill -HUP "$usher_pid"
check "a library of another version is refused at a reload" "$(tail -n 3 "$WORK/usher.log")" \
	wait_for 5 says 'built for version 2.0 of the hook interface.*the config in force stays'
family=4
forget
machine 4 05 discover
# shellcheck disable=SC2086
called "the libraries in force stay" 5 $query4 lease4_select pkt4_send buffer4_send

"$USHER" check -c "$WORK/usher.json" >"$WORK/check.out" 2>&1
check "usher check refuses it as well" "$(tail -n 2 "$WORK/check.out")" grep -q 'built for version 2.0' "$WORK/check.out"

# --- parking: an outside service decides ---------------------------------------------------------------------------

cat >"$WORK/service.py" <<-'EOT'
	import os, socket, sys, time
	path, log = sys.argv[1:]
	service = socket.socket(socket.AF_UNIX)
	service.bind(path)
	os.chmod(path, 0o666)
	service.listen()
	while True:
	    asked, _ = service.accept()
	    question = asked.recv(100).decode()
	    open(log, "a").write(question)
	    time.sleep(0.2)
	    if question.endswith("21\n"):
	        asked.sendall(b"drop\n")
	    elif not question.endswith("23\n"):
	        asked.sendall(b"subnet open\n")
	    asked.close()
EOT
spawn bridge service python3 "$WORK/service.py" "$WORK/service.sock" "$WORK/asked"
config "$WORK/hooks/ask.so" "{ \"socket\": \"$WORK/service.sock\" }" 60
reloads=$(grep -c ' reloaded' "$WORK/usher.log")
kill -HUP "$usher_pid"
reloaded() { [ "$(grep -c ' reloaded' "$WORK/usher.log")" -gt "$reloads" ]; }
must "a reload with another library" wait_for 5 reloaded
is_up() { [ -S "$WORK/service.sock" ]; }
must "the service" wait_for 10 is_up

answers_machine() { # case, mac, pattern
	local got
	got=$(on client "$ROOT/tests/system/client.py" 4 eth0 "$WORK/parked$2" mac="0c:0e:0a:03:00:$2" wait=2 discover 2>&1)
	if [[ $got =~ $3 ]]; then ok "$1"; else fail "$1" "wanted '$3', got '$got'"; fi
}

answers_machine "parked, and the service chose a subnet" 22 'offer addr=192\.0\.2\.'
answers_machine "parked, and the service said drop" 21 'nothing'
answers_machine "parked, and the service was silent: it went on in time" 23 'offer addr=198\.51\.100\.'
check "the service was asked once for each" "$(cat "$WORK/asked")" \
	test "$(sort "$WORK/asked" | uniq -c | awk '{ print $1, $3 }' | xargs)" = "1 0c0e0a030021 1 0c0e0a030022 1 0c0e0a030023"
check "the log says who was late" "$(tail -n 5 "$WORK/usher.log")" \
	says 'hook library ask: subnet4_select: a parked packet was not decided on within 700 ms'

# --- a library with a bug: its process dies, and the packet is out of the way -----------------------------------------

crash() { # how
	config "$WORK/hooks/crash.so" "{ \"how\": \"$1\" }" 60
	reloads=$(grep -c ' reloaded' "$WORK/usher.log")
	kill -HUP "$usher_pid"
	must "a reload with a library that may crash" wait_for 5 reloaded
}

crash segv
main=$usher_pid
answers_machine "a packet that makes a library crash is dropped" 66 '^nothing'
check "it was two workers' death" "$(tail -n 5 "$WORK/usher.log")" \
	test "$(grep -c 'worker.* died of signal 11' "$WORK/usher.log")" = 2
check "and then it was known" "$(tail -n 5 "$WORK/usher.log")" says 'a packet killed two workers and is dropped'
answers_machine "others are served" 24 'offer addr=198\.51\.100\.'
for how in file netlink; do
	crash $how
	answers_machine "a library tries what it may not, and is told so: $how" 66 'offer addr=198\.51\.100\.'
done
check "the main process is the one that it was" "it is not" test "$main" = "$usher_pid" -a -d "/proc/$main"
check "and no other worker died" "$(grep worker "$WORK/usher.log")" \
	test "$(grep -c 'worker.* died of signal' "$WORK/usher.log")" = 2

stop "$usher_pid"
check "it ends" "it runs" gone "$usher_pid"
check "nothing was wrong with the pipeline" "see the log" says 'usher info: stopping'
finish
