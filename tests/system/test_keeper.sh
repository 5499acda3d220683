#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The processes of usher killed, stopped and starved, with real exchanges through a real bridge and a real Kea: what
# clients notice of it, and what becomes of the records.
# Measures time: scripts/check runs it alone.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=processes.sh
. "$(dirname "$0")/processes.sh"

need kea-dhcp4 kea-dhcp6 python3
need_usher
CROWD=30	# clients
EVERYBODY=${KEEPER_CLIENTS:-50}	# clients, when everybody is killed
KEA4_FIRST=10
KEA4_LAST=250
topology
must "Kea DHCPv4" kea 4
must "Kea DHCPv6" kea 6
must "divert" divert bridge clients server
usher_config ""
other_users
must "usher" usher_start

# --- processes ------------------------------------------------------------------------------------------------------

ready() { # two workers and a loader
	local all
	mapfile -t all < <(processes usher-worker)
	[ "${#all[@]}" -ge 2 ] && [ -n "$(first usher-loader)" ]
}

ended() { # pid: zombies have ended, too
	local state
	read -r _ _ state _ 2>/dev/null <"/proc/$1/stat" || return 0
	[ "$state" = Z ]
}

all_ended() { # pid...
	local one
	for one; do
		ended "$one" || return 1
	done
}

# The main process, the spawner, the loader and the workers.
everybody() {
	local spawner children
	spawner=$(first usher-spawner)
	read -r children <"/proc/$spawner/task/$spawner/children"
	echo "$usher_pid $spawner $children"
}

left_of() { # pid...: those that still run, for a message
	ps -o pid=,stat=,comm= -p "$(IFS=,; echo "$*")"
}

is_bound() { # as queue_is_bound 67, but starts no program
	local number
	while read -r number _; do
		[ "$number" != 67 ] || return 0
	done
	return 1
} 2>/dev/null <"/proc/$usher_pid/net/netfilter/nfnetlink_queue"

# Starts usher and notes in $took how many milliseconds went by until the queue was bound.
took_all=()
restart() {
	local began=${EPOCHREALTIME/[.,]/}
	nsenter --net="/var/run/netns/$TAG-bridge" "$USHER" run -c "$WORK/usher.json" >>"$WORK/usher.log" 2>&1 </dev/null &
	usher_pid=$!
	disown "$usher_pid"
	until is_bound || gone "$usher_pid"; do sleep 0.005; done
	took_all+=($(((${EPOCHREALTIME/[.,]/} - began) / 1000)))
	is_bound
}

# --- load -----------------------------------------------------------------------------------------------------------

crowd() { # clients, seconds [prefix]
	rm -f "$WORK/crowd.log"
	spawn client crowd /usr/bin/python3 "$ROOT/tests/system/crowd.py" eth0 "$@"
	crowd_pid=$pid
	sleep 0.5
}

declare -A got=()
crowd_end() { # what the crowd says is in $crowd and, by its words, in $got
	local word
	wait_for 40 gone "$crowd_pid"
	crowd=$(<"$WORK/crowd.log")
	got=()
	for word in $crowd; do
		got[${word%%=*}]=${word#*=}
	done
}

# Nothing was lost, doubled, unsteered, or as slow as a second; each lease has its record.
undisturbed() { # case, records before
	local records
	kill "$crowd_pid"
	crowd_end
	records=$(($(outcome_count) - $2))
	if [ "${got[leased]:-0}" = $CROWD ] && [ "${got[resent]}${got[doubled]}${got[wrong]}" = 000 ] &&
		[ "${got[records]}" = "$records" ] && outcome_is_clean; then
		ok "$1: ${got[exchanges]} exchanges, the slowest answer after ${got[slowest]} ms"
	else
		fail "$1" "$crowd, $records records"
	fi
}

leases() { # case: one of either family, steered
	answers "$1: DHCPv4" 'addr=198\.51\.100\.' client ask4 eth0
	answers "$1: DHCPv6" 'addr=3000::' client ask6 eth0
}

strike() { # name, signal, times, seconds between
	local i
	for ((i = 0; i < $3; i++)); do
		wait_for 5 ready
		kill "-$2" "$(first "$1")"
		sleep "$4"
	done
}

# --- what each process may ------------------------------------------------------------------------------------------

must "workers" wait_for 10 ready
may "the main process may do netfilter and no more" "$usher_pid" $((1 << 12)) 2 0
may "a worker may do nothing" "$(first usher-worker)" 0 2 "$(id -u usher 2>/dev/null || echo 65534)"
may "a loader has no capability" "$(first usher-loader)" 0 2 0
may "a spawner may make processes and no more" "$(first usher-spawner)" $((1 << 5 | 1 << 6 | 1 << 7 | 1 << 8)) 2 0

# --- a new registry is warm before there is a packet ------------------------------------------------------------------

# KiB of it in the memory of the worker that has work, and KiB of the whole.
warmth() {
	local pid
	while read -r pid; do
		awk '/^[0-9a-f]+-/ { mine = /usher-registry/ } mine && /^(Rss|Size):/ { sum[$1] += $2 }
			END { if (sum["Size:"] > 0) print sum["Rss:"] + 0, sum["Size:"] }' "/proc/$pid/smaps"
	done < <(processes usher-worker)
}

is_warm() {
	local rss size
	read -r rss size < <(warmth) && [ "$size" -gt 3000 ] && [ "$rss" -ge $((size - 64)) ]
}

few=$(cat "$WORK/registry.jsonl")
for ((i = 0; i < 60000; i++)); do
	printf '{"type":"HW_ADDR","id":"0299%08x","bootfile":"x"}\n' "$i"
done >>"$WORK/registry.jsonl"
check "a worker has touched all of a new registry without a packet" "$(warmth) KiB" wait_for 10 is_warm
echo "$few" >"$WORK/registry.jsonl"

# --- one process dies: nobody notices -------------------------------------------------------------------------------

leases "to begin with"
workers_are() { # number
	[ "$(processes usher-worker | wc -l)" = "$1" ]
}
must "three workers, one with work" wait_for 10 workers_are 3
kill -KILL "$(first usher-worker)"
check "one that dies at rest is replaced before a packet comes" "$(processes usher-worker | wc -l) workers" \
	wait_for 5 workers_are 3
for name in usher-worker usher-loader; do
	kill -KILL "$(first $name)"
	leases "$name killed"
done
must "all are there again" wait_for 10 ready

while read -r name signal times pause; do
	before=$(outcome_count)
	crowd $CROWD 60 198.51.100.
	strike "$name" "$signal" "$times" "$pause"
	undisturbed "$name, $signal, $times times under load" "$before"
done <<-EOT
	usher-worker KILL 10 0.1
	usher-worker STOP 2 0.8
	usher-loader KILL 3 0.2
EOT

# Who waits for a worker stood still itself: the machine has no CPU, and another worker would need one, too.
is_held() {
	[ "$(awk '{ print $3 }' "/proc/$usher_pid/net/netfilter/nfnetlink_queue")" -gt 0 ]
}
mapfile -t workers < <(processes usher-worker)
kill -STOP "${workers[@]}"
(
	wait_for 5 is_held
	kill -STOP "$usher_pid"
	sleep 1
	kill -CONT "$usher_pid"
	sleep 0.75
	kill -CONT "${workers[@]}"
) &
answers "everything stood still for a second" 'addr=198\.51\.100\.' client ask4 eth0 wait=5
wait $!
check "and no worker was taken to hang" "$(grep 'hangs\|no CPU' "$WORK/usher.log" | tail -n 2)" \
	test "$(processes usher-worker | xargs)" = "${workers[*]}" -a "$(grep -c 'gets no CPU' "$WORK/usher.log")" -gt 0

# --- edits of the registry, whatever the loader suffers -------------------------------------------------------------

user() { # whether the client is to be one
	if [ "$1" = yes ]; then register HW_ADDR "$CLIENT_MAC"; else registry_edit "/$CLIENT_MAC/d"; fi
}

readings() { # number
	[ "$(grep -c 'registry: .* users, read in' "$WORK/usher.log")" -gt "$1" ]
}

user yes
answers "an edit is seen by the next packet" 'addr=192\.0\.2\.' client ask4 eth0
loader=$(first usher-loader)
kill -STOP "$loader"
user no
answers "the loader stopped: the registry in force goes on" 'addr=192\.0\.2\.' client ask4 eth0
kill -CONT "$loader"
sleep 0.2
answers "it goes on: the edit is seen" 'addr=198\.51\.100\.' client ask4 eth0
before=$(grep -c 'registry: .* users, read in' "$WORK/usher.log")
kill -KILL "$loader"
user yes
must "another loader has read the registry" wait_for 5 readings "$before"
answers "what was edited without a loader is seen" 'addr=192\.0\.2\.' client ask4 eth0
user no
answers "an edit is seen with another loader" 'addr=198\.51\.100\.' client ask4 eth0

# --- the config and the outcome file --------------------------------------------------------------------------------

said() { # message, more often than
	[ "$(grep -c "$1" "$WORK/usher.log")" -gt "$2" ]
}

hup() { # the message that is to follow
	local n
	n=$(grep -c "$1" "$WORK/usher.log")
	kill -HUP "$usher_pid"
	wait_for 5 said "$1" "$n"
}

cp "$WORK/usher.json" "$WORK/good.json"
echo '{ "no_such_key": 1 }' >"$WORK/usher.json"
check "a bad config is refused" "no such message" hup 'no_such_key.*the config in force stays'
leases "a bad config: the old one stays"
sed 's/"restricted", "prefixes": \["198/"restricted", "max_lease": 17, "prefixes": ["198/' "$WORK/good.json" >"$WORK/usher.json"
check "a good config is taken" "no such message" hup 'usher info: reloaded$'
leases "a good config"
cp "$WORK/good.json" "$WORK/usher.json"
must "the config as it was" hup 'usher info: reloaded$'

before=$(outcome_count)
crowd $CROWD 60 198.51.100.
for turn in 1 2; do
	for signal in HUP USR2; do
		mv "$WORK/outcome.txt" "$WORK/outcome.$turn$signal"
		kill -$signal "$usher_pid"
		wait_for 5 test -e "$WORK/outcome.txt"
		sleep 0.2
	done
done
kill "$crowd_pid"
crowd_end
mv "$WORK/outcome.txt" "$WORK/outcome.9"
cat "$WORK"/outcome.[129]* >"$WORK/outcome.all"
mv "$WORK/outcome.all" "$WORK/outcome.txt"
check "rotation under load: each lease has its record" "$crowd, $(($(outcome_count) - before)) records" \
	test "$(($(outcome_count) - before)) ${got[resent]} ${got[wrong]}" = "${got[records]} 0 0"
check "rotation under load: whole records" "$(head -n 20 "$WORK/outcome.txt")" outcome_is_clean

# --- what takes everything with it ----------------------------------------------------------------------------------

# aim CASE WHY COMMAND...: what is aimed at and not reached on every machine yet (docs/design.md) is said, not failed.
aim() {
	local name=$1 why=$2
	shift 2
	if "$@"; then ok "$name"; else skip "$name" "aimed at, not reached: $why"; fi
}

for name in main usher-spawner; do
	for load in without with; do
		[ $load = without ] || crowd $CROWD 60
		mapfile -d ' ' -t victims < <(echo -n "$(everybody)")
		if [ $name = main ]; then kill -KILL "$usher_pid"; else kill -KILL "$(first $name)"; fi
		check "$name killed $load load: nobody is left behind" "$(left_of "${victims[@]}")" wait_for 2 all_ended "${victims[@]}"
		check "$name killed $load load: the queue is free at once" "$(tail -n 1 "$WORK/usher.log")" restart
		leases "$name killed $load load, started again"
		if [ $load = with ]; then
			kill "$crowd_pid"
			crowd_end
			aim "$name killed $load load: sent again at most twice" "$crowd" test "${got[most]:-9}" -le 2
		fi
		must "workers" wait_for 10 ready
	done
done

# A worker that hangs, and nobody left who could kill it.
mapfile -d ' ' -t victims < <(echo -n "$(everybody)")
kill -STOP "$(first usher-worker)"
kill -KILL "$(first usher-spawner)" "$usher_pid"
check "all who could kill a worker that hangs are dead, and so is it" "$(left_of "${victims[@]}")" \
	wait_for 2 all_ended "${victims[@]}"
must "usher again" restart
must "workers" wait_for 10 ready

# make check-faults does this 50 times with 200 clients
for ((round = 1; round <= ${KEEPER_ROUNDS:-1}; round++)); do
	crowd "$EVERYBODY" 0
	mapfile -d ' ' -t victims < <(echo -n "$(everybody)")
	kill -KILL "${victims[@]}"
	must "usher after everybody was killed" restart
	crowd_end
	echo "# everybody killed: $crowd"
	aim "everybody killed: $EVERYBODY clients have a lease, sent again at most twice" "$crowd" \
		test "${got[leased]:-0} $((${got[most]:-9} <= 2))" = "$EVERYBODY 1"
	check "everybody killed: all have a lease" "$crowd" test "${got[leased]:-0}" = "$EVERYBODY"
done

# What else wants to run takes its share: the fastest start says what it costs.
read -r load _ </proc/loadavg
mapfile -t took_all < <(printf '%s\n' "${took_all[@]}" | sort -n)
aim "a start binds the queue within 100 ms (${took_all[*]})" "${took_all[*]} ms" test "${took_all[0]}" -le 100
check "a start binds the queue within a second" "${took_all[*]} ms" \
	test "${took_all[0]}" -le $((1000 * (1 + ${load%.*} / PROCESSORS)))
finish
