#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Measures time: scripts/check runs it alone.
# usher restarted again and again under load by something that keeps its queues' sockets, as systemd does: no query is
# lost, none comes twice, none passes unedited. UPGRADES and CRASHES say how often.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

need python3
need_usher
RATE=2200	# queries a second
topology
must "divert" divert bridge clients server
usher_config '"log_level": "warning",'
other_users

upgrade() { # ns log argument...
	local ns=$1 log=$2
	shift 2
	spawn "$ns" "$log" /usr/bin/python3 "$ROOT/tests/system/upgrade.py" "$@"
}

says() { # log pattern
	grep -q "$2" "$WORK/$1.log"
}

told() { # log key: the number behind "key="
	sed -n "s/.*\<$2=\([0-9]*\).*/\1/p" "$WORK/$1.log"
}

# under_load CASE TIMES SIGNAL
under_load() {
	local manager count send
	rm -f "$WORK"/notify* "$WORK"/{manager,count,send}.log
	upgrade bridge manager restart "$2" "$3" "$WORK/notify" "$USHER" run -c "$WORK/usher.json"
	manager=$pid
	usher_pid=$pid	# for the namespace
	must "usher" wait_for 10 queue_is_bound 67
	sleep 0.5
	upgrade server count count eth0
	count=$pid
	sleep 0.5
	upgrade client send send eth0 "$RATE"
	send=$pid
	touch "$WORK/notify.go"
	check "$1: $2 times" "$(tail -n 5 "$WORK/manager.log")" wait_for $((10 + $2)) says manager '^kept=1 '
	stop "$send"
	stop "$count"
	echo "# $1: $(cat "$WORK/send.log"), $(cat "$WORK/count.log"), $(grep '^kept=' "$WORK/manager.log")"
	# shellcheck disable=SC2016 # for awk
	check "$1: at least 2000 queries a second" "$(cat "$WORK/send.log")" \
		awk -F '[= ]' '{ exit $2 < 2000 * $4 }' "$WORK/send.log"
	check "$1: none lost" "$(cat "$WORK/count.log")" test "$(told count came)" = "$(told send sent)"
	check "$1: none twice" "$(cat "$WORK/count.log")" says count ' doubled=0 '
	check "$1: none unedited" "$(cat "$WORK/count.log")" says count ' unedited=0$'
	stop "$manager"
}

under_load "restarted" "${UPGRADES:-15}" TERM
under_load "killed" "${CRASHES:-10}" KILL
finish
