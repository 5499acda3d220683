#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# scripts/divert: what it writes, what it leaves alone, what it says. Needs no usher.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

need iptables-save
topology
plug other other
foreign=(-p udp --dport 69 -m comment --comment "somebody else's" -j ACCEPT)
on bridge iptables -w -t mangle -A FORWARD "${foreign[@]}"
on bridge iptables -w -t raw -A PREROUTING -p udp --dport 69 -j ACCEPT
on bridge ip6tables -w -A FORWARD "${foreign[@]}"

rules() { # all rules and all chains somebody made, without counters
	on bridge sh -c 'iptables-save; ip6tables-save' | grep -e '^-A' -e '^:.* - ' | sed 's/ \[.*\]$//' | sort
}

of_queue() {
	rules | grep -c "$1"
}

same() {
	[ "$1" = "$2" ] || { diff <(echo "$1") <(echo "$2"); return 1; }
}

refuses() { # case, words in the message, argument...
	local name=$1 words=$2 said
	shift 2
	said=$(on bridge "$ROOT/scripts/divert" "$@" 2>&1) && { fail "$name" "succeeded: $said"; return; }
	if [[ $said == *"$words"* ]]; then ok "$name"; else fail "$name" "said: $said"; fi
}

arrive() { # how many of one query
	capture server eth0 arrived
	dhcp client send4 eth0
	captures_end
	"$ROOT/tests/system/dhcp.py" dump "$WORK/arrived.pcap" | grep -c '^discover'
}

before=$(rules)

check "writes its rules" "see above" divert bridge clients server
once=$(rules)
check "queues queries and answers, IPv4 and IPv6" "$once" test "$(of_queue 'queue-num 67 --queue-bypass')" = 4
check "tracks no DHCP" "$once" test "$(of_queue 'CT --notrack')" = 4
divert bridge clients server
check "twice is the same as once" "rules differ" same "$once" "$(rules)"
check "show lists rules and queue" "$(on bridge "$ROOT/scripts/divert" show | tail -n 8)" \
	test "$(on bridge "$ROOT/scripts/divert" show | grep -c 'NFQUEUE\|queue 67: nobody listens')" = 5
check "without usher a query passes" "nothing arrived" test "$(arrive)" = 1
check "and its rule counted it" "$(on bridge "$ROOT/scripts/divert" show)" \
	grep -q '\[1:.*physdev-in clients.*NFQUEUE' <(on bridge "$ROOT/scripts/divert" show)

check "other options replace the rules" "see above" \
	divert bridge clients,other server --queue 70-73 --closed --relay 192.0.2.9
check "two client ports, four queues, closed" "$(rules)" test "$(of_queue 'queue-balance 70:73$')" = 6
check "nothing of the first rules is left" "$(rules)" test "$(of_queue 'queue-num')" = 0
check "a relay agent is exempt from the rogue rule" "$(rules)" test "$(of_queue '192.0.2.9/32.*RETURN')" = 2
check "closed: without usher no query passes" "it arrived" test "$(arrive)" = 0

divert remove
check "remove takes ours and nothing else" "rules differ" same "$before" "$(rules)"
check "remove with nothing there" "see above" divert remove

# A server behind a client port.
divert bridge clients,other server
capture client eth0 rogue
dhcp other send4 eth0 op=2 type=offer sport=67 dport=68
dhcp other send4 eth0 op=2 type=offer sport=1067 dport=68
dhcp server send4 eth0 op=2 type=offer sport=67 dport=68
captures_end
check "only the server's offer reaches the client" "$("$ROOT/tests/system/dhcp.py" dump "$WORK/rogue.pcap")" \
	test "$("$ROOT/tests/system/dhcp.py" dump "$WORK/rogue.pcap" | grep -c '^offer')" = 1

# Switching bridge filtering on under a policy of DROP would cut everything off.
divert remove
on bridge sysctl -qw net.bridge.bridge-nf-call-iptables=0
on bridge iptables -w -P FORWARD DROP
refuses "a policy of DROP is not sprung on the bridge" "policy of FORWARD is DROP" bridge clients server
on bridge sysctl -qw net.bridge.bridge-nf-call-iptables=1
divert bridge clients server
check "DHCP passes a policy of DROP" "nothing arrived" test "$(arrive)" = 1

refuses "no such port" "no port 'nowhere'" bridge nowhere server
refuses "port in no bridge" "in no bridge" bridge lo server
refuses "one port for both" "cannot be client port and server port" bridge server server
refuses "bad queue" "give a number" bridge clients server --queue 70000
refuses "bad range of queues" "give a number" bridge clients server --queue 9-8
refuses "bad relay" "not an IPv4 address" bridge clients server --relay fe80::1
refuses "unknown option" "unknown option" bridge clients server --qeue 1
refuses "unknown command" "usage" brigde
finish
