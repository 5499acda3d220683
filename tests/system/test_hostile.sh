#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Packets no client sends: none is edited wrongly, none stops usher. The tables are in dhcp.py.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

need_usher
topology
must "divert" divert bridge clients server
usher_config ""
other_users
must "usher" usher_start

judge() { # family
	local verdict case why
	capture server eth0 "hostile$1"
	dhcp client "hostile$1" eth0
	captures_end
	while IFS=$'\t' read -r verdict case why; do
		if [ "$verdict" = ok ]; then ok "DHCPv$1: $case"; else fail "DHCPv$1: $case" "$why"; fi
	done < <("$ROOT/tests/system/dhcp.py" "judge$1" "$WORK/hostile$1.pcap")
	check "DHCPv$1: usher still runs" "$(tail -n 3 "$WORK/usher.log")" kill -0 "$usher_pid"
}

judge 4
judge 6
finish
