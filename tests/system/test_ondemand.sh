#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A registry in a database that is asked for one user at a time: who is not in memory is known with his first packet,
# what changes is seen, and neither a database that is away nor a crowd of strangers does more than the config says.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=mariadb.sh
. "$(dirname "$0")/mariadb.sh"
# shellcheck source=processes.sh
. "$(dirname "$0")/processes.sh"

need kea-dhcp4 kea-dhcp6 mariadbd mariadb-install-db mariadb
need_usher
topology
must "Kea, v4" kea 4
must "Kea, v6" kea 6
must "divert" divert bridge clients server
must "MariaDB" mariadb_install

open='addr=192\.0\.2\.'
restricted='addr=198\.51\.100\.'
poll=0.3	# a little more than poll_ms, and the shell
demand="\"mode\": \"on-demand\", \"lookup_timeout_ms\": 500"

asked() { # case, pattern: one packet, now
	answers "$1" "$2" client ask4 eth0
}

event() { # name: so many times
	"$USHER" metrics -c "$WORK/usher.json" 2>/dev/null | sed -n "s/^usher_events_total.*\"$1\".* //p"
}

milliseconds() { # command...
	local begin=${EPOCHREALTIME/[.,]/}
	"$@" >/dev/null 2>&1
	echo $(((${EPOCHREALTIME/[.,]/} - begin) / 1000))
}

strangers() { # how many, seconds: DISCOVERs of that many clients, nobody of whom is registered
	on client /usr/bin/python3 - "$1" "$2" "$ROOT/tests/system" <<-'EOT'
	import os, socket, sys, time
	sys.path.insert(0, sys.argv[3])
	import dhcp
	s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
	s.bind(("eth0", 0))
	count, seconds = int(sys.argv[1]), float(sys.argv[2])
	begin = time.time()
	for n in range(count):
	    s.send(dhcp.build4("eth0", {"mac": "02dd" + os.urandom(4).hex(), "type": "discover"})[0])
	    time.sleep(max(0, begin + n * seconds / count - time.time()))
	EOT
}

resident() { # KiB of all processes of usher
	local p children
	children=$(pgrep -P "$usher_pid")
	for p in "$usher_pid" $children $(for parent in $children; do pgrep -P "$parent"; done); do
		awk '/^Pss:/ { print $2 }' "/proc/$p/smaps_rollup"
	done | awk '{ sum += $1 } END { print sum }'
}

in_memory() { # how many users
	[ "$("$USHER" metrics -c "$WORK/usher.json" | sed -n 's/^usher_registry_users //p')" = "$1" ]
}

sql "INSERT INTO usher_users (id, bootfile) VALUES ('00000000', 'for-strangers');
	INSERT INTO usher_users (type, id, bootfile) SELECT 'HW_ADDR', CONCAT('02aa', LPAD(HEX(seq), 8, '0')), 'many' FROM seq_1_to_20000"

# --- in the processes that usher is by default, and in one --------------------------------------------------------

real() { # 4|6, how its address begins: dhclient
	local ok=1
	rm -f "$(record_of client "$1")"
	"dhclient$1" client
	wait_for 10 grep -qs "addr=$2" "$(record_of client "$1")" || ok=
	stop "$pid"
	on client ip address flush dev eth0 scope global
	[ -n "$ok" ]
}

# What is the same in one process, for it is before or behind what differs.
only_once() { # where
	sql "INSERT INTO usher_users (id, attributes) VALUES ('$CLIENT_MAC', '{\"routers\": \"x\"}'); UPDATE usher_users SET bootfile = 'for-strangers' WHERE id = '00000000'"
	sleep $poll
	asked "$1: a user whose row is wrong is nobody" "$restricted"
	check "$1: and it is said which" "$(tail -n 3 "$WORK/usher.log")" wait_for 5 grep -q "dhcp.usher_users:[0-9]*: routers: expected" "$WORK/usher.log"
	sql "UPDATE usher_users SET attributes = NULL, bootfile = 'mended' WHERE id = '$CLIENT_MAC'"
	sleep $poll
	asked "$1: until it is mended" "$open.*bootfile=mended"

	check "$1: a real client, DHCPv4" "$(cat "$WORK/usher.log")" real 4 192.0.2.
	check "$1: a real client, DHCPv6" "$(cat "$WORK/usher.log")" real 6 2001:db8:1:

	kill -KILL "$(first usher-worker)"
	asked "$1: the worker dies: what it knew, another knows" "$open.*bootfile=mended"
	kill -KILL "$(first usher-loader)"
	asked "$1: the loader dies: who is in memory stays" "$open.*bootfile=mended"
	back() { [[ $(dhcp client ask4 eth0 mac=02:aa:00:00:12:33 wait=1) =~ $open.*bootfile=many ]]; }
	check "$1: another loader is asked for the others" "$(tail -n 3 "$WORK/usher.log")" wait_for 10 back
}

whole() { # where, members
	sql "DELETE FROM usher_users WHERE id IN ('$CLIENT_MAC', '$CLIENT_DUID');
		INSERT INTO usher_users (type, id, bootfile) VALUES ('HW_ADDR', '$CLIENT_MAC', 'first'), ('DUID', '$CLIENT_DUID', NULL)"
	: >"$WORK/usher.log"
	mysql_config "$(by_socket), $demand" "$2"
	must "usher, $1" usher_start
	check "$1: nobody but the default user is in memory" "$("$USHER" status -c "$WORK/usher.json" | grep -i users)" in_memory 1
	asked "$1: a user is known with his first packet" "$open.*bootfile=first"
	answers "$1: also in DHCPv6" 'addr=2001:db8:1::' client ask6 eth0
	check "$1: they are in memory now" "$("$USHER" status -c "$WORK/usher.json" | grep -i users)" in_memory 3
	hits=$(event lookup_hit)
	asks=$(event lookup_asked)
	asked "$1: and again from memory" "$open.*bootfile=first"
	check "$1: which is counted" "$hits and $(event lookup_hit) hits, $asks and $(event lookup_asked) questions" \
		test "$(event lookup_hit)" -gt "$hits" -a "$(event lookup_asked)" = "$asks"
	answers "$1: a stranger" "$restricted.*bootfile=for-strangers" client ask4 eth0 mac=02:bb:00:00:00:01
	answers "$1: who is known to be one" "$restricted.*bootfile=for-strangers" client ask4 eth0 mac=02:bb:00:00:00:01
	check "$1: which is counted" "$(event lookup_negative)" test "$(event lookup_negative)" -gt 0
	sql "UPDATE usher_users SET bootfile = 'second' WHERE id = '$CLIENT_MAC';
		INSERT INTO usher_users (id, bootfile) VALUES ('02bb00000001', 'no-stranger')"
	sleep $poll
	asked "$1: a change is seen" "$open.*bootfile=second"
	answers "$1: a stranger is one no longer" "$open.*bootfile=no-stranger" client ask4 eth0 mac=02:bb:00:00:00:01
	sql "DELETE FROM usher_users WHERE id IN ('$CLIENT_MAC', '02bb00000001');
		UPDATE usher_users SET bootfile = 'for-others' WHERE id = '00000000'"
	sleep $poll
	asked "$1: a user is one no longer" "$restricted.*bootfile=for-others"
	[ -z "$2" ] && only_once "$1"
	sql "INSERT INTO usher_users (id, bootfile) VALUES ('$CLIENT_MAC', 'mended') ON DUPLICATE KEY UPDATE bootfile = 'mended'"
	sleep $poll
	asked "$1: and one again" "$open.*bootfile=mended"

	before=$(resident)
	unanswered=$(event lookup_unanswered)
	kill -STOP "$db_pid"
	strangers 4000 1
	asked "$1: the database hangs, a user in memory does not wait" "$open.*bootfile=mended"
	answers "$1: one who is not is not answered" '^nothing$' client ask4 eth0 mac=02:aa:00:00:12:34 wait=1
	check "$1: strangers whose question is one too many are not waited for, and counted" "$(event lookup_unanswered)" \
		test "$(event lookup_unanswered)" -ge $((unanswered + 4000))
	check "$1: they take no memory" "$before KiB before, $(resident) now" test "$(resident)" -lt $((before + 16384))
	check "$1: nor a place in the registry" "$("$USHER" status -c "$WORK/usher.json" | grep -i users)" \
		test "$("$USHER" metrics -c "$WORK/usher.json" | sed -n 's/^usher_registry_users //p')" -lt 10
	kill -CONT "$db_pid"
	back() { [[ $(dhcp client ask4 eth0 mac=02:aa:00:00:12:34 wait=1) =~ $open.*bootfile=many ]]; }
	check "$1: the database goes on, and so do the others" "$(tail -n 3 "$WORK/usher.log")" wait_for 10 back
	strangers 3000 1
	check "$1: a crowd of strangers: those known to be nobody are bounded" "$(event lookup_asked)" \
		test "$(event lookup_asked)" -gt $((asks + 2000))
	asked "$1: a crowd of strangers is nothing to a user" "$open.*bootfile=mended"
	stop "$usher_pid"
}

whole "processes" ''
whole "one process" '"sandbox": "off",'

# --- without a database -------------------------------------------------------------------------------------------

mysql_config "$(by_socket), $demand, \"on_unavailable\": \"restrict\""
must "usher: restrict" usher_start
asked "restrict: a user is asked for" "$open.*bootfile=mended"
mariadb_stop KILL
took=$(milliseconds dhcp client ask4 eth0 mac=02:aa:00:00:12:35)
check "restrict: the database is gone: an answer within the time for it" "$took ms" test "$took" -lt 2000
answers "restrict: somebody who is not in memory is a stranger" "$restricted" client ask4 eth0 mac=02:aa:00:00:12:36
asked "restrict: a user in memory stays one" "$open.*bootfile=mended"
must "MariaDB again" mariadb_start
back() { [[ $(dhcp client ask4 eth0 mac=02:aa:00:00:12:37 wait=1) =~ $open.*bootfile=many ]]; }
check "restrict: until it is back" "$(tail -n 3 "$WORK/usher.log")" wait_for 10 back
stop "$usher_pid"
finish
