#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The processes of usher and what each of them may. Read behind lib.sh.

# The processes of usher that have this name and are neither dead nor stopped, the oldest first.
processes() { # name
	local spawner children child comm state
	read -r spawner _ <"/proc/$usher_pid/task/$usher_pid/children" || [ -n "$spawner" ] || return
	[ "$1" != usher-spawner ] || { echo "$spawner"; return; }
	read -r children <"/proc/$spawner/task/$spawner/children" || [ -n "$children" ] || return
	for child in $children; do
		read -r _ comm state _ <"/proc/$child/stat" || continue
		[ "$comm" != "($1)" ] || [[ $state == [ZT] ]] || echo "$child"
	done
} 2>/dev/null

# Under load the oldest worker is the one at work; without, it may be dead and the keeper has not noticed.
first() { # name
	local all
	mapfile -t all < <(processes "$1")
	echo "${all[0]:-}"
}

status_of() { # pid, field
	sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status"
}

may() { # case, pid, capabilities, mode of seccomp, uid
	local has
	has="$(status_of "$2" CapEff) $(status_of "$2" NoNewPrivs) $(status_of "$2" Seccomp) $(status_of "$2" Uid | cut -f 2)"
	check "$1" "$has" test "$has" = "$(printf '%016x' "$3") 1 $4 $5"
}

# What is to be seen where usher is as it is by default: a worker of its own, which can do nothing.
split() { # case
	may "$1: a worker may do nothing" "$(first usher-worker)" 0 2 "$(id -u usher 2>/dev/null || echo 65534)"
	may "$1: the main process may do netfilter and no more" "$usher_pid" $((1 << 12)) 2 0
}

# No worker had to be replaced that was not killed from outside.
no_worker_failed() {
	! grep 'worker.*\(died of signal\|hangs\|wrote\|wanted\|did something\)' "$WORK/usher.log" | grep -qv 'died of signal 9 '
}

# Starts usher by what does as systemd does: keeps the queue's socket, restarts, and has a watchdog.
start_kept() {
	rm -f "$WORK/usher.pid"
	spawn bridge usher /usr/bin/python3 "$ROOT/tests/system/upgrade.py" keep "$WORK/notify" "$WORK/usher.pid" \
		"$USHER" run -c "$WORK/usher.json"
	wait_for 10 find_usher
}

find_usher() {
	read -r usher_pid <"$WORK/usher.pid" && ! gone "$usher_pid"
} 2>/dev/null
