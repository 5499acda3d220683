#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A hand-made relay agent, and a server that only echoes, on ordinary sockets, for what real ones do not do.

usage: agent.py ask4 ADDRESS[:PORT] SERVER [KEY=VALUE]...   one relayed query from that giaddr, and its answer or "nothing"
       agent.py ask6 ADDRESS[:PORT] SERVER [KEY=VALUE]...   a Relay-forward from there, peer-address fe80::1
       agent.py serve ADDRESS...                            a server at these addresses, until it is killed

Keys: mac, type, agent (option 82 in hex), link (link-address), id (Interface-ID in hex), more (options of the relay layer
in hex), inner (a further layer below: its Interface-ID in hex), giaddr (another than ADDRESS), wait (seconds).
The server gives 192.0.2.150 or 198.51.100.150, by the giaddr or 82.5 it reads; it answers to the port it was asked from if
the query says so (RFC 8357: sub-option 19, option 135).
"""
import os
import select
import socket
import struct
import sys

sys.dont_write_bytecode = True
import dhcp  # noqa: E402
from dhcp import hexbytes, opt4, opt6  # noqa: E402

MAC = "0c:0e:0a:01:ff:06"


def packed6(text):
    return socket.inet_pton(socket.AF_INET6, text)


def open_port(text, default):
    """"192.0.2.1", "192.0.2.1:1067", "2001:db8::1" or "[2001:db8::1]:1547"."""
    address, port = text, default
    if text.startswith("["):
        address, port = text[1:].split("]:")
    elif text.count(":") == 1:
        address, port = text.split(":")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    link = socket.socket(family, socket.SOCK_DGRAM)
    link.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    link.bind((address, int(port)))
    return link, address


def ask(link, family, server, payload, xid, seconds):
    link.sendto(payload, (server, 67 if family == 4 else 547))
    link.settimeout(seconds)
    try:
        answer, source = link.recvfrom(65536)
    except socket.timeout:
        return print("nothing")
    message = dhcp.Message(family, b"", (source[1], link.getsockname()[1]), answer, None)
    if message.xid != xid:
        return print("an answer to somebody else: %s" % message)
    layers = "" if family == 4 else "".join(
        " [link=%s peer=%s %s]" % (socket.inet_ntop(socket.AF_INET6, head[2:18]), socket.inet_ntop(socket.AF_INET6, head[18:34]),
                                   ",".join("%d=%s" % (code, value.hex()) for code, value in options))
        for head, options in message.layers)
    return print("%s%s" % (message, layers))


def ask4(address, server, *arguments):
    given = dhcp.keys(arguments)
    link, own = open_port(address, 67)
    xid = struct.unpack(">I", os.urandom(4))[0]
    options = opt4(53, bytes([dhcp.TYPES4.index(given.get("type", "discover"))])) + opt4(55, bytes([1, 3, 51, 54, 67]))
    if "agent" in given:
        options += opt4(82, hexbytes(given["agent"]))
    message = dhcp.bootp(hexbytes(given.get("mac", MAC)), xid, options + b"\xff", hops=1, flags=0, giaddr=given.get("giaddr", own))
    ask(link, 4, server, message, xid, float(given.get("wait", 2)))


def relay6(hops, link, peer, options, message):
    return bytes([12, hops]) + packed6(link) + packed6(peer) + options + opt6(9, message)


def ask6(address, server, *arguments):
    given = dhcp.keys(arguments)
    link, own = open_port(address, 547)
    xid = os.urandom(3)
    mac = hexbytes(given.get("mac", MAC))
    message = bytes([dhcp.TYPES6.index(given.get("type", "solicit"))]) + xid + opt6(1, hexbytes("00030001") + mac) + \
        opt6(8, b"\0\0") + opt6(3, mac[2:] + bytes(8))
    where, hops = given.get("link", own), 0
    if "inner" in given:
        message = relay6(0, where, "fe80::1", opt6(18, hexbytes(given["inner"])), message)
        where, hops = "::", 1
    options = opt6(18, hexbytes(given["id"])) if "id" in given else b""
    message = relay6(hops, where, "fe80::1", options + hexbytes(given.get("more", "")), message)
    ask(link, 6, server, message, int.from_bytes(xid, "big"), float(given.get("wait", 2)))


def answer4(payload, own):
    query = dhcp.Message(4, b"", (0, 67), payload, None)
    agent = query.get(82) or b""
    subs = dict(dhcp.options4(agent))
    subnet = subs.get(5, query.head[24:28])
    address = socket.inet_ntoa(subnet[:3] + b"\x96")
    options = opt4(53, b"\2") + opt4(54, socket.inet_aton(own)) + opt4(51, b"\0\0\0\x3c") + opt4(82, agent) + b"\xff"
    message = dhcp.bootp(query.head[28:34], query.xid, options, op=2, hops=query.head[3], flags=0, yiaddr=address,
                         giaddr=socket.inet_ntoa(query.head[24:28]))
    return message, 19 in subs


def answer6(payload):
    """An Advertise in as many Relay-replies, each with the Interface-ID and option 135 of its layer."""
    query = dhcp.Message(6, b"", (0, 547), payload, None)
    link = next(head[2:18] for head, _ in reversed(query.layers) if any(head[2:18]))
    lease = opt6(5, link[:8] + struct.pack(">HHHH", 0, 0, 0, 0x150) + struct.pack(">II", 50, 60))
    ia = next(value for code, value in query.options if code == 3)
    message = b"\2" + query.inner[1:4] + opt6(1, query.get(1)) + opt6(2, hexbytes("000300010c0e0a01ff99")) + opt6(3, ia[:12] + lease)
    for head, options in reversed(query.layers):
        echoed = b"".join(opt6(code, value) for code, value in options if code in (18, 135))
        message = b"\x0d" + head[1:] + echoed + opt6(9, message)
    return message, any(code == 135 for code, _ in query.layers[0][1])


def serve(*addresses):
    links = dict(open_port(address, 547 if ":" in address else 67) for address in addresses)
    print("serving", flush=True)
    while True:
        for link in select.select(list(links), [], [])[0]:
            payload, source = link.recvfrom(65536)
            if link.family == socket.AF_INET:
                message, keep_port = answer4(payload, links[link])
                port = 67
            else:
                message, keep_port = answer6(payload)
                port = 547
            link.sendto(message, (source[0], source[1] if keep_port else port))


COMMANDS = {"ask4": ask4, "ask6": ask6, "serve": serve}

if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1] not in COMMANDS:
        sys.exit(__doc__)
    COMMANDS[sys.argv[1]](*sys.argv[2:])
