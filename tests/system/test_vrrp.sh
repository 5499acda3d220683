#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Two routers with an usher each share their addresses by VRRP (keepalived); the first fails in the middle of exchanges.
#   client --- below:relay:above --- [lan: br8] --- clients:bridge|second:server --- [lan: br9] --- server
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=moves.sh
. "$(dirname "$0")/moves.sh"
# shellcheck source=places.sh
. "$(dirname "$0")/places.sh"

need kea-dhcp4 kea-dhcp6 keepalived dnsmasq
need_usher
place_router
add_ns second
add_ns lan
forwards second
for net in 8 9; do
	on lan ip link add "br$net" type bridge forward_delay 0 mcast_snooping 0
	on lan ip link set "br$net" up
done
# The wires of place_router are cut, and go to the two switches instead.
on relay ip link del above
on bridge ip link del server
on bridge ip link set lo up

plugged() { # ns, device, net, port
	wire "$1" "$2" lan "$4"
	on lan ip link set "$4" master "br$3"
}

plugged relay above 8 relay
plugged server eth0 9 server
for ns in bridge second; do
	plugged "$ns" clients 8 "$ns-8"
	plugged "$ns" server 9 "$ns-9"
done
router_addresses relay above 8.0.2
router_addresses server eth0 9.0.1
on relay ip route add default via 10.8.0.1
on server ip route add default via 10.9.0.2
# RFC 9568 5.2.9: the first address of a router for IPv6 is a link-local one, and that is what a route goes by.
on relay ip -6 route add default via fe80::8:1 dev above
on server ip -6 route add default via fe80::9:2 dev eth0

instance() { # name, interface, number, priority, address
	cat <<-EOT
	vrrp_instance $1 {
		version 3
		state BACKUP
		interface $2
		virtual_router_id $3
		priority $4
		advert_int 0.2
		virtual_ipaddress {
			$5 dev $2
		}
	}
	EOT
}

vrrp() { # ns, number, priority
	on "$1" ip address add "10.8.0.$2/24" dev clients
	on "$1" ip address add "10.9.0.$2/24" dev server
	on "$1" ip address add "2001:db8:8::$2/64" dev clients nodad
	on "$1" ip address add "2001:db8:9::$2/64" dev server nodad
	on "$1" ip route add 192.0.2.0/24 via 10.8.0.2
	on "$1" ip route add 198.51.100.0/24 via 10.8.0.2
	on "$1" ip -6 route add 2001:db8:1::/64 via 2001:db8:8::2
	on "$1" ip -6 route add 3000::/64 via 2001:db8:8::2
	{
		printf '%s\n' "vrrp_sync_group all {" "group {" down up down6 up6 "}" "}"
		instance down clients 8 "$3" 10.8.0.1/24
		instance up server 9 "$3" 10.9.0.2/24
		instance down6 clients 8 "$3" fe80::8:1/64
		instance up6 server 9 "$3" fe80::9:2/64
	} >"$WORK/$1.vrrp"
	spawn "$1" "vrrp-$1" keepalived -n -l -D -f "$WORK/$1.vrrp" -p "$WORK/$1.pid" -r "$WORK/$1.vpid" -c "$WORK/$1.cpid"
}

is_master() { # ns
	local address
	for address in 10.8.0.1/ 10.9.0.2/ fe80::8:1/ fe80::9:2/; do
		on "$1" ip -o address | grep -qF " $address" || return 1
	done
}

vrrp bridge 11 200
vrrp_pid=$pid
must "the first router is master" wait_for 8 is_master bridge
vrrp second 12 100
must "the relay agent" relay_start dnsmasq
must "Kea DHCPv4" kea 4
must "Kea DHCPv6" kea 6
must "divert" divert router clients server
must "the second divert" nsenter --net="/var/run/netns/$TAG-second" "$ROOT/scripts/divert" router clients server
place_config "$trusted_relays"
other_users
sed "s|\"control\".*|\"control\": \"$WORK/second.sock\"|; s|outcome.txt|second.txt|" "$WORK/usher.json" >"$WORK/second.json"
must "usher" usher_start
spawn second second "$USHER" run -c "$WORK/second.json"
must "the second usher" wait_for 5 grep -q ' runs: ' "$WORK/second.log"

says() { # case, family, machine, wanted, step
	local line name="DHCPv$2: $1"
	line=$(on client "$ROOT/tests/system/client.py" "$2" eth0 "$WORK/vrrp$2$3" "mac=0c:0e:0a:02:02:0$3" show=3 "$5" 2>&1)
	if [ "$(answer_of "$line")" = "$4" ] && clean "$line"; then ok "$name"; else fail "$name" "wanted $4, got $line"; fi
}

# All these clients are one machine, which has the address of the last ACK only.
holds() { # machine
	on client ip address replace "$(sed 's/.*"addr": "\([^"]*\)".*/\1/' "$WORK/vrrp4$1")/24" dev eth0
}

registered_mac=0c:0e:0a:02:02:03
first=([4]=discover [6]=solicit)
offered=([4]=offer [6]=advertise)
given=([4]=ack [6]=reply)
for f in 4 6; do
	says "an offer by the first" $f 1 "${offered[$f]}:R" "${first[$f]}"
	says "another" $f 2 "${offered[$f]}:R" "${first[$f]}"
	says "a lease by the first" $f 2 "${given[$f]}:R" request
	says "a third client has a lease" $f 3 "${offered[$f]}:R" "${first[$f]}"
	says "of the restricted subnet" $f 3 "${given[$f]}:R" request
	move_register $f $registered_mac
done
# The first router is gone at once: no farewell, both wires cut.
stop "$vrrp_pid" KILL
stop "$usher_pid" KILL
on lan ip link set bridge-8 down
on lan ip link set bridge-9 down
must "the second router is master" wait_for 8 is_master second
for f in 4 6; do
	says "offered by the first, acknowledged by the second" $f 1 "${given[$f]}:R" request
done
holds 2
says "renewed by the second" 4 2 ack:R renew
says "renewed by the second" 6 2 reply:R renew
holds 3
says "registered meanwhile, moved by the second" 4 3 nak:- renew
says "and given the open subnet" 4 3 offer:O discover
says "registered meanwhile, moved by the second" 6 3 reply:O/R renew
finish
