#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A server that reads raw sockets, on usher's own host, in the namespace that "divert host-netns" makes.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=servers.sh
. "$(dirname "$0")/servers.sh"
# shellcheck source=moves.sh
. "$(dirname "$0")/moves.sh"
# shellcheck source=places.sh
. "$(dirname "$0")/places.sh"

need kea-dhcp4 kea-dhcp6
need_usher
must "br_netfilter in this kernel" load_br_netfilter
must "divert host-netns" place_netns
place_config ""
other_users
must "usher" usher_start
must "Kea DHCPv4" kea 4
must "Kea DHCPv6" kea 6
machine=0
table 4 <<'EOT'
Kea raw: a lease, renewed, rebound, released | discover>offer:R request>ack:R renew>ack:R rebind>ack:R release>sent | granted:R renewed:R renewed:R released:R
Kea raw: registered while bound              | discover>offer:R request>ack:R + renew>nak:- discover>offer:O request>ack:O renew>ack:O | granted:R moved:R granted:O renewed:O
Kea raw: unregistered while bound            | + discover>offer:O request>ack:O - renew>nak:- discover>offer:R | granted:O moved:O
EOT
table 6 <<'EOT'
Kea: a lease, renewed, released | solicit>advertise:R request>reply:R renew>reply:R release>reply:- | granted:R renewed:R released:R
Kea: registered while bound     | solicit>advertise:R request>reply:R + renew>reply:O/R renew>reply:O | granted:R moved:R granted:O renewed:O
EOT
check "usher does not take it for a server in its own namespace" "$(cat "$WORK/usher.log")" \
	test "$(grep -c 'packet socket' "$WORK/usher.log")" = 0
check "while the server runs nothing is taken away" "$(cat "$WORK/divert.log")" \
	grep -q 'stop them first' <(divert remove)
finish
