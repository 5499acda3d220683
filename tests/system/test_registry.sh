#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# An edit of the registry file, however it is made, is seen by the next packet; a bad one is not.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

need kea-dhcp4
need_usher
topology
must "Kea" kea 4
must "divert" divert bridge clients server
usher_config ""
other_users
must "usher" usher_start

user() { # attributes: the line of the client
	echo "{ \"type\": \"HW_ADDR\", \"id\": \"$CLIENT_MAC\"${1:+, $1} }"
}

# Every question is one packet, sent the moment the edit is done.
asked() { # case, pattern
	answers "$1" "$2" client ask4 eth0
}

complains() { # how often usher has named a place in the registry file
	grep -c 'registry.jsonl:[0-9]' "$WORK/usher.log"
}

open='addr=192\.0\.2\.'
restricted='addr=198\.51\.100\.'
file=$WORK/registry.jsonl
original=$(cat "$file")

asked "not in the file" "$restricted.*bootfile=server-default"

said=$(on client "$ROOT/tests/system/fresh.py" eth0 "$file" 100 192.0.2.)
check "a hundred additions, each seen by the packet right behind it" "$said" test "$said" = "edits=100 seen=100 unanswered=0"
registry_edit /02007800/d

register HW_ADDR "$CLIENT_MAC" '"bootfile": "appended"'
asked "appended" "$open.*bootfile=appended"

registry_edit s/appended/renamed/
asked "written aside and renamed over" "$open.*bootfile=renamed"

sed -i s/renamed/sed-edited/ "$file"
asked "edited with sed -i" "$open.*bootfile=sed-edited"

printf '%s\n%s\n' "$original" "$(user '"bootfile": "rewritten"')" >"$file"
asked "rewritten in place" "$open.*bootfile=rewritten"

printf '%s\n%s\n' "$original" "$(user '"bootfile": "rewritte2"')" >"$file"
asked "rewritten in place, same size" "$open.*bootfile=rewritte2"

cp "$file" "$WORK/aside"
touch -r "$file" "$WORK/aside"
sed s/rewritte2/rewritte3/ "$WORK/aside" >"$file"
touch -r "$WORK/aside" "$file"
asked "rewritten in place, same size and time" "$open.*bootfile=rewritte3"

registry_edit s/rewritte3//
asked "an empty value leaves the server's" "$open.*bootfile=server-default"

registry_edit 's/""/"good"/'
asked "a good file to fall back to" "$open.*bootfile=good"
before=$(complains)
echo '{ "type": "HW_ADDR", "id": ' >>"$file"
asked "broken line: the last good registry stays" "$open.*bootfile=good"
check "broken line: the log names the place" "$(tail -n 3 "$WORK/usher.log")" test "$(complains)" -gt "$before"
registry_edit s/good/unseen/
asked "broken line, edited elsewhere: still the last good one" "$open.*bootfile=good"
registry_edit "\$d"
asked "mended" "$open.*bootfile=unseen"

registry_edit "$ a\\{ \"type\": \"BOGUS\", \"id\": \"01\" }"
asked "unknown type: the last good registry stays" "$open.*bootfile=unseen"
registry_edit "\$d"

mv "$file" "$file.away"
asked "file gone: the last good registry stays" "$open.*bootfile=unseen"
sed s/unseen/returned/ "$file.away" >"$file"
asked "file back" "$open.*bootfile=returned"

: >"$file"
asked "file empty: the last good registry stays" "$open.*bootfile=returned"

printf '# a comment\n\n%s\n%s\n' "$original" "$(user '"bootfile": "comments"')" >"$file"
asked "comments and empty lines" "$open.*bootfile=comments"

printf '%s\n' "$original" >"$file"
asked "taken out" "$restricted.*bootfile=server-default"

# Edit and question in turn, as fast as it goes.
wrong=0
for i in $(seq 30); do
	printf '%s\n%s\n' "$original" "$(user "\"bootfile\": \"turn-$i\"")" >"$file.new"
	mv "$file.new" "$file"
	[[ $(dhcp client ask4 eth0) =~ $open.*bootfile=turn-$i\  ]] || wrong=$((wrong + 1))
done
check "thirty edits, thirty answers" "$wrong were wrong" test "$wrong" = 0
finish
