#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A part of the matrix of clients, servers and places: each server once, each place once. "make check-matrix" runs all.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

need_usher
MATRIX_PAIRS="bridge:kea router:isc host:dnsmasq" "$ROOT/tests/system/matrix.sh" all >"$WORK/matrix.md" 2>"$WORK/matrix.log"
header=
while IFS= read -r line; do
	case $line in
	'| client |'*) header=$line ;;
	'## '*) family=${line#\#\# } ;;
	'| '*works* | '| '*FAIL* | '| '*'NOT RUN'*)
		IFS='|' read -ra cells <<<"$line"
		IFS='|' read -ra names <<<"$header"
		for i in 3 4 5; do
			name="$family,$(echo "${cells[1]},${cells[2]}" at "${names[i]}" | tr -s ' ')"
			case ${cells[i]} in
			' works '*) ok "$name" ;;
			*FAIL* | *'NOT RUN'*) fail "$name" "${cells[i]}" ;;
			esac
		done
		;;
	esac
done <"$WORK/matrix.md"
[ "$passed" -gt 0 ] || fail matrix "it is empty"
finish
