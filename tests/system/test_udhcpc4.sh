#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# udhcpc, DHCPv4: a lease, and what the registry makes of it.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=story.sh
. "$(dirname "$0")/story.sh"

need kea-dhcp4 udhcpc
story udhcpc4 4
