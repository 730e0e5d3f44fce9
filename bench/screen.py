"""`python -m bench.screen PORT TICKET`: when a browser's event stream receives each alarm.

Chromium reads the stream of `songhe live` as the product's own pages do, by fetch; where there is
none a plain client does, and says so. Prints "ready", then, when told by a line, what it received.
"""

from __future__ import annotations

import json
import sys
import threading
import time
import urllib.request

from tools.chromium import NoBrowser, chromium

READ = """
async ([address]) => {
  window.received = [];
  const stream = await fetch(address);
  const reader = stream.body.pipeThrough(new TextDecoderStream()).getReader();
  (async () => {
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const now = performance.timeOrigin + performance.now();
      rest += value;
      let end;
      while ((end = rest.indexOf("\\n\\n")) >= 0) {
        const block = rest.slice(0, end);
        rest = rest.slice(end + 2);
        const data = block.split("\\n").find((line) => line.startsWith("data: "));
        if (!data) continue;
        const event = JSON.parse(data.slice(6));
        if (event.kind === "alarm") window.received.push([event.id, now / 1000]);
      }
    }
  })();
}
"""
Received = list[tuple[str, float]]


def in_browser(base: str, ticket: str) -> Received:
    """Return (alarm, epoch seconds) as Chromium received them; raises NoBrowser."""
    with chromium() as browser:
        page = browser.new_page()
        page.goto(f"{base}/healthz")
        page.evaluate(READ, [f"{base}/stream?ticket={ticket}"])
        print("ready browser", flush=True)
        sys.stdin.readline()
        found: Received = page.evaluate("window.received")
    return found


def plainly(base: str, ticket: str) -> Received:
    """Return (alarm, epoch seconds) as a plain client received them."""
    found: Received = []

    def read() -> None:
        with urllib.request.urlopen(f"{base}/stream?ticket={ticket}") as stream:
            for line in stream:
                if line.startswith(b"data: "):
                    event = json.loads(line[6:])
                    if event["kind"] == "alarm":
                        found.append((event["id"], time.time()))

    threading.Thread(target=read, daemon=True).start()
    print("ready plain", flush=True)
    sys.stdin.readline()
    return found


def main(port: str, ticket: str) -> None:
    """Watch until a line comes on standard input; print what was received as JSON."""
    base = f"http://127.0.0.1:{port}"
    try:
        received = in_browser(base, ticket)
    except NoBrowser:
        received = plainly(base, ticket)
    print(json.dumps(received), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
