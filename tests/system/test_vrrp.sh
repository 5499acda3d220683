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

need kea-dhcp4 keepalived dnsmasq
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

vrrp() { # ns, number, priority
	on "$1" ip address add "10.8.0.$2/24" dev clients
	on "$1" ip address add "10.9.0.$2/24" dev server
	on "$1" ip route add 192.0.2.0/24 via 10.8.0.2
	on "$1" ip route add 198.51.100.0/24 via 10.8.0.2
	cat >"$WORK/$1.vrrp" <<-EOT
	global_defs { vrrp_garp_master_delay 0 }
	vrrp_sync_group both { group { down up } }
	vrrp_instance down { state BACKUP interface clients virtual_router_id 8 priority $3 advert_int 0.2
		virtual_ipaddress { 10.8.0.1/24 dev clients
		} }
	vrrp_instance up { state BACKUP interface server virtual_router_id 9 priority $3 advert_int 0.2
		virtual_ipaddress { 10.9.0.2/24 dev server
		} }
	EOT
	sed -i 's/{ \([a-z]\)/{\n\1/g; s/ \(interface\|virtual_router_id\|priority\|advert_int\) /\n\1 /g; s/ }/\n}/g' "$WORK/$1.vrrp"
	spawn "$1" "vrrp-$1" keepalived -n -l -D -f "$WORK/$1.vrrp" -p "$WORK/$1.pid" -r "$WORK/$1.vpid" -c "$WORK/$1.cpid"
}

is_master() { # ns
	on "$1" ip -o address | grep -q '10\.8\.0\.1/' && on "$1" ip -o address | grep -q '10\.9\.0\.2/'
}

vrrp bridge 11 200
vrrp_pid=$pid
must "the first router is master" wait_for 8 is_master bridge
vrrp second 12 100
must "the relay agent" relay_start dnsmasq
must "Kea DHCPv4" kea 4
must "divert" divert router clients server
must "the second divert" nsenter --net="/var/run/netns/$TAG-second" "$ROOT/scripts/divert" router clients server
place_config "$trusted_relays"
other_users
sed "s|\"control\".*|\"control\": \"$WORK/second.sock\"|; s|outcome.txt|second.txt|" "$WORK/usher.json" >"$WORK/second.json"
must "usher" usher_start
spawn second second "$USHER" run -c "$WORK/second.json"
must "the second usher" wait_for 5 grep -q ' runs: ' "$WORK/second.log"

says() { # case, machine, wanted, step
	local line
	line=$(on client "$ROOT/tests/system/client.py" 4 eth0 "$WORK/vrrp$2" "mac=0c:0e:0a:02:02:0$2" show=3 "$4" 2>&1)
	if [ "$(answer_of "$line")" = "$3" ] && clean "$line"; then ok "$1"; else fail "$1" "wanted $3, got $line"; fi
}

# All these clients are one machine, which has the address of the last ACK only.
holds() { # machine
	on client ip address replace "$(sed 's/.*"addr": "\([^"]*\)".*/\1/' "$WORK/vrrp$1")/24" dev eth0
}

says "an offer by the first" 1 offer:R discover
says "another" 2 offer:R discover
says "a lease by the first" 2 ack:R request
registered_mac=0c:0e:0a:02:02:03
says "a third client has a lease" 3 offer:R discover
says "of the restricted subnet" 3 ack:R request
register HW_ADDR $registered_mac
# The first router is gone at once: no farewell, both wires cut.
stop "$vrrp_pid" KILL
stop "$usher_pid" KILL
on lan ip link set bridge-8 down
on lan ip link set bridge-9 down
must "the second router is master" wait_for 8 is_master second
says "offered by the first, acknowledged by the second" 1 ack:R request
holds 2
says "renewed by the second" 2 ack:R renew
holds 3
says "registered meanwhile, moved by the second" 3 nak:- renew
says "and given the open subnet" 3 offer:O discover
finish
