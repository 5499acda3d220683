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
	said=$(nsenter --net="/var/run/netns/$TAG-bridge" "$ROOT/scripts/divert" "$@" 2>&1) && { fail "$name" "succeeded: $said"; return; }
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

# Where there is no bridge. The rules of one place replace those of another.
on bridge iptables -w -P FORWARD ACCEPT
divert remove
before=$(rules)
on bridge ip link add low type veth peer name high
on bridge ip link set low up
on bridge ip link set high up
check "router: writes its rules" "see above" divert router low high
check "router: queues what is forwarded, IPv4 and IPv6, there and back" "$(rules)" \
	test "$(rules | grep -c 'USHER-FORWARD .*-[io] \(low\|high\) .*queue-num 67 --queue-bypass')" = 4
once=$(rules)
divert router low high
check "router: twice is the same as once" "rules differ" same "$once" "$(rules)"
check "router: says that it does not forward" "$(tail -n 3 "$WORK/divert.log")" grep -q 'forwards no IPv4 yet' "$WORK/divert.log"
check "host: replaces the router's rules" "see above" divert host low --queue 5 --closed
check "host: queues what comes in and goes out" "$(rules)" \
	test "$(of_queue 'USHER-INPUT .*queue-num 5$')$(of_queue 'USHER-OUTPUT .*queue-num 5$')$(of_queue FORWARD.*NFQUEUE)" = 220
divert host low --family 6
check "host: one protocol only" "$(rules)" test "$(of_queue 'NFQUEUE')$(of_queue 'dport 547 .*NFQUEUE')" = 21
check "host: show" "nothing shown" grep -q 'USHER-INPUT .*NFQUEUE' <(on bridge "$ROOT/scripts/divert" show)
divert remove
check "remove takes these too" "rules differ" same "$before" "$(rules)"

# A namespace for a server that reads raw sockets, and back.
state() { # addresses and routes of the machine, and which links there are
	on bridge sh -c 'ip -br link | sed "s/ .*//; s/@.*//"; ip -4 -br address; ip -6 address show scope global; ip route; ip -6 route' |
		sed 's/  *$//; /fe80/d; s/\(high\|low\)@[^ ]*/\1/' | sort
}
inside=$TAG-srv # a namespace that divert makes; "ip netns exec" would hide it from everybody else
inside=${inside:0:12}
on bridge ip address add 10.9.0.1/24 dev high
on bridge ip -6 address add 2001:db8:9::1/64 dev high nodad
on bridge ip route add default via 10.9.0.2
on bridge ip -6 route add 2001:db8:a::/64 via 2001:db8:9::2
was=$(state)
rules_were=$(rules)
check "host-netns: builds" "see above" divert host-netns "$inside" high
namespaces+=("$inside")
check "host-netns: addresses and routes went along" "$(ip netns exec "$inside" ip route)" \
	test "$(ip netns exec "$inside" ip route show default)" = "default via 10.9.0.2 dev high "
check "host-netns: IPv6 too" "$(ip netns exec "$inside" ip -6 route)" \
	grep -q '2001:db8:a::/64 via 2001:db8:9::2' <(ip netns exec "$inside" ip -6 route)
check "host-netns: the rules of a bridge" "$(rules)" \
	test "$(of_queue "physdev-in high --physdev-out us-$inside.*NFQUEUE")" = 2
on bridge ip address add 10.9.0.2/24 dev low
reached=$(on bridge timeout 3 bash -c 'echo >/dev/tcp/10.9.0.1/9' 2>&1)
check "host-netns: the server is reached as before" "$reached" grep -q 'Connection refused' <<<"$reached"
on bridge ip address del 10.9.0.2/24 dev low
once=$(rules)
check "host-netns: twice is once" "see above" divert host-netns "$inside" high
check "host-netns: the same rules" "rules differ" same "$once" "$(rules)"
check "host-netns: shown" "$(on bridge "$ROOT/scripts/divert" show | head -n 2)" \
	grep -q "namespace $inside has high" <(on bridge "$ROOT/scripts/divert" show)
ip netns exec "$inside" sleep 60 &
sleeper=$!
refuses "host-netns: not while a program runs there" "stop them first" remove
check "host-netns: refused means nothing is changed" "rules differ" same "$once" "$(rules)"
kill $sleeper
wait $sleeper 2>/dev/null
check "host-netns: remove" "see above" divert remove
check "host-netns: addresses, routes, links are as they were" "see above" same "$was" "$(state)"
check "host-netns: rules are as they were" "see above" same "$rules_were" "$(rules)"
check "host-netns: the namespace is gone" "$(ip netns)" test ! -e "/var/run/netns/$inside"
check "host-netns: remove again" "see above" divert remove
unset 'namespaces[-1]'

refuses "router: no such interface" "no interface 'nowhere'" router low nowhere
refuses "router: a port of a bridge" "in bridge br0" router clients high
refuses "router: one interface for both" "cannot be client interface and server interface" router high high
refuses "router: --relay" "--relay is for bridge" router low high --relay 192.0.2.9
refuses "router: too few interfaces" "needs a client interface" router low
refuses "host: a port of a bridge" "in bridge br0" host clients
refuses "host: bad family" "give 4 or 6" host low --family 5
refuses "host-netns: bad name" "letters, digits" host-netns "a b" high
refuses "host-netns: long name" "at most 12" host-netns abcdefghijklm high
refuses "host-netns: a port of a bridge" "in bridge br0" host-netns "$inside" clients
ip netns add "$inside"
namespaces+=("$inside")
refuses "host-netns: somebody else's namespace" "not ours" host-netns "$inside" high
check "host-netns: refused means nothing is built" "see above" same "$was" "$(state)"

refuses "no such port" "no port 'nowhere'" bridge nowhere server
refuses "port in no bridge" "in no bridge" bridge lo server
refuses "one port for both" "cannot be client port and server port" bridge server server
refuses "bad queue" "give a number" bridge clients server --queue 70000
refuses "bad range of queues" "give a number" bridge clients server --queue 9-8
refuses "bad relay" "not an IPv4 address" bridge clients server --relay fe80::1
refuses "unknown option" "unknown option" bridge clients server --qeue 1
refuses "unknown command" "usage" brigde
finish
