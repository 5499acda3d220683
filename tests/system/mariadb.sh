# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A MariaDB for a test or the demo, sourced after lib.sh: its data in $WORK/db, a unix socket there, TCP only in the
# namespace where it runs. Nothing of an installed server's is read, written or started.

DB_PASSWORD=Zug4ng-Zur-Kartei
db_pid=

# sql STATEMENT: as the administrator; what it gives, one row a line.
sql() {
	mariadb --no-defaults -S "$WORK/db/sock" -u root -N -B "${DB_NAME-dhcp}" -e "$1"
}

mariadb_answers() {
	DB_NAME='' sql 'SELECT 1' >/dev/null 2>&1
}

# mariadb_start [OPTION]...: in the namespace "bridge"; its pid is in $db_pid.
# shellcheck disable=SC2120 # only some callers have options
mariadb_start() {
	spawn bridge mariadb mariadbd --no-defaults --user="$(id -un)" --datadir="$WORK/db/data" --socket="$WORK/db/sock" \
		--pid-file="$WORK/db/pid" --bind-address=127.0.0.1 --port=3306 --innodb-buffer-pool-size=16M --skip-log-bin \
		--innodb-flush-log-at-trx-commit=2 --aria-pagecache-buffer-size=1M --key-buffer-size=1M --skip-name-resolve "$@"
	db_pid=$pid
	wait_for 30 mariadb_answers
}

mariadb_stop() {
	stop "$db_pid" "${1-TERM}"
}

# A fresh data directory, usher's tables in the database "dhcp", and the user "usher" that may read them and no more.
mariadb_install() {
	mkdir -p "$WORK/db/data"
	mariadb-install-db --no-defaults --user="$(id -un)" --datadir="$WORK/db/data" --skip-test-db \
		--auth-root-authentication-method=normal >"$WORK/mariadb-install.log" 2>&1 || return
	# shellcheck disable=SC2119
	mariadb_start || return
	DB_NAME='' sql "CREATE DATABASE dhcp; CREATE USER usher IDENTIFIED BY '$DB_PASSWORD'" || return
	mariadb --no-defaults -S "$WORK/db/sock" -u root dhcp <"$ROOT/registry/schema.sql" || return
	sql "GRANT SELECT ON dhcp.usher_users TO usher; GRANT SELECT ON dhcp.usher_users_changes TO usher" || return
	printf '%s\n' "$DB_PASSWORD" >"$WORK/db/password"
	chmod 600 "$WORK/db/password"
}

# mysql_config MEMBERS [TOP-LEVEL MEMBER,...]: usher's config, with its registry in that database.
mysql_config() {
	usher_config "${2-}"
	sed -i "s#\"registry\": {.*}#\"registry\": { \"mysql\": { \"database\": \"dhcp\", $1 } }#" "$WORK/usher.json"
}

by_socket() {
	echo "\"socket\": \"$WORK/db/sock\", \"password_file\": \"$WORK/db/password\""
}
