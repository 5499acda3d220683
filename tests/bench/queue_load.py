# SPDX-License-Identifier: GPL-2.0-or-later
"""Packets through the queue: usher beside a loop that only accepts, beside dhcpoptinj, and past its capacity.

Capacity is measured by letting a batch of packets wait for a stopped process and timing how fast it works them
off (tests/bench/flood.c, hold=): nothing is lost, the batches are full, and the generator does not count.
"""

import statistics
import time

from lab import MEASURED_CPU, Failed, load, tree

HELD = 4096
QUERIES = [("v4 query", "discover", 0), ("v6 query", "solicit", 0)]
ANSWERS = [("v4 response", "discover", 1), ("v6 response", "solicit", 1)]


class Figures:
    """The rounds of several runs of the same measurement."""

    def __init__(self):
        self.rounds = []
        self.loads = []
        self.last = {}

    def add(self, result):
        self.rounds += result["rounds"]
        self.last = result
        self.loads.append(load())

    def summary(self):
        def median(key):
            return statistics.median(r[key] for r in self.rounds)
        user = sum(r["user"] for r in self.rounds)
        system = sum(r["system"] for r in self.rounds)
        ticks = user + system
        cpu = median("cpu_ns")
        return {
            "cpu_ns": round(cpu, 1), "pps": round(median("pps")),
            "user_ns": round(cpu * user / ticks, 1) if ticks else None,
            "system_ns": round(cpu * system / ticks, 1) if ticks else None,
            "cpu_ns_least": round(min(r["cpu_ns"] for r in self.rounds), 1),
            "packets_per_cpu_second": round(1e9 / cpu) if cpu else None,
            "lost": self.last["sent"] - self.last["received"],
            "rss_kib": self.last["rss_kib"], "load": round(max(self.loads), 2),
        }


def flood(lab, process, kind, answer, group, users, **options):
    devices = ("s0", "c0") if answer else ("c0", "s0")
    words = {"class": group, "answer": answer, "clients": max(1, users // 4), "pid": process.pid,
             "hold": HELD, "warm_ms": 0, "rounds": 9, **options}
    return lab.instrument("flood", *devices, kind, *[f"{k}={v}" for k, v in words.items()])


def accept_all(lab, figures, modes, kinds, rounds):
    for mode in modes:
        process = lab.accept(mode)
        for name, kind, answer in kinds:
            figures.setdefault((f"accept{mode and ' ' + mode}", name), Figures()).add(
                flood(lab, process, kind, answer, "steered", 10000, rounds=rounds))
        lab.stop(process)


def against_accept(lab, sizes, rounds):
    """(a): the loop that only accepts runs before, between and after, so that a drift of the machine shows."""
    lab.loop()
    figures = {}
    kinds = QUERIES + ANSWERS
    modes = ["", "each", "echo"]
    accept_all(lab, figures, modes, kinds, rounds)
    for i, users in enumerate(sizes):
        process = lab.usher(users)
        for name, kind, answer in kinds:
            for share, group in ((0, "plain"), (100, "steered")):
                figures.setdefault((f"usher {users} users {share} %", name), Figures()).add(
                    flood(lab, process, kind, answer, group, users, rounds=rounds))
        if users == 1000000:
            figures.setdefault((f"usher {users} users 100 %", "v4 response, recorded"), Figures()).add(
                flood(lab, process, "request", 1, "steered", users, rounds=rounds))
        lab.stop(process)
        if i % 2 == 1:
            accept_all(lab, figures, [""], kinds, rounds)
    rows = [{"who": who, "what": what, **f.summary()} for (who, what), f in figures.items()]
    for row in rows:
        base = next((r for r in rows if r["who"] == "accept" and r["what"] == row["what"]), None)
        if base:
            row["cpu_ratio"] = round(row["cpu_ns"] / base["cpu_ns"], 3)
            row["pps_ratio"] = round(row["pps"] / base["pps"], 3)
    return {"held": HELD, "batch": 256, "rows": rows}


def against_peer(lab, rounds):
    """(b): dhcpoptinj puts option 82 into a DISCOVER; usher puts its own there. Its queue holds 20 packets."""
    lab.loop()
    program = lab.copy_of("dhcpoptinj")
    small = {"hold": 0, "window": 16, "burst": 8, "warm_ms": 200, "round_ms": 300}
    figures = {}

    def measure(who, process, how, options):
        figures.setdefault((who, how), Figures()).add(
            flood(lab, process, "discover", 0, "stranger", 10000, rounds=rounds, **options))

    for _ in range(2):
        peer = lab.spawn("bridge", MEASURED_CPU, [program, "-f", "-q", "67", f"-p{lab.work}/peer.pid",
                                                  "-o", "5205040a630000"])
        lab.wait_bound(peer)
        measure("dhcpoptinj", peer, "16 at a time", small)
        lab.stop(peer)
        process = lab.usher(10000)
        measure("usher", process, "16 at a time", small)
        measure("usher", process, "as many as there are", {})
        lab.stop(process)
    rows = [{"who": who, "what": what, **f.summary()} for (who, what), f in figures.items()]
    peer_ns = rows[0]["cpu_ns"]
    for row in rows:
        row["packets_per_cpu_second_ratio"] = round(peer_ns / row["cpu_ns"], 2)
    return {"option": "82 in a DISCOVER of 328 bytes", "rows": rows}


def scaling(lab, rounds):
    """(g): batch sizes and numbers of queues; with several queues the generator shares its CPU with a worker."""
    rows = []

    def row(name, value, process, users=10000, kind="discover", **options):
        figures = Figures()
        figures.add(flood(lab, process, kind, 0, "steered", users, rounds=rounds, **options))
        rows.append({"who": name, "what": value, **figures.summary()})
        lab.stop(process)

    lab.loop()
    for batch in (1, 2, 4, 8, 16, 32, 64, 128, 256):
        row("accept, batch", batch, lab.accept(batch=batch))
        row("usher, batch", batch, lab.usher(10000, batch=batch))
    for count in (1, 2, 4):
        queues = f"67-{66 + count}" if count > 1 else "67"
        lab.loop(queues)
        row("usher, queues", count, lab.usher(10000, cpu=None, queue=66 + count, queues=queues, pin=True),
            kind="solicit")
    return {"rows": rows}


def starve(lab):
    """Something else keeps the CPU busy, so that less is left for usher than the generator can ask for."""
    return lab.spawn("bridge", MEASURED_CPU, ["sh", "-c", "while :; do :; done"])


def starved_usher(lab, nice, **more):
    process = lab.usher(10000, **more)
    time.sleep(0.5)  # until the processes that are spawned ahead are there
    for pid in tree(process.pid):
        lab.on("bridge", "sh", "-c", f"for t in /proc/{pid}/task/*; do renice -n {nice} -p ${{t##*/}}; done")
    return process


def dropped(lab):
    """Packets that the kernel did not get rid of to usher: queue full, socket full."""
    fields = lab.on("bridge", "cat", "/proc/net/netfilter/nfnetlink_queue").split()
    return int(fields[5]) + int(fields[6]) if len(fields) > 6 else None


def capacity(lab, process, length):
    got = flood(lab, process, "discover", 0, "stranger", 10000, hold=min(length // 2, 1024), rounds=5)
    return statistics.median(r["pps"] for r in got["rounds"])


def overload(lab, seconds):
    """(g): twice the capacity, for queues of several lengths; what is not seen is dropped (fail: closed)."""
    rows = []
    for length in (128, 1024, 8192, 65536):
        lab.loop()
        lab.divert("67", "--closed")
        hog = starve(lab)
        process = starved_usher(lab, 15, queue_length=length, fail="closed",
                                receive_buffer=max(length * 2048, 65536))
        can = capacity(lab, process, length)
        before = dropped(lab)
        got = flood(lab, process, "discover", 0, "stranger", 1 << 31, hold=0, rate=round(2 * can),
                    rounds=seconds, round_ms=1000, warm_ms=0)
        sent = sum(r["sent"] for r in got["rounds"])
        rows.append({"length": length, "capacity_pps": round(can), "offered_pps": round(sent / seconds),
                     "served_pps": round(statistics.median(r["pps"] for r in got["rounds"])),
                     "dropped": dropped(lab) - before, "sent": got["sent"], "received": got["received"],
                     "wait_ms": round(1000 * length / can, 1), "alive": process.poll() is None,
                     "rss_kib": got["rss_kib"], "load": load()})
        lab.stop(process)
        lab.stop(hog, 9)
    return {"rows": rows}


def memory_of(process):
    """KiB of all its processes; a page that several have is counted once."""
    pss = 0
    for pid in tree(process.pid):
        try:
            with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
                pss += next(int(line.split()[1]) for line in f if line.startswith("Pss:"))
        except (FileNotFoundError, ProcessLookupError):
            pass
    return pss


def drown(lab, seconds):
    """Random clients at more than ten times the capacity; memory is read every second, service afterwards."""
    lab.loop()
    hog = starve(lab)
    process = starved_usher(lab, 19)
    can = capacity(lab, process, 8192)
    memory = [memory_of(process)]
    rate, pps = 0, []
    for _ in range(seconds):
        got = flood(lab, process, "discover", 0, "stranger", 1 << 31, hold=0, rate=round(10.5 * can),
                    rounds=1, round_ms=900, warm_ms=0)
        rate += got["sent"]
        pps.append(got["rounds"][0]["sent"] / 0.9)
        memory.append(memory_of(process))
    lab.stop(hog, 9)
    start = time.monotonic()
    after = lab.instrument("latency", "c0", "s0", "4", "100", "2", cpu=None)
    if process.poll() is not None:
        raise Failed(f"usher ended: {lab.said(process)}")
    lab.stop(process)
    return {"capacity_pps": round(can), "offered_pps": round(statistics.median(pps)), "seconds": seconds,
            "sent": rate, "exits": 0, "rss_kib_first": memory[1], "rss_kib_last": memory[-1],
            "rss_kib_most": max(memory), "lost_afterwards": after["lost"],
            "p50_afterwards_ns": after["first"]["p50"], "p99_afterwards_ns": after["first"]["p99"],
            "seconds_after": round(time.monotonic() - start, 1), "load": load()}
