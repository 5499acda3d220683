#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A client for each line that is added to the registry, which asks as soon as the line is there.

usage: fresh.py DEVICE FILE EDITS PREFIX

The DISCOVER is made before its line is written and sent right behind it, so that less than a millisecond lies
between. PREFIX is how the address begins that a registered client is offered. Prints one line:

  edits=N seen=N unanswered=N
"""
import os
import sys
import time

import dhcp


def main(device, file, edits, prefix):
    link = dhcp.open_device(device)
    seen = unanswered = 0
    for n in range(int(edits)):
        mac = f"0200780000{n:02x}"
        frame, xid = dhcp.build4(device, {"mac": mac})
        with open(file, "ab", buffering=0) as registry:
            registry.write(b'{ "type": "HW_ADDR", "id": "%s" }\n' % mac.encode())
        link.send(frame)
        offer = dhcp.answer(link, 4, xid, 2)
        unanswered += offer is None
        seen += f" addr={prefix}" in str(offer)
        time.sleep(0.005 * (n % 5))    # now the loader is at rest, now it still looks at the line before
    print(f"edits={edits} seen={seen} unanswered={unanswered}")


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    os.umask(0o022)
    main(*sys.argv[1:])
