#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What a client can be recognised by, with ISC dhcpd, which echoes none either.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=servers.sh
. "$(dirname "$0")/servers.sh"
# shellcheck source=identity.sh
. "$(dirname "$0")/identity.sh"

need dhcpd
identities isc
