# SPDX-License-Identifier: GPL-2.0-or-later
"""What needs no network: the pipeline over packets in memory, and the registry."""

import os
import re
import shutil
import statistics
import subprocess
import threading

from lab import Failed, load, run

REWRITTEN = ["discover-steered", "discover-stranger", "request-steered", "offer-steered", "offer-stranger",
             "ack-steered", "solicit-steered", "solicit-stranger", "request6-steered", "advertise-steered",
             "advertise-stranger", "reply-steered"]
UNTOUCHED = ["discover-plain", "offer-plain", "ack-plain", "solicit-plain", "advertise-plain", "reply-plain"]
COUNTED = 1024


def instructions(lab, kind):
    """Instructions a packet, by callgrind: they do not depend on what else the machine does."""
    try:
        done = subprocess.run(
            ["valgrind", "--tool=callgrind", f"--callgrind-out-file={lab.work}/callgrind",
             "--toggle-collect=pipeline_run", f"{lab.build}/bench", "pipeline", "10000", kind, str(COUNTED)],
            capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    found = re.search(r"Collected : (\d+)", done.stderr)
    return round(int(found.group(1)) / COUNTED) if found else None


def pipeline(lab, sizes, packets):
    """(f): nanoseconds and instructions by kind of packet."""
    rows = []
    for kind in REWRITTEN + UNTOUCHED:
        row = {"kind": kind, "rewritten": kind in REWRITTEN, "instructions": instructions(lab, kind)}
        for users in sizes:
            got = lab.instrument_alone("pipeline", users, kind, packets)
            row[f"ns {users}"] = got["ns"]
        row["bytes_in"], row["bytes_out"] = got["bytes_in"], got["bytes_out"]
        row["load"] = load()
        rows.append(row)
    return {"packets": packets, "batch": 64, "rows": rows}


def hooks(lab, packets, times):
    """(i): what ten empty callouts on every hook point cost, in turn with none; the middle one of `times`.

    Not of a query that would pass untouched: with a library it carries the state, for its answer's sake.
    """
    rows = []
    for kind in REWRITTEN + ["offer-plain", "ack-plain", "advertise-plain", "reply-plain"]:
        took = {0: [], 10: []}
        for _ in range(times):
            for callouts, all_of in took.items():
                more = [64, callouts] if callouts else []
                all_of.append(lab.instrument_alone("pipeline", 10000, kind, packets, *more)["ns"])
        none, ten = (statistics.median(all_of) for all_of in took.values())
        rows.append({"kind": kind, "none": none, "ten": ten, "more": round(ten - none, 1), "load": load()})
    return {"packets": packets, "callouts": 10, "rows": rows}


def rules(lab):
    """(f): a decision over a hundred rules of which the last holds, by kind of condition."""
    text = lab.instrument_alone("decide", many=True)
    return {"rows": [{**row, "load": load()} for row in text]}


def p99_us(lab, seconds):
    got = lab.instrument("latency", "c0", "s0", 4, 200, seconds, cpu=None)
    return round(got["first"]["p99"] / 1000, 1)


def reloading(lab, users, seconds):
    """(e): the delay of packets while the file is put in its place anew every second, beside that while it is not.

    usher has both CPUs, as by default. The first packet behind an edit waits for the reading on purpose
    (refresh_wait_ms), and is one of 400; the others are those that a reading may delay.
    """
    lab.loop()
    path = lab.registry(users)
    copies = [f"{path}.a", f"{path}.b"]
    for copy in copies:
        shutil.copyfile(path, copy)
    process = lab.usher(users, cpu=None)
    enough, count = threading.Event(), 0

    def edit():
        nonlocal count
        while not enough.wait(1):
            os.link(copies[count % 2], f"{path}.new")
            os.replace(f"{path}.new", path)
            count += 1

    editor = threading.Thread(target=edit)
    try:
        quiet = p99_us(lab, seconds)
        editor.start()
        busy = p99_us(lab, seconds)
    finally:
        enough.set()
        if editor.ident:
            editor.join()
        lab.stop(process)
        for file in [path, *copies]:
            os.unlink(file)
    return {"users": users, "edits": count, "p99_us": quiet, "p99_us reading": busy,
            "ratio": round(busy / quiet, 2), "load": load()}


def registry(lab, sizes, edits):
    """(e): load, memory, look-up; how soon an edit is seen by the packet behind it, and what a reading delays."""
    rows = []
    for users in sizes:
        got = lab.instrument_alone("registry", lab.registry(users))
        got["load"] = load()
        rows.append(got)
    visible = []
    for users in sizes:
        if users > 1000000:
            continue
        lab.loop()
        process = lab.usher(users)
        try:
            got = lab.instrument("visible", "c0", "s0", lab.registry(users), edits)
        finally:
            lab.stop(process)
            run(["rm", "-f", lab.registry(users)])
        if got["seen"] + got["lost"] == 0:
            raise Failed("no edit was seen")
        visible.append({"users": users, **got, "load": load()})
    most = max(users for users in sizes if users <= 1000000)
    return {"rows": rows, "visible": visible, "reloading": [reloading(lab, most, max(2, edits // 10))]}
