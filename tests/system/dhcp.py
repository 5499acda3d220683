#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Hand-made DHCP for the system tests: packets no client would send, and a plain look at those that went by.

usage: dhcp.py ask4 DEVICE [KEY=VALUE]...   send one query, print the first answer, or "nothing"
       dhcp.py ask6 DEVICE [KEY=VALUE]...   the same for DHCPv6
       dhcp.py send4 DEVICE [KEY=VALUE]...  send only
       dhcp.py dump FILE.pcap               one line for every DHCP message in a capture
       dhcp.py compare SERVER.pcap CLIENT.pcap [GIADDR,...]
                                            whether what passed between differs only as it may; with GIADDR, that of
                                            usher as relay agent
       dhcp.py hostile4|hostile6 DEVICE     send each packet of a table of bad ones
       dhcp.py judge4|judge6 SERVER.pcap    what arrived of them against that table

This file knows DHCP only as bytes and shares no code with usher, so that the one can find the other wrong.
"""
import os
import socket
import struct
import sys
import time

TYPES4 = [None, "discover", "offer", "request", "decline", "ack", "nak", "release", "inform"]
TYPES6 = [None, "solicit", "advertise", "request", "confirm", "renew", "rebind", "reply", "release", "decline",
          "reconfigure", "information-request", "relay-forw", "relay-repl"]
COOKIE = bytes.fromhex("63825363")
BROADCAST = b"\xff" * 6
FIRST_XID = 0x75730000          # of the hostile tables: row N has this plus N


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(">%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def hexbytes(text):
    return bytes.fromhex(text.replace(":", ""))


def name_of(table, number):
    return table[number] if 0 < number < len(table) else "type%d" % number


# --- writing --------------------------------------------------------------------------------------------------------

def opt4(code, value):
    return bytes([code, len(value)]) + value


def opt6(code, value):
    return struct.pack(">HH", code, len(value)) + value


def udp(source, target, payload, sport, dport, length=None, bad=None):
    """A UDP datagram between two packed addresses; bad: None, "zero" or "wrong" checksum."""
    size = 8 + len(payload) if length is None else length
    head = struct.pack(">HHHH", sport, dport, size, 0)
    pseudo = source + target + struct.pack(">BBH" if len(source) == 4 else ">xxBBH", 0, 17, 8 + len(payload))
    if len(source) == 16:
        pseudo = source + target + struct.pack(">IxxxB", 8 + len(payload), 17)
    total = checksum(pseudo + head + payload) or 0xffff
    total = {None: total, "zero": 0, "wrong": total ^ 0x5555}[bad]
    return head[:6] + struct.pack(">H", total) + payload


def ip4(source, target, payload, options=b"", fragment=0, ident=1):
    head = struct.pack(">BBHHHBBH4s4s", 0x45 + len(options) // 4, 0, 20 + len(options) + len(payload), ident, fragment,
                       64, 17, 0, source, target) + options
    return head[:10] + struct.pack(">H", checksum(head)) + head[12:] + payload


def ip6(source, target, payload, header=17):
    return struct.pack(">IHBB", 0x60000000, len(payload), header, 64) + source + target + payload


def ethernet(target, source, ethertype, payload, vlan=None):
    tag = b"" if vlan is None else struct.pack(">HH", 0x8100, vlan)
    return target + source + tag + struct.pack(">H", ethertype) + payload


def bootp(mac, xid, options, op=1, hops=0, hlen=6, ciaddr="0.0.0.0", giaddr="0.0.0.0", yiaddr="0.0.0.0", flags=0x8000,
          sname=b"", file=b"", pad=300):
    head = struct.pack(">BBBBIHH4s4s4s4s16s64s128s", op, 1, hlen, hops, xid, 0, flags, socket.inet_aton(ciaddr),
                       socket.inet_aton(yiaddr), bytes(4), socket.inet_aton(giaddr), mac, sname, file)
    return (head + COOKIE + options).ljust(pad, b"\0")


def mac_of(device):
    with open("/sys/class/net/%s/address" % device) as file:
        return hexbytes(file.read().strip())


def own_link_local(device):
    """The address the device has, whatever its MAC was when it got it: somebody must answer the server's questions."""
    with open("/proc/net/if_inet6") as file:
        for line in file:
            address, _, _, scope, _, name = line.split()
            if name == device and scope == "20":
                return socket.inet_ntop(socket.AF_INET6, bytes.fromhex(address))
    return None


def link_local(mac):
    return socket.inet_pton(socket.AF_INET6, "fe80::") [:8] + bytes([mac[0] ^ 2]) + mac[1:3] + b"\xff\xfe" + mac[3:]


def frame4(message, mac, source="0.0.0.0", target="255.255.255.255", sport=68, dport=67, link=BROADCAST, vlan=None,
           bad=None, length=None, options=b""):
    source, target = socket.inet_aton(source), socket.inet_aton(target)
    datagram = udp(source, target, message, sport, dport, length, bad)
    return ethernet(link, mac, 0x0800, ip4(source, target, datagram, options), vlan)


def frame6(message, mac, source=None, target="ff02::1:2", sport=546, dport=547, bad=None, before=None):
    source = link_local(mac) if source is None else socket.inet_pton(socket.AF_INET6, source)
    target = socket.inet_pton(socket.AF_INET6, target)
    datagram = udp(source, target, message, sport, dport, None, bad)
    packet = ip6(source, target, datagram) if before is None else \
        ip6(source, target, bytes([17]) + before[1:] + datagram, before[0])
    return ethernet(b"\x33\x33" + target[12:], mac, 0x86dd, packet)


# --- reading --------------------------------------------------------------------------------------------------------

def options4(data):
    """The options as (code, value) in order, without pads; stops at END or where they make no sense."""
    found, at = [], 0
    while at < len(data) and data[at] != 255:
        if data[at] == 0:
            at += 1
            continue
        if at + 2 > len(data) or at + 2 + data[at + 1] > len(data):
            break
        found.append((data[at], data[at + 2:at + 2 + data[at + 1]]))
        at += 2 + data[at + 1]
    return found


def options6(data):
    found, at = [], 0
    while at + 4 <= len(data):
        code, size = struct.unpack(">HH", data[at:at + 4])
        found.append((code, data[at + 4:at + 4 + size]))
        at += 4 + size
    return found


class Message:
    """A DHCP message from a frame. v4: head (236 bytes), options. v6: layers (relay headers with their options but the
    message), inner (the client's or server's own message)."""

    def __init__(self, family, packet, ports, payload, vlan):
        self.family, self.packet, self.ports, self.payload, self.vlan = family, packet, ports, payload, vlan
        if family == 4:
            self.head, self.options = payload[:236], options4(payload[240:])
            self.xid = struct.unpack(">I", payload[4:8])[0]
            kind = self.get(53)
            self.type = name_of(TYPES4, kind[0]) if kind and len(kind) == 1 else "bootp"
            self.query = payload[0] == 1
        else:
            self.layers, inner = [], payload
            while inner and inner[0] in (12, 13) and len(inner) >= 34:
                options = options6(inner[34:])
                self.layers.append((inner[:34], [o for o in options if o[0] != 9]))
                inner = dict(options).get(9, b"")
            self.inner, self.options = inner, options6(inner[4:])
            self.xid = struct.unpack(">I", b"\0" + inner[1:4])[0] if len(inner) >= 4 else 0
            self.type = name_of(TYPES6, inner[0]) if inner else "empty"
            self.query = payload[0] in (1, 3, 4, 5, 6, 8, 9, 11, 12)

    def get(self, code):
        return next((value for found, value in self.options if found == code), None)

    def text(self, code):
        value = self.get(code)
        return "" if value is None else value.rstrip(b"\0").decode("latin-1")

    def leases(self):
        """v6: addresses as (text, preferred, valid)."""
        for code, association in self.options:
            if code == 3:
                for inner, value in options6(association[12:]):
                    if inner == 5:
                        yield (socket.inet_ntop(socket.AF_INET6, value[:16]),) + struct.unpack(">II", value[16:24])

    def vendor(self, code):
        """v6: DOCSIS sub-option of the vendor option 17."""
        for found, value in self.options:
            if found == 17 and value[:4] == b"\0\0\x11\x8b":
                return dict(options6(value[4:])).get(code)
        return None

    def __str__(self):
        vlan = "" if self.vlan is None else " vlan=%d" % self.vlan
        codes = ",".join(str(code) for code, _ in self.options)
        ports = "%d>%d%s" % (self.ports[0], self.ports[1], vlan)
        if self.family == 6:
            boot, tftp = self.vendor(33), self.vendor(32)
            tftp = "" if not tftp else socket.inet_ntop(socket.AF_INET6, tftp) if len(tftp) == 16 else tftp.decode("latin-1")
            return "%s %s xid=%06x addr=%s bootfile=%s tftp=%s layers=%d codes=%s" % (
                self.type, ports, self.xid, ",".join(a for a, _, valid in self.leases() if valid),
                (boot or b"").decode("latin-1"), tftp, len(self.layers), codes)
        head = self.head
        agent = self.get(82)
        return "%s %s xid=%08x mac=%s addr=%s bootfile=%s tftp=%s file=%s giaddr=%s codes=%s%s" % (
            self.type, ports, self.xid, head[28:34].hex(":"), socket.inet_ntoa(head[16:20]), self.text(67), self.text(66),
            head[108:236].split(b"\0")[0].decode("latin-1"), socket.inet_ntoa(head[24:28]), codes,
            "" if agent is None else " 82=" + agent.hex())


def parse(frame):
    """The DHCP message in an Ethernet frame, or None."""
    ethertype, at, vlan = struct.unpack(">H", frame[12:14])[0], 14, None
    if ethertype == 0x8100:
        vlan, ethertype = struct.unpack(">HH", frame[14:18])
        at = 18
    packet = frame[at:]
    if ethertype == 0x0800 and len(packet) >= 28 and packet[9] == 17:
        packet = packet[:struct.unpack(">H", packet[2:4])[0]]
        start, family = (packet[0] & 15) * 4, 4
    elif ethertype == 0x86dd and len(packet) >= 48:
        start, family = 40, 6
        if packet[6] == 0:
            start += 8 + packet[41] * 8
        elif packet[6] != 17:
            return None
    else:
        return None
    ports = struct.unpack(">HH", packet[start:start + 4])
    if not {67, 68, 546, 547} & set(ports):
        return None
    payload = packet[start + 8:]
    if len(payload) < (240 if family == 4 else 4):
        return None
    return Message(family, packet, ports, payload, vlan)


def read_pcap(path):
    with open(path, "rb") as file:
        data = file.read()
    order = "<" if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    at, found = 24, []
    while at + 16 <= len(data):
        size = struct.unpack(order + "I", data[at + 8:at + 12])[0]
        message = parse(data[at + 16:at + 16 + size])
        if message:
            found.append(message)
        at += 16 + size
    return found


# --- commands -------------------------------------------------------------------------------------------------------

def keys(arguments):
    return dict(argument.split("=", 1) for argument in arguments)


def open_device(device):
    link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    link.bind((device, 0))
    return link


def answer(link, family, xid, seconds):
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        link.settimeout(left)
        try:
            frame, source = link.recvfrom(65536)
        except socket.timeout:
            break
        message = parse(frame)
        if source[2] != 4 and message and (message.family, message.xid, message.query) == (family, xid, False):
            return message
    return None


def build4(device, given):
    mac = hexbytes(given["mac"]) if "mac" in given else mac_of(device)
    xid = int(given.get("xid", os.urandom(4).hex()), 16)
    kind = TYPES4.index(given.get("type", "discover"))
    options = opt4(53, bytes([kind]))
    for key, code in ("addr", 50), ("server", 54):
        if key in given:
            options += opt4(code, socket.inet_aton(given[key]))
    options += opt4(55, bytes([1, 3, 51, 54, 66, 67])) + hexbytes(given.get("extra", "")) + b"\xff"
    message = bootp(mac, xid, options, op=int(given.get("op", 1)), ciaddr=given.get("ciaddr", "0.0.0.0"),
                    giaddr=given.get("giaddr", "0.0.0.0"), yiaddr=given.get("yiaddr", "0.0.0.0"))
    frame = frame4(message, mac, given.get("src", "0.0.0.0"), given.get("dst", "255.255.255.255"),
                   int(given.get("sport", 68)), int(given.get("dport", 67)), hexbytes(given.get("link", BROADCAST.hex())),
                   int(given["vlan"]) if "vlan" in given else None)
    return frame, xid


def ask4(device, *arguments):
    given = keys(arguments)
    frame, xid = build4(device, given)
    link = open_device(device)
    link.send(frame)
    print(answer(link, 4, xid, float(given.get("wait", 2))) or "nothing")


def send4(device, *arguments):
    open_device(device).send(build4(device, keys(arguments))[0])


def ask6(device, *arguments):
    """With addr= and server= (a DUID) a query that has a lease already."""
    given = keys(arguments)
    mac = hexbytes(given.get("mac", mac_of(device).hex()))
    xid = int(given.get("xid", os.urandom(3).hex()), 16)
    duid = hexbytes(given.get("duid", "00030001" + mac.hex()))
    address = b""
    if "addr" in given:
        address = opt6(5, socket.inet_pton(socket.AF_INET6, given["addr"]) + bytes(8))
    message = bytes([TYPES6.index(given.get("type", "solicit"))]) + struct.pack(">I", xid)[1:] + opt6(1, duid)
    if "server" in given:
        message += opt6(2, hexbytes(given["server"]))
    message += opt6(8, b"\0\0") + opt6(3, mac[2:] + bytes(8) + address) + opt6(6, b"\0\x11") + hexbytes(given.get("extra", ""))
    link = open_device(device)
    link.send(frame6(message, mac_of(device), given.get("src", own_link_local(device))))
    print(answer(link, 6, xid, float(given.get("wait", 2))) or "nothing")


def dump(path):
    for message in read_pcap(path):
        print(message)


def differences(server, client, asked):
    """What is wrong between the two sides of one message, both as captured; asked: the query on the client's side."""
    if server.family == 4:
        if client.head != server.head:
            yield "header differs"
        # dnsmasq writes 118 where 82.5 named the subnet: nobody asked for it.
        ours = {82} if asked.get(118) else {82, 118}
        if [o for o in client.options if o[0] != 82] != [o for o in server.options if o[0] not in ours]:
            yield "options differ: server %s, client %s" % (server, client)
        if not client.query and client.get(82) != asked.get(82):
            yield "option 82 is not the one of the query: %s" % client
        return
    if client.inner != server.inner:
        yield "inner message differs: server %s, client %s" % (server, client)
    # RFC 8415 19.3: a server returns the Interface-ID, and what else it likes, of each layer.
    if not client.query and ([h[1:] for h, _ in client.layers] != [h[1:] for h, _ in asked.layers] or
                             [dict(o).get(18) for _, o in client.layers] != [dict(o).get(18) for _, o in asked.layers] or
                             [o for _, o in client.layers] != [o for _, o in server.layers[-len(client.layers):]][:len(client.layers)]):
        yield "relay layers are not those of the query: %s" % client


def exchange(message):
    """What query and answer have in common. A relay agent that listens to everything makes two of a unicast renewal."""
    return message.family, message.xid, message.head[24:28] if message.family == 4 else b""


def counterpart(server, client):
    """The server's side of a message: the first not used yet of its kind. A NAK may have been an ACK there."""
    for kind in (client.type, "ack") if client.type == "nak" else (client.type,):
        waiting = server.get((exchange(client), kind))
        if waiting:
            return waiting.pop(0)
    return None


def without_relay(message, giaddr):
    """A DHCPv4 message on the server's side as it would be without the relay agent of those addresses."""
    if message.family == 4 and socket.inet_ntoa(message.head[24:28]) in giaddr.split(","):
        head = bytearray(message.head)
        head[3] -= head[3] > 0
        head[24:28] = bytes(4)
        if message.type == "nak":       # RFC 2131 4.3.2: for a relay agent only
            head[10] &= 0x7f
        message.head = bytes(head)
    return message


def compare(server_path, client_path, giaddr=None):
    """Every message on the client's side is on the server's too, and differs in our hint and state only. An ACK that
    became a NAK on the way is counted, and must have left nothing of the lease. A relay agent says NAK itself."""
    server, asked, compared, moved, wrong = {}, {}, 0, 0, 0
    for message in read_pcap(server_path):
        message = without_relay(message, giaddr) if giaddr else message
        server.setdefault((exchange(message), message.type), []).append(message)
    clients = read_pcap(client_path)
    refused = {exchange(message) for message in clients if message.type == "nak"}
    for client in clients:
        if client.query:
            asked[exchange(client)] = client
        other = counterpart(server, client)
        if other is None and giaddr and exchange(client) in refused and client.type in ("request", "nak"):
            moved += client.type == "nak"
            lease = client.type == "nak" and any(client.head[12:24])
            found = ["a NAK with a lease in it: %s" % client] if lease else []
        elif other is None:
            found = ["not on the server's side: %s" % client]
        elif other.type != client.type:
            moved += 1
            lease = any(client.head[12:24]) or {1, 3, 51} & {code for code, _ in client.options}
            found = ["a NAK with a lease in it: %s" % client] if lease or client.get(54) != other.get(54) else []
        else:
            found = list(differences(other, client, asked.get(exchange(client), client)))
        compared, wrong = compared + 1, wrong + bool(found)
        for line in found:
            print(line)
    print("%d messages compared, %d differ, %d turned into a NAK" % (compared, wrong, moved))
    sys.exit(wrong != 0 or compared == 0)


# --- hostile packets ------------------------------------------------------------------------------------------------
# A row: name, what must become of it, the frames. "drop": nothing arrives at the server. "same": what arrives is
# what was sent. "edited": arrives with exactly one option 82 (v6: one relay layer), ours. "never": arrives or
# not, but not edited.

DISCOVER = opt4(53, b"\1")
FORGED = opt4(82, opt4(5, socket.inet_aton("192.0.2.0")))
MAC = hexbytes("02:00:00:00:0b:ad")


def rows4():
    def row(options, **more):
        frame = {key: more.pop(key) for key in ("source", "bad", "length", "sport") if key in more}
        ip = more.pop("ip", b"")
        return lambda xid: [frame4(bootp(MAC, xid, options, **more), MAC, options=ip, **frame)]

    def fragments(parts):
        def frames(xid):
            datagram = udp(bytes(4), BROADCAST[:4], bootp(MAC, xid, DISCOVER + b"\xff", pad=600), 68, 67)
            cut = [(datagram[:304], 0x2000), (datagram[304:], 304 // 8)]
            return [ethernet(BROADCAST, MAC, 0x0800, ip4(bytes(4), BROADCAST[:4], cut[i][0], b"", cut[i][1], xid & 0xffff))
                    for i in parts]
        return frames

    end = b"\xff"
    return [
        ("plain", "edited", row(DISCOVER + end)),
        ("no END", "edited", row(DISCOVER)),
        ("bytes after END", "edited", row(DISCOVER + end + b"\x0c\x03abc")),
        ("own option 82", "edited", row(DISCOVER + FORGED + end)),
        ("two options 82", "edited", row(DISCOVER + FORGED + FORGED + end)),
        ("own option 118", "edited", row(DISCOVER + opt4(118, socket.inet_aton("192.0.2.0")) + end)),
        ("option 82 in file", "edited", row(DISCOVER + opt4(52, b"\1") + end, file=FORGED + end)),
        ("option 82 in sname", "edited", row(DISCOVER + opt4(52, b"\2") + end, sname=FORGED + end)),
        ("option 82 in file and sname", "edited", row(DISCOVER + opt4(52, b"\3") + end, file=FORGED + end, sname=FORGED + end)),
        ("IP options", "edited", row(DISCOVER + end, ip=b"\x94\4\0\0")),
        ("UDP checksum 0", "edited", row(DISCOVER + end, bad="zero")),
        ("UDP checksum wrong", "same", row(DISCOVER + end, bad="wrong")),
        ("giaddr from a client", "drop", row(DISCOVER + end, giaddr="192.0.2.77")),
        ("giaddr, sent from port 67", "drop", row(DISCOVER + end, giaddr="192.0.2.77", source="192.0.2.77", sport=67)),
        ("reply from a client port", "drop", row(opt4(53, b"\2") + end, op=2)),
        ("op 0", "same", row(DISCOVER + end, op=0)),
        ("op 3", "same", row(DISCOVER + end, op=3)),
        ("BOOTP, no message type", "same", row(opt4(12, b"host") + end)),
        ("leasequery", "drop", row(opt4(53, b"\x0a") + end)),
        ("hlen 17", "drop", row(DISCOVER + end, hlen=17)),
        ("hops 17", "drop", row(DISCOVER + end, hops=17)),
        ("option past the end", "drop", row(DISCOVER + b"\x37\xff", pad=0)),
        ("option without length", "drop", row(DISCOVER + b"\x37", pad=0)),
        ("option 53 twice", "drop", row(DISCOVER + opt4(53, b"\3") + end)),
        ("option 53 empty", "drop", row(opt4(53, b"") + end)),
        ("option 53 of two bytes", "drop", row(opt4(53, b"\1\1") + end)),
        ("UDP length past the packet", "never", row(DISCOVER + end, length=1000)),
        ("UDP length 8", "never", row(DISCOVER + end, length=8)),
        ("two fragments", "edited", fragments([0, 1])),
        ("first fragment alone", "drop", fragments([0])),
        ("plain again", "edited", row(DISCOVER + end)),
    ]


def rows6():
    duid = opt6(1, hexbytes("00:03:00:01") + MAC)
    body = duid + opt6(8, b"\0\0") + opt6(3, MAC[2:] + bytes(8))

    def row(kind, options, **more):
        return lambda xid: [frame6(bytes([kind]) + struct.pack(">I", xid)[1:] + options, MAC, **more)]

    def relay(kind, hops):
        def frames(xid):
            inner = b"\1" + struct.pack(">I", xid)[1:] + body
            head = bytes([kind, hops]) + socket.inet_pton(socket.AF_INET6, "2001:db8:1::1") + link_local(MAC)
            return [frame6(head + opt6(9, inner), MAC, sport=547)]
        return frames

    return [
        ("plain", "edited", row(1, body)),
        ("relay-forw from a client", "drop", relay(12, 0)),
        ("relay-repl from a client", "drop", relay(13, 0)),
        ("advertise from a client", "drop", row(2, body)),
        ("reply from a client", "drop", row(7, body)),
        ("option past the end", "drop", row(1, body + b"\0\6\xff\xff\0")),
        ("half an option head", "drop", row(1, body + b"\0\6\0")),
        ("empty DUID", "drop", row(1, opt6(1, b"") + opt6(3, MAC[2:] + bytes(8)))),
        ("DUID of 131 bytes", "drop", row(1, opt6(1, b"\0\2" + b"x" * 129) + opt6(3, MAC[2:] + bytes(8)))),
        ("two DUIDs", "drop", row(1, body + duid)),
        ("short IA", "drop", row(1, duid + opt6(3, b"\0" * 11))),
        ("hop-by-hop header", "drop", row(1, body, before=b"\0\0" + b"\1\4\0\0\0\0")),
        ("UDP checksum wrong", "same", row(1, body, bad="wrong")),
        ("leasequery", "same", row(14, body)),
        ("plain again", "edited", row(1, body)),
    ]


def xid_of(index, family):
    return (FIRST_XID if family == 4 else FIRST_XID & 0xffffff) + index


def hostile(device, family, rows):
    link = open_device(device)
    for index, (_, _, frames) in enumerate(rows):
        for frame in frames(xid_of(index, family)):
            link.send(frame)
        time.sleep(0.02)


def edited_well(message):
    if message.family == 6:
        return len(message.layers) == 1 and not message.layers[0][0].startswith(b"\x0d")
    agents = [value for code, value in message.options if code == 82]
    hidden = options4(message.head[108:236]) + options4(message.head[44:108]) if message.get(52) else []
    return len(agents) == 1 and FORGED[2:] not in agents and message.get(118) is None and 82 not in dict(hidden)


def verdict(wanted, sent, arrived):
    """None when it is as wanted, else what is wrong."""
    if wanted == "drop":
        return "arrived: %s" % arrived if arrived else None
    if arrived is None:
        return None if wanted == "never" else "did not arrive"
    same = arrived.payload == sent.payload if sent else True
    if wanted == "edited":
        return None if edited_well(arrived) else "badly edited: %s" % arrived
    return None if same else "changed: %s" % arrived


def judge(path, family, rows):
    arrived = {}
    for message in read_pcap(path):
        if message.family == family:        # the query comes before its answer
            arrived.setdefault(message.xid, message)
    for index, (name, wanted, frames) in enumerate(rows):
        xid = xid_of(index, family)
        sent = frames(xid)
        wrong = verdict(wanted, parse(sent[0]) if len(sent) == 1 else None, arrived.get(xid))
        print("ok\t%s" % name if wrong is None else "FAIL\t%s\t%s" % (name, wrong))


def check_addresses():
    """The module's own arithmetic, before anything is blamed on others."""
    assert checksum(bytes.fromhex("45000073000040004011") + bytes(2) + bytes.fromhex("c0a80001c0a800c7")) == 0xb861
    assert link_local(hexbytes("020000000bad")) == socket.inet_pton(socket.AF_INET6, "fe80::ff:fe00:bad")


COMMANDS = {
    "ask4": ask4, "ask6": ask6, "send4": send4, "dump": dump, "compare": compare,
    "hostile4": lambda device: hostile(device, 4, rows4()), "hostile6": lambda device: hostile(device, 6, rows6()),
    "judge4": lambda path: judge(path, 4, rows4()), "judge6": lambda path: judge(path, 6, rows6()),
}

if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1] not in COMMANDS:
        sys.exit(__doc__)
    check_addresses()
    COMMANDS[sys.argv[1]](*sys.argv[2:])
