# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables on the terminal, JSON and plots in a directory, and the figures that were promised beside those measured."""

import json
import os
import subprocess
import tempfile


def table(title, columns, rows):
    """columns: (heading, key) pairs; a missing value is a dash."""
    print(f"\n{title}\n")
    cells = [[heading for heading, _ in columns]]
    for row in rows:
        cells.append([text(row.get(key)) for _, key in columns])
    widths = [max(len(line[i]) for line in cells) for i in range(len(columns))]
    for line in cells:
        print("  " + "  ".join(cell.ljust(w) if i == 0 else cell.rjust(w)
                               for i, (cell, w) in enumerate(zip(line, widths))).rstrip())


def text(value):
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"
    if isinstance(value, list):
        return " / ".join(text(v) for v in value)
    return str(value)


def print_section(name, got):
    COLUMNS[name](got)


def print_queue(got):
    table("(a) a queue that only accepts, and usher: CPU and capacity, 4096 packets waiting, batches of 256",
          [("who", "who"), ("packets", "what"), ("CPU ns", "cpu_ns"), ("user", "user_ns"),
           ("system", "system_ns"), ("ratio", "cpu_ratio"), ("packets/s", "pps"), ("ratio", "pps_ratio"),
           ("lost", "lost"), ("load", "load")], sorted(got["rows"], key=lambda r: (r["what"], r["who"])))


def print_peer(got):
    table("(b) one option more in a DISCOVER", [
        ("who", "who"), ("how", "what"), ("CPU ns", "cpu_ns"), ("packets/CPU s", "packets_per_cpu_second"),
        ("times the peer", "packets_per_cpu_second_ratio"), ("lost", "lost"), ("load", "load")], got["rows"])


def print_servers(got):
    table("(c) a real server: four-way exchanges, 32 clients at a time; delays of both halves, CPU for an exchange, in microseconds", [
        ("who", "who"), ("IPv", "family"), ("exchanges/s", "exchanges_per_s"), ("ratio", "ratio"),
        ("median", "p50_us"), ("p99", "p99_us"), ("CPU us", "cpu_us"), ("Kea's", "server_cpu_us"),
        ("perfdhcp/s", "perfdhcp_per_s"), ("ratio", "perfdhcp_ratio"), ("lost", "lost"), ("load", "load"), ("missing", "missing")], got["rows"])


def print_latency(got):
    columns = [("who", "who"), ("IPv", "family")]
    for what in ("without a record", "with a record"):
        columns += [(k + (" rec." if what.startswith("with a") else ""), f"{k}_us {what}")
                    for k in ("p50", "p99", "p999")]
        columns += [("added " + k, f"added {k}_us {what}") for k in ("p50", "p99", "p999")]
    table(f"(d) microseconds of a query and its answer, {got['rate']} exchanges a second",
          columns + [("load", "load")], got["rows"])


def print_registry(got):
    table("(e) the registry", [
        ("users", "users"), ("load ms", "load_ms"), ("CPU over yajl", "over_yajl"),
        ("first time", "first_over_yajl"), ("mapped ms", "attach_cpu_ms"),
        ("bytes/user", "bytes_per_user"), ("over file", "over_file"), ("user ns", "user_ns"),
        ("stranger ns", "stranger_ns"), ("user, fetched ahead", "user_ahead_ns"),
        ("stranger, ahead", "stranger_ahead_ns"), ("load", "load")], got["rows"])
    table("    a packet sent as soon as its user's line was in the file", [
        ("users", "users"), ("edits", "edits"), ("seen by it", "seen"), ("lost", "lost"), ("median ns", "p50"),
        ("p99 ns", "p99"), ("most ns", "max"), ("load", "load")], got["visible"])
    table("    delay of a packet while the whole file is read anew every second", [
        ("users", "users"), ("readings", "edits"), ("p99 us", "p99_us"), ("while reading", "p99_us reading"),
        ("ratio", "ratio"), ("load", "load")], got["reloading"])


def print_pipeline(got):
    sizes = [k for k in got["rows"][0] if k.startswith("ns ")]
    table("(f) the pipeline alone, packets in memory, batches of 64", [
        ("packet", "kind"), ("instructions", "instructions"), *[(f"{s} users", s) for s in sizes],
        ("bytes in", "bytes_in"), ("out", "bytes_out"), ("load", "load")], got["rows"])


def print_hooks(got):
    table("(i) ten empty callouts on every hook point, nanoseconds a packet, 10000 users", [
        ("packet", "kind"), ("no library", "none"), ("ten callouts", "ten"), ("more", "more"), ("load", "load")],
          got["rows"])


def print_rules(got):
    table("(f) a decision over 100 rules, the last of which holds", [
        ("condition", "condition"), ("ns", "ns"), ("load", "load")], got["rows"])


def print_scaling(got):
    table("(g) batches and queues, 10000 users, every packet rewritten", [
        ("what", "who"), ("", "what"), ("CPU ns", "cpu_ns"), ("packets/s", "pps"), ("lost", "lost"),
        ("load", "load")], got["rows"])


def print_overload(got):
    table("(g) twice the capacity, by length of the queue; usher has a small part of one CPU", [
        ("length", "length"), ("capacity/s", "capacity_pps"), ("offered/s", "offered_pps"),
        ("served/s", "served_pps"), ("dropped", "dropped"), ("waits ms", "wait_ms"), ("alive", "alive"),
        ("RSS KiB", "rss_kib"), ("load", "load")], got["rows"])


def print_flood(got):
    print("\n(g) a flood of random clients")
    for key, value in got.items():
        print(f"  {key:22} {text(value)}")


def print_split(got):
    table("(h) one process and several: CPU of all together, 4096 packets waiting, batches of 256", [
        ("who", "who"), ("on", "cpus"), ("packets", "what"), ("CPU ns", "cpu_ns"), ("least", "cpu_ns_least"),
        ("ratio", "cpu_ratio"), ("packets/s", "pps"), ("ratio", "pps_ratio"), ("lost", "lost"),
        ("KiB", "rss_kib"), ("load", "load")],
          sorted(got["rows"], key=lambda r: (r["cpus"], r["what"], r["who"])))
    columns = [("who", "who"), ("IPv", "family")]
    for what in ("without a record", "with a record"):
        columns += [(head + (" rec." if what.startswith("with a") else ""), f"{key}_us {what}")
                    for head, key in (("p50", "p50"), ("more", "more p50"), ("p99", "p99"), ("more", "more p99"))]
    table("    microseconds of a query and its answer, 100 exchanges a second", columns + [("load", "load")],
          sorted(got["latency"], key=lambda r: (r["family"], r["who"])))
    table("    the same of two processes that only hand over, beside one that does not", [
        ("p50", "p50_us"), ("more", "more p50_us"), ("p99", "p99_us"), ("more", "more p99_us"), ("load", "load")],
          [got["least"]])


COLUMNS = {"split": print_split, "queue": print_queue, "peer": print_peer, "servers": print_servers,
           "latency": print_latency, "registry": print_registry, "pipeline": print_pipeline, "hooks": print_hooks,
           "rules": print_rules, "scaling": print_scaling, "overload": print_overload, "flood": print_flood}


# --- what was promised ------------------------------------------------------------------------------------------

def rows_of(results, name):
    return results.get(name, {}).get("rows", [])


def figures(results):
    """(text, measured, limit, whether met) of every promise that was measured."""
    found = []

    def least(what, value, limit):
        found.append({"figure": what, "measured": value, "wanted": f">= {limit}", "met": value >= limit})

    def most(what, value, limit):
        found.append({"figure": what, "measured": value, "wanted": f"<= {limit}", "met": value <= limit})

    def told(what, value):
        found.append({"figure": what, "measured": value, "wanted": "", "met": ""})

    queue = {(r["who"], r["what"]): r for r in rows_of(results, "queue")}
    for (who, what), row in queue.items():
        if who == "usher 1000000 users 100 %" and "cpu_ratio" in row:
            most(f"(a) CPU per rewritten packet over accept-only, 1 M users, {what}", row["cpu_ratio"], 1.25)
            least(f"(a) packets/s over accept-only, 1 M users, {what}", row["pps_ratio"], 0.9)
        few = queue.get((who.replace("10000000", "10"), what))
        if who == "usher 10000000 users 100 %" and few:
            most(f"(a) CPU at 10 M users over 10 users, {what}", round(row["cpu_ns"] / few["cpu_ns"], 3), 1.2)
    for what in dict.fromkeys(what for _, what in queue):
        mine, echo = queue.get(("usher 1000000 users 100 %", what)), queue.get(("accept echo", what))
        if mine and echo:
            told(f"(a) the same over a loop that sends every packet back unedited, {what}",
                 round(mine["cpu_ns"] / echo["cpu_ns"], 3))
            told(f"(a) that loop over accept-only, {what}", echo["cpu_ratio"])
    for row in rows_of(results, "peer"):
        if row["who"] == "usher":
            least(f"(b) packets per CPU second over dhcpoptinj, {row['what']}",
                  row["packets_per_cpu_second_ratio"], 2)
    for row in rows_of(results, "servers"):
        if row["who"] == "Kea behind usher" and "ratio" in row:
            least(f"(c) Kea behind usher over Kea alone, IPv{row['family']}", row["ratio"], 0.98)
            if "perfdhcp_ratio" in row:
                least(f"(c) the same by perfdhcp, IPv{row['family']}", row["perfdhcp_ratio"], 0.98)
    for family in (4, 6):
        relays = {r["who"].removeprefix("Kea behind "): r for r in rows_of(results, "servers")
                  if r["family"] == family and "ratio" in r and "rela" in r["who"]}
        ours = {"relay mode": relays.pop("usher relay", None),
                "relay mode without option 82": relays.pop("usher relay, no option 82", None)}
        for mode, mine in ours.items():
            for who, row in relays.items() if mine else ():
                least(f"(c) {mode}, exchanges/s over {who}, IPv{family}",
                      round(mine["exchanges_per_s"] / row["exchanges_per_s"], 3), 1)
                most(f"(c) {mode}, delay of both halves over {who}, IPv{family}",
                     round(sum(mine["p50_us"]) / sum(row["p50_us"]), 3), 1)
                most(f"(c) {mode}, CPU per exchange over {who}, IPv{family}", round(mine["cpu_us"] / row["cpu_us"], 3), 1)
    for row in rows_of(results, "latency"):
        if row["who"] == "usher":
            for what in ("without a record", "with a record"):
                most(f"(d) p99 added, microseconds, IPv{row['family']}, {what}", row[f"added p99_us {what}"], 100)
    for row in rows_of(results, "split"):
        if row["who"] == "processes":
            most(f"(h) CPU per packet, processes over one process, {row['cpus']}, {row['what']}", row["cpu_ratio"],
                 1.15)
    for row in results.get("split", {}).get("latency", []):
        if row["who"] == "processes":
            for what in ("without a record", "with a record"):
                most(f"(h) p99, microseconds more than one process, IPv{row['family']}, {what}",
                     row[f"more p99_us {what}"], 50)
    for row in rows_of(results, "pipeline"):
        if row["rewritten"]:
            for key in [k for k in row if k.startswith("ns ")]:
                most(f"(f) nanoseconds, {row['kind']}, {key[3:]} users", row[key], 600)
    for row in rows_of(results, "hooks"):
        most(f"(i) nanoseconds more, ten empty callouts on every hook point, {row['kind']}", row["more"], 200)
    for row in rows_of(results, "rules"):
        most(f"(f) nanoseconds, a decision over 100 rules, {row['condition']}", row["ns"], 1000)
    for row in rows_of(results, "registry"):
        if row["users"] == 1000000:
            most("(e) CPU to load 1 M users over a bare parse by yajl", row["over_yajl"], 2)
            most("(e) memory of 1 M users over the size of the file", row["over_file"], 1)
        if row["users"] == 10000000:
            most("(e) nanoseconds, a look-up of one of 10 M users", row["user_ns"], 150)
            most("(e) nanoseconds, a look-up of a stranger, 10 M users", row["stranger_ns"], 150)
    for row in results.get("registry", {}).get("visible", []):
        most(f"(e) additions that the packet behind them did not see, {row['users']} users", row["edits"] - row["seen"], 0)
        if row["users"] == 1000000:
            most("(e) milliseconds until the packet behind an addition sees it, 1 M users",
                 round(row["p50"] / 1e6, 2), 5)
    for row in results.get("registry", {}).get("reloading", []):
        if row["users"] == 1000000:
            most("(e) p99 of a packet's delay while 1 M users are read anew, over that while not", row["ratio"], 2)
    flood = results.get("flood")
    if flood:
        most("(g) memory at the end of the flood over its beginning",
             round(flood["rss_kib_last"] / flood["rss_kib_first"], 3), 1.01)
        most("(g) exchanges lost after the flood", flood["lost_afterwards"], 0)
        least("(g) offered during the flood over capacity", round(flood["offered_pps"] / flood["capacity_pps"], 1), 10)
    return found


def print_figures(found):
    table("What was promised", [("figure", "figure"), ("measured", "measured"), ("wanted", "wanted"),
                                ("met", "met")], found)
    wanted = [f for f in found if f["wanted"]]
    missed = sum(not f["met"] for f in wanted)
    print(f"\n  {len(wanted) - missed} of {len(wanted)} met"
          + (f", {missed} missed: docs/performance.md says why" if missed else ""))


# --- files ------------------------------------------------------------------------------------------------------

def save(directory, name, machine, got):
    with open(f"{directory}/{name}.json", "w", encoding="utf-8") as f:
        json.dump({"machine": machine, **got}, f, indent=1)
        f.write("\n")


def gnuplot(directory, name, lines, commands):
    """Draws name.png from rows of a table. Without gnuplot there is no picture, and that is said."""
    with tempfile.NamedTemporaryFile("w", suffix=".dat", encoding="utf-8") as data:
        data.write("\n".join(lines) + "\n")
        data.flush()
        script = (f"set terminal pngcairo size 1100,500 font 'sans,10'\nset output '{directory}/{name}.png'\n"
                  "set style fill solid 0.8 border -1\nset grid ytics\nset key outside right top\n" + commands)
        try:
            subprocess.run(["gnuplot"], input=script.replace("DATA", data.name), text=True, check=True,
                           capture_output=True, env={**os.environ, "LC_ALL": "C.UTF-8"})
        except (FileNotFoundError, subprocess.CalledProcessError) as why:
            print(f"no plot {name}.png: {why}")


def bars(directory, name, title, ylabel, rows, series):
    """rows: (label, values...); series: the headings of the values."""
    lines = ["\t".join([f'"{label}"'] + [text_or_nan(v) for v in values]) for label, *values in rows]
    plots = ", ".join(f"'DATA' using {i + 2}:xtic(1) title '{s}'" for i, s in enumerate(series))
    gnuplot(directory, name, lines,
            f"set datafile separator '\\t'\nset title '{title}'\nset ylabel '{ylabel}'\nset yrange [0:*]\n"
            "set style data histogram\nset style histogram cluster gap 1\nset xtics rotate by -20\n"
            f"plot {plots}\n")


def text_or_nan(value):
    return "nan" if value is None else str(value)


def plot(directory, results):
    queue = {(r["who"], r["what"]): r for r in rows_of(results, "queue")}
    if queue:
        kinds = ["v4 query", "v6 query", "v4 response", "v6 response"]
        who = [w for w in dict.fromkeys(w for w, _ in queue)]
        bars(directory, "queue", "CPU per packet", "ns", [
            (w.replace(" users", ","), *[queue.get((w, k), {}).get("cpu_ns") for k in kinds])
            for w in who], kinds)
    rows = rows_of(results, "scaling")
    if rows:
        batches = sorted({r["what"] for r in rows if "batch" in r["who"]})
        value = {(r["who"], r["what"]): r["cpu_ns"] for r in rows}
        bars(directory, "batch", "CPU per packet by size of the batch", "ns", [
            (b, value[("accept, batch", b)], value[("usher, batch", b)]) for b in batches],
             ["accept", "usher, all rewritten"])
    rows = rows_of(results, "latency")
    if rows:
        keys = ["p50_us without a record", "p99_us without a record", "p50_us with a record", "p99_us with a record"]
        bars(directory, "latency", "A query and its answer, 100 exchanges a second", "us", [
            (f"{r['who']}, IPv{r['family']}", *[r[k] for k in keys]) for r in rows],
             [k.replace("_us", "") for k in keys])
    rows = rows_of(results, "pipeline")
    if rows:
        sizes = [k for k in rows[0] if k.startswith("ns ")]
        bars(directory, "pipeline", "The pipeline alone", "ns", [(r["kind"], *[r[s] for s in sizes]) for r in rows],
             [f"{s[3:]} users" for s in sizes])
    rows = [r for r in rows_of(results, "servers") if "exchanges_per_s" in r]
    if rows:
        names = list(dict.fromkeys(r["who"] for r in rows))
        value = {(r["who"], r["family"]): r["exchanges_per_s"] for r in rows}
        bars(directory, "servers", "Four-way exchanges a second", "exchanges/s", [
            (n, value.get((n, 4)), value.get((n, 6))) for n in names], ["IPv4", "IPv6"])
    rows = rows_of(results, "registry")
    if rows:
        bars(directory, "registry", "A look-up in the registry", "ns", [
            (r["users"], r["user_ns"], r["stranger_ns"], r["user_ahead_ns"], r["stranger_ahead_ns"]) for r in rows],
             ["user", "stranger", "user, fetched ahead", "stranger, fetched ahead"])
