#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What a client can be recognised by, with dnsmasq, which does not echo a client identifier.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=servers.sh
. "$(dirname "$0")/servers.sh"
# shellcheck source=identity.sh
. "$(dirname "$0")/identity.sh"

need dnsmasq
identities dnsmasq
