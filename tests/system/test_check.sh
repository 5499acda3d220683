#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# usher check: what it prints loads again, every error has file, path and remedy. A daemon that is told to read a bad config
# keeps the one it has.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

need kea-dhcp4
need_usher
other_users

# An example with the registry of this test.
with_registry() { # file
	if grep -q '"registry": {' "$1"; then
		sed "s|/etc/usher/registry.jsonl|$WORK/registry.jsonl|" "$1"
	else
		sed "0,/^{/s||{ \"registry\": { \"file\": \"$WORK/registry.jsonl\" },|" "$1"
	fi
}

for example in "$ROOT"/docs/examples/*.json; do
	with_registry "$example" >"$WORK/first.json"
	"$USHER" check -c "$WORK/first.json" >"$WORK/second.json" 2>"$WORK/errors" &&
		"$USHER" check -c "$WORK/second.json" >"$WORK/third.json" 2>>"$WORK/errors" &&
		cmp "$WORK/second.json" "$WORK/third.json" >>"$WORK/errors" 2>&1
	check "$(basename "$example"): what is printed loads again, as the same" "$(cat "$WORK/errors")" test $? = 0
done

# said CASE STATUS PATTERN CONFIG: subnets open and restricted are there already.
said() {
	local got status
	cat >"$WORK/bad.json" <<-EOT
	{
	"registry": { "file": "$WORK/registry.jsonl" },
	"subnets": [ { "name": "open", "prefixes": ["192.0.2.0/24"${MORE_PREFIX:-}] },
		{ "name": "restricted", "prefixes": "198.51.100.0/24" } ],
	$4
	}
	EOT
	got=$("$USHER" check -c "$WORK/bad.json" 2>&1 >"$WORK/printed")
	status=$?
	if [ "$status" = "$2" ] && grep -qE -- "^$WORK/bad.json:[0-9]+: $3" <<<"$got"; then ok "$1"
	else fail "$1" "status $status, said: $got"
	fi
}

said "unknown subnet" 1 'rules\[0\]\.subnet: expected .*"open".*got "opn"' '"rules": [ { "subnet": "opn" } ]'
said "option value of the wrong type" 1 'rules\[0\]\.options\.set\.routers: .*IPv4 address.*"10.0.0"' \
	'"rules": [ { "options": { "set": { "routers": "10.0.0" } } } ]'
said "option that nobody may set" 1 'rules\[0\]\.options\.set\.dhcp-server-identifier: ' \
	'"rules": [ { "options": { "set": { "dhcp-server-identifier": "10.0.0.1" } } } ]'
said "unknown key" 1 'rulez: expected .*"rules".*' '"rulez": []'
said "unknown condition" 1 'rules\[0\]\.when\.vendor: ' '"rules": [ { "when": { "vendor": "x" } } ]'
MORE_PREFIX=', "198.51.100.128/25"' said "overlapping subnets" 1 'subnets\[1\]: expected prefixes of its own.*"restricted", which overlaps .*"open"' '"rules": []'
said "rule that can never match: a warning" 0 'warning: rules\[1\]: can never match' \
	'"rules": [ { "when": { "family": 4 }, "subnet": "open" }, { "when": { "family": 4, "registered": true }, "drop": true } ]'

# A running daemon.
topology
must "Kea" kea 4
must "divert" divert bridge clients server
usher_config '"rules": [ { "subnet": "restricted" } ],'
must "usher" usher_start
answers "the policy it was started with" 'addr=198\.51\.100\.' client ask4 eth0
complaints() {
	grep -c 'usher.json:[0-9]' "$WORK/usher.log"
}
reload() {
	kill -HUP "$usher_pid"
	sleep 0.3
}
for bad in '"rules": [ { "subnet": "opn" } ],' '"rules": [ { "options": { "set": { "routers": "x" } } } ],' '"nonsense": 1,' \
	'"rules": [ { "subnet": "open" } ' "\"subnets\": [], \"subnets\": [],"; do
	before=$(complaints)
	usher_config "$bad"
	reload
	check "told to read $bad: says where it is wrong" "$(tail -n 2 "$WORK/usher.log")" test "$(complaints)" -gt "$before"
	answers "told to read $bad: keeps the policy it had" 'addr=198\.51\.100\.' client ask4 eth0
done
rm "$WORK/usher.json"
reload
answers "config gone: keeps the policy it had" 'addr=198\.51\.100\.' client ask4 eth0
usher_config '"rules": [ { "subnet": "open" } ],'
reload
answers "a good one at last" 'addr=192\.0\.2\.' client ask4 eth0

# What of the machine is in the way.
finds() { # case, status, pattern
	local got status
	got=$(on bridge "$USHER" check --system -c "$WORK/usher.json" 2>&1 >/dev/null)
	status=$?
	if [ "$status" = "$2" ] && grep -q -- "$3" <<<"$got"; then ok "$1"; else fail "$1" "status $status, said: $got"; fi
}
finds "nothing is in the way" 0 ''
on bridge sysctl -qw net.bridge.bridge-nf-call-ip6tables=0
finds "a bridge whose DHCPv6 is not filtered" 2 'warning: .*bridged DHCPv6 does not reach the rules: sysctl -w net.bridge.bridge-nf-call-ip6tables=1'
must "divert" divert bridge clients server --queue 5
finds "rules for another queue" 2 'warning: no rule brings packets to queue 67 yet: .*there is one for queue 5, '
must "divert" divert remove
finds "no rules" 2 'warning: no rule brings packets to queue 67 yet: usher-divert writes them$'
stop "$usher_pid"
finds "no daemon" 2 'info: nobody listens to queue 67'
finish
