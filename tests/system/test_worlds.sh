#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Where the processes of usher have to come up: as root from a folder that is closed to others, as a user, without /proc,
# with the sandbox required, with files that root may not touch once it has given up its capabilities.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

need kea-dhcp4 python3 setpriv
need_usher
topology
must "Kea DHCPv4" kea 4
must "divert" divert bridge clients server
usher_config ""
other_users
chmod 755 "$WORK"
install -d -m 755 "$WORK/public"
install -m 755 "$USHER" "$WORK/public/usher"
install -d -m 700 "$WORK/private"
install -m 700 "$USHER" "$WORK/private/usher"
: >"$WORK/usher.log"
steered='addr=198\.51\.100\.'

# up COMMAND...: usher run by it; false if it ends.
up() {
	: >"$WORK/usher.log"
	spawn bridge usher "$@" run -c "$WORK/usher.json"
	usher_pid=$pid
	wait_for 10 usher_up_or_gone && queue_is_bound 67
}

down() {
	stop "$usher_pid"
}

comes_up() { # case, command...: and steers
	local name=$1
	shift
	check "$name: starts" "$(tail -n 1 "$WORK/usher.log")" up "$@"
	answers "$name: steers" "$steered" client ask4 eth0
}

logged() { # pattern
	grep -q -- "$1" "$WORK/usher.log"
}

will_log() { # case, pattern
	check "$1" "$(tail -n 3 "$WORK/usher.log")" wait_for 5 logged "$2"
}

# refused CASE EXIT PATTERN COMMAND...: usher ends with that code and says so.
refused() {
	local name=$1 code=$2 pattern=$3 got
	shift 3
	on bridge timeout 10 "$@" run -c "$WORK/usher.json" >"$WORK/refusal" 2>&1
	got=$?
	check "$name" "exit $got: $(tail -n 2 "$WORK/refusal")" test "$got $(grep -c -- "$pattern" "$WORK/refusal")" = "$code 1"
}

lease() { # an exchange, so that there is a record
	local offer address
	offer=$(dhcp client ask4 eth0)
	address=${offer#*addr=}
	dhcp client ask4 eth0 type=request server=192.0.2.1 "addr=${address%% *}" >/dev/null
}

records_in() { # file, number
	[ "$(grep -c '^id_type=' "$1" 2>/dev/null)" = "$2" ]
}

# --- root ----------------------------------------------------------------------------------------------------------

comes_up "a folder that only root may enter" "$WORK/private/usher"
refused "a second start on the queue is refused" 2 'queue 67 is already bound by usher' "$USHER"
answers "the first one goes on" "$steered" client ask4 eth0
down
comes_up "without /proc" unshare -m sh -c 'umount -l /proc && exec "$@"' sh "$USHER"
down
refused "without CAP_NET_ADMIN" 2 'CAP_NET_ADMIN' setpriv --bounding-set=-net_admin "$USHER"
chmod 600 "$WORK/registry.jsonl"
comes_up "a registry that only root may read" "$USHER"

# --- what another owns ---------------------------------------------------------------------------------------------

chown nobody "$WORK/registry.jsonl"
kill -HUP "$usher_pid"
will_log "a registry that became another's: the one before stays" 'registry.jsonl: Permission denied: usher gives up .*stays'
answers "a registry that became another's: steers" "$steered" client ask4 eth0
rm -f "$WORK/outcome.txt"
install -o nobody -m 600 /dev/null "$WORK/outcome.txt"
kill -HUP "$usher_pid"
will_log "an outcome file that is another's: what to do" 'outcome.txt: Permission denied: usher gives up .*chown'
chown root "$WORK/outcome.txt"
lease
check "an outcome file that was given back" "$(cat "$WORK/outcome.txt")" wait_for 5 grep -q '^id_type=' "$WORK/outcome.txt"
down
refused "a registry that is another's" 1 'registry.jsonl: Permission denied: usher gives up .*chown' "$USHER"
chown root "$WORK/registry.jsonl"

# --- a user --------------------------------------------------------------------------------------------------------

rm -f "$WORK/outcome.txt"
chown nobody "$WORK" "$WORK/registry.jsonl"
as_nobody=(setpriv --reuid nobody --regid nogroup --clear-groups --inh-caps=+net_admin --ambient-caps=+net_admin)
comes_up "a user with CAP_NET_ADMIN" "${as_nobody[@]}" "$WORK/public/usher"
lease
check "a user: a record" "$(ls -l "$WORK")" wait_for 2 records_in "$WORK/outcome.txt" 1
mv "$WORK/outcome.txt" "$WORK/outcome.1"
kill -HUP "$usher_pid"
lease
check "a user: rotation" "$(ls -l "$WORK")" wait_for 2 records_in "$WORK/outcome.txt" 1
register HW_ADDR "$CLIENT_MAC"
answers "a user: an edit is seen" 'addr=192\.0\.2\.' client ask4 eth0
registry_edit "/$CLIENT_MAC/d"
chown nobody "$WORK/registry.jsonl"
down
chown root "$WORK" "$WORK/registry.jsonl"

# --- all of the sandbox --------------------------------------------------------------------------------------------

sed -i '2s/^/"sandbox": "require",\n/' "$WORK/usher.json"
comes_up "the sandbox is required" "$USHER"
down
finish
