#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What else can be done to usher from outside while clients want leases: processes stopped, its program and config
# deleted, the bridge and the rules gone and back, memory that runs out. Each time it serves again, without help.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=processes.sh
. "$(dirname "$0")/processes.sh"

need kea-dhcp4 kea-dhcp6 python3
need_usher
topology
must "Kea DHCPv4" kea 4
must "Kea DHCPv6" kea 6
must "divert" divert bridge clients server
usher_config '"log_level": "warning", "deadline_ms": 1000,'
other_users
cp "$USHER" "$WORK/bin/usher"
USHER=$WORK/bin/usher

ready() { # workers and a loader
	find_usher && [ -n "$(first usher-worker)" ] && [ -n "$(first usher-loader)" ]
}

well() {
	[[ $(dhcp client ask4 eth0 2>&1) =~ addr=198\.51\.100\. ]] && [[ $(dhcp client ask6 eth0 2>&1) =~ addr=3000:: ]]
}

serves() { # case [seconds]
	check "$1" "$(tail -n 3 "$WORK/usher.log" | cut -c 26-)" wait_for "${2:-5}" well
}

everybody() {
	local spawner children
	spawner=$(first usher-spawner)
	read -r children <"/proc/$spawner/task/$spawner/children"
	echo "$spawner $children"
}

must "usher" start_kept
must "usher" wait_for 10 ready
serves "to begin with"

# --- stopped --------------------------------------------------------------------------------------------------------

spawner=$(first usher-spawner)
kill -STOP "$spawner"
serves "the spawner stopped"
mapfile -t workers < <(processes usher-worker)
kill -KILL "${workers[@]}"
serves "the spawner stopped and every worker killed: usher begins anew" 15
must "usher" wait_for 10 ready
kill -STOP "$usher_pid"
sleep 0.5
kill -CONT "$usher_pid"
serves "the main process stopped for a while"
kill -STOP "$usher_pid"
serves "the main process stopped: the watchdog" 15
must "usher" wait_for 10 ready
mapfile -d ' ' -t all < <(echo -n "$(everybody)")
kill -STOP "${all[@]}" "$usher_pid"
serves "everybody stopped: the watchdog" 15
must "usher" wait_for 10 ready

# --- files ----------------------------------------------------------------------------------------------------------

mv "$WORK/bin/usher" "$WORK/bin/elsewhere"
mapfile -t workers < <(processes usher-worker)
kill -KILL "${workers[@]}" "$(first usher-loader)"
serves "without its program file, every worker and the loader killed"
must "usher" wait_for 10 ready
mv "$WORK/bin/elsewhere" "$WORK/bin/usher"
rm "$WORK/usher.json"
kill -HUP "$usher_pid"
serves "without its config"

# --- the network ----------------------------------------------------------------------------------------------------

for i in 1 2 3; do
	on bridge ip link set br0 down
	sleep 0.1
	on bridge ip link set br0 up
done
serves "the bridge down and up"
on bridge ip link set clients down
on bridge ip link set clients up
serves "the clients' port down and up"
on bridge ip link set clients name other
on bridge ip link set other name clients
serves "the clients' port renamed and named again"
must "divert" divert remove
must "divert" divert bridge clients server
serves "the rules removed and made again"

# --- memory ---------------------------------------------------------------------------------------------------------

# A registry far too large for the memory there is: the loader is who dies of it, and the one in force stays.
memory=/sys/fs/cgroup/memory/$TAG
free_memory() {
	local p
	for p in $(<"$memory/cgroup.procs"); do echo "$p" >"$memory/../cgroup.procs"; done 2>/dev/null
	cleanup
	rmdir "$memory"
}
if mkdir "$memory" 2>/dev/null; then
	trap free_memory EXIT
	for p in "$usher_pid" $(everybody); do echo "$p" >"$memory/cgroup.procs"; done
	echo $((64 << 20)) >"$memory/memory.limit_in_bytes"
	cp "$WORK/registry.jsonl" "$WORK/small.jsonl"
	seq -f '{ "type": "HW_ADDR", "id": "02%010.0f", "bootfile": "a file of some length, so that it counts" }' 1000000 >"$WORK/large.jsonl"
	mv "$WORK/large.jsonl" "$WORK/registry.jsonl"
	killed() { grep -q 'loader [0-9]* died of signal 9' <(tail -n +"$said" "$WORK/usher.log"); }
	said=$(($(wc -l <"$WORK/usher.log") + 1))
	check "no memory for the registry: the loader dies of it" "$(tail -n 3 "$WORK/usher.log")" wait_for 20 killed
	serves "no memory for the registry: the one in force stays"
	check "no memory for the registry: nobody else died" "it did" test "$(<"$WORK/usher.pid")" = "$usher_pid"
	mv "$WORK/small.jsonl" "$WORK/registry.jsonl"
	serves "a small registry again"
else
	skip "no memory" "no cgroup for it"
fi
finish
