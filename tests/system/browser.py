#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A headless Chromium, steered over its debugging pipe: opens a page and runs a script of steps from standard input.

    browser.py CHROMIUM PROFILE URL

Steps, one a line: "wait EXPRESSION" until it is true (ten seconds), "run EXPRESSION", "print EXPRESSION",
"size WIDTH HEIGHT", "shot FILE.png". Whatever the page logs, and every violation of its content security policy, is printed
as "console: ...". Exit status 1 if a wait ends without success or an expression throws."""
import base64
import json
import os
import select
import subprocess
import sys
import time


class Browser:
    def __init__(self, chromium, profile):
        to_browser, self.out = os.pipe()
        self.inp, from_browser = os.pipe()
        # The browser reads descriptor 3 and writes 4: dup2() there would close our own ends if they were these.
        shell = f"exec {chromium} \"$@\" 3<&{to_browser} 4>&{from_browser}"
        self.process = subprocess.Popen(
            ["bash", "-c", shell, "bash", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
             "--remote-debugging-pipe", "--no-first-run", "--disable-background-networking", "--disable-component-update",
             f"--user-data-dir={profile}", "about:blank"],
            pass_fds=(to_browser, from_browser), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_browser)
        os.close(from_browser)
        self.buffer = b""
        self.next_id = 0
        self.session = None

    def receive(self, timeout):
        while b"\0" not in self.buffer:
            if not select.select([self.inp], [], [], timeout)[0]:
                raise TimeoutError("the browser does not answer")
            data = os.read(self.inp, 1 << 20)
            if not data:
                raise EOFError("the browser is gone")
            self.buffer += data
        message, _, self.buffer = self.buffer.partition(b"\0")
        return json.loads(message)

    def note(self, message):
        parameters = message.get("params", {})
        if message.get("method") == "Log.entryAdded":
            print("console:", parameters["entry"]["text"], parameters["entry"].get("url", ""))
        if message.get("method") == "Runtime.consoleAPICalled":
            print("console:", *(a.get("value", a.get("description")) for a in parameters["args"]))
        if message.get("method") == "Runtime.exceptionThrown":
            print("console:", parameters["exceptionDetails"].get("exception", {}).get("description"))

    def call(self, method, **parameters):
        self.next_id += 1
        message = {"id": self.next_id, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive(20)
            if answer.get("id") != self.next_id:
                self.note(answer)
                continue
            if "error" in answer:
                raise RuntimeError(f"{method}: {answer['error']}")
            return answer["result"]

    def open(self, url):
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Runtime", "Log", "Page"):
            self.call(f"{domain}.enable")
        self.call("Page.navigate", url=url)

    def evaluate(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise RuntimeError(f"{expression}: {result['exceptionDetails'].get('exception', {}).get('description')}")
        return result["result"].get("value")

    def wait(self, expression):
        end = time.monotonic() + 10
        # The page may not be there yet.
        while not self.evaluate(f"(() => {{ try {{ return !!({expression}) }} catch {{ return false }} }})()"):
            if time.monotonic() > end:
                raise TimeoutError(f"never true: {expression}")
            time.sleep(0.1)

    def step(self, line):
        verb, _, rest = line.partition(" ")
        if verb == "wait":
            self.wait(rest)
        elif verb == "run":
            self.evaluate(rest)
        elif verb == "print":
            print(self.evaluate(rest))
        elif verb == "size":
            width, height = map(int, rest.split())
            self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        elif verb == "shot":
            with open(rest, "wb") as out:
                out.write(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))
        elif verb:
            raise ValueError(f"no step '{verb}'")


def main():
    browser = Browser(sys.argv[1], sys.argv[2])
    try:
        browser.open(sys.argv[3])
        for line in sys.stdin:
            browser.step(line.strip())
        return 0
    except (TimeoutError, RuntimeError, EOFError, ValueError) as error:
        print("browser:", error)
        return 1
    finally:
        browser.process.terminate()
        browser.process.wait(10)


sys.exit(main())
