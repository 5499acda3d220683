#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# usher exporter: metrics and health over HTTP from a process without privileges, and the web page before real leases, in a
# headless Chromium if there is one. The dashboard and the alert rules, before what it serves.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

need kea-dhcp4 udhcpc python3 promtool curl
need_usher
topology
must "Kea" kea 4
must "divert" divert bridge clients server
cd "$WORK" || exit 1
chmod 711 "$WORK"
GROUP=daemon			# of socket and records, as the package's is usher
AT=127.0.0.1:9567
usher_config "\"control_group\": \"$GROUP\", \"rules\": [
	{ \"when\": { \"registered\": true }, \"subnet\": \"open\" }, { \"subnet\": \"restricted\" } ],"
sed -i "s,\"outcome\": {,& \"json_file\": \"$WORK/outcome.json\"\,," usher.json
echo '# nobody yet' >registry.jsonl
must "usher" usher_start
chgrp "$GROUP" outcome.json && chmod 640 outcome.json
echo "a token of enough letters" >token
chmod 600 token

exporter() { # argument...
	spawn bridge exporter "$USHER" exporter -c "$WORK/usher.json" --listen "$AT" "$@"
	exporter_pid=$pid
	wait_for 5 page health >/dev/null 2>&1
}

# page PATH [curl argument...]: from the exporter, also of another status than 200.
page() {
	local path=$1
	shift
	on bridge curl -sS --max-time 5 "$@" "http://$AT/$path"
}

# try PATTERN PATH [curl argument...]: what comes matches.
try() {
	local pattern=$1
	shift
	page "$@" >answer 2>&1
	grep -q -- "$pattern" answer
}

# tries SECONDS CASE PATTERN PATH [curl argument...]: as a case, until then.
tries() {
	local seconds=$1 name=$2
	shift 2
	if wait_for "$seconds" try "$@"; then
		ok "$name"
	else
		fail "$name" "wanted '$1', got: $(head -c 400 answer)"
	fi
}

status_field() { # pid, name
	sed -n "s/^$2:\t//p" "/proc/$1/status"
}

must "the exporter" exporter --allow-register --token-file "$WORK/token"

# --- privileges ----------------------------------------------------------------------------------------------------

check "it is nobody" "$(status_field "$exporter_pid" Uid)" \
	test "$(status_field "$exporter_pid" Uid)" = "$(printf '65534\t65534\t65534\t65534')"
check "it has one group, that of the socket" "$(status_field "$exporter_pid" Groups)" \
	test "$(status_field "$exporter_pid" Groups | tr -d ' ')" = "$(getent group "$GROUP" | cut -d: -f3)"
check "it has no capability" "$(grep Cap "/proc/$exporter_pid/status")" \
	test "$(cat <(status_field "$exporter_pid" CapPrm) <(status_field "$exporter_pid" CapEff) | sort -u)" = 0000000000000000
check "it can get none" "$(status_field "$exporter_pid" NoNewPrivs)" test "$(status_field "$exporter_pid" NoNewPrivs)" = 1
only_registrar() { # the one child has nothing of the exporter's but what it needs
	[ "$(pgrep -P "$exporter_pid" | wc -l)" = 1 ] && ! on bridge ss -Hltnp "sport = :9567" | grep -q usher-registrar
}
check "the registrar does not listen" "$(on bridge ss -Hltnp)" only_registrar

# --- metrics -------------------------------------------------------------------------------------------------------

well_formed() {
	page metrics >served
	on bridge promtool check metrics <served >promtool.log 2>&1
}
if well_formed; then ok "the metrics are well formed"; else fail "the metrics are well formed" "$(cat promtool.log)"; fi
check "usher_up is 1" "$(head -3 served)" grep -qx 'usher_up 1' served
tries 0 "healthy" '^ok$' health
check "the alert rules load" "promtool says why above" promtool check rules "$ROOT/packaging/alerts.yml"
sed "s,RULES,$ROOT/packaging/alerts.yml," "$ROOT/tests/system/alerts.yml" >alerts.yml
check "they fire when they should, and not else" "promtool says why above" promtool test rules alerts.yml

# Names that a file of queries uses and the exporter does not serve.
unknown_names() { # file
	grep -oE '\busher_[a-z_]+' "$1" | sed -E 's/_(bucket|sum|count)$//' | sort -u |
		grep -vxFf <(sed -n 's/^# TYPE \([^ ]*\) .*/\1/p' served)
}
known_names() { # file
	[ -z "$(unknown_names "$1")" ]
}
check "every metric of the alert rules is served" "$(unknown_names "$ROOT/packaging/alerts.yml")" known_names "$ROOT/packaging/alerts.yml"
check "every metric of the dashboard is served" "$(unknown_names "$ROOT/packaging/grafana.json")" known_names "$ROOT/packaging/grafana.json"
check "the dashboard is JSON with panels" "it is not" python3 -c \
	'import json, sys; assert len(json.load(open(sys.argv[1]))["panels"]) > 5' "$ROOT/packaging/grafana.json"
queries_parse() { # each query of the dashboard as a rule
	python3 - "$ROOT/packaging/grafana.json" >queries.yml <<-'EOT'
	import json, sys
	print("groups:\n - name: x\n   rules:")
	for i, t in enumerate(t for p in json.load(open(sys.argv[1]))["panels"] for t in p["targets"]):
	    print(f"    - record: x:{i}\n      expr: {json.dumps(t['expr'].replace('$__rate_interval', '5m'))}")
	EOT
	promtool check rules queries.yml >queries.log 2>&1
}
check "every query of the dashboard parses" "$(cat queries.log 2>/dev/null)" queries_parse

# --- HTTP ----------------------------------------------------------------------------------------------------------

page "" -D headers >/dev/null
check "nothing is loaded from elsewhere" "$(cat headers)" \
	grep -qi "^Content-Security-Policy: default-src 'none'; script-src 'self';.*frame-ancestors 'none'" headers
tries 0 "an unknown path is 404" 404 nothing -o /dev/null -w '%{http_code}'
tries 0 "a path upwards is 404" 404 '../etc/passwd' --path-as-is -o /dev/null -w '%{http_code}'
tries 0 "a head that is too long is refused" '4[0-9][0-9]' "?$(printf 'x%.0s' {1..60000})" -o /dev/null -w '%{http_code}'
tries 0 "to register without a token is 401" 401 api/register -d 0c0e0a01ff04 -o /dev/null -w '%{http_code}'
tries 0 "with a wrong one it is 403" 403 api/register -H 'Authorization: Bearer wrong' -d 0c0e0a01ff04 -w '%{http_code}'
check "and nobody was registered" "$(cat registry.jsonl)" test "$(wc -l <registry.jsonl)" = 1
hangers() { # connections that say nothing, more than there is room for, and then for as long as they are let
	local i fd
	for i in {1..80}; do
		exec {fd}<>/dev/tcp/127.0.0.1/9567 || break
	done 2>/dev/null
	sleep 7
}
on bridge bash -c "$(declare -f hangers); hangers" &
hangers=$!
second=$(on bridge timeout 5 "$USHER" exporter -c "$WORK/usher.json" --listen "$AT" 2>&1)
check "a taken port is said, with the remedy" "status $?: $second" grep -q "another program listens there: .*ss -ltnp" <<<"$second"

wait $hangers
tries 5 "it serves after eighty clients that said nothing" '^ok$' health

# --- the page ------------------------------------------------------------------------------------------------------

udhcpc4 client
udhcpc=$pid
expect "a stranger gets a lease" client 4 'addr=198\.51\.100\.'
tries 3 "its record is served" "\"id\":\"$CLIENT_MAC\".*\"registered\":false" api/outcomes
tries 0 "it is found by its MAC, written otherwise" "$CLIENT_MAC" "api/outcomes?q=${CLIENT_MAC//:/-}"
tries 0 "what does not match is not found" '"records":\[\]' "api/outcomes?q=nobody"
tries 0 "so it is by its address" "$CLIENT_MAC" "api/outcomes?q=198.51.100.1"
echo '{"time":"2026-01-01T00:00:00Z","event":"granted","family":6,"id_type":"DUID","id":"00:03:00:01:0a:0b:0c:0d:0e:0f","registered":true,"address":"2001:db8:1::1ab"}' >>outcome.json
tries 3 "a DHCPv6 client by its DUID" '2001:db8:1::1ab' "api/outcomes?q=000300010A0B0C0D"
tries 0 "and by its address" '0a:0b:0c:0d:0e:0f' "api/outcomes?q=2001:db8:1::1a"
# What nobody should ever write there. The page must show it as it is.
echo '{"time":"2026-01-01T00:00:00Z","event":"<b>x</b>","id_type":"DUID","id":"<img src=x onerror=alert(1)>","registered":false,"subnet":"<script>alert(2)</script>"}' >>outcome.json

browse() {
	# shellcheck disable=SC2016 # for the page
	on bridge env HOME="$WORK" python3 "$ROOT/tests/system/browser.py" "$(command -v chromium)" "$WORK/profile" "http://$AT/" >browser.log 2>&1 <<-EOT
	size 1280 900
	wait document.getElementById("state").textContent === "running"
	wait document.querySelectorAll("#leases tr").length >= 2
	wait document.querySelectorAll("#tiles .tile").length >= 6
	wait document.getElementById("strangers").textContent.includes("$CLIENT_MAC")
	wait document.getElementById("leases").textContent.includes("<img src=x onerror=alert(1)>")
	print "markup: " + document.querySelectorAll("main img, main script, main b:not(.tile b)").length
	run document.getElementById("search").value = "0C-0E-0A"
	run document.getElementById("search").dispatchEvent(new Event("input"))
	wait [...document.querySelectorAll("#leases tr")].every((r) => r.textContent.includes("$CLIENT_MAC"))
	wait document.querySelectorAll("#leases tr").length >= 1 && document.getElementById("strangers").rows.length === 1
	run document.getElementById("search").value = ""
	run document.getElementById("search").dispatchEvent(new Event("input"))
	run document.querySelector("button[data-id='HW_ADDR=$CLIENT_MAC']").click()
	wait document.getElementById("ask").open
	run document.getElementById("ask-token").value = "not the token at all"
	run document.getElementById("ask-form").requestSubmit()
	wait !document.getElementById("ask-trouble").hidden && document.getElementById("ask").open
	print "wrong token: " + document.getElementById("ask-trouble").textContent
	run document.getElementById("ask-token").value = "a token of enough letters"
	run document.getElementById("ask-form").requestSubmit()
	wait document.getElementById("strangers").textContent.includes("registered")
	wait document.querySelector("#chart .rate")
	shot $WORK/page.png
	print "resources: " + performance.getEntriesByType("resource").filter((r) => !r.name.startsWith(location.origin)).length
	EOT
}

if command -v chromium >/dev/null; then
	browse
	browsed=$?
	check "the page in a browser: leases, strangers, search, a click that registers" "$(cat browser.log)" test $browsed = 0
	check "what a client might write is text" "$(cat browser.log)" grep -qx 'markup: 0' browser.log
	check "a wrong token is told" "$(cat browser.log)" grep -q 'wrong token: the token is wrong' browser.log
	check "nothing came from elsewhere" "$(cat browser.log)" grep -qx 'resources: 0' browser.log
	check "the browser found no fault" "$(grep console: browser.log)" \
		test "$(grep console: browser.log | grep -vc '403 (Forbidden)')" = 0
	[ -z "${SCREENSHOT:-}" ] || cp page.png "$SCREENSHOT"
else
	skip "the page in a browser" "no chromium: scripts/install-deps package"
	page api/register -H 'Authorization: Bearer a token of enough letters' -d "HW_ADDR=$CLIENT_MAC" >/dev/null
fi
check "the click is a line of the registry" "$(cat registry.jsonl)" grep -q "\"id\": \"$CLIENT_MAC\"" registry.jsonl
check "the registry's mode is as it was" "$(ls -l registry.jsonl)" test "$(stat -c %a registry.jsonl)" = 644
kill -USR1 "$udhcpc"		# renew now
expect "the client is in the open subnet with its next exchange" client 4 'addr=192\.0\.2\.'

# --- no daemon -----------------------------------------------------------------------------------------------------

stop "$usher_pid"
tries 0 "without a daemon usher_up is 0" '^usher_up 0$' metrics
tries 0 "and it is not healthy, and says why" 'no daemon listens on .*usher.sock' health
tries 0 "by its status, too" 503 health -o /dev/null -w '%{http_code}'
children=$(pgrep -P "$exporter_pid")
check "TERM ends it" "it goes on" stop "$exporter_pid"
check "and the registrar with it" "it goes on" wait_for 2 gone "$children"
on bridge timeout 5 "$USHER" exporter -c "$WORK/usher.json" --allow-register >answer 2>&1
check "to register needs a token" "$(cat answer)" grep -q 'belong together' answer
finish
