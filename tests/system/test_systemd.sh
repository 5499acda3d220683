#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Measures time: scripts/check runs it alone.
# usher upgraded again and again under load by a real systemd: this machine's own, as the first process of namespaces of
# its own, over a copy of this machine's files that is thrown away. An upgrade is a new program file and "systemctl restart",
# or, with DEB, dpkg. No query is lost, none comes twice, none passes unedited; each lease has its record.
# UPGRADES says how often; DEB names a package.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

need python3 kea-dhcp4 systemctl unshare
need_usher
RATE=2200	# queries a second
cgroup=/sys/fs/cgroup/systemd/$TAG
[ -d "${cgroup%/*}" ] || skip_all "no systemd can be booted here: it takes cgroups of version 1"
[ -x /lib/systemd/systemd ] || skip_all "no systemd"
topology
must "divert" divert bridge clients server
usher_config '"log_level": "warning",'
other_users

# --- a machine of its own -------------------------------------------------------------------------------------------

# What "make install" makes, as far as the daemon goes.
install_in() { # root
	install -D -m 755 "$USHER" "$1/usr/sbin/usher"
	install -D -m 644 "$ROOT/systemd/usher.service" "$1/lib/systemd/system/usher.service"
	install -D -m 644 "$ROOT/systemd/usher.sysusers" "$1/usr/lib/sysusers.d/usher.conf"
	# More upgrades a minute than anybody makes.
	install -d "$1/etc/systemd/system/usher.service.d"
	printf '[Unit]\nStartLimitIntervalSec=0\n' >"$1/etc/systemd/system/usher.service.d/often.conf"
	install -d -m 750 "$1/etc/usher"
	install -m 644 "$WORK/registry.jsonl" "$1/etc/usher/registry.jsonl"
	sed "s,$WORK/registry.jsonl,/etc/usher/registry.jsonl,; s,$WORK/outcome.txt,/var/log/usher/outcome.txt,
		s,$WORK/usher.sock,/run/usher/control.sock," "$WORK/usher.json" >"$1/etc/usher/usher.json"
	[ -z "${DEB-}" ] || install -m 644 "$DEB" "$1/root/usher.deb"
}

# shellcheck disable=SC2016 # for the shell inside
boot() {
	mkdir "$cgroup" "$WORK/machine" || return 1
	declare -f install_in >"$WORK/install"
	nsenter --net="/var/run/netns/$TAG-bridge" env WORK="$WORK" USHER="$USHER" ROOT="$ROOT" DEB="${DEB-}" sh -c '
		echo $$ >"$0/cgroup.procs"
		exec timeout -s KILL 600 unshare --mount --pid --fork --kill-child=KILL --uts --ipc --cgroup --propagation private \
			bash -ec "$1"' "$cgroup" '
		. "$WORK/install"
		mount -t tmpfs tmpfs "$WORK/machine"
		cd "$WORK/machine"
		mkdir changes work root
		mount -t overlay overlay -o lowerdir=/,upperdir=changes,workdir=work root
		cd root
		install_in .
		mkdir -p old
		mount -t proc proc proc
		mount -t sysfs -o ro sysfs sys
		mount -t tmpfs -o mode=755 tmpfs dev
		mknod -m 666 dev/null c 1 3
		mknod -m 666 dev/zero c 1 5
		mknod -m 666 dev/full c 1 7
		mknod -m 666 dev/random c 1 8
		mknod -m 666 dev/urandom c 1 9
		mknod -m 666 dev/tty c 5 0
		mknod -m 666 dev/ptmx c 5 2
		mount -t tmpfs tmpfs sys/fs/cgroup
		mkdir -p sys/fs/cgroup/systemd
		mount -t cgroup -o none,name=systemd cgroup sys/fs/cgroup/systemd
		mount -t tmpfs -o mode=755 tmpfs run
		chroot . systemd-sysusers usher.conf
		chroot . chgrp -R usher /etc/usher
		pivot_root . old
		cd /
		umount -l /old
		export container=lxc
		exec env -u WORK -u USHER -u ROOT -u DEB /lib/systemd/systemd --system --log-target=console --unit=usher.service' \
		>>"$WORK/systemd.log" 2>&1 </dev/null &
	booted=$!
}

shutdown() {
	[ -z "${init-}" ] || kill -KILL "$init"
	wait "$booted" 2>/dev/null
	find "$cgroup" -depth -type d -exec rmdir {} \; 2>/dev/null
}

find_init() {
	init=$(pgrep -P "$(pgrep -P "$booted")" 2>/dev/null)
	[ -n "$init" ]
}

inside() { # command...
	nsenter -t "$init" -m -p -i -u -C -n "$@"
}

runs() {
	inside systemctl is-active -q usher && inside usher status
} >/dev/null 2>&1

property() { # of the unit
	inside systemctl show -P "$1" usher
}

upgrade() {
	if [ -n "${DEB-}" ]; then
		inside dpkg -i /root/usher.deb
	else
		inside sh -ec 'cp /usr/sbin/usher /usr/sbin/usher.new; mv /usr/sbin/usher.new /usr/sbin/usher; systemctl restart usher'
	fi >>"$WORK/upgrade.log" 2>&1
}

upgrades() { # times
	local i
	for ((i = 0; i < $1; i++)); do
		upgrade || return 1
		sleep 0.1
	done
}

machine_port() {
	inside sed -n 's/^ *67 *\([0-9]*\) .*/\1/p' /proc/net/netfilter/nfnetlink_queue
}

boot
trap 'shutdown; cleanup' EXIT
must "a machine" wait_for 5 find_init
must "usher on it" wait_for 20 runs
: >"$WORK/upgrade.log"
port=$(machine_port)

# --- a stream -------------------------------------------------------------------------------------------------------

program() { # ns log argument...
	local ns=$1 log=$2
	shift 2
	spawn "$ns" "$log" /usr/bin/python3 "$ROOT/tests/system/upgrade.py" "$@"
}

told() { # log key: the number behind "key="
	sed -n "s/.*\<$2=\([0-9]*\).*/\1/p" "$WORK/$1.log"
}

program server count count eth0
count=$pid
sleep 0.5
program client send send eth0 "$RATE"
send=$pid
sleep 0.5
check "${UPGRADES:-5} upgrades" "$(tail -n 3 "$WORK/upgrade.log")" upgrades "${UPGRADES:-5}"
sleep 0.5
stop "$send"
stop "$count"
echo "# a stream: $(cat "$WORK/send.log"), $(cat "$WORK/count.log")"
# shellcheck disable=SC2016 # for awk
check "at least 2000 queries a second" "$(cat "$WORK/send.log")" awk -F '[= ]' '{ exit $2 < 2000 * $4 }' "$WORK/send.log"
check "none lost" "$(cat "$WORK/count.log")" test "$(told count came)" = "$(told send sent)"
check "none twice, none unedited" "$(cat "$WORK/count.log")" grep -q ' doubled=0 unedited=0$' "$WORK/count.log"
check "it was the same queue all the time" "$port, then $(machine_port)" test "$(machine_port)" = "$port"
check "systemd had nothing to repair" "$(property NRestarts) restarts" test "$(property NRestarts)" = 0

# --- clients --------------------------------------------------------------------------------------------------------

machine_records() {
	inside grep -c '^id_type=' /var/log/usher/outcome.txt
}

must "Kea DHCPv4" kea 4
before=$(machine_records)
spawn client crowd /usr/bin/python3 "$ROOT/tests/system/crowd.py" eth0 30 120 198.51.100.
crowd=$pid
sleep 0.5
check "clients: ${UPGRADES:-5} upgrades" "$(tail -n 3 "$WORK/upgrade.log")" upgrades "${UPGRADES:-5}"
stop "$crowd"
wait_for 5 test -s "$WORK/crowd.log"
records=$(($(machine_records) - before))
echo "# clients: $(cat "$WORK/crowd.log"), $records records"
check "clients: all have a lease, steered, and nothing was sent twice" "$(cat "$WORK/crowd.log")" \
	grep -q 'leased=30 .* resent=0 most=0 doubled=0 wrong=0 ' "$WORK/crowd.log"
check "clients: a record for each lease" "$records" test "$records" = "$(told crowd records)"
finish
