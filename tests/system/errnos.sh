#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# System calls that fail: those that the processes of usher make while they work, one kind at a time, with one errno, at
# their n-th occurrence, by strace. Meanwhile a few clients get their leases. A process may end if another takes its
# place: no packet may be stuck, doubled or unsteered, no lease without its record, and in the end all is well again.
#
#   errnos.sh [EVERY]     only each EVERY-th of the cases; of all there are several hundred, two seconds each
#
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

every=${1:-1}
need kea-dhcp4 python3 strace
need_usher
topology
must "Kea DHCPv4" kea 4
must "divert" divert bridge clients server
usher_config ""
other_users

# What strace of the system tests has seen each do when it has begun to work.
declare -A calls=(
	[worker]="recvmsg sendmsg mmap munmap close fcntl fstat write sched_setaffinity"
	[loader]="poll recvmsg sendmsg read openat fstat memfd_create ftruncate mmap munmap fcntl close futex inotify_add_watch write"
	[main]="recvmsg sendmsg poll read write setsockopt ioctl epoll_wait sched_setaffinity sched_getaffinity memfd_create
		ftruncate fcntl mmap munmap close futex timerfd_settime epoll_ctl"
)
errnos="EINTR EAGAIN EIO ENOMEM EPERM EMFILE"
occurrences="1 2 5"

process() { # role
	local spawner child
	[ "$1" != main ] || { echo "$usher_pid"; return; }
	read -r spawner _ <"/proc/$usher_pid/task/$usher_pid/children"
	for child in $(<"/proc/$spawner/task/$spawner/children"); do
		[ "$(<"/proc/$child/comm")" != "usher-$1" ] || { echo "$child"; return; }
	done
} 2>/dev/null

exists() { # role
	[ -n "$(process "$1")" ]
}

well() { # a lease, and it is steered
	[[ $(dhcp client ask4 eth0 2>&1) =~ addr=198\.51\.100\. ]]
}

# As systemd does.
ensure_usher() {
	gone "$usher_pid" || return 0
	restarts=$((restarts + 1))
	usher_start
}

recorded() { # since inject() began
	[ $(($(outcome_count) - before)) = "$1" ]
}

inject() { # role, call, errno, nth
	local tracer before seen what
	wait_for 5 exists "$1"
	before=$(outcome_count)
	strace -f -o "$WORK/strace.out" -p "$(process "$1")" -e trace="$2" -e inject="$2:error=$3:when=$4" \
		2>"$WORK/strace.err" &
	tracer=$!
	wait_for 2 grep -q attached "$WORK/strace.err"
	touch "$WORK/registry.jsonl"
	what=$(on client /usr/bin/python3 "$ROOT/tests/system/crowd.py" eth0 8 0)
	kill "$tracer" 2>/dev/null
	wait "$tracer" 2>/dev/null
	wait_for 3 recorded 8 # a record that could not be written is written within a second
	grep -q INJECTED "$WORK/strace.out" || untouched=$((untouched + 1))
	cases=$((cases + 1))
	seen=" $what records=$(($(outcome_count) - before))"
	if gone "$usher_pid"; then
		ensure_usher
	elif [[ $what != *"leased=8 exchanges=8 records=8 resent=0 "*"doubled=0 "* ]] || [ $(($(outcome_count) - before)) != 8 ]; then
		fail "$1: $2 fails with $3 at its occurrence $4" "$seen"
	fi
	wait_for 5 well || fail "$1: after $2 failed with $3 at its occurrence $4" "no lease"
}

restarts=0
cases=0
untouched=0
n=0
must "usher" usher_start
for role in worker loader main; do
	for call in ${calls[$role]}; do
		for errno in $errnos; do
			for nth in $occurrences; do
				[ $((n++ % every)) != 0 ] || inject "$role" "$call" "$errno" "$nth"
			done
		done
	done
done
check "$cases system calls failed: no packet stuck, no record lost ($untouched were not made, usher ended $restarts times)" \
	"$failed failed" test "$failed" = 0
finish
