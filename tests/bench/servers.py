# SPDX-License-Identifier: GPL-2.0-or-later
"""Real servers behind usher and behind relay agents, and what usher adds to the time of an exchange."""

import json
import re
import statistics
import time

from lab import GENERATOR_CPU, MEASURED_CPU, TOP, Failed, cpu_ns, load

USERS = 1600     # 400 clients: a relay agent keeps a neighbour for each, and the kernel allows 1024
SERVER_CPU = GENERATOR_CPU   # the server has a CPU to itself, as it has a machine to itself elsewhere
OTHER_CPU = MEASURED_CPU


def kea4(bridged):
    restricted = {"id": 2, "subnet": "10.99.0.0/16", "pools": [{"pool": "10.99.1.0-10.99.255.250"}]}
    opened = {"id": 1, "subnet": "10.1.0.0/16", "pools": [{"pool": "10.1.1.0-10.1.255.250"}],
              "option-data": [{"name": "routers", "data": "10.1.0.1"},
                              {"name": "domain-name-servers", "data": "10.0.0.53"}]}
    return {"Dhcp4": {
        "interfaces-config": {"interfaces": ["s0"], "dhcp-socket-type": "raw" if bridged else "udp"},
        "lease-database": {"type": "memfile", "persist": False}, "valid-lifetime": 3600,
        "multi-threading": {"enable-multi-threading": False},
        "loggers": [{"name": "kea-dhcp4", "severity": "ERROR", "output_options": [{"output": "stdout"}]}],
        "shared-networks": [{"name": "lan", "subnet4": [opened, restricted]}]}}


def kea6(bridged):
    def subnet(number, prefix):
        return {"id": number, "subnet": f"{prefix}::/64", "pools": [{"pool": f"{prefix}::1:0-{prefix}::ff:ffff"}]}
    network = {"name": "lan", "subnet6": [subnet(1, "2001:db8:1"), subnet(2, "2001:db8:99")]}
    if bridged:
        network["interface"] = "s0"
    return {"Dhcp6": {
        "interfaces-config": {"interfaces": ["s0"] if bridged else ["s0/2001:db8:200::1"]},
        "server-id": {"type": "EN", "enterprise-id": 32473, "identifier": "000102030405", "persist": False},
        "lease-database": {"type": "memfile", "persist": False}, "preferred-lifetime": 3000,
        "valid-lifetime": 3600, "multi-threading": {"enable-multi-threading": False},
        "loggers": [{"name": "kea-dhcp6", "severity": "ERROR", "output_options": [{"output": "stdout"}]}],
        "shared-networks": [network]}}


def start_kea(lab, family, bridged):
    path = f"{lab.work}/kea{family}.json"
    with open(path, "w", encoding="utf-8") as f:
        json.dump(kea4(bridged) if family == 4 else kea6(bridged), f)
    process = lab.spawn("server", SERVER_CPU, [lab.copy_of(f"kea-dhcp{family}"), "-c", path], f"{lab.work}/kea.log",
                        {"KEA_PIDFILE_DIR": lab.work, "KEA_LOCKFILE_DIR": "none"})
    time.sleep(1.2)
    if process.poll() is not None:
        raise Failed(f"kea-dhcp{family}: {lab.said(process)}")
    return process


def relay_of(lab, who, family):
    """Starts another relay agent in the middle; "-a": one that puts option 82 into queries, too."""
    if who.startswith("isc-dhcp-relay"):
        args = ["-4", *who.split()[1:], "-id", "c1", "-iu", "s1", "10.200.0.1"] if family == 4 else [
            "-6", "-l", "c1", "-u", "2001:db8:200::1%s1"]
        return lab.spawn("middle", OTHER_CPU, [lab.copy_of("dhcrelay"), "-d", "--no-pid", *args],
                         f"{lab.work}/relay.log")
    if who == "dnsmasq relay":
        pair = "10.1.0.1,10.200.0.1" if family == 4 else "2001:db8:1::3,2001:db8:200::1"
        return lab.spawn("middle", OTHER_CPU, [lab.copy_of("dnsmasq"), "-k", "-p0", "-C/dev/null", "-uroot",
                                               f"--pid-file={lab.work}/dnsmasq.pid", f"--dhcp-relay={pair}"],
                         f"{lab.work}/relay.log")
    raise Failed(f"no relay agent {who}")


# name, whether it stands on a bridge, families
MIDDLES = [("Kea alone", True, (4, 6)), ("Kea behind usher", True, (4, 6)),
           ("Kea behind isc-dhcp-relay", False, (4, 6)), ("Kea behind isc-dhcp-relay -a", False, (4,)),
           ("Kea behind dnsmasq relay", False, (4, 6)), ("Kea behind usher relay", False, (4, 6)),
           ("Kea behind usher relay, no option 82", False, (4,))]


def middle(lab, name, family):
    if name == "Kea alone":
        return None
    if name == "Kea behind usher":
        lab.divert("67", "--relay", "10.1.0.2")
        return lab.usher(USERS, "middle", OTHER_CPU, trusted_relays=["10.1.0.2", "2001:db8:1::2"])
    if name.startswith("Kea behind usher relay"):
        lab.on("middle", f"{TOP}/scripts/divert", "relay", "c1")
        more = {"relay": {"agent_option": False}} if name.endswith("no option 82") else {
            "trusted_relays": ["10.1.0.2", "2001:db8:1::2"]}
        return lab.usher(USERS, "middle", OTHER_CPU, mode="relay", **more,
                         upstreams=[{"name": "kea", "address": ["10.200.0.1", "2001:db8:200::1"]}])
    process = relay_of(lab, name.removeprefix("Kea behind "), family)
    time.sleep(0.5)
    if process.poll() is not None:
        raise Failed(f"{name}: {lab.said(process)}")
    return process


def exchanges(lab, family, seconds):
    """Direct clients, 32 at a time: tests/bench/exchange.c."""
    got = lab.instrument("exchange", "c0", family, 32, USERS, seconds, name="client", cpu=OTHER_CPU)
    return {"exchanges_per_s": got["exchanges_per_s"], "lost": got["lost"],
            "p50_us": [round(got[h]["p50"] / 1000) for h in ("first", "second")],
            "p99_us": [round(got[h]["p99"] / 1000) for h in ("first", "second")],
            "exchanges": got["exchanges_per_s"] * seconds}


def mac_list(lab):
    path = f"{lab.work}/macs"
    with open(path, "w", encoding="ascii") as f:
        for n in range(USERS // 4):
            f.write(f"02:20:00:00:{n >> 8:02x}:{n & 255:02x}\n")
    return path


def perfdhcp(lab, family, rate, seconds):
    """Exchanges a second that were completed, and the mean delays, at a rate a little above what Kea can do."""
    text = lab.on("client", "taskset", "-c", str(OTHER_CPU), lab.copy_of("perfdhcp"), f"-{family}", "-l", "c0",
                  "-M", mac_list(lab), "-r", str(rate), "-p", str(seconds), "-g", "single", check=False)
    found = re.search(r"Rate: ([0-9.]+) 4-way", text)
    delays = [float(d) for d in re.findall(r"avg delay: ([0-9.]+) ms", text)]
    drops = [int(d) for d in re.findall(r"drops: (\d+)", text)]
    if not found:
        raise Failed(f"perfdhcp: {text.strip()[-200:]}")
    return {"rate": rate, "exchanges_per_s": float(found.group(1)), "mean_delay_ms": delays, "drops": drops}


def servers(lab, seconds, passes):
    """(c): each arrangement in turn, several times over; perfdhcp where it can stand, our clients everywhere."""
    rows = {}
    for family in (4, 6):
        base = None
        for _ in range(passes):
            for name, bridged, families in MIDDLES:
                if family not in families:
                    continue
                row = rows.setdefault((name, family), {"who": name, "family": family, "runs": [], "perfdhcp": []})
                try:
                    one_server(lab, row, name, family, bridged, seconds)
                except Failed as why:
                    row["missing"] = str(why)
        for (name, of), row in rows.items():
            if of != family or not row["runs"]:
                continue
            summarise(row)
            base = base or row
            row["ratio"] = round(row["exchanges_per_s"] / base["exchanges_per_s"], 3)
            if row.get("perfdhcp_per_s") and base.get("perfdhcp_per_s"):
                row["perfdhcp_ratio"] = round(row["perfdhcp_per_s"] / base["perfdhcp_per_s"], 3)
    return {"at_once": 32, "rows": list(rows.values())}


def one_server(lab, row, name, family, bridged, seconds):
    lab.path(bridged)
    kea = start_kea(lab, family, bridged)
    process = None
    try:
        process = middle(lab, name, family)
        used = [cpu_ns(p.pid) if p else 0 for p in (kea, process)]
        got = exchanges(lab, family, seconds)
        used = [cpu_ns(p.pid) - before if p else 0 for p, before in zip((kea, process), used)]
        got["server_cpu_us"], got["cpu_us"] = [round(ns / 1000 / got["exchanges"], 1) for ns in used]
        row["runs"].append(got)
        if bridged or family == 6:  # perfdhcp is a relay agent itself in DHCPv4
            rate = round(1.2 * row["runs"][0]["exchanges_per_s"])
            row["perfdhcp"].append(perfdhcp(lab, family, rate, seconds))
        row["load"] = load()
    finally:
        if process:
            lab.stop(process)
        lab.stop(kea)


def summarise(row):
    def median(key):
        return statistics.median(r[key] for r in row["runs"])
    row["exchanges_per_s"] = round(median("exchanges_per_s"), 1)
    row["lost"] = sum(r["lost"] for r in row["runs"])
    row["server_cpu_us"], row["cpu_us"] = median("server_cpu_us"), median("cpu_us")
    for key in ("p50_us", "p99_us"):
        row[key] = [statistics.median(r[key][h] for r in row["runs"]) for h in (0, 1)]
    if row["perfdhcp"]:
        row["perfdhcp_per_s"] = round(statistics.median(r["exchanges_per_s"] for r in row["perfdhcp"]), 1)


def latency(lab, seconds, passes):
    """(d): 100 exchanges a second, two halves each: without a queue, with one that only accepts, with usher."""
    lab.loop()
    rows = {}
    for family in (4, 6):
        for _ in range(passes):
            for name in ("no queue", "accept", "usher"):
                process = {"no queue": lambda: None, "accept": lab.accept, "usher": lambda: lab.usher(USERS)}[name]()
                got = lab.instrument("latency", "c0", "s0", family, 100, seconds, cpu=None)
                row = rows.setdefault((name, family), {"who": name, "family": family, "runs": []})
                row["runs"].append(got)
                row["load"] = load()
                if process:
                    lab.stop(process)
    for (name, family), row in rows.items():
        for half, what in (("first", "without a record"), ("second", "with a record")):
            for key in ("p50", "p99", "p999"):
                value = statistics.median(r[half][key] for r in row["runs"]) / 1000
                row[f"{key}_us {what}"] = round(value, 1)
                row[f"added {key}_us {what}"] = round(value - rows[("no queue", family)][f"{key}_us {what}"], 1)
    return {"rate": 100, "seconds": seconds, "passes": passes, "rows": list(rows.values())}
