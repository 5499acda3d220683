# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the system tests and the demo stand on: network namespaces, real servers and clients in them, usher between
# them, and the lines a test prints. Sourced, not run. Everything lives in $WORK and in namespaces called
# $TAG-something; both are gone when the test ends, however it ends. Names inside a topology:
#
#   client:eth0 --- clients:bridge:server --- eth0:server          (bridge br0 holds the ports)
#
# Programs run from copies in $WORK/bin: Debian's AppArmor profiles go by path and would keep a client or a server
# from its files in $WORK.

set -u
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
USHER=${USHER:-$ROOT/build/usher}
NAME=$(basename "$0" .sh)
TAG=usr$$
PATH=$PATH:/usr/sbin:/sbin
CLIENT_MAC=0c:0e:0a:01:ff:04
CLIENT_DUID=00:03:00:01:$CLIENT_MAC	# what a client makes of its MAC with DUID type LL
passed=0
failed=0
skipped=0
SERVER_NS=server	# where the DHCP server runs, and on which interface
SERVER_IF=eth0
PROCESSORS=$(nproc)
namespaces=()

# --- what a test prints --------------------------------------------------------------------------------------------

ok() { # case
	passed=$((passed + 1))
	echo "ok $NAME: $1"
}

fail() { # case, why
	failed=$((failed + 1))
	echo "FAIL $NAME: $1: $2"
}

skip() { # case, why
	skipped=$((skipped + 1))
	echo "SKIP $NAME: $1: $2"
}

# check CASE WHY COMMAND...: the case passes when the command succeeds.
check() {
	local name=$1 why=$2
	shift 2
	if "$@"; then ok "$name"; else fail "$name" "$why"; fi
}

# must WHAT COMMAND...: no case of its own, but nothing makes sense without it.
must() {
	local what=$1
	shift
	"$@" && return
	fail "$what" "did not succeed"
	finish
}

counts() {
	echo "$NAME: $passed passed, $failed failed, $skipped skipped"
}

# Ends the test. Exit 77 when nothing was tried at all.
finish() {
	[ "$failed" = 0 ] || show_logs
	counts
	[ "$failed" = 0 ] || exit 1
	[ "$passed" != 0 ] || exit 77
	exit 0
}

skip_all() { # why
	skip all "$1"
	counts
	exit 77
}

show_logs() {
	local log
	for log in "$WORK"/*.log; do
		[ -s "$log" ] || continue
		echo "--- $(basename "$log"), last lines"
		tail -n 15 "$log"
	done
}

need() { # program...
	local program
	for program in "$@"; do
		command -v "$program" >/dev/null || skip_all "no $program: scripts/install-deps test"
	done
}

need_usher() {
	[ -x "$USHER" ] || skip_all "no $USHER: make"
}

# patience SECONDS: how long that is here, in $patient. Where as many programs as this machine has processors want to run
# besides, it is twice as long, and so on.
patience() {
	local load
	read -r load _ </proc/loadavg
	patient=$(($1 * (1 + ${load%.*} / PROCESSORS)))
}

# read_uptime: hundredths of a second, in $now, of a clock that nobody sets.
read_uptime() {
	read -r now _ </proc/uptime
	now=${now/.}
}

# wait_for SECONDS COMMAND...: until the command succeeds, ten times a second, with patience.
wait_for() {
	local patient end now
	patience "$1"
	read_uptime
	end=$((now + patient * 100))
	shift
	until "$@"; do
		read_uptime
		[ "$now" -lt "$end" ] || return 1
		sleep 0.1
	done
}

# --- namespaces ----------------------------------------------------------------------------------------------------

cleanup() {
	local ns pids
	trap '' INT TERM HUP PIPE
	for ns in "${namespaces[@]}"; do
		pids=$(ip netns pids "$ns")
		# shellcheck disable=SC2086 # a list of pids
		[ -z "$pids" ] || kill -KILL $pids 2>/dev/null
		ip netns del "$ns"
	done
	wait 2>/dev/null
	rm -rf "$WORK"
}

begin() {
	[ "$(id -u)" = 0 ] || { echo "SKIP $NAME: all: not root"; exit 77; }
	WORK=$(mktemp -d "${TMPDIR:-/tmp}/$TAG.XXXXXX")
	mkdir "$WORK/bin"
	trap cleanup EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	trap 'exit 141' PIPE
}

# on NS COMMAND...: runs there. A mount made by the command is seen by nobody else.
on() {
	local ns=$TAG-$1
	shift
	ip netns exec "$ns" "$@"
}

# spawn NS LOG COMMAND...: in the background; its pid is in $pid.
spawn() {
	local ns=$TAG-$1 log=$WORK/$2.log
	shift 2
	ip netns exec "$ns" "$@" >>"$log" 2>&1 </dev/null &
	pid=$!
	disown "$pid"
}

gone() {
	! kill -0 "$1" 2>/dev/null
}

stop() { # pid [signal]
	kill "-${2:-TERM}" "$1" 2>/dev/null
	wait_for 5 gone "$1"
}

# A namespace whose IPv6 addresses work at once, and which asks no router.
add_ns() {
	local ns=$TAG-$1
	must "a network namespace" ip netns add "$ns"
	namespaces+=("$ns")
	must "a network namespace to run programs in" on "$1" true
	on "$1" sysctl -qw net.ipv6.conf.{all,default}.accept_dad=0 net.ipv6.conf.{all,default}.accept_ra=0
	on "$1" ip link set lo up
}

# wire NS1 DEVICE1 NS2 DEVICE2
wire() {
	ip link add "$2" netns "$TAG-$1" type veth peer name "$4" netns "$TAG-$3"
	on "$1" ip link set dev "$2" up
	on "$3" ip link set dev "$4" up
}

# Port PORT of br0 in the namespace "bridge", wired to eth0 of a new namespace NS, which gets MAC if it is given.
plug() { # ns port [mac]
	add_ns "$1"
	wire bridge "$2" "$1" eth0
	[ -z "${3-}" ] || on "$1" ip link set eth0 down address "$3" up
	on bridge ip link set "$2" master br0
}

# The module starts with filtering switched on in every namespace. Where it was not loaded, the bridges of this machine
# were not filtered, and shall not be.
load_br_netfilter() {
	local switch
	[ ! -d /proc/sys/net/bridge ] || return 0
	modprobe br_netfilter || return 1
	for switch in iptables ip6tables arptables; do
		echo 0 >"/proc/sys/net/bridge/bridge-nf-call-$switch"
	done
}

# The topology at the top of this file. The server has an address in either subnet and is the router of both.
topology() {
	must "br_netfilter in this kernel" load_br_netfilter
	add_ns bridge
	on bridge ip link add br0 type bridge forward_delay 0 mcast_snooping 0
	on bridge ip link set br0 up
	plug client clients "$CLIENT_MAC"
	plug server server
	on server ip address add 192.0.2.1/24 dev eth0
	on server ip address add 198.51.100.1/24 dev eth0
	on server ip -6 address add 2001:db8:1::1/64 dev eth0
	on server ip -6 address add 3000::1/64 dev eth0
}

# "ip netns exec" would hide from everybody else a namespace that divert makes.
divert() {
	nsenter --net="/var/run/netns/$TAG-bridge" "$ROOT/scripts/divert" "$@" >>"$WORK/divert.log" 2>&1 && return
	tail -n 3 "$WORK/divert.log"
	return 1
}

private_copy() { # program
	[ -x "$WORK/bin/$1" ] || cp "$(command -v "$1")" "$WORK/bin/$1"
}

# --- servers -------------------------------------------------------------------------------------------------------

# Kea chooses 192.0.2.0/24 and 2001:db8:1::/64 when nobody steers: the subnets of its interface.
kea_common() { # interfaces, logger
	cat <<-EOT
		"interfaces-config": { "interfaces": [$1] },
		"lease-database": { "type": "memfile", "persist": false },
		"valid-lifetime": 60, "renew-timer": ${KEA_T1:-3}, "rebind-timer": ${KEA_T2:-40},
		"loggers": [{ "name": "$2", "severity": "INFO", "output_options": [{ "output": "stdout" }] }],
		"multi-threading": { "enable-multi-threading": false },
	EOT
}

kea4_config() {
	cat <<-EOT
	{ "Dhcp4": {
		$(kea_common "\"$SERVER_IF/${KEA4_ADDRESS:-192.0.2.1}\"" kea-dhcp4)
		"authoritative": true, ${KEA4_MORE:-}
		"option-data": [
			{ "name": "boot-file-name", "data": "server-default", "always-send": true },
			{ "name": "tftp-server-name", "data": "tftp.server.example", "always-send": true }
		],
		"subnet4": [ ${KEA4_MORE_SUBNETS:-}
			{ "id": 1, "subnet": "192.0.2.0/24", "pools": [{ "pool": "192.0.2.${KEA4_FIRST:-100} - 192.0.2.${KEA4_LAST:-199}" }],
			  "option-data": [{ "name": "routers", "data": "192.0.2.1" }] },
			{ "id": 2, "subnet": "198.51.100.0/24", "pools": [{ "pool": "198.51.100.${KEA4_FIRST:-100} - 198.51.100.${KEA4_LAST:-199}" }],
			  "option-data": [{ "name": "routers", "data": "198.51.100.1" }] }
		]
	} }
	EOT
}

kea6_config() {
	cat <<-EOT
	{ "Dhcp6": {
		$(kea_common "\"$SERVER_IF\", \"$SERVER_IF/${KEA6_ADDRESS:-2001:db8:1::1}\"" kea-dhcp6)
		"preferred-lifetime": 50, ${KEA6_MORE:-} "server-id": { "type": "LL", "persist": false },
		"option-data": [
			{ "name": "vendor-opts", "data": "4491", "always-send": true },
			{ "name": "tftp-servers", "space": "vendor-4491", "data": "2001:db8::69", "always-send": true },
			{ "name": "config-file", "space": "vendor-4491", "data": "server-default", "always-send": true }
		],
		"subnet6": [ ${KEA6_MORE_SUBNETS:-}
			{ "id": 1, "subnet": "2001:db8:1::/64", "interface": "$SERVER_IF", ${KEA6_OPEN:-}
			  "pools": [{ "pool": "2001:db8:1::100 - 2001:db8:1::1ff" }] },
			{ "id": 2, "subnet": "3000::/64", ${KEA6_RESTRICTED:-} "pools": [{ "pool": "3000::100 - 3000::1ff" }] }
		]
	} }
	EOT
}

# kea 4|6: starts Kea in $SERVER_NS and returns when it serves.
kea() {
	private_copy "kea-dhcp$1"
	"kea$1_config" >"$WORK/kea$1.conf"
	spawn "$SERVER_NS" "kea$1" env KEA_LOCKFILE_DIR="$WORK" KEA_PIDFILE_DIR="$WORK" \
		"$WORK/bin/kea-dhcp$1" -c "$WORK/kea$1.conf"
	wait_for 10 grep -q "DHCP${1}_STARTED" "$WORK/kea$1.log"
}

# --- clients -------------------------------------------------------------------------------------------------------

# Called by every client program for every event: sets the address in its namespace, touches no other file, and writes
# one line: the event, the address, and what the client learnt to boot from (v6: DOCSIS sub-options 33 and 32). Written
# once: a client that finds half of it at its first lease declines that lease and waits for ten seconds.
client_script() {
	[ ! -e "$WORK/bin/client-script" ] || return 0
	cat >"$WORK/bin/client-script" <<-'EOT'
	#!/bin/sh
	vendor_option() { # code; option 17 as dhclient prints it: hex bytes without leading zeros
		echo "${new_dhcp6_vendor_opts:-}" | awk -F: -v wanted="$1" '
			function digit(i, at) { return index("0123456789abcdef", substr("0" $i, length($i) + at, 1)) - 1 }
			function byte(i) { return 16 * digit(i, 0) + digit(i, 1) }
			function word(i) { return 256 * byte(i) + byte(i + 1) }
			function address(i, text, j) {
				for (j = 0; j < 16; j += 2) text = text (j ? ":" : "") sprintf("%x", word(i + j))
				sub(/(:0)+:/, "::", text)
				return text
			}
			function string(i, size, text, j) {
				for (j = 0; j < size; j++) text = text sprintf("%c", byte(i + j))
				return text
			}
			{
				for (i = 5; i + 3 <= NF; i += 4 + word(i + 2))
					if (word(i) == wanted)
						print wanted == 32 && word(i + 2) == 16 ? address(i + 4) : string(i + 4, word(i + 2))
			}'
	}
	reason=${reason:-$1}
	addr=${new_ip_address:-${new_ip6_address:-${new_dhcp6_ia_na1_ia_addr1:-${ip:-}}}}
	mask=${new_subnet_mask:-${subnet:-255.255.255.255}}
	gateway=${new_routers:-${router:-}}
	case $reason in
	PREINIT*) ip link set dev "$interface" up ;;
	EXPIRE6 | DEPREF6 | STOP6)
		[ -z "${cur_ip6_address:-}" ] || ip -6 address del "$cur_ip6_address/128" dev "$interface"
		addr=
		;;
	*6)
		[ "${new_max_life:-}" != 0 ] || addr=	# the address that a move takes away
		[ -z "$addr" ] || ip -6 address replace "$addr/128" dev "$interface"
		;;
	EXPIRE | FAIL | STOP | RELEASE | NAK | deconfig | nak)
		ip -4 address flush dev "$interface"
		addr=
		;;
	BOUND | RENEW | REBIND | REBOOT | bound | renew)
		ip -4 address flush dev "$interface"
		ip address add "$addr/$mask" dev "$interface"
		[ -z "$gateway" ] || ip route replace default via "${gateway%% *}"
		;;
	esac 2>/dev/null
	{ date "+%T $reason"; env | sort | sed 's/^/	/'; } >>"$RECORD.env"
	bootfile=${new_bootfile_name:-${new_dhcp6_docsis_config_file:-${bootfile:-$(vendor_option 33)}}}
	tftp=${new_tftp_server_name:-${new_dhcp6_docsis_tftp_servers:-${tftp:-$(vendor_option 32)}}}
	echo "$reason addr=$addr bootfile=$bootfile tftp=$tftp file=${new_filename:-${boot_file:-}}" >>"$RECORD"
	EOT
	chmod +x "$WORK/bin/client-script"
}

record_of() { # ns, 4|6
	echo "$WORK/$1.v$2"
}

# Every client function: start it in NS on eth0, in the foreground, its pid in $pid, its events in record_of NS 4|6.
dhclient4() { # ns
	dhclient_any "$1" 4 'request subnet-mask, routers, tftp-server-name, bootfile-name;'
}

dhclient6() { # ns
	dhclient_any "$1" 6 'also request dhcp6.vendor-opts;' -D LL
}

dhclient_any() { # ns, family, configuration, option...
	local ns=$1 family=$2 record
	record=$(record_of "$1" "$2")
	private_copy dhclient
	client_script
	printf 'timeout 20; retry 1; initial-interval 1; backoff-cutoff 2; initial-delay 0;\n%s\n' "$3" >"$record.conf"
	shift 3
	: >>"$record.leases"
	spawn "$ns" "$ns.dhclient$family" "$WORK/bin/dhclient" "-$family" -d "$@" -cf "$record.conf" -lf "$record.leases" \
		-pf "$record.pid" -sf "$WORK/bin/client-script" -e "RECORD=$record" eth0
}

udhcpc4() { # ns; signal USR1: renew now, USR2: release
	client_script
	spawn "$1" "$1.udhcpc" env RECORD="$(record_of "$1" 4)" \
		udhcpc -f -i eth0 -s "$WORK/bin/client-script" -t 5 -T 1 -A 1 -O bootfile -O tftp
}

# dhcpcd has its paths built in: it gets private ones.
dhcpcd_any() { # ns, family, configuration
	local record
	record=$(record_of "$1" "$2")
	client_script
	printf 'duid ll\nenv RECORD=%s\nscript %s\n%s\n' "$record" "$WORK/bin/client-script" "$3" >"$record.conf"
	# shellcheck disable=SC2016 # for the inner shell
	spawn "$1" "$1.dhcpcd$2" sh -c 'mount -t tmpfs none /run && mkdir /run/dhcpcd && mount -t tmpfs none /var/lib/dhcpcd &&
		exec dhcpcd "-$1" -B -d -f "$2" eth0' sh "$2" "$record.conf"
}

dhcpcd4() { # ns
	dhcpcd_any "$1" 4 'option tftp_server_name, bootfile_name, subnet_mask, routers
noarp'
}

dhcpcd6() { # ns
	dhcpcd_any "$1" 6 'noipv6rs
option vivso
vendopt 4491 encap docsis
encap 33 string config_file
encap 32 array ip6address tftp_servers
interface eth0
ia_na 1'
}

# systemd-networkd calls no script: its address is seen on the interface and in the outcome file. It gets a /run of its
# own, and with /sys read-only it does not wait for udev.
networkd_any() { # ns, family, section and its lines
	printf '[Match]\nName=eth0\n[Network]\nDHCP=ipv%s\nIPv6AcceptRA=no\n%b\n' "$2" "$3" >"$WORK/$1.network"
	# shellcheck disable=SC2016 # for the inner shell
	spawn "$1" "$1.networkd" sh -c 'mount -t tmpfs none /run && mkdir -p /run/systemd/network /run/systemd/netif/links \
		/run/systemd/netif/leases && cp "$1" /run/systemd/network/ && chown -R systemd-network /run/systemd/netif &&
		mount -o remount,ro /sys && exec /lib/systemd/systemd-networkd' sh "$WORK/$1.network"
}

networkd4() { # ns
	networkd_any "$1" 4 '[DHCPv4]\nClientIdentifier=mac'
}

networkd6() { # ns; asks although no router tells it to
	networkd_any "$1" 6 '[DHCPv6]\nWithoutRA=solicit\nDUIDType=link-layer'
}

# learnt NS FAMILY PATTERN: the last event that brought an address matches.
learnt() {
	grep 'addr=[0-9a-f]' "$(record_of "$1" "$2")" 2>/dev/null | tail -n 1 | grep -q -- "$3"
}

last_event() { # ns, family
	tail -n 1 "$(record_of "$1" "$2")" 2>/dev/null || echo nothing
}

# expect CASE NS FAMILY PATTERN [SECONDS]: the client comes to know this.
expect() {
	if wait_for "${5:-10}" learnt "$2" "$3" "$4"; then
		ok "$1"
	else
		fail "$1" "wanted '$4', last: $(last_event "$2" "$3")"
	fi
}

# --- usher ---------------------------------------------------------------------------------------------------------

# usher_config [MEMBER,...]: members for the top level, each with its comma, before the usual ones.
usher_config() {
	cat >"$WORK/usher.json" <<-EOT
	{
		$*
		"queues": "67",
		"registry": { "file": "$WORK/registry.jsonl" },
		"outcome": { "file": "$WORK/outcome.txt" },
		"subnets": [
			{ "name": "open",       "prefixes": ["192.0.2.0/24", "2001:db8:1::/64"] },
			{ "name": "restricted", "prefixes": ["198.51.100.0/24", "3000::/64"] }
		],
		"client_interfaces": ["clients"],
		"control": "$WORK/usher.sock"
	}
	EOT
	: >>"$WORK/registry.jsonl"
}

queue_is_bound() { # number; seen from usher's own namespace
	grep -q "^ *$1 " "/proc/$usher_pid/net/netfilter/nfnetlink_queue" 2>/dev/null
}

usher_up_or_gone() {
	queue_is_bound 67 || gone "$usher_pid"
}

# usher_start: with $WORK/usher.json; its pid is in $usher_pid.
usher_start() {
	spawn bridge usher "$USHER" run -c "$WORK/usher.json"
	usher_pid=$pid
	wait_for 10 usher_up_or_gone && queue_is_bound 67
}

# Registers a user by appending a line: TYPE ID [attributes as JSON members]. Several may do so at a time, and edit.
register() {
	(
		flock 9
		echo "{ \"type\": \"$1\", \"id\": \"$2\"${3:+, $3} }" >>"$WORK/registry.jsonl"
	) 9>"$WORK/registry.lock"
}

# Users that are never seen: taking the client out leaves them, so that no registry is ever suddenly empty.
other_users() {
	register HW_ADDR 02:00:00:00:01:01
	register HW_ADDR 02:00:00:00:01:02 '"bootfile": "never.seen"'
	register DUID 00:03:00:01:02:00:00:00:01:01
	register DUID 00:03:00:01:02:00:00:00:01:02 '"bootfile": "never.seen"'
}

# A line of the registry file, changed in one step as an editor does it.
registry_edit() { # sed expression
	(
		flock 9
		sed "$1" "$WORK/registry.jsonl" >"$WORK/registry.new"
		mv "$WORK/registry.new" "$WORK/registry.jsonl"
	) 9>"$WORK/registry.lock"
}

# --- captures ------------------------------------------------------------------------------------------------------

capture() { # ns, device, name: to $WORK/NAME.pcap
	private_copy tcpdump
	rm -f "$WORK/capture-$3.log"
	spawn "$1" "capture-$3" "$WORK/bin/tcpdump" -i "$2" -U --immediate-mode -Z root -w "$WORK/$3.pcap" \
		'udp port 67 or udp port 68 or udp port 546 or udp port 547'
	captures+=("$pid")
	wait_for 5 grep -q 'listening on' "$WORK/capture-$3.log"
}

captures=()
captures_end() {
	local pid
	sleep 0.2
	for pid in "${captures[@]}"; do
		stop "$pid" INT
	done
	captures=()
}

# dhcp NS COMMAND...: dhcp.py in that namespace.
dhcp() {
	local ns=$1
	shift
	on "$ns" /usr/bin/python3 "$ROOT/tests/system/dhcp.py" "$@"
}

# answers CASE PATTERN NS COMMAND...: what dhcp.py prints matches.
answers() {
	local name=$1 pattern=$2 got
	shift 2
	got=$(dhcp "$@" 2>&1)
	if [[ $got =~ $pattern ]]; then ok "$name"; else fail "$name" "wanted '$pattern', got '$got'"; fi
}

# --- the outcome file ----------------------------------------------------------------------------------------------

# Whether the file holds whole records and nothing else.
outcome_is_clean() {
	awk '
		BEGIN { hw = "^client=hwtype=[0-9]+ [0-9a-f][0-9a-f](:[0-9a-f][0-9a-f])+$"; duid = "^client=[0-9a-f][0-9a-f](:[0-9a-f][0-9a-f])+$" }
		NR % 5 == 1 { bad += !/^id_type=(HW_ADDR|DUID)$/; wanted = /HW_ADDR/ ? hw : duid }
		NR % 5 == 2 { bad += $0 !~ wanted }
		NR % 5 == 3 { bad += !/^addr=[0-9a-f:.\/]+$/ }
		NR % 5 == 4 { bad += !/^registered=(yes|no)$/ }
		NR % 5 == 0 { bad += $0 != "" }
		END { exit bad || NR % 5 != 0 || NR == 0 }
	' "$WORK/outcome.txt"
}

# outcome_history TYPE: "address registered;" for each record of that type, repeats by renewals left out.
outcome_history() {
	awk -v RS= -F '\n' -v type="id_type=$1" '
		$1 == type {
			sub("addr=", "", $3)
			sub("registered=", "", $4)
			line = $3 " " $4 ";"
			if (line != last) printf "%s", line
			last = line
		}
	' "$WORK/outcome.txt"
}

outcome_count() {
	grep -c '^id_type=' "$WORK/outcome.txt" 2>/dev/null || true
}

begin
