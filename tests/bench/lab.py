# SPDX-License-Identifier: GPL-2.0-or-later
"""The laboratory: network namespaces of our own, the programs in them, and the loads on the machine.

Everything is called TAG-something and is gone when the bench ends, however it ends. Two topologies:

  loop   gen:c0 --- c1:bridge:s1 --- gen:s0       one namespace sends and receives, so that it can count
  path   client:c0 --- c1:middle:s1 --- server:s0 real servers; the middle is a bridge, or a relay agent
"""

import atexit
import glob
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TAG = f"usrb{os.getpid()}"
GENERATOR_CPU = 0
MEASURED_CPU = 1

SUBNETS = [
    {"name": "open", "prefixes": ["10.1.0.0/16", "2001:db8:1::/64"]},
    {"name": "restricted", "prefixes": ["10.99.0.0/16", "2001:db8:99::/64"]},
]


class Failed(Exception):
    """A measurement that could not be made; the others go on."""


def run(args, check=True):
    """A command's standard output."""
    done = subprocess.run([str(a) for a in args], capture_output=True, text=True, check=False)
    if check and done.returncode != 0:
        raise Failed(f"{' '.join(map(str, args))}: {(done.stderr or done.stdout).strip()[-400:]}")
    return done.stdout


def load():
    """Runnable processes of the last minute: what others do on the machine is to be seen beside a figure."""
    with open("/proc/loadavg", encoding="ascii") as f:
        return float(f.read().split()[0])


def tree(pid):
    """A process and all that come of it: usher is several."""
    pids = [pid]
    for parent in pids:
        for path in glob.glob(f"/proc/{parent}/task/*/children"):
            try:
                with open(path, encoding="ascii") as f:
                    pids += [int(child) for child in f.read().split()]
            except (FileNotFoundError, ProcessLookupError):
                pass
    return pids


def cpu_ns(pid):
    """What a process and all that come of it have used, all threads: the scheduler's own sum."""
    used = 0
    for one in tree(pid):
        for path in glob.glob(f"/proc/{one}/task/*/schedstat"):
            try:
                with open(path, encoding="ascii") as f:
                    used += int(f.read().split()[0])
            except (FileNotFoundError, ProcessLookupError):
                pass
    return used


class Lab:
    """Namespaces and processes; a working directory; everything undone by close()."""

    def __init__(self, build, cpus):
        self.build = os.path.abspath(build)
        self.cpus = cpus
        self.work = tempfile.mkdtemp(prefix="usher-bench-")
        self.namespaces = []
        self.processes = []
        os.makedirs(f"{self.work}/bin")
        for part in ("registry", "run"):
            os.makedirs(f"{self.work}/{part}")
        atexit.register(self.close)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self.interrupted)

    def interrupted(self, number, _frame):
        raise SystemExit(128 + number)

    def close(self):
        for process in list(self.processes):
            self.stop(process, signal.SIGKILL)
        self.forget()
        shutil.rmtree(self.work, ignore_errors=True)

    # --- namespaces ---------------------------------------------------------------------------------------

    def add(self, name):
        run(["ip", "netns", "add", f"{TAG}-{name}"])
        self.namespaces.append(name)
        self.ip(name, "link set lo up")

    def forget(self):
        for name in self.namespaces:
            run(["ip", "netns", "del", f"{TAG}-{name}"], check=False)
        self.namespaces = []

    def ip(self, name, words):
        return run(["ip", "-n", f"{TAG}-{name}"] + words.split())

    def on(self, name, *args, check=True):
        return run(["ip", "netns", "exec", f"{TAG}-{name}", *args], check)

    def wire(self, one, device, other, port):
        self.ip(one, f"link add {device} type veth peer name {port} netns {TAG}-{other}")

    def quiet_ipv6(self, name):
        """No router solicitations and the like in between."""
        for part in ("all", "default"):
            self.on(name, "sh", "-c", f"echo 1 >/proc/sys/net/ipv6/conf/{part}/disable_ipv6")

    def bridge(self, name):
        self.ip(name, "link add br0 type bridge mcast_snooping 0")
        for port in ("c1", "s1"):
            self.ip(name, f"link set {port} master br0")
            self.ip(name, f"link set {port} up")
        self.ip(name, "link set br0 up")

    def loop(self, queues="67"):
        self.forget()
        for name in ("gen", "bridge"):
            self.add(name)
            self.quiet_ipv6(name)
        self.wire("gen", "c0", "bridge", "c1")
        self.wire("gen", "s0", "bridge", "s1")
        self.bridge("bridge")
        for device in ("c0", "s0"):
            self.ip("gen", f"link set {device} up")
        for command in ("iptables", "ip6tables"):  # what arrives has been counted and is done with
            self.on("gen", command, "-w", "-t", "raw", "-A", "PREROUTING", "-j", "DROP")
        self.divert(queues)

    def divert(self, queues="67", *options):
        middle = "bridge" if "bridge" in self.namespaces else "middle"
        self.on(middle, f"{TOP}/scripts/divert", "bridge", "c1", "s1", "--queue", queues, *options)

    def path(self, bridged):
        """Clients 10.1.0.2, server 10.1.0.1 on one link, or with the middle as a router between two."""
        self.forget()
        for name in ("client", "middle", "server"):
            self.add(name)
        self.wire("client", "c0", "middle", "c1")
        self.wire("server", "s0", "middle", "s1")
        server = "10.1.0.1/16 2001:db8:1::1/64" if bridged else "10.200.0.1/24 2001:db8:200::1/64"
        if bridged:
            self.quiet_ipv6("middle")
            self.bridge("middle")
        else:
            self.address("middle", "c1", "10.1.0.1/16 2001:db8:1::3/64")
            self.address("middle", "s1", "10.200.0.2/24 2001:db8:200::2/64")
            self.on("middle", "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
        self.address("client", "c0", "10.1.0.2/16 2001:db8:1::2/64")
        self.address("server", "s0", server)
        if not bridged:
            self.ip("server", "route add 10.1.0.0/16 via 10.200.0.2")
            self.ip("server", "-6 route add 2001:db8:1::/64 via 2001:db8:200::2")

    def address(self, name, device, addresses):
        for address in addresses.split():
            self.ip(name, f"addr add {address} dev {device}" + (" nodad" if ":" in address else ""))
        self.ip(name, f"link set {device} addrgenmode eui64")
        self.on(name, "sh", "-c", f"echo 0 >/proc/sys/net/ipv6/conf/{device}/accept_dad")
        self.ip(name, f"link set {device} up")

    # --- programs -----------------------------------------------------------------------------------------

    def copy_of(self, program):
        """Debian's AppArmor profiles go by path; a copy may read what is in our directory."""
        found = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
        if not found:
            raise Failed(f"no {program}: scripts/install-deps bench")
        copy = f"{self.work}/bin/{program}"
        if not os.path.exists(copy):
            shutil.copy(found, copy)
        return copy

    def spawn(self, name, cpu, args, log=None, env=None):
        """Starts a program on one CPU (None: on all) and keeps what it says."""
        where = ["ip", "netns", "exec", f"{TAG}-{name}"]
        if cpu is not None and self.cpus > 1:
            where += ["taskset", "-c", str(cpu)]
        with open(log or os.devnull, "w", encoding="utf-8") as out:
            process = subprocess.Popen(where + [str(a) for a in args], stdout=out,
                                       stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                       cwd=self.work, env={**os.environ, **(env or {})})
        process.log = log
        self.processes.append(process)
        return process

    def stop(self, process, number=signal.SIGTERM):
        if process in self.processes:
            self.processes.remove(process)
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.send_signal(number)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def wait_bound(self, process, name="bridge", queue=67, seconds=120):
        """Until somebody listens on the queue."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            table = self.on(name, "cat", "/proc/net/netfilter/nfnetlink_queue", check=False)
            if any(row.split()[0] == str(queue) for row in table.splitlines()):
                return
            if process.poll() is not None:
                raise Failed(f"ended at once: {self.said(process)}")
            time.sleep(0.05)
        raise Failed(f"queue {queue} was not bound in {seconds} s: {self.said(process)}")

    def said(self, process):
        if not process.log:
            return ""
        with open(process.log, encoding="utf-8", errors="replace") as f:
            return f.read()[-400:].strip()

    def instrument(self, *args, name="gen", cpu=GENERATOR_CPU):
        """One of the instruments of the bench program; the JSON it prints."""
        where = ["taskset", "-c", str(cpu)] if cpu is not None and self.cpus > 1 else []
        return json.loads(self.on(name, *where, f"{self.build}/bench", *args))

    def instrument_alone(self, *args, many=False):
        """The same for those that need no network; many: an object a line."""
        where = ["taskset", "-c", str(MEASURED_CPU)] if self.cpus > 1 else []
        text = run([*where, f"{self.build}/bench", *args])
        return [json.loads(line) for line in text.splitlines()] if many else json.loads(text)

    # --- usher --------------------------------------------------------------------------------------------

    def registry(self, users):
        path = f"{self.work}/registry/{users}.jsonl"
        if not os.path.exists(path):
            run([f"{self.build}/bench", "users", users, path])
        return path

    def config(self, users, **more):
        config = {
            "queues": "67", "registry": {"file": self.registry(users)},
            "outcome": {"file": f"{self.work}/run/outcome.txt"}, "control": "",
            "client_interfaces": ["c1"], "server_interfaces": ["s1"], "subnets": SUBNETS,
            "log_level": "warning", **more,
        }
        path = f"{self.work}/usher.json"
        with open(path, "w", encoding="utf-8") as f:
            json.dump(config, f, indent=1)
        return path

    def usher(self, users, name="bridge", cpu=MEASURED_CPU, queue=67, **more):
        process = self.spawn(name, cpu, [f"{self.build}/usher", "run", "-c", self.config(users, **more)],
                             f"{self.work}/usher.log")
        self.wait_bound(process, name, queue)
        return process

    def accept(self, mode="", batch=256, name="bridge", queue=67):
        args = [f"{self.build}/bench", "accept", queue, batch] + ([mode] if mode else [])
        process = self.spawn(name, MEASURED_CPU, args, f"{self.work}/accept.log")
        self.wait_bound(process, name, queue)
        return process
