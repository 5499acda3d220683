#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The same logging library in Kea itself, built with Kea's own headers, and in usher before it: which hook points each
# calls for a message and its answer, in which order, with which arguments; docs/hooks.md has the table. Then a
# RELEASE and a DECLINE of DHCPv6 whose leases a library keeps, before three servers.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=servers.sh
. "$(dirname "$0")/servers.sh"

need kea-dhcp4 kea-dhcp6 g++ python3 dhcpd dnsmasq
need_usher
built=$(cd "$(dirname "$USHER")" && pwd)
[ -e "$built/test-hooks/log.so" ] || skip_all "no $built/test-hooks/log.so: make build/unit"
[ -e /usr/include/kea/hooks/hooks.h ] || skip_all "no headers of Kea: apt-get install kea-dev"
topology
# usher's worker loads its library as the user that it is, which sees nothing of root's.
chmod 711 "$WORK"
install -m 755 -d "$WORK/hooks"
logging=$WORK/hooks/log.so
cp "$built/test-hooks/log.so" "$logging"
must "a library for Kea" g++ -shared -fPIC -O0 -I/usr/include/kea -o "$WORK/kea_points.so" "$ROOT/tests/system/kea_points.cc"

library() { # file
	echo "\"hooks-libraries\": [{ \"library\": \"$WORK/kea_points.so\", \"parameters\": { \"file\": \"$1\" } }],"
}

config() { # steps
	usher_config "\"hooks_libraries\": [{ \"library\": \"$logging\",
		\"parameters\": { \"file\": \"$WORK/usher.points\", \"steps\": { $1 } } }],"
}

# shellcheck disable=SC2034 # lib.sh's
KEA4_MORE=$(library "$WORK/kea.points") KEA6_MORE=$(library "$WORK/kea.points")
install -m 666 /dev/null "$WORK/usher.points"
touch "$WORK/kea.points"
must "Kea" kea 4
kea4_pid=$pid
must "Kea for DHCPv6" kea 6
kea6_pid=$pid
must "divert" divert bridge clients server
config ""
other_users
must "usher" usher_start

step() { # 4|6, mac, step
	: >"$WORK/usher.points"
	: >"$WORK/kea.points"
	said=$(on client "$ROOT/tests/system/client.py" "$1" eth0 "$WORK/machine$2$1" mac="0c:0e:0a:03:00:$2" wait=2 "$3" 2>&1)
}

names() { # kea|usher: without the points that only Kea has
	awk '$1 !~ /^ddns|^host/ { print $1 }' "$WORK/$1.points" | xargs
}

# Kea writes while its answer is on the way, or when there is none.
same_points() {
	[ -n "$(names kea)" ] && [ "$(names kea)" = "$(names usher)" ]
}

# A line for each argument of a point. "context" is none; clientid, hwaddr, ia_na and ia_pd are parts of the query.
arguments() { # kea|usher
	awk '$1 !~ /^ddns|^host/ {
		for (i = 2; i <= NF; i++)
			if ($i !~ /^(context|clientid|hwaddr|ia_na|ia_pd)$/) { sub(/=.*/, "", $i); print $1, $i }
	}' "$WORK/$1.all" | sort -u
}

compare() { # 4|6, mac, steps...
	local family=$1 mac=$2 step
	shift 2
	for step; do
		step "$family" "$mac" "$step"
		if wait_for 3 same_points; then
			ok "DHCPv$family: $step"
			echo "# $(names kea)"
		else
			fail "DHCPv$family: $step" "$said; Kea: $(names kea); usher: $(names usher)"
		fi
		cat "$WORK/usher.points" >>"$WORK/usher.all"
		cat "$WORK/kea.points" >>"$WORK/kea.all"
	done
}

compare 4 01 discover request renew rebind reboot inform release
compare 4 02 discover request decline
compare 6 01 solicit request confirm renew rebind inform release
compare 6 02 solicit request decline
lacking=$(comm -13 <(arguments usher) <(arguments kea))
check "usher has Kea's arguments" "$lacking" test -z "$lacking"
check "in Kea a context lives from receive to send" "$(grep send "$WORK/kea.all")" \
	test "$(grep -c '_send.* context' "$WORK/kea.all")" = "$(grep -c _send "$WORK/kea.all")"

# --- leases that a library keeps -----------------------------------------------------------------------------------

config '"lease6_release": "skip", "lease6_decline": "skip"'
kill -HUP "$usher_pid"
must "a reload" wait_for 5 grep -q ' reloaded' "$WORK/usher.log"

keeps() { # server, mac
	local mac=$2 addr
	for step in solicit request; do
		step 6 "$mac" "$step"
	done
	addr=$(sed -n 's/.*addr=\([0-9a-f:]*\).*/\1/p' <<<"$said")
	step 6 "$mac" release
	check "$1: a RELEASE is answered" "$said" grep -q '^reply' <<<"$said"
	check "$1: and not heard" "$(cat "$WORK/kea.points")" eval "! grep -q lease6_release '$WORK/kea.points'"
	step 6 "$mac" decline
	check "$1: a DECLINE is answered" "$said" grep -q '^reply' <<<"$said"
	step 6 "$mac" renew
	check "$1: the lease is still there" "$said" grep -q "addr=$addr .*valid=[1-9]" <<<"$said"
}

keeps Kea 03
stop "$kea4_pid"
stop "$kea6_pid"
must "dnsmasq" dnsmasq_server
dnsmasq_pid=$pid
keeps dnsmasq 04
stop "$dnsmasq_pid"
must "ISC dhcpd" isc 6
keeps "ISC dhcpd" 05
finish
