#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# busybox udhcpd, which has one subnet and gives no option 82 back: it cannot be steered, but its answers get their users'
# options, and nobody gets an address that the rules do not give him.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

need busybox udhcpc dhclient
busybox udhcpd --help >/dev/null 2>&1 || skip_all "this busybox has no udhcpd"
need_usher
topology
on server ip address del 198.51.100.1/24 dev eth0
must "divert" divert bridge clients server
cat >"$WORK/udhcpd.conf" <<EOT
start 192.0.2.100
end 192.0.2.199
interface eth0
lease_file $WORK/udhcpd.leases
pidfile $WORK/udhcpd.pid
option subnet 255.255.255.0
option router 192.0.2.1
option lease 60
option bootfile server-default
option tftp tftp.server.example
EOT
: >"$WORK/udhcpd.leases"
private_copy busybox
spawn server udhcpd "$WORK/bin/busybox" udhcpd -f -a 100 "$WORK/udhcpd.conf"
must "udhcpd" wait_for 5 grep -q started "$WORK/udhcpd.log"
usher_config '"server": "udhcpd", "rules": [ { "subnet": "server" } ],'
other_users
must "usher" usher_start
capture client eth0 client
capture server eth0 server

udhcpc4 client
client_pid=$pid
expect "not registered: as the server says" client 4 'addr=192.0.2.1.*bootfile=server-default tftp=tftp.server.example'
register HW_ADDR "$CLIENT_MAC" '"bootfile": "user.boot", "tftp_server": "192.0.2.69"'
sleep 0.5 # on a busy machine reading takes longer than refresh_wait_ms; that is not what is tested here
kill -USR1 "$client_pid"
expect "registered: the user's options from the next renewal on" client 4 'addr=192.0.2.1.*bootfile=user.boot tftp=192.0.2.69'
kill -USR2 "$client_pid"
stop "$client_pid" KILL
dhclient4 client
client_pid=$pid
expect "dhclient too" client 4 'BOUND.*addr=192.0.2.1.*bootfile=user.boot tftp=192.0.2.69'
stop "$client_pid" KILL
captures_end
check "both are recorded" "$(outcome_history HW_ADDR)" test "$(outcome_history HW_ADDR | grep -c '192.0.2.1.* no;192.0.2.1.* yes;')" = 1
seen() { # capture, pattern
	"$ROOT/tests/system/dhcp.py" dump "$WORK/$1.pcap" | grep -c -- "$2"
}
check "the server is told no subnet" "it is" test "$(seen server 'codes=.*118')$(seen server ' 82=05')" = 00
check "nothing of ours reaches the client" "it does" test "$(seen client '^\(offer\|ack\).* 82=')$(seen client 'codes=.*118')" = 00

# By the default rules he belongs into a subnet that this server does not have.
registry_edit "/HW_ADDR.*$CLIENT_MAC/d"
usher_config '"server": "udhcpd",'
kill -HUP "$usher_pid"
sleep 0.5
answers "an address that the rules do not give is not given" '^nothing' client ask4 eth0 wait=2
finish
