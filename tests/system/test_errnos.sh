#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# System calls that fail: each kind that the processes of usher make while they work, with each of six errnos, at its first
# 20 occurrences, by strace. Meanwhile clients get their leases, and usher is given what it may have to do besides: edits,
# reloads, a worker that dies. A process may end if another takes its place: no packet may be stuck, doubled or unsteered,
# no lease without its record, and in the end all is well again.
#
#   test_errnos.sh [EVERY]                        only each EVERY-th of the cases, 20. JOBS: so many at a time, each in namespaces
#                                                 of its own. ROLES: only these processes
#   test_errnos.sh --case ROLE CALL ERRNO WHEN    one of them, and what usher says of it
#
# A case is a process, a call, an errno, and which of the 20 fail: every one of them in a row, those with an odd number,
# those with an even number, so that each fails also between two that do not. Where that ended the process, its successor
# is not failed any more, so there each number is tried by itself.
#
# strace has a call fail by giving it the number -1, which is on no list of system calls: a worker is killed for it. So what is
# tried of workers is their end; how they take an error is seen with a usher that was made with HAVE_SECCOMP=0.
#
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=processes.sh
. "$(dirname "$0")/processes.sh"

FIRST=20
errnos="EINTR EAGAIN EIO ENOMEM EPERM EMFILE"
groups="1..$FIRST 1..$FIRST+2 2..$FIRST+2"

# What strace has seen each do when it has begun to work: seen() compares. close(2): the descriptor is closed whatever it
# says, but strace keeps the call from being made, and what is left open is strace's doing.
declare -A calls=(
	[worker]="recvmsg sendmsg poll mmap munmap close fcntl fstat write sched_setaffinity sched_yield"
	[loader]="poll recvmsg sendmsg read openat fstat memfd_create ftruncate mmap munmap fcntl close futex inotify_add_watch write
		ioctl newfstatat"
	[spawner]="poll recvmsg sendmsg read clone wait4 waitid kill close"
	[main]="recvmsg recvmmsg sendmsg poll read write setsockopt ioctl epoll_wait sched_setaffinity sched_getaffinity memfd_create
		ftruncate fcntl mmap munmap close futex timerfd_settime epoll_ctl openat newfstatat socketpair mprotect socket bind
		sendto getsockname"
)

process() { # role
	if [ "$1" = main ]; then echo "$usher_pid"; else first "usher-$1"; fi
}

exists() { # role
	[ -n "$(process "$1")" ]
}

everybody_is_there() {
	exists worker && exists loader && exists spawner
}

well() { # a lease, and it is steered
	[[ $(dhcp client ask4 eth0 2>&1) =~ addr=198\.51\.100\. ]]
}

recorded() { # since inject() began
	[ $(($(outcome_count) - before)) = "$1" ]
}

attached() { # pid
	! grep -q '^TracerPid:[[:space:]]*0$' "/proc/$1/status"
} 2>/dev/null

# What makes the rarer calls. A worker that is traced is not killed: that ends the case.
stir() { # role
	echo >>"$WORK/registry.jsonl"
	[ "$1" = worker ] || kill -KILL "$(first usher-worker)"
	sleep 0.1
	[ "$1" = worker ] || kill -HUP "$usher_pid"
	echo >>"$WORK/registry.jsonl"
	sleep 0.1
	kill -USR2 "$usher_pid"
} 2>/dev/null

trace() { # role, argument of strace...
	local follow=-f
	victim=$(process "$1")
	[ "$1" != spawner ] || follow=	# whom it spawns is begun without failures
	shift
	# shellcheck disable=SC2086 # nothing, or one option
	strace $follow -o "$WORK/strace.out" -p "$victim" "$@" 2>"$WORK/strace.err" &
	tracer=$!
	wait_for 2 attached "$victim"
}

untrace() {
	kill "$tracer" 2>/dev/null
	wait "$tracer" 2>/dev/null
}

# inject ROLE CALL ERRNO WHEN: true if the process has lived through it.
inject() {
	local tracer victim before said seen what lived
	wait_for 5 find_usher
	wait_for 5 everybody_is_there
	before=$(outcome_count)
	said=$(wc -l <"$WORK/usher.log")
	trace "$1" -e trace="$2" -e inject="$2:error=$3:when=$4"
	stir "$1" &
	what=$(on client env AGAIN=8 /usr/bin/python3 "$ROOT/tests/system/crowd.py" eth0 "$CLIENTS" 0)
	wait $!
	untrace
	wait_for 3 recorded "$CLIENTS" # a record that could not be written is written within a second
	grep -q INJECTED "$WORK/strace.out" || untouched=$((untouched + 1))
	cases=$((cases + 1))
	seen=" $what records=$(($(outcome_count) - before))"
	gone "$victim"
	lived=$?
	seen+=", usher says: $(tail -n +$((said + 1)) "$WORK/usher.log" | cut -c 26-200 | uniq | tail -n 4 | tr '\n' ';')"
	if gone "$usher_pid"; then
		echo "# $1: $2 fails with $3 at $4: usher ends: $seen"
		restarts=$((restarts + 1))
		[[ $what == *"leased=$CLIENTS "* ]] || fail "$1: $2 fails with $3 at $4: usher ended" "$seen"
		wait_for 10 find_usher
	elif [[ $what != *"leased=$CLIENTS exchanges=$CLIENTS records=$CLIENTS resent=0 "*"doubled=0 "* ]] ||
		! recorded "$CLIENTS"; then
		fail "$1: $2 fails with $3 at its occurrence $4, after $last" "$seen"
		wait_for 5 well || fail "$1: after $2 failed with $3 at its occurrence $4" "no lease"
	fi
	last="$2 $3 $4"
	return $((!lived))
}

# Whether the lists above have what is there.
seen() { # role
	local tracer victim missing
	trace "$1"
	stir "$1" &
	on client env AGAIN=8 /usr/bin/python3 "$ROOT/tests/system/crowd.py" eth0 "$CLIENTS" 0 >/dev/null
	wait $!
	untrace
	missing=$(sed -n 's/^[0-9 ]*\([a-z_0-9]*\)(.*/\1/p' "$WORK/strace.out" | sort -u |
		grep -vxF "$(tr -s ' \t' '\n' <<<"${calls[$1]} restart_syscall exit exit_group")" | tr '\n' ' ')
	check "$1: every call that it makes is tried" "also $missing" test -z "$missing"
}

begin_world() {
	topology
	must "Kea DHCPv4" kea 4
	must "divert" divert bridge clients server
	# However slow this machine is at the moment: nobody is to decide without a worker.
	usher_config '"log_level": "warning", "deadline_ms": 3000,'
	other_users
	must "usher" start_kept
}

# The cases of which the number leaves this remainder, when divided by the number of jobs.
part() { # remainder, jobs, every
	local role call errno when n=0
	if [ "$1" = 0 ]; then for role in "${!calls[@]}"; do seen "$role"; done; fi
	for role in ${ROLES:-worker loader spawner main}; do
		for call in ${calls[$role]}; do
			for errno in $errnos; do
				n=$((n + 1))
				[ $((n % $3)) = 0 ] || continue
				[ $((n / $3 % $2)) = "$1" ] || continue
				for when in $groups; do
					inject "$role" "$call" "$errno" "$when" || singly+=("$role $call $errno")
				done
			done
		done
	done
	mapfile -t singly < <(printf '%s\n' "${singly[@]}" | sort -u)
	for n in "${singly[@]}"; do
		[ -n "$n" ] || continue
		for ((when = 1; when <= FIRST; when++)); do
			# shellcheck disable=SC2086 # three words
			inject $n "$when"
		done
	done
	echo "# part $1: cases=$cases untouched=$untouched restarts=$restarts"
}

need kea-dhcp4 python3 strace
need_usher
CLIENTS=8	# what waits for eight seconds is stuck, whatever else the machine does
restarts=0
cases=0
untouched=0
last=nothing
singly=()
if [ "${1-}" = --part ]; then
	begin_world
	part "$2" "$3" "$4"
	finish
fi
if [ "${1-}" = --case ]; then
	begin_world
	shift
	inject "$@"
	grep INJECTED "$WORK/strace.out"
	cat "$WORK/usher.log"
	finish
fi

every=${1:-20}
jobs=${JOBS:-$((2 * PROCESSORS))}
pids=()
for ((i = 0; i < jobs; i++)); do
	"$0" --part "$i" "$jobs" "$every" >"$WORK/part.$i" 2>&1 &
	pids+=($!)
done
trap 'kill "${pids[@]}" 2>/dev/null; wait; exit 143' INT TERM HUP
wait "${pids[@]}"
grep -h '^FAIL\|^# .*usher ends' "$WORK"/part.*
sum() { # word
	cat "$WORK"/part.* | sed -n "s/^# part .*\<$1=\([0-9]*\).*/\1/p" | paste -sd +
}
failed=$(cat "$WORK"/part.* | grep -c '^FAIL')
cases=$(($(sum cases)))
check "$cases cases of system calls that fail: no packet stuck, no record lost ($(($(sum untouched))) were not made, usher ended \
$(($(sum restarts))) times)" "$failed failed" test "$failed $((cases > 0))" = "0 1"
finish
