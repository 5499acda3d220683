// SPDX-License-Identifier: GPL-2.0-or-later
// The page of usher exporter. Everything shown is set as text, never as markup: names, ids and options come from
// clients of the network. Nothing is loaded from elsewhere.
"use strict";

const SHOWN = 300;		// rows of a table
const $ = (id) => document.getElementById(id);
const view = {
	next: 0, search: "", rows: [], clients: new Map(), registering: false, done: new Set(), history: null,
	last: null, turn: 0,
};

function element(tag, className, text) {
	const e = document.createElement(tag);
	if (className) e.className = className;
	if (text !== undefined) e.textContent = text;
	return e;
}

function cell(row, text, className) {
	row.append(element("td", className, text));
	return row.lastChild;
}

async function get(path) {
	const answer = await fetch(path, { cache: "no-store" });
	if (!answer.ok) throw new Error(`${path}: ${(await answer.text()).trim()}`);
	return answer.json();
}

function say(text) {
	$("trouble").textContent = text;
	$("trouble").hidden = text === "";
}

// --- what the daemon says ----------------------------------------------------------------------

// Prometheus text: name -> sum over all labels, and name{label="value"} -> sum over the other labels.
function sums(text) {
	const result = new Map();
	const add = (key, n) => result.set(key, (result.get(key) || 0) + n);
	for (const line of text.split("\n")) {
		const m = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[^"}]|"(?:[^"\\]|\\.)*")*)\})? (\S+)/.exec(line);
		if (!m) continue;
		add(m[1], Number(m[3]));
		for (const label of (m[2] || "").match(/[a-z_]+="(?:[^"\\]|\\.)*"/g) || []) add(`${m[1]}{${label}}`, Number(m[3]));
	}
	return result;
}

function short(n) {
	if (!Number.isFinite(n)) return "–";
	if (n !== 0 && Math.abs(n) < 10 && !Number.isInteger(n)) return n.toFixed(1);
	if (Math.abs(n) >= 1e9) return (n / 1e9).toFixed(1) + " G";
	if (Math.abs(n) >= 1e6) return (n / 1e6).toFixed(1) + " M";
	return Math.round(n).toLocaleString("en");
}

function duration(s) {
	if (!Number.isFinite(s)) return "–";
	if (s < 120) return `${Math.round(s)} s`;
	if (s < 7200) return `${Math.round(s / 60)} min`;
	if (s < 172800) return `${Math.round(s / 3600)} h`;
	return `${Math.round(s / 86400)} days`;
}

const TILES = [
	["Users in the registry", (m) => short(m.get("usher_registry_users"))],
	["Packets a second", (m, rate) => short(rate("usher_packets_total"))],
	["Packets", (m) => short(m.get("usher_packets_total"))],
	["Dropped", (m) => short(m.get("usher_dropped_packets_total"))],
	["Leases granted", (m) => short(m.get('usher_leases_total{event="granted"}'))],
	["Leases renewed", (m) => short(m.get('usher_leases_total{event="renewed"}'))],
	["Up for", (m) => duration(m.get("usher_uptime_seconds"))],
];

function showTiles(metrics) {
	const now = { at: performance.now() / 1000, m: sums(metrics) };
	const before = view.last;
	const rate = (name) => before && now.at > before.at ?
		Math.max(0, now.m.get(name) - before.m.get(name)) / (now.at - before.at) : NaN;
	const tiles = [];
	for (const [label, value] of TILES) {
		const tile = element("div", "tile");
		tile.append(element("b", "", value(now.m, rate)), element("span", "quiet", label));
		tiles.push(tile);
	}
	$("tiles").replaceChildren(...tiles);
	view.last = now;
}

// As the daemon itself warns: five queries and half a minute.
function silent(m) {
	return ["4", "6"].filter((family) => m.get(`usher_unanswered_queries{family="${family}"}`) >= 5 &&
		m.get(`usher_unanswered_seconds{family="${family}"}`) >= 30)
		.map((family) => `No DHCPv${family} server answers`);
}

async function showState() {
	const s = await get("api/state");
	const m = sums(s.metrics), paused = m.get("usher_paused") === 1;
	$("state").textContent = !s.up ? "no answer" : paused ? "paused" : "running";
	$("state").className = s.up && !paused ? "pill up" : "pill down";
	$("version").textContent = s.version;
	if (view.registering !== s.register) {
		view.registering = s.register;
		showStrangers();
	}
	showTiles(s.metrics);
	say([s.error, ...silent(m), s.outcome_error ? `No leases to show: ${s.outcome ? s.outcome + ": " : ""}${s.outcome_error}` : ""]
		.filter(Boolean).join(" · "));
}

// --- counters over time ------------------------------------------------------------------------

function svg(tag, attributes) {
	const e = document.createElementNS("http://www.w3.org/2000/svg", tag);
	for (const [name, value] of Object.entries(attributes)) e.setAttribute(name, value);
	return e;
}

// Counters begin anew when the daemon does: what would be negative is no rate.
function ratesOf(history, column) {
	const points = [];
	for (let i = 1; i < history.samples.length; i++) {
		const a = history.samples[i - 1], b = history.samples[i];
		if (a[column] === null || b[column] === null || b[column] < a[column] || b[0] <= a[0]) continue;
		points.push([b[0], (b[column] - a[column]) / (b[0] - a[0])]);
	}
	return points;
}

function showCounters(history) {
	const wanted = $("counter").value || "usher_packets_total";
	const names = [...$("counter").options].map((o) => o.value);
	if (names.join() === history.names.join()) return;
	$("counter").replaceChildren(...history.names.map((name) => {
		const o = element("option", "", name.replace(/^usher_/, "").replace(/_total$/, "").replaceAll("_", " "));
		o.value = name;
		return o;
	}));
	if (history.names.includes(wanted)) $("counter").value = wanted;
}

function showChart() {
	const history = view.history;
	if (!history) return;
	showCounters(history);
	const points = ratesOf(history, 1 + history.names.indexOf($("counter").value));
	const parts = [0.25, 0.5, 0.75].map((y) => svg("line", { class: "grid", x1: 0, x2: 960, y1: 200 * y, y2: 200 * y }));
	if (points.length > 1) {
		const from = points[0][0], span = points[points.length - 1][0] - from || 1;
		const top = Math.max(...points.map((p) => p[1])) * 1.1 || 1;
		const path = points.map(([t, v]) => `${(960 * (t - from) / span).toFixed(1)},${(198 - 190 * v / top).toFixed(1)}`).join(" L");
		parts.push(svg("path", { class: "under", d: `M0,200 L${path} L960,200 Z` }), svg("path", { class: "rate", d: `M${path}` }));
		$("chart-from").textContent = `${duration(span)} ago`;
		$("chart-now").textContent = `${short(points[points.length - 1][1])} a second, at most ${short(top / 1.1)}`;
	} else {
		$("chart-now").textContent = "being measured …";
	}
	$("chart").replaceChildren(...parts);
}

// --- leases ------------------------------------------------------------------------------------

const BADGES = {
	granted: "good", renewed: "plain", offered: "plain", moved: "warn", refused: "bad", declined: "bad", released: "", gap: "bad",
};

function addressOf(r) {
	if (r.prefix !== undefined) return `${r.prefix}/${r.prefix_len}`;
	return r.address === undefined ? "" : String(r.address);
}

function keyOf(r) {
	return `${r.id_type}=${r.id}`;
}

function timeOf(r) {
	const t = new Date(r.time);
	return Number.isNaN(t.getTime()) ? String(r.time) : t.toLocaleTimeString("en-GB", { hour12: false });
}

function rowOf(r, fresh) {
	const row = element("tr", fresh ? "fresh" : "");
	cell(row, timeOf(r)).title = String(r.time);
	cell(row).append(element("span", `badge ${BADGES[r.event] || ""}`, String(r.event)));
	const client = cell(row, r.event === "gap" ? `${r.lost} records were lost` : String(r.id ?? ""), "mono wide");
	client.title = String(r.id_type || "");
	cell(row, addressOf(r), "mono");
	cell(row, r.subnet === undefined ? "" : String(r.subnet));
	const known = cell(row);
	if (r.registered !== undefined) known.append(element("span", `badge ${r.registered ? "good" : "warn"}`, r.registered ? "yes" : "no"));
	cell(row, typeof r.lease_sent === "number" ? duration(r.lease_sent) : "");
	cell(row, String(r.giaddr || r.link_address || r.interface || ""));
	return row;
}

function showLeases(added) {
	const fresh = view.rows.length > added.length;
	view.rows = view.rows.concat(added).slice(-SHOWN);
	$("leases").prepend(...added.slice(-SHOWN).reverse().map((r) => rowOf(r, fresh)));
	while ($("leases").rows.length > SHOWN) $("leases").lastChild.remove();
	$("leases-count").textContent = view.rows.length === SHOWN ? `newest ${SHOWN}` : String(view.rows.length);
	$("leases-empty").hidden = view.rows.length > 0;
	$("leases-empty").textContent = view.search ? "Nothing found." : "No lease yet.";
}

// --- strangers ---------------------------------------------------------------------------------

// The newest record of each client tells whether it is a stranger still.
function learn(records) {
	for (const r of records) {
		if (r.id === undefined) continue;
		const known = view.clients.get(keyOf(r));
		if (!known || known.time <= r.time) view.clients.set(keyOf(r), r);
	}
}

function matches(r) {
	const bare = (s) => s.toLowerCase().replace(/[:-]/g, "");
	return view.search === "" || JSON.stringify(r).toLowerCase().includes(view.search.toLowerCase()) ||
		(/^[0-9a-f:-]+$/i.test(view.search) && bare(String(r.id)).includes(bare(view.search)));
}

function registerCell(row, r) {
	const key = keyOf(r);
	const place = cell(row, "", "register");
	if (view.done.has(key)) {
		place.append(element("span", "badge good", "registered"));
	} else if (view.registering) {
		const button = element("button", "", "Register");
		button.type = "button";
		button.dataset.id = key;
		button.addEventListener("click", () => register(r));
		place.append(button);
	}
}

function showStrangers() {
	const all = [...view.clients.values()].filter((r) => r.registered === false && matches(r))
		.sort((a, b) => (a.time < b.time ? 1 : -1));
	$("strangers").replaceChildren(...all.slice(0, SHOWN).map((r) => {
		const row = element("tr");
		cell(row, String(r.id), "mono wide").title = String(r.id_type);
		cell(row, addressOf(r), "mono");
		cell(row, timeOf(r)).title = String(r.time);
		registerCell(row, r);
		return row;
	}));
	$("strangers-count").textContent = String(all.length);
	$("strangers-empty").hidden = all.length > 0;
}

function askToken(id) {
	const dialog = $("ask");
	$("ask-id").textContent = id;
	$("ask-token").value = "";
	dialog.showModal();
	return new Promise((resolve) => {
		$("ask-form").onsubmit = () => resolve($("ask-token").value.trim());
		$("ask-cancel").onclick = () => dialog.close();
		dialog.onclose = () => resolve("");
	});
}

async function register(r) {
	const token = sessionStorage.getItem("token") || await askToken(keyOf(r));
	if (token === "") return;
	const answer = await fetch("api/register", {
		method: "POST", headers: { Authorization: `Bearer ${token}` }, body: keyOf(r),
	});
	if (answer.ok) {
		sessionStorage.setItem("token", token);
		view.done.add(keyOf(r));
		showStrangers();
		return;
	}
	if (answer.status === 401 || answer.status === 403) sessionStorage.removeItem("token");
	$("ask-trouble").textContent = (await answer.text()).trim();
	$("ask-trouble").hidden = false;
	if (answer.status === 401 || answer.status === 403) return register(r);
	say($("ask-trouble").textContent);
}

// --- the clock ---------------------------------------------------------------------------------

async function showOutcomes() {
	const asked = view.search;
	const answer = await get(`api/outcomes?after=${view.next}&q=${encodeURIComponent(asked)}`);
	if (asked !== view.search) return;	// typed on meanwhile: another answer is on its way
	view.next = answer.next;
	learn(answer.records);
	showLeases(answer.records);
	showStrangers();
}

async function searchAnew() {
	view.search = $("search").value.trim();
	view.next = 0;
	view.rows = [];
	$("leases").replaceChildren();
	await showOutcomes();
}

async function turn() {
	try {
		await showState();
		if ($("follow").checked) await showOutcomes();
		if (view.turn++ % 3 === 0) {
			view.history = await get("api/history");
			showChart();
		}
	} catch (e) {
		$("state").textContent = "exporter away";
		$("state").className = "pill down";
		say(`usher exporter does not answer: ${e.message}`);
	}
	setTimeout(turn, 2000);
}

async function begin() {
	let timer;
	$("search").addEventListener("input", () => {
		clearTimeout(timer);
		timer = setTimeout(() => searchAnew().catch(() => {}), 200);
	});
	$("counter").addEventListener("change", showChart);
	try {
		learn((await get(`api/outcomes?q=${encodeURIComponent('"registered":false')}`)).records);
	} catch {
		// turn() says it
	}
	turn();
}

begin();
