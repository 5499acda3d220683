#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# matrix.sh [all | PLACE SERVER [CLIENT:FAMILY]...]: every client with every server, wherever usher can stand. Prints the
# matrix as Markdown, or the cells of one place, or those of some programs there; exit status 1 if a cell is neither "works"
# nor explained. A cell is a client, a family, a scenario, a place and a server. What cannot be, and why, is the table
# "reasons"; a cell that is not in it must work.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=servers.sh
. "$(dirname "$0")/servers.sh"
# shellcheck source=networkmanager.sh
. "$(dirname "$0")/networkmanager.sh"
# shellcheck source=moves.sh
. "$(dirname "$0")/moves.sh"
# shellcheck source=places.sh
. "$(dirname "$0")/places.sh"

all_pairs="bridge:kea bridge:isc bridge:dnsmasq router:kea router:isc router:dnsmasq host:kea host:isc host:dnsmasq relay:kea relay:isc relay:dnsmasq"
clients="hand dhclient udhcpc dhcpcd networkd nm"
scenarios="lease renew rebind release registered unregistered reboot prefix rapid inform"

# --- what is not expected to work ----------------------------------------------------------------------------------

# PLACE:SERVER:CLIENT:FAMILY:SCENARIO, a pattern of the shell, and the letter of its reason. The first match counts.
reasons() {
	cat <<-'EOT'
	*:*:udhcpc:6:* a
	*:*:udhcpc:4:reboot b
	*:*:*:4:prefix c
	*:dnsmasq:*:6:prefix d
	*:kea:*:4:rapid e
	*:isc:*:4:rapid e
	*:*:dhclient:4:rapid f
	*:*:udhcpc:4:rapid f
	*:*:dhclient:4:inform g
	*:*:udhcpc:4:inform g
	*:*:networkd:4:rapid f
	*:*:networkd:4:inform g
	*:*:nm:4:release k
	*:*:nm:4:rapid f
	*:*:nm:4:inform g
	*:*:nm:4:reboot h
	*:*:networkd:6:* j
	*:*:nm:6:* j
	*:*:dhclient:*:reboot h
	*:*:networkd:4:reboot h
	*:*:dhcpcd:*:reboot h
	*:*:dhclient:6:prefix h
	*:*:dhcpcd:6:prefix h
	*:*:dhclient:6:rapid h
	*:*:dhcpcd:*:rapid h
	*:*:dhclient:6:inform h
	*:*:dhcpcd:*:inform h
	EOT
}

legend() {
	cat <<-'EOT'
	| letter | |
	|---|---|
	| a | impossible: udhcpc speaks DHCPv4 only |
	| b | impossible: udhcpc always begins with a DISCOVER |
	| c | impossible: DHCPv4 delegates no prefixes |
	| d | impossible: dnsmasq 2.90 delegates no prefixes |
	| e | impossible: this server knows no DHCPv4 rapid commit (RFC 4039) |
	| f | impossible: this client knows no DHCPv4 rapid commit |
	| g | impossible: this client sends no DHCPINFORM |
	| j | not run here, since systemd's DHCPv6, which NetworkManager (nm) uses too, renews after ten seconds at the earliest; `test_networkd6` and `test_networkmanager` have it with Kea on a bridge |
	| k | impossible: NetworkManager 1.42 sends no RELEASE |
	| h | not run with this program: the same messages are sent by the hand-made client above |
	EOT
}

reason_of() { # cell
	local pattern letter
	while read -r pattern letter; do
		# shellcheck disable=SC2053 # a pattern
		[[ $1 != $pattern ]] || { echo "$letter"; return; }
	done < <(reasons)
}

cell() { # client, family, scenario, works|FAIL
	echo "cell $place:$server:$1:$2:$3 $4"
}

# --- one place with one server -------------------------------------------------------------------------------------

pools() {
	KEA6_OPEN='"rapid-commit": true, "pd-pools": [{ "prefix": "2001:db8:100::", "prefix-len": 48, "delegated-len": 64 }],'
	KEA6_RESTRICTED='"rapid-commit": true, "pd-pools": [{ "prefix": "3000:100::", "prefix-len": 48, "delegated-len": 64 }],'
	ISC6_OPEN='prefix6 2001:db8:100:: 2001:db8:100:ff:: /64;'
	ISC6_RESTRICTED='prefix6 3000:100:: 3000:100:ff:: /64;'
	ISC6_MORE="option dhcp6.rapid-commit; ${ISC6_MORE:-}"
	# Leases of 16 seconds, renewed after 3 and rebound after 5, where the server can be told. What is left after T2 is
	# a client's time to rebind: dhclient counts whole seconds and sends at most every other one, so of a lease of 8 with
	# T2 at 7 it has one chance, which it misses now and then. dhcpcd takes no lease for shorter than 20 seconds, but
	# obeys T1 and T2.
	KEA_T2=5
	ISC4_MORE="option dhcp-renewal-time 3; option dhcp-rebinding-time 5; ${ISC4_MORE:-}"
	ISC6_MORE="option dhcp-renewal-time 3; option dhcp-rebinding-time 5; $ISC6_MORE"
	DNSMASQ_MORE="--dhcp-rapid-commit --dhcp-option=option:T1,3 --dhcp-option=option:T2,5"
}

build() {
	local raw=$place
	[ "$place:$server" = host:dnsmasq ] || [ "$place" != host ] || raw=netns
	case $raw in
	bridge) topology; must "divert" divert bridge clients server ;;
	router) place_router; must "divert" divert router clients server; must "the relay agent" relay_start dnsmasq ;;
	host) place_host; must "divert" divert host clients ;;
	netns) load_br_netfilter; must "divert" place_netns ;;
	relay) place_relay; must "divert" divert relay clients ;;
	esac
	pools
	must "$server" server_start "$server"
	MAX_LEASE=', "max_lease": 16'
	if [ "$place" = relay ]; then place_config "$relay_upstreams"; else place_config "$trusted_relays"; fi
	other_users
	must "usher" usher_start
}

# More machines on the client's wire, each with a MAC of its own.
machine_at() { # ns, mac
	machine_on_hub "$1" "$2"
	on "$1" iptables -w -N RENEWALS
	on "$1" iptables -w -A OUTPUT -p udp --dport 67 ! -d 255.255.255.255 -j RENEWALS
	on "$1" ip6tables -w -N RENEWALS
	on "$1" ip6tables -w -A OUTPUT -p udp --dport 547 -m u32 --u32 '48>>24=5' -j RENEWALS
}

# Steps of the real clients: each waits until the outcome file says so, of every client at once.
history() { # ns, family: EVENT:WHERE, a line each
	if [ "$2" = 4 ]; then records_of "${mac_of[$1]}"; else records_of "00:03:00:01:${mac_of[$1]}"; fi
}

reached() { # ns, family, pattern, from line
	history "$1" "$2" | awk -v from="$4" -v wanted="$3" 'NR > from && $0 ~ wanted { found = 1 } END { exit !found }'
}

declare -A mac_of mark pid_of
step_all() { # scenario, pattern, seconds
	local one patient end left=${running[*]}
	patience "$3"
	end=$((SECONDS + patient))
	while [ -n "$left" ] && [ "$SECONDS" -lt "$end" ]; do
		sleep 0.3
		for one in $left; do
			reached "${one%:*}" "${one#*:}" "$2" "${mark[$one]}" || continue
			cell "${one%:*}" "${one#*:}" "$1" works
			left=$(tr ' ' '\n' <<<"$left" | grep -vx "$one" | tr '\n' ' ')
			left=${left% }
		done
	done
	for one in $left; do
		cell "${one%:*}" "${one#*:}" "$1" "FAIL ($(history "${one%:*}" "${one#*:}" | tail -n 3 | tr '\n' ' '))"
	done
	for one in "${running[@]}"; do
		mark[$one]=$(history "${one%:*}" "${one#*:}" | wc -l)
	done
}

renewals() { # drop|pass
	local ns rule='-F RENEWALS'
	[ "$1" != drop ] || rule='-A RENEWALS -j DROP'
	for ns in "${!mac_of[@]}"; do
		on "$ns" sh -c "iptables -w $rule && ip6tables -w $rule"
	done
}

# A record is there before the client has the answer, and what has no address yet releases nothing.
holds() { # ns, family
	on "$1" ip "-$2" -o address show dev eth0 | grep -q ' 198\.51\.100\.\| 3000::'
}

# dhcpcd 9.4.1 forgets a signal that comes while its script runs: it is told until it says that it heard.
release_dhcpcd() { # family
	local once
	for once in {1..10}; do
		kill -ALRM "${pid_of[dhcpcd:$1]}"
		! wait_for 1 grep -q 'received SIGALRM' "$WORK/dhcpcd.dhcpcd$1.log" || return 0
		echo "dhcpcd -$1 did not hear SIGALRM, $once" >>"$WORK/release.log"
	done
}

release() { # ns, family
	case $1$2 in
	dhclient*)
		# shellcheck disable=SC2086 # none, or an option
		on dhclient "$WORK/bin/dhclient" "-$2" -r -cf "$(record_of dhclient "$2").conf" -lf "$(record_of dhclient "$2").leases" \
			-pf "$(record_of dhclient "$2").pid" -sf /bin/true eth0 ${with_ll[$2]} >>"$WORK/release.log" 2>&1
		;;
	udhcpc*) kill -USR2 "${pid_of[$1:$2]}" ;;
	networkd*) kill "${pid_of[$1:$2]}" ;;
	dhcpcd*) release_dhcpcd "$2" ;;
	esac
}
declare -A with_ll=([4]='' [6]='-D LL')

real_clients() { # CLIENT:FAMILY...
	local one number=0x10
	running=()
	for one in "$@"; do
		if [ -z "${mac_of[${one%:*}]:-}" ]; then
			number=$((number + 1))
			mac_of[${one%:*}]=$(printf '0c:0e:0a:03:00:%02x' $number)
			machine_at "${one%:*}" "${mac_of[${one%:*}]}"
		fi
		"${one%:*}${one#*:}" "${one%:*}"
		pid_of[$one]=$pid
		mark[$one]=0
		running+=("$one")
	done
	step_all lease granted:R 30
	[[ " $* " != *udhcpc* ]] || kill -USR1 "${pid_of[udhcpc:4]}" # it counts eight seconds, whatever the lease
	step_all renew renewed:R 20
	renewals drop
	sleep 0.5
	step_all settle . 0 >/dev/null
	step_all rebind renewed:R 30
	renewals pass
	for one in "${!mac_of[@]}"; do
		move_register 4 "${mac_of[$one]}"
		move_register 6 "${mac_of[$one]}"
	done
	step_all registered granted:O 40
	for one in "${!mac_of[@]}"; do
		registry_edit "/${mac_of[$one]}/d"
	done
	step_all unregistered granted:R 40
	for one in "${running[@]}"; do
		wait_for 5 holds "${one%:*}" "${one#*:}"
	done
	# A RELEASE that waits for the server's MAC is lost with the client's address.
	for one in "${!mac_of[@]}"; do
		on "$one" timeout 1 bash -c 'echo >/dev/udp/192.0.2.1/9; echo >/dev/udp/198.51.100.1/9' 2>>"$WORK/release.log"
	done
	sleep 0.3
	mapfile -t running < <(printf '%s\n' "${running[@]}" | grep -v '^nm:') # reason k
	for one in "${running[@]}"; do
		release "${one%:*}" "${one#*:}"
	done
	step_all release released: 10
}

# The hand-made client: the tables of moves.sh, whose rows stand for scenarios.
of_row() { # "DHCPvF, row": the scenarios
	case ${1#DHCPv?, } in
	"a lease, renewed"*) echo lease renew rebind ;;
	"registered while bound, renewal" | "registered while bound, Renew") echo registered ;;
	"unregistered while bound, renewal" | "unregistered while bound, Renew") echo unregistered ;;
	released) echo release ;;
	"INIT-REBOOT after registration" | "Confirm after registration") echo reboot ;;
	informed | Information-request) echo inform ;;
	esac
}

hand_rows() {
	local word name one
	while IFS= read -r word; do
		name=${word#* matrix: }
		for one in $(of_row "${name%%: *}"); do
			case $word in
			ok*) cell hand "${name:5:1}" "$one" works ;;
			FAIL*) cell hand "${name:5:1}" "$one" "FAIL (${name#*: })" ;;
			esac
		done
	done
}

says() { # family, scenario, pattern, argument...
	local line family=$1 scenario=$2 pattern=$3
	shift 3
	line=$(on client "$ROOT/tests/system/client.py" "$family" eth0 "$WORK/$scenario$family" "mac=0c:0e:0a:02:01:0$family" "$@" 2>&1)
	if [[ $line =~ $pattern ]]; then cell hand "$family" "$scenario" works; else cell hand "$family" "$scenario" "FAIL ($line)"; fi
}

hand() {
	machine=0
	moves4 | hand_rows
	machine=100
	{ moves6; "moves6_$server"; } | hand_rows
	[ -n "$(reason_of "$place:$server:hand:4:rapid")" ] || says 4 rapid '^ack addr=198.51.100.' extra=5000 discover
	says 6 rapid '^reply addr=3000::' extra=000e0000 solicit
	[ -n "$(reason_of "$place:$server:hand:6:prefix")" ] ||
		says 6 prefix 'reply addr=3000::.* 25=[0-9a-f]*30000100' extra=0019000c000000070000000000000000 show=25 solicit request
}

one_pair() { # place, server, [CLIENT:FAMILY...]
	local by_hand
	place=$1
	server=$2
	shift 2
	need_usher
	trap '[ "$failed" = 0 ] || show_logs; cleanup' EXIT
	build
	if [ $# -gt 0 ]; then
		real_clients "$@"
	else
		hub
		hand &
		by_hand=$!
		real_clients dhclient:4 dhclient:6 udhcpc:4 dhcpcd:4 dhcpcd:6 networkd:4 nm:4
		wait "$by_hand"
	fi
	exit 0
}

# --- the whole -----------------------------------------------------------------------------------------------------

result_of() { # cell
	local letter
	letter=$(reason_of "$1")
	if [ -n "$letter" ]; then echo "$letter"; else sed -n "s/^cell $1 //p" "$WORK/cells" | head -n 1; fi
}

print_matrix() { # pair...
	local client family scenario pair result line
	for family in 4 6; do
		echo
		echo "## DHCPv$family"
		echo
		echo "| client | scenario | $(echo "$@" | sed 's/host:\(kea\|isc\)/host (namespace):\1/g; s/ host (/;host (/g; s/ \([a-z]*:\)/;\1/g; s/;/ | /g') |"
		echo "|---|---$(printf '|---%.0s' "$@")|"
		for client in $clients; do
			for scenario in $scenarios; do
				line=
				for pair in "$@"; do
					result=$(result_of "$pair:$client:$family:$scenario")
					line="$line | ${result:-NOT RUN}"
				done
				echo "| $client | $scenario$line |"
			done
		done
	done
	echo
	legend
}

need kea-dhcp4 kea-dhcp6 dhcpd dnsmasq dhclient udhcpc dhcpcd NetworkManager dbus-daemon ss
case $# in
0) ;;
1) [ "$1" = all ] || { sed -n '4,8s/^# //p' "$0"; exit 1; } ;;
*) one_pair "$@" ;;
esac
pairs=${MATRIX_PAIRS:-$all_pairs}
for pair in $pairs; do
	echo "matrix: $pair" >&2
	"$0" "${pair%:*}" "${pair#*:}" >"$WORK/$pair.cells" 2>"$WORK/$pair.log" </dev/null &
	# Most of the time is waiting for clients.
	[ "$(jobs -pr | wc -l)" -lt "${MATRIX_JOBS:-3}" ] || wait -n
done
wait
cat "$WORK"/*.cells >"$WORK/cells"
# shellcheck disable=SC2086 # words
print_matrix $pairs | tee "$WORK/matrix"
grep -v '^cell' "$WORK/cells" >&2
! grep 'FAIL\|NOT RUN' "$WORK/matrix" >&2
