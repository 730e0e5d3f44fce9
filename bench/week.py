"""The page of a full week: 400 visits of 30 workers, opened again and again by who plans it.

The web process is the product's own, in production mode. One reader at a time asks for the page, as
browsers do (gzip accepted), so that what is told is the wait of one person. `--scale` is how many
hundred visits, `--seconds` how long it is read.
"""

from __future__ import annotations

import gzip
import json
import time
import urllib.request
from pathlib import Path

from bench.house import cpu_s, house
from bench.options import Options, percentile

HUNDREDS, SECONDS = 4.0, 20.0
WORKERS, WARM = 30, 5


def run(options: Options) -> dict[str, float]:
    """Return milliseconds and kilobytes of one opening; cpu of the web process and the database."""
    visits = round((options.scale or HUNDREDS) * 100)
    keep = options.state / "week"
    keep.mkdir(parents=True, exist_ok=True)
    with house(keep) as bench:
        bench.copied("bench_run")
        bench.environment["SONGHE_MODE"] = "production"
        bench.environment["SONGHE_RATE_LIMITS"] = "0"
        bench.django("songhe.config.cli", "migrate")
        options.say(f"a week of {visits} visits")
        found = json.loads(bench.django("bench.week_county", str(visits), str(WORKERS)))
        bench.start("web", health=bench.port)
        if options.profile:
            bench.profile("web", Path(options.profile))
        options.say("opened again and again")
        request = urllib.request.Request(
            f"http://127.0.0.1:{bench.port}{found['path']}",
            headers={"Cookie": found["cookie"], "Accept-Encoding": "gzip"},
        )
        for _turn in range(WARM):
            sent, plain = _opened(request)
        shown = plain.count(b"plan-block ") + plain.count(b'class="plan-block"')
        if shown != visits:
            raise SystemExit(f"the page shows {shown} visits in the place of {visits}")
        before = cpu_s(bench.pid("web")), cpu_s(bench.database_pid)
        took_ms: list[float] = []
        until = time.monotonic() + (options.seconds or SECONDS)
        while time.monotonic() < until:
            began = time.monotonic()
            _opened(request)
            took_ms.append((time.monotonic() - began) * 1000)
        after = cpu_s(bench.pid("web")), cpu_s(bench.database_pid)
    return {
        "visits": visits,
        "workers": WORKERS,
        "opened": len(took_ms),
        "p50_ms": percentile(took_ms, 0.5),
        "p95_ms": percentile(took_ms, 0.95),
        "most_ms": max(took_ms),
        "web_cpu_ms": (after[0] - before[0]) / len(took_ms) * 1000,
        "database_cpu_ms": (after[1] - before[1]) / len(took_ms) * 1000,
        "sent_kb": len(sent) / 1000,
        "page_kb": len(plain) / 1000,
    }


def _opened(request: urllib.request.Request) -> tuple[bytes, bytes]:
    """Return the page as it was sent, and as it is read."""
    with urllib.request.urlopen(request, timeout=60) as answer:
        sent = answer.read()
        packed = answer.headers.get("Content-Encoding") == "gzip"
    return sent, gzip.decompress(sent) if packed else sent
