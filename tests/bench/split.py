# SPDX-License-Identifier: GPL-2.0-or-later
"""What it costs that usher is several processes: beside itself in one ("sandbox": "off"), in turn."""

import statistics

from lab import MEASURED_CPU, load
from queue_load import ANSWERS, QUERIES, Figures, flood

USERS = 10000
WAYS = [("one process", "off"), ("processes", "best-effort")]


def cpu(lab, passes, rounds):
    """Nanoseconds a packet, all processes together, at full batches; on the CPU of its own, and on both."""
    figures = {}
    lab.loop()
    for number in range(passes):
        for where, at in (("1 CPU", MEASURED_CPU), ("2 CPUs", None)):
            for who, sandbox in WAYS[::-1 if number % 2 else 1]:
                process = lab.usher(USERS, cpu=at, sandbox=sandbox)
                for what, kind, answer in QUERIES + ANSWERS:
                    figures.setdefault((who, where, what), Figures()).add(
                        flood(lab, process, kind, answer, "steered", USERS, rounds=rounds))
                lab.stop(process)
    rows = [{"who": who, "cpus": where, "what": what, **f.summary()} for (who, where, what), f in figures.items()]
    for row in rows:
        base = next(r for r in rows if r["who"] == WAYS[0][0] and (r["cpus"], r["what"]) == (row["cpus"], row["what"]))
        row["cpu_ratio"] = round(row["cpu_ns"] / base["cpu_ns"], 3)
        row["pps_ratio"] = round(row["pps"] / base["pps"], 3)
    return rows


def delay(lab, passes, seconds):
    """Microseconds of a query and its answer, 100 exchanges a second; the middle one of the passes."""
    lab.loop()
    rows = {}
    for number in range(passes):
        for family in (4, 6):
            for who, sandbox in WAYS[::-1 if number % 2 else 1]:
                process = lab.usher(USERS, sandbox=sandbox)
                got = lab.instrument("latency", "c0", "s0", family, 100, seconds, cpu=None)
                lab.stop(process)
                row = rows.setdefault((family, who), {"who": who, "family": family, "runs": []})
                row["runs"].append(got)
                row["load"] = load()
    for (family, _), row in rows.items():
        for half, what in (("first", "without a record"), ("second", "with a record")):
            for key in ("p50", "p99"):
                value = statistics.median(r[half][key] for r in row["runs"]) / 1000
                row[f"{key}_us {what}"] = round(value, 1)
                base = rows[(family, WAYS[0][0])].get(f"{key}_us {what}")
                if base is not None:
                    row[f"more {key}_us {what}"] = round(value - base, 1)
    return list(rows.values())


def least(lab, passes, seconds):
    """The same of two processes that do nothing but hand over, with no packet and no queue; the middle one of the passes."""
    runs = [lab.instrument("pair", 100, 2 * seconds, cpu=None) for _ in range(passes)]

    def middle(who, key):
        return statistics.median(run[who][key] for run in runs) / 1000
    return {"rate": 100, "runs": runs, "load": load(),
            **{f"{key}_us": round(middle("two", key), 1) for key in ("p50", "p99")},
            **{f"more {key}_us": round(middle("two", key) - middle("one", key), 1) for key in ("p50", "p99")}}


def processes(lab, passes, rounds, seconds):
    """(h): what the division costs."""
    return {"rows": cpu(lab, passes, rounds), "latency": delay(lab, passes, seconds),
            "least": least(lab, passes, seconds)}
