#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A stand-in for systemd that restarts a daemon and keeps its descriptors meanwhile, and a stream of DHCPv4 queries.

usage: upgrade.py keep SOCKET PIDFILE COMMAND...          starts COMMAND anew whenever it has ended, or has said nothing for
                                                          longer than WATCHDOG seconds; its pid is in PIDFILE
       upgrade.py restart TIMES SIGNAL SOCKET COMMAND...  starts COMMAND with a descriptor store; when there is a file
                                                          SOCKET.go, ends it by SIGNAL and starts it anew, TIMES times
       upgrade.py send DEVICE RATE                        numbered DISCOVERs until TERM comes; prints how many
       upgrade.py count DEVICE                            what comes of them, until TERM and nothing for a second

restart prints "kept=N restarts=N slowest=MS", the last how long at most nobody was there: from the signal until ready.
count prints "came=N doubled=N unedited=N": those without option 82, which usher puts into every query of a stranger.
"""
import array
import os
import signal
import socket
import struct
import sys
import time

sys.dont_write_bytecode = True
import dhcp  # noqa: E402

FIRST_FD = 3
XID = 0x55000000
WATCHDOG = 4
RCVBUFFORCE = 33        # the module has no name for it


class Stopped:
    """Whether TERM has come."""

    def __init__(self):
        self.yes = False
        signal.signal(signal.SIGTERM, self.note)

    def note(self, *_):
        self.yes = True


# --- systemd --------------------------------------------------------------------------------------------------------

class Manager:
    def __init__(self, path, command, more=()):
        self.command, self.path, self.kept, self.more = command, path, {}, dict(more)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        self.process = None

    def start(self):
        names, fds = list(self.kept), list(self.kept.values())
        environment = {**os.environ, "NOTIFY_SOCKET": self.path, "FDSTORE": "64", **self.more}

        def place():
            high = [os.dup2(fd, 100 + i) for i, fd in enumerate(fds)]
            for i, fd in enumerate(high):
                os.dup2(fd, FIRST_FD + i)
                os.close(fd)
            if fds:
                os.environ.update({"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": str(len(fds)),
                                   "LISTEN_FDNAMES": ":".join(names)})
            os.environ.update(environment)
            os.execvp(self.command[0], self.command)

        self.process = os.fork()
        if self.process == 0:
            place()
        self.await_ready()

    def hear(self):
        data, control, _, _ = self.socket.recvmsg(4096, socket.CMSG_SPACE(16 * 4), socket.MSG_CMSG_CLOEXEC)
        lines = data.decode().split("\n")
        self.take(dict(line.split("=", 1) for line in lines if "=" in line), control)
        return lines

    def await_ready(self):
        self.socket.settimeout(20)
        while "READY=1" not in self.hear():
            pass

    def take(self, said, control):
        name = said.get("FDNAME")
        for _, _, content in control:
            fds = array.array("i", content)
            for fd in fds:
                if said.get("FDSTORE") == "1" and not self.known(fd):
                    self.kept[name] = fd
                else:
                    os.close(fd)
        if said.get("FDSTOREREMOVE") == "1":
            os.close(self.kept.pop(name))

    def known(self, fd):
        return any(os.fstat(fd).st_ino == os.fstat(old).st_ino for old in self.kept.values())

    def stop(self, number):
        os.kill(self.process, number)
        os.waitpid(self.process, 0)


def keep(path, pidfile, command):
    """As the unit: Restart=always, and a watchdog. Until TERM."""
    manager, stopped = Manager(path, command, {"WATCHDOG_USEC": str(WATCHDOG * 1000000)}), Stopped()
    while not stopped.yes:
        try:
            manager.start()
        except socket.timeout:
            manager.stop(signal.SIGKILL)
            continue
        with open(pidfile, "w", encoding="utf-8") as f:
            print(manager.process, file=f)
        manager.socket.settimeout(0.05)
        heard = time.monotonic()
        while not stopped.yes and os.waitpid(manager.process, os.WNOHANG)[0] == 0:
            try:
                manager.hear()
                heard = time.monotonic()
            except socket.timeout:
                pass
            if time.monotonic() - heard > WATCHDOG:
                print("watchdog", flush=True)
                os.kill(manager.process, signal.SIGKILL)
                heard = time.monotonic()
    manager.stop(signal.SIGTERM)


def restart(times, number, path, command):
    manager, slowest = Manager(path, command), 0
    manager.start()
    while not os.path.exists(path + ".go"):
        time.sleep(0.05)
    for _ in range(times):
        time.sleep(0.2)
        began = time.monotonic()
        manager.stop(number)
        manager.start()
        slowest = max(slowest, time.monotonic() - began)
    stopped = Stopped()
    print("kept=%d restarts=%d slowest=%d" % (len(manager.kept), times, slowest * 1000), flush=True)
    while not stopped.yes:
        time.sleep(0.05)
    manager.stop(signal.SIGTERM)


# --- the stream -----------------------------------------------------------------------------------------------------

def frames(device):
    """A DISCOVER of which the transaction id and the MAC in it are the number; no UDP checksum."""
    link = dhcp.open_device(device)
    frame = bytearray(dhcp.build4(device, {"mac": "025500000000", "xid": "0", "type": "discover"})[0])
    start = 14 + (frame[14] & 15) * 4
    frame[start + 6:start + 8] = b"\0\0"
    return link, frame, start + 8


def send(device, rate):
    link, frame, message = frames(device)
    stopped, number, began = Stopped(), 0, time.monotonic()
    while not stopped.yes:
        while number < (time.monotonic() - began) * rate:
            struct.pack_into(">I", frame, message + 4, XID + number)
            struct.pack_into(">I", frame, message + 30, number)
            link.send(frame)
            number += 1
        time.sleep(0.002)
    print("sent=%d seconds=%.1f" % (number, time.monotonic() - began))


def count(device):
    link = dhcp.open_device(device)
    link.setsockopt(socket.SOL_SOCKET, RCVBUFFORCE, 64 << 20)
    link.settimeout(1)
    seen, doubled, unedited, stopped = set(), 0, 0, Stopped()
    while True:
        try:
            frame, source = link.recvfrom(2048)
        except socket.timeout:
            if stopped.yes:
                break
            continue
        if source[2] == socket.PACKET_OUTGOING or len(frame) < 282 or frame[12:14] != b"\x08\0" or frame[23] != 17:
            continue
        message = frame[14 + (frame[14] & 15) * 4 + 8:]
        number = struct.unpack_from(">I", message, 4)[0] - XID
        if number < 0 or number >= 1 << 24:
            continue
        doubled += number in seen
        seen.add(number)
        unedited += 82 not in dict(dhcp.options4(message[240:]))
    print("came=%d doubled=%d unedited=%d" % (len(seen), doubled, unedited))


words = sys.argv[1:]
if len(words) >= 4 and words[0] == "keep":
    keep(words[1], words[2], words[3:])
elif len(words) >= 5 and words[0] == "restart":
    restart(int(words[1]), getattr(signal, "SIG" + words[2]), words[3], words[4:])
elif len(words) == 3 and words[0] == "send":
    send(words[1], int(words[2]))
elif len(words) == 2 and words[0] == "count":
    count(words[1])
else:
    sys.exit(__doc__)
