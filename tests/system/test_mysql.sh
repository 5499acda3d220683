#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The registry in a database: changes are seen, and whatever becomes of the database no packet waits for it and
# nobody loses what the registry said.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=mariadb.sh
. "$(dirname "$0")/mariadb.sh"

need kea-dhcp4 mariadbd mariadb-install-db mariadb openssl
need_usher
topology
must "Kea" kea 4
must "divert" divert bridge clients server
must "MariaDB" mariadb_install

open='addr=192\.0\.2\.'
restricted='addr=198\.51\.100\.'
poll=0.3	# a little more than poll_ms, and the shell

asked() { # case, pattern: one packet, now
	answers "$1" "$2" client ask4 eth0
}

changed() { # case, SQL, pattern: one packet, a poll later
	sql "$2"
	sleep $poll
	asked "$1" "$3"
}

becomes() { # case, pattern: within ten seconds
	local got end=$((SECONDS + 10))
	until got=$(dhcp client ask4 eth0 2>&1) && [[ $got =~ $2 ]]; do
		[ $SECONDS -lt $end ] || { fail "$1" "wanted '$2', got '$got'"; return; }
		sleep 0.2
	done
	ok "$1"
}

logged() { # pattern
	grep -q -- "$1" "$WORK/usher.log"
}

will_log() { # case, pattern
	if wait_for 10 logged "$2"; then ok "$1"; else fail "$1" "no '$2' in the log"; fi
}

milliseconds() { # command...
	local begin=${EPOCHREALTIME/[.,]/}
	"$@" >/dev/null 2>&1
	echo $(((${EPOCHREALTIME/[.,]/} - begin) / 1000))
}

ten_questions() {
	local i
	for i in 1 2 3 4 5 6 7 8 9 10; do
		dhcp client ask4 eth0 | grep -q "$1" || return 1
	done
}

# Ten packets, each answered from the registry that was read before, and no slower than usual.
unimpressed() { # case
	local took
	took=$(milliseconds ten_questions bootfile=kept)
	if ! ten_questions bootfile=kept; then
		fail "$1" "$(dhcp client ask4 eth0)"
	elif [ "$took" -gt $((usual * 2 + 1000)) ]; then
		fail "$1" "ten packets took $took ms, usually $usual ms"
	else
		ok "$1"
	fi
}

# --- what changes -------------------------------------------------------------------------------------------------

sql "INSERT INTO usher_users (type, id) VALUES ('HW_ADDR', '02:00:00:00:01:01'), ('DUID', '00030001020000000101')"
mysql_config "$(by_socket)"
must "usher" usher_start
asked "not in the table" "$restricted.*bootfile=server-default"
changed "inserted" "INSERT INTO usher_users (id, bootfile) VALUES ('$CLIENT_MAC', 'inserted')" "$open.*bootfile=inserted"
changed "updated" "UPDATE usher_users SET bootfile = 'updated' WHERE id = '$CLIENT_MAC'" "$open.*bootfile=updated"
changed "an attribute in the object" "UPDATE usher_users SET attributes = '{\"bootfile\": \"object\"}' WHERE id = '$CLIENT_MAC'" \
	"$open.*bootfile=object"
changed "another id" "UPDATE usher_users SET id = '020000000909' WHERE id = '$CLIENT_MAC'" "$restricted.*bootfile=server-default"
changed "and back" "UPDATE usher_users SET id = '0C0E0A01FF04', attributes = NULL WHERE id = '020000000909'" \
	"$open.*bootfile=updated"
changed "deleted" "DELETE FROM usher_users WHERE id = '0C0E0A01FF04'" "$restricted.*bootfile=server-default"
changed "inserted again" "INSERT INTO usher_users (id, bootfile) VALUES ('$CLIENT_MAC', 'again')" "$open.*bootfile=again"

wrong=0
for i in $(seq 15); do
	sql "UPDATE usher_users SET bootfile = 'turn-$i' WHERE id = '$CLIENT_MAC'"
	sleep $poll
	[[ $(dhcp client ask4 eth0) =~ bootfile=turn-$i\  ]] || wrong=$((wrong + 1))
done
check "fifteen changes, fifteen answers" "$wrong were wrong" test $wrong = 0
check "only changes were read" "$(grep -c 'registry: .* users, read' "$WORK/usher.log")" \
	test "$(grep 'registry: .* users, read' "$WORK/usher.log" | grep -vc 'changes only')" = 1

# --- a row that is wrong -------------------------------------------------------------------------------------------

changed "a wrong row: what was read before stays" \
	"UPDATE usher_users SET bootfile = 'kept' WHERE id = '$CLIENT_MAC'; DO SLEEP(0.4);
	UPDATE usher_users SET bootfile = 'unseen', attributes = '{\"routers\": \"x\"}' WHERE id = '$CLIENT_MAC'" \
	"$open.*bootfile=kept"
number=$(sql "SELECT user_no FROM usher_users WHERE id = '$CLIENT_MAC'")
will_log "a wrong row: the log names table, row and column" "dhcp.usher_users:$number: routers: expected an IPv4 address"
check "a wrong row: usher check says so" "$("$USHER" check -c "$WORK/usher.json" 2>&1 | tail -n 3)" \
	bash -c "! '$USHER' check -c '$WORK/usher.json' 2>&1 >/dev/null | grep -v 'usher_users:$number: routers\|1 errors'"
changed "mended" "UPDATE usher_users SET bootfile = 'kept', attributes = NULL WHERE id = '$CLIENT_MAC'" "$open.*bootfile=kept"

# --- other commands ------------------------------------------------------------------------------------------------

check "usher check" "$("$USHER" check -c "$WORK/usher.json" 2>&1 | tail -n 1)" \
	bash -c "'$USHER' check -c '$WORK/usher.json' | grep -q 'registry dhcp.usher_users: 3 users'"
check "usher explain" "$("$USHER" explain -c "$WORK/usher.json" "$CLIENT_MAC" 2>&1 | head -n 3)" \
	bash -c "'$USHER' explain -c '$WORK/usher.json' $CLIENT_MAC | grep -q 'registered, dhcp.usher_users:$number'"
capture bridge clients replayed
dhcp client ask4 eth0 >/dev/null
captures_end
check "usher replay" "$("$USHER" replay -c "$WORK/usher.json" "$WORK/replayed.pcap" 2>&1 | head -n 3)" \
	bash -c "'$USHER' replay -c '$WORK/usher.json' '$WORK/replayed.pcap' | grep -q 'DISCOVER .*registered'"

# --- the database is away ------------------------------------------------------------------------------------------

usual=$(milliseconds ten_questions bootfile=kept)
kill -STOP "$db_pid"
unimpressed "stopped in its tracks: no packet waits, none is answered otherwise"
will_log "stopped: it is said" 'no answer from the database for 5000 ms.*: the one read before stays in force'
unimpressed "stopped: nor later"
kill -CONT "$db_pid"
sql "UPDATE usher_users SET bootfile = 'continued' WHERE id = '$CLIENT_MAC'"
becomes "continued: changes are seen again" "$open.*bootfile=continued"
changed "continued: at once" "UPDATE usher_users SET bootfile = 'kept' WHERE id = '$CLIENT_MAC'" "$open.*bootfile=kept"

mariadb_stop KILL
unimpressed "killed: no packet waits, none is answered otherwise"
will_log "killed: it is said" "connecting to .*: the one read before stays in force"
must "MariaDB again" mariadb_start
sql "UPDATE usher_users SET bootfile = 'restarted' WHERE id = '$CLIENT_MAC'"
becomes "started again: changes are seen" "$open.*bootfile=restarted"
will_log "started again: it is said" 'registry: dhcp.usher_users: can be read again'

sql "UPDATE usher_users SET bootfile = 'kept' WHERE id = '$CLIENT_MAC'"
becomes "a table that is gone: before" "$open.*bootfile=kept"
sql "RENAME TABLE usher_users_changes TO away"
will_log "a table that is gone: it is said" "usher_users_changes' doesn't exist\|SELECT command denied"
unimpressed "a table that is gone: nobody notices"
sql "RENAME TABLE away TO usher_users_changes; UPDATE usher_users SET bootfile = 'back' WHERE id = '$CLIENT_MAC'"
becomes "a table that is back" "$open.*bootfile=back"

# --- secrets -------------------------------------------------------------------------------------------------------

check "the password is not among the arguments" found bash -c "! tr '\\0' ' ' </proc/$usher_pid/cmdline | grep -q '$DB_PASSWORD'"
check "nor in the environment" found bash -c "! tr '\\0' '\\n' </proc/$usher_pid/environ | grep -q '$DB_PASSWORD'"
check "nor in a core file" "$(grep core "/proc/$usher_pid/limits")" \
	grep -q '^Max core file size  *0  *0 ' "/proc/$usher_pid/limits"
stop "$usher_pid" SEGV
check "not when it crashes either" "$(ls "$WORK")" bash -c "! grep -ql '$DB_PASSWORD' '$WORK'/*core* 2>/dev/null"
printf 'false-%s\n' "$DB_PASSWORD" >"$WORK/db/password"
mysql_config "$(by_socket), \"on_unavailable\": \"restrict\""
must "usher with a wrong password" usher_start
will_log "a wrong password is said" "Access denied for user 'usher'"
asked "a wrong password: restrict" "$restricted.*bootfile=server-default"
printf '%s\n' "$DB_PASSWORD" >"$WORK/db/password"
becomes "the right password is found without a restart" "$open.*bootfile=back"
chmod 644 "$WORK/db/password"
mariadb_stop KILL
must "MariaDB again" mariadb_start
will_log "a password that others may read is refused" 'a password that others may read: take that away with chmod o-rw'
chmod 600 "$WORK/db/password"
stop "$usher_pid"
mysql_config "\"socket\": \"$WORK/db/sock\", \"password_env\": \"DB_SECRET\""
export DB_SECRET=$DB_PASSWORD
must "usher with the password in its environment" usher_start
unset DB_SECRET
asked "a password in the environment" "$open.*bootfile=back"
check "no log holds a password" found bash -c "! grep -q '$DB_PASSWORD' '$WORK'/*.log"

# --- two ushers ----------------------------------------------------------------------------------------------------

sed 's/"queues": "67"/"queues": "68"/; s/usher.sock/second.sock/; s/outcome.txt/second.txt/' "$WORK/usher.json" >"$WORK/second.json"
export DB_SECRET=$DB_PASSWORD
spawn bridge second "$USHER" run -c "$WORK/second.json"
unset DB_SECRET
second_pid=$pid
must "a second usher" wait_for 10 queue_is_bound 68
wrong=0
for i in 1 2 3 4 5; do
	sql "UPDATE usher_users SET bootfile = 'both-$i' WHERE id = '$CLIENT_MAC'"
	sleep $poll
	[[ $(dhcp client ask4 eth0) =~ bootfile=both-$i\  ]] || wrong=$((wrong + 1))
	divert bridge clients server --queue 68
	[[ $(dhcp client ask4 eth0) =~ bootfile=both-$i\  ]] || wrong=$((wrong + 1))
	divert bridge clients server
done
check "two ushers on one database see the same changes" "$wrong answers were wrong" test $wrong = 0
stop "$second_pid"
stop "$usher_pid"

# --- a start without the database ----------------------------------------------------------------------------------

mariadb_stop
: >"$WORK/usher.log"
mysql_config "$(by_socket)"
spawn bridge usher "$USHER" run -c "$WORK/usher.json"
usher_pid=$pid
will_log "wait: it is said" 'no packet is taken before there is a registry'
check "wait: no packet is taken" "the queue is bound" bash -c "! grep -q '^ *67 ' /proc/$usher_pid/net/netfilter/nfnetlink_queue"
stop "$usher_pid"
check "wait: can be ended" "it is still there" gone "$usher_pid"
spawn bridge usher "$USHER" run -c "$WORK/usher.json"
usher_pid=$pid
sleep 1
must "MariaDB again" mariadb_start
check "wait: goes on when it is there" "the queue is not bound" wait_for 10 queue_is_bound 67
asked "wait: and knows its users" "$open.*bootfile=both-5"
stop "$usher_pid"

for policy in restrict pass; do
	mariadb_stop
	: >"$WORK/usher.log"
	mysql_config "$(by_socket), \"on_unavailable\": \"$policy\""
	must "usher without a database: $policy" usher_start
	case $policy in
	restrict) asked "restrict: nobody is registered" "$restricted.*bootfile=server-default" ;;
	pass) asked "pass: as the server says" "$open.*bootfile=server-default" ;;
	esac
	must "MariaDB again" mariadb_start
	becomes "$policy: until the database is there" "$open.*bootfile=both-5"
	stop "$usher_pid"
done

# --- TLS -----------------------------------------------------------------------------------------------------------

certify() { # name: a certificate authority and what it says of 127.0.0.1
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$1" -keyout "$WORK/db/$1.key" -out "$WORK/db/$1.pem" 2>/dev/null &&
		openssl req -newkey rsa:2048 -nodes -subj /CN=127.0.0.1 -keyout "$WORK/db/$1-server.key" -out "$WORK/db/$1.csr" 2>/dev/null &&
		openssl x509 -req -in "$WORK/db/$1.csr" -CA "$WORK/db/$1.pem" -CAkey "$WORK/db/$1.key" -CAcreateserial -days 2 \
			-extfile <(echo subjectAltName=IP:127.0.0.1) -out "$WORK/db/$1-server.pem" 2>/dev/null
}

must "certificates" certify right
must "certificates" certify other
by_tls() { # authority
	echo "\"host\": \"127.0.0.1\", \"password_file\": \"$WORK/db/password\", \"tls_ca\": \"$WORK/db/$1.pem\", \"on_unavailable\": \"restrict\""
}

mysql_config "$(by_tls right)"
check "TLS is demanded of a server that has none" "$(on bridge "$USHER" check -c "$WORK/usher.json" 2>&1 | tail -n 1)" \
	bash -c "! ip netns exec $TAG-bridge '$USHER' check -c '$WORK/usher.json' >/dev/null 2>&1"
mariadb_stop
must "MariaDB with TLS" mariadb_start --ssl-cert="$WORK/db/right-server.pem" --ssl-key="$WORK/db/right-server.key" --ssl-ca="$WORK/db/right.pem"
sql "ALTER USER usher REQUIRE SSL"
: >"$WORK/usher.log"
must "usher over TLS" usher_start
asked "over TLS" "$open.*bootfile=both-5"
changed "over TLS, a change" "UPDATE usher_users SET bootfile = 'kept' WHERE id = '$CLIENT_MAC'" "$open.*bootfile=kept"
kill -STOP "$db_pid"
unimpressed "over TLS, the server stopped: no packet waits"
will_log "over TLS, the server stopped: it is said" 'no answer from the database'
kill -CONT "$db_pid"
sql "UPDATE usher_users SET bootfile = 'tls' WHERE id = '$CLIENT_MAC'"
becomes "over TLS, the server goes on" "$open.*bootfile=tls"
stop "$usher_pid"
mysql_config "$(by_tls other)"
check "a server of another authority is refused" "$(on bridge "$USHER" check -c "$WORK/usher.json" 2>&1 | tail -n 1)" \
	bash -c "ip netns exec $TAG-bridge '$USHER' check -c '$WORK/usher.json' 2>&1 >/dev/null | grep -q 'connecting to 127.0.0.1 port 3306: .*certificate'"
mysql_config "\"host\": \"127.0.0.1\", \"password_file\": \"$WORK/db/password\""
check "without TLS where the database demands it" "$(on bridge "$USHER" check -c "$WORK/usher.json" 2>&1 | tail -n 1)" \
	bash -c "ip netns exec $TAG-bridge '$USHER' check -c '$WORK/usher.json' 2>&1 >/dev/null | grep -q 'Access denied'"
finish
