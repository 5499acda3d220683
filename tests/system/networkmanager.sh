# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# NetworkManager as a client, and the cable that it wants. Sourced after lib.sh.

# Room for more machines on the wire of the client's eth0, which afterwards is one of them.
hub() {
	[ ! -e "$WORK/hub" ] || return 0
	: >"$WORK/hub"
	on client ip link set eth0 down
	on client ip link set eth0 name uplink address 02:00:00:00:00:01 up
	on client ip link add hub type bridge forward_delay 0 mcast_snooping 0
	on client ip link set hub arp off up # every address of the client is answered for, once
	wire client p-client client eth0
	on client ip link set eth0 down address "$CLIENT_MAC" up
	on client ip link set uplink master hub
	on client ip link set p-client master hub
}

# One more machine there, with a real cable: NetworkManager takes no macvlan for an Ethernet.
machine_on_hub() { # ns, mac
	hub
	add_ns "$1"
	wire client "p-$1" "$1" eth0
	on client ip link set "p-$1" master hub
	on "$1" ip link set eth0 down address "$2" up
}

# NetworkManager with a D-Bus of its own, which is in its network namespace as well, so that nmcli finds it by nm_bus. /run and
# its folders are its own, and with /sys read-only it does not wait for udev.
nm_bus() { # ns
	echo "unix:abstract=$TAG-$1"
}

nm_files() { # ns, internal|dhclient, family
	local other=6
	[ "$3" = 4 ] || other=4
	cat >"$WORK/$1.bus" <<-EOT
	<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
		"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
	<busconfig><type>system</type><listen>$(nm_bus "$1")</listen><auth>EXTERNAL</auth><policy context="default">
		<allow user="*"/><allow own="*"/><allow send_type="method_call"/><allow send_destination="*"/><allow receive_sender="*"/>
	</policy></busconfig>
	EOT
	printf '[main]\nplugins=keyfile\ndhcp=%s\ndns=none\nhostname-mode=none\nauth-polkit=false\n[logging]\nlevel=INFO\n' "$2" >"$WORK/$1.nm"
	printf '[connection]\nid=c\ntype=ethernet\ninterface-name=eth0\n[ipv%s]\n%b[ipv%s]\nmethod=disabled\n' \
		"$3" "$4" "$other" >"$WORK/$1.nmconnection"
	chmod 600 "$WORK/$1.nmconnection"
}

nm_any() { # ns, internal|dhclient, family, the lines of its section
	nm_files "$@"
	# shellcheck disable=SC2016 # for the inner shell
	spawn "$1" "$1.nm" unshare --uts --mount env DBUS_SYSTEM_BUS_ADDRESS="$(nm_bus "$1")" sh -c 'for folder in /run \
		/etc/NetworkManager /var/lib/NetworkManager; do mount -t tmpfs none $folder || exit; done
		mkdir -p /run/NetworkManager /etc/NetworkManager/system-connections /etc/NetworkManager/conf.d
		cp "$1.nmconnection" /etc/NetworkManager/system-connections/ && mount -o remount,ro /sys &&
		{ dbus-daemon --config-file="$1.bus" --nofork --nopidfile & } && sleep 0.3 &&
		exec NetworkManager --debug --config="$1.nm" --state-file=/run/nm.state --pid-file=/run/nm.pid' sh "$WORK/$1"
}

nm4() { # ns [dhclient]
	nm_any "$1" "${2:-internal}" 4 'method=auto\ndhcp-client-id=mac\ndhcp-timeout=60\n'
}

nm6() { # ns [dhclient]; asks although no router tells it to
	nm_any "$1" "${2:-internal}" 6 'method=dhcp\ndhcp-duid=ll\ndhcp-timeout=60\n'
}

nmcli_in() { # ns, argument...
	on "$1" env DBUS_SYSTEM_BUS_ADDRESS="$(nm_bus "$1")" nmcli "${@:2}"
}
