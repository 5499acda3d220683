#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Clients that move from one subnet to the other while they hold a lease, with Kea.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=servers.sh
. "$(dirname "$0")/servers.sh"
# shellcheck source=moves.sh
. "$(dirname "$0")/moves.sh"

need kea-dhcp4 kea-dhcp6 udhcpc dhclient
moves kea
