#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Many DHCPv4 clients at once, each with a MAC of its own, which send again what is not answered.

usage: crowd.py DEVICE CLIENTS SECONDS [PREFIX]

Every client goes through DISCOVER to ACK again and again, until the time is up or TERM comes; with SECONDS 0 once. PREFIX is how a
lease must begin. Prints one line:

  leased=CLIENTS exchanges=N records=N resent=N most=N doubled=N wrong=N slowest=MS refused=N

leased: clients with at least one ACK; records: ACKs that came; most: how often one message was sent again at most;
doubled: answers that came twice; wrong: leases that do not begin with PREFIX; slowest: of all answers; refused: NAKs, after
which a client begins anew.
"""
import os
import select
import signal
import socket
import sys
import time

import dhcp

# Seconds until a message is sent again; RFC 2131 4.1 has four times that. $AGAIN is another beginning.
AGAIN = tuple(float(os.environ.get("AGAIN", "1")) * n for n in (1.0, 2.0, 4.0, 8.0))
PAUSE = 0.05                    # between two exchanges of a client


class Client:
    def __init__(self, number, start):
        self.mac = bytes([2, 0, 0x77, 0, number >> 8, number & 255])
        self.leased = self.done = False
        self.begin(start)

    def begin(self, when):
        self.xid = int.from_bytes(os.urandom(4), "big")
        self.state, self.tries, self.due = "offer", 0, when
        self.given = {"mac": self.mac.hex(), "xid": "%x" % self.xid, "type": "discover"}

    def send(self, link, now):
        if self.tries == 0:
            self.sent = now
        self.due = now + AGAIN[min(self.tries, len(AGAIN) - 1)]
        self.tries += 1
        link.send(dhcp.build4(None, self.given)[0])


class Crowd:
    def __init__(self, device, count, seconds, prefix):
        self.link = dhcp.open_device(device)
        self.link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.prefix, self.once = prefix, seconds == 0
        self.end = time.monotonic() + (seconds or 30)
        start = time.monotonic()
        self.all = [Client(i, start + i * 0.02) for i in range(count)]
        self.by_xid = {}
        self.exchanges = self.records = self.refused = self.resent = self.most = self.doubled = self.wrong = 0
        self.slowest = 0.0

    def take(self, frame, now):
        if len(frame) < 282 or frame[12:14] != b"\x08\x00" or frame[23] != 17 or frame[36:38] != b"\0\x44":
            return
        message = frame[14 + (frame[14] & 15) * 4 + 8:]
        client = self.by_xid.get(int.from_bytes(message[4:8], "big"))
        if client is None:
            return
        options = dict(dhcp.options4(message[240:]))
        kind = dhcp.name_of(dhcp.TYPES4, options.get(53, b"\0")[0])
        self.records += kind == "ack"
        if kind == "nak" and client.state == "ack":     # RFC 2131 3.1.5: "the client restarts the configuration process"
            self.refused += 1
            client.begin(now)
            return
        if kind != client.state:
            self.doubled += client.tries <= 1
            return
        self.slowest = max(self.slowest, now - client.sent) if client.tries == 1 else self.slowest
        address = socket.inet_ntoa(message[16:20])
        if kind == "offer":
            client.given |= {"type": "request", "addr": address, "server": socket.inet_ntoa(options[54])}
            client.state, client.tries = "ack", 0
            client.send(self.link, now)
            return
        self.exchanges += 1
        self.wrong += not address.startswith(self.prefix)
        client.leased = True
        client.state = "nothing"
        client.done = self.once
        client.due = now + PAUSE

    def tick(self, now):
        for client in self.all:
            if client.done or client.due > now:
                continue
            if client.state == "nothing":
                if now > self.end - 2:          # what is begun is to be finished
                    client.done = True
                    continue
                client.begin(now)
            if client.tries > 0:
                self.resent += 1
                self.most = max(self.most, client.tries)
            self.by_xid[client.xid] = client
            client.send(self.link, now)

    def finish(self, *_):
        self.end = min(self.end, time.monotonic() + 2)

    def run(self):
        signal.signal(signal.SIGTERM, self.finish)
        while time.monotonic() < self.end and not all(client.done for client in self.all):
            self.tick(time.monotonic())
            while select.select([self.link], [], [], 0.005)[0]:
                frame, source = self.link.recvfrom(65536)
                if source[2] != socket.PACKET_OUTGOING:
                    self.take(frame, time.monotonic())
                self.tick(time.monotonic())
        print("leased=%d exchanges=%d records=%d resent=%d most=%d doubled=%d wrong=%d slowest=%d refused=%d" % (
            sum(client.leased for client in self.all), self.exchanges, self.records, self.resent, self.most, self.doubled,
            self.wrong, self.slowest * 1000, self.refused))


if len(sys.argv) < 4:
    sys.exit(__doc__)
Crowd(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4] if len(sys.argv) > 4 else "").run()
