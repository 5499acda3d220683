#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A DHCP client that does what it is told, one message at a time, and prints what it was answered.

usage: client.py 4|6 DEVICE FILE [KEY=VALUE]... STEP...

FILE keeps what the client knows (address, server) from one call to the next. A step is the message that is sent:
  4: discover request reboot renew rebind release decline inform     (reboot: a REQUEST in INIT-REBOOT)
  6: solicit request confirm renew rebind release decline inform     (inform: an Information-request)
A line for each step: the answer's type, its address, and the options that show=CODE,CODE asks for; or "nothing".
Other keys: mac, duid, extra (options in hex), wait (seconds), prl (option 55 in hex), and, for a client that speaks
through a relay agent on DEVICE: for 4 giaddr, agent (the value of option 82 in hex), to and to_mac (the server's
addresses); for 6 link (the link-address), src (the relay agent's address) and agent (its options in hex).
"""
import json
import os
import socket
import struct
import subprocess
import sys
import time

sys.dont_write_bytecode = True
import dhcp  # noqa: E402
from dhcp import hexbytes, opt4, opt6  # noqa: E402

ADDRESSES = {1, 3, 6, 54}
NUMBERS = {51, 58, 59}


def shown4(code, value):
    if value is None:
        return ""
    if code in ADDRESSES and len(value) % 4 == 0:
        return ",".join(socket.inet_ntoa(value[at:at + 4]) for at in range(0, len(value), 4))
    return str(struct.unpack(">I", value)[0]) if code in NUMBERS and len(value) == 4 else readable(value)


def shown6(code, value):
    if value is None:
        return ""
    if code == 23:
        return ",".join(socket.inet_ntop(socket.AF_INET6, value[at:at + 16]) for at in range(0, len(value), 16))
    return readable(value)


def readable(value):
    return value.decode("ascii") if value.isascii() and value.decode("ascii").isprintable() else value.hex()


def hear(link, family, xid, seconds):
    """The first answer, with the address of the machine that sent the frame; (None, None) if there is none."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        link.settimeout(left)
        try:
            frame, source = link.recvfrom(65536)
        except socket.timeout:
            break
        message = dhcp.parse(frame)
        if source[2] != 4 and message and (message.family, message.xid, message.query) == (family, xid, False):
            return message, frame[6:12]
    return None, None


def say(line):
    """In one piece: several of us may write to one file, and with PYTHONUNBUFFERED print() makes two of it."""
    sys.stdout.write(line + "\n")


class Client:
    def __init__(self, device, path, given):
        self.device, self.path, self.given = device, path, given
        self.know = {}
        if os.path.exists(path):
            with open(path) as file:
                self.know = json.load(file)
        self.mac = hexbytes(given.get("mac", dhcp.mac_of(device).hex()))
        self.link = dhcp.open_device(device)

    def save(self):
        with open(self.path, "w") as file:
            json.dump(self.know, file)

    def address(self, *command):
        subprocess.run(["ip", "address", *command, "dev", self.device], stderr=subprocess.DEVNULL, check=False)

    def step(self, name, frame, family, xid):
        self.link.send(frame)
        if name in ("release", "decline") and family == 4:
            time.sleep(0.1)
            say("sent")
            return None, None
        message, mac = hear(self.link, family, xid, float(self.given.get("wait", 3)))
        say(self.line(message) if message else "nothing")
        return message, mac

    def options(self):
        return [int(code) for code in self.given.get("show", "").split(",") if code]


class Client4(Client):
    # Each step: message type, and whether it names option 50, option 54, ciaddr, and goes to the server alone.
    STEPS = {
        "discover": (1, 0, 0, 0, 0), "request": (3, 1, 1, 0, 0), "reboot": (3, 1, 0, 0, 0), "renew": (3, 0, 0, 1, 1),
        "rebind": (3, 0, 0, 1, 0), "release": (7, 0, 1, 1, 1), "decline": (4, 1, 1, 0, 0), "inform": (8, 0, 0, 1, 0),
    }

    def run(self, name):
        kind, requested, server, bound, alone = self.STEPS[name]
        know, given = self.know, self.given
        xid = struct.unpack(">I", os.urandom(4))[0]
        options = opt4(53, bytes([kind]))
        if requested:
            options += opt4(50, socket.inet_aton(know["addr"]))
        if server:
            options += opt4(54, socket.inet_aton(know["server"]))
        if kind in (1, 3, 8):
            options += opt4(55, hexbytes(given.get("prl", "0103063336424372")))
        options += hexbytes(given.get("extra", ""))
        if "agent" in given:
            options += opt4(82, hexbytes(given["agent"]))
        ciaddr = know["addr"] if bound else "0.0.0.0"
        message = dhcp.bootp(self.mac, xid, options + b"\xff", ciaddr=ciaddr, giaddr=given.get("giaddr", "0.0.0.0"),
                             hops="giaddr" in given, flags=0 if bound or "giaddr" in given else 0x8000)
        source, target, port, link = ciaddr, "255.255.255.255", 68, dhcp.BROADCAST
        if alone:
            target, link = know["server"], hexbytes(know["server_mac"])
        if "giaddr" in given:
            source, target, port, link = given["giaddr"], given["to"], 67, hexbytes(given["to_mac"])
        frame = dhcp.frame4(message, self.mac, source, target, sport=port, link=link)
        self.learn(*self.step(name, frame, 4, xid))

    def learn(self, answer, mac):
        if answer is None:
            return
        addr = socket.inet_ntoa(answer.head[16:20])
        if answer.type in ("offer", "ack") and addr != "0.0.0.0":
            self.know.update(addr=addr, server=socket.inet_ntoa(answer.get(54)), server_mac=mac.hex())
        # A machine that has the address answers for it, so that a server can reach it.
        if answer.type in ("ack", "nak") and "giaddr" not in self.given:
            self.address("flush", "scope", "global")
            if answer.type == "ack":
                self.address("add", self.know["addr"] + "/24")

    def line(self, answer):
        shown = "".join(" %d=%s" % (code, shown4(code, answer.get(code))) for code in self.options())
        agent = answer.get(82)
        return "%s addr=%s%s codes=%s%s" % (
            answer.type, socket.inet_ntoa(answer.head[16:20]), shown, ",".join(str(code) for code, _ in answer.options),
            "" if agent is None else " 82=" + agent.hex())


class Client6(Client):
    # Each step: message type, and whether it names the server and the address.
    STEPS = {
        "solicit": (1, 0, 0), "request": (3, 1, 1), "confirm": (4, 0, 1), "renew": (5, 1, 1), "rebind": (6, 0, 1),
        "release": (8, 1, 1), "decline": (9, 1, 1), "inform": (11, 0, 0),
    }

    def run(self, name):
        kind, server, bound = self.STEPS[name]
        know, given = self.know, self.given
        xid = struct.unpack(">I", b"\0" + os.urandom(3))[0]
        address = b""
        if bound and "addr" in know:
            address = opt6(5, socket.inet_pton(socket.AF_INET6, know["addr"]) + bytes(8))
        options = opt6(1, hexbytes(given.get("duid", "00030001" + self.mac.hex())))
        if server:
            options += opt6(2, hexbytes(know["server"]))
        if kind != 11:
            options += opt6(3, self.mac[2:6] + bytes(8) + address)
        options += opt6(8, b"\0\0") + opt6(6, hexbytes("001700110067003b")) + hexbytes(given.get("extra", ""))
        message = bytes([kind]) + struct.pack(">I", xid)[1:] + options
        source, port = given.get("src", dhcp.own_link_local(self.device)), 546
        if "link" in given:
            head = b"\x0c\0" + socket.inet_pton(socket.AF_INET6, given["link"]) + dhcp.link_local(self.mac)
            message, port = head + hexbytes(given.get("agent", "")) + opt6(9, message), 547
        self.learn(self.step(name, dhcp.frame6(message, self.mac, source, sport=port), 6, xid)[0])

    def learn(self, answer):
        if answer is None:
            return
        held = [address for address, _, valid in answer.leases() if valid]
        if held:
            self.know.update(addr=held[0], server=answer.get(2).hex())

    def line(self, answer):
        leases = list(answer.leases())
        status = [value for code, value in answer.options if code == 13]
        status += [value for code, ia in answer.options if code == 3
                   for inner, value in dhcp.options6(ia[12:]) if inner == 13]
        codes = [struct.unpack(">H", value[:2])[0] for value in status]
        shown = "".join(" %d=%s" % (code, shown6(code, answer.get(code))) for code in self.options())
        return "%s addr=%s gone=%s status=%s valid=%s%s codes=%s layers=%d" % (
            answer.type, ",".join(a for a, _, valid in leases if valid), ",".join(a for a, _, valid in leases if not valid),
            ",".join(str(code) for code in codes if code), max([valid for _, _, valid in leases], default=0), shown,
            ",".join(str(code) for code, _ in answer.options), len(answer.layers))


def main(family, device, path, *rest):
    given = dict(word.split("=", 1) for word in rest if "=" in word)
    client = {"4": Client4, "6": Client6}[family](device, path, given)
    for step in rest:
        if "=" not in step:
            client.run(step)
            client.save()


if __name__ == "__main__":
    if len(sys.argv) < 5 or sys.argv[1] not in ("4", "6"):
        sys.exit(__doc__)
    main(*sys.argv[1:])
