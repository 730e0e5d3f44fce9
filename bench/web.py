"""`./dev bench web`: pages of a county of 100,000 persons, and 1,000 open event streams.

The web process is the product's own, in production mode with all its middleware, sessions, roles
and audit. Beside it, on the same server with the same pool: one query and nothing else. The county
is built once and kept; each run works on a copy of it that is given thirty days of readings, forty
open alarms and the staff.
"""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import msgspec
import psutil
import psycopg

from bench import browse, streams
from bench.house import ROOT, Bench, cpu_s, house
from bench.options import Options, percentile
from songhe.kernel import tickets
from songhe.kernel.wire import CHANNEL_LIVE, LiveEvent, LiveTicket

THOUSANDS = 100.0
SECONDS = 8.0
STREAMS, EVENTS, EVERY_S = 1000, 100, 0.1
WORKERS, THREADS = 2, 4
_NOBODY = UUID(int=0)


class Found(msgspec.Struct):
    """What the copy of the county has: persons with readings, open alarms, cookies."""

    persons: list[str]
    alarms: list[str]
    operator: str
    family: str


def county(bench: Bench, built: Path, count: int, options: Options) -> Found:
    """Build what is not built yet; give a copy of it to this run."""
    if not built.exists():
        options.say(f"registering {count:,} persons, once")
        bench.django("django", "migrate", "--verbosity", "0")
        bench.django("bench.web_county", "persons", str(count))
        built.touch()
    options.say("a copy with the day's readings, alarms and staff")
    bench.copied("bench_run")
    bench.environment["SONGHE_MODE"] = "production"
    bench.environment["SONGHE_RATE_LIMITS"] = "0"  # one sign-in asks as often as it can
    bench.django("songhe.config.cli", "migrate")
    return msgspec.json.decode(bench.django("bench.web_county", "day"), type=Found)


class Reading:
    """Reads pages of one process with a load of its own, and what that cost whom."""

    def __init__(self, bench: Bench, process: str, port: int, options: Options) -> None:
        self._bench, self._process, self._port = bench, process, port
        self._seconds = options.seconds or SECONDS
        self._options = options

    def _used(self) -> tuple[float, float]:
        bench = self._bench
        return cpu_s(bench.pid(self._process)), cpu_s(bench.database_pid)

    def pages(self, name: str, paths: list[str], cookie: str = "") -> dict[str, float]:
        """Return the figures of these pages, asked for in turn."""
        self._options.say(name)
        plan = browse.Plan(self._port, paths, cookie, seconds=self._seconds)
        path = self._bench.folder / "browse.json"
        path.write_bytes(msgspec.json.encode(plan))
        child = subprocess.Popen(
            [sys.executable, "-m", "bench.browse", str(path)], cwd=ROOT, stdout=subprocess.PIPE
        )
        assert child.stdout is not None
        child.stdout.readline()
        before = self._used()
        child.stdout.readline()
        after = self._used()
        answer = child.stdout.readline()
        if child.wait(30):
            raise SystemExit(f"{name}: the browsers ended with {child.returncode}")
        outcome = msgspec.json.decode(answer, type=browse.Outcome)
        if set(outcome.statuses) != {"200"} or outcome.lost:
            raise SystemExit(f"{name}: {outcome.statuses}, {outcome.lost} connections lost")
        count = len(outcome.ms)
        return {
            f"{name}_rps": count / outcome.seconds,
            f"{name}_p50_ms": percentile(outcome.ms, 0.5),
            f"{name}_p99_ms": percentile(outcome.ms, 0.99),
            f"{name}_web_cpu_ms": (after[0] - before[0]) / count * 1000,
            f"{name}_database_cpu_ms": (after[1] - before[1]) / count * 1000,
            f"{name}_kb": outcome.bytes / count / 1000,
        }


def _streams(bench: Bench, options: Options) -> dict[str, float]:
    """Return how long an announcement takes to all open streams."""
    until = int(time.time()) + 60
    plan = streams.Plan(
        bench.port + 1,
        [
            tickets.sign(LiveTicket(_NOBODY, [f"region:99012100{n % 3 + 1}"], until), bench.secret)
            for n in range(options.devices or STREAMS)
        ],
    )
    path = bench.folder / "streams.json"
    path.write_bytes(msgspec.json.encode(plan))
    child = subprocess.Popen(
        [sys.executable, "-m", "bench.streams", str(path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdout is not None
    if child.stdout.readline().strip() != b"ready":
        raise SystemExit("the event streams could not be opened")
    sent: list[float] = []
    with psycopg.connect(bench.url, autocommit=True) as connection:
        for number in range(EVENTS):
            at = datetime.now(UTC).isoformat()
            # Regions are matched by prefix: one event of every town is heard by all.
            topics = [f"region:99012100{town}001" for town in (1, 2, 3)]
            event = LiveEvent(topics, "bench", str(number), at)
            sent.append(time.time())
            connection.execute(
                "SELECT pg_notify(%s, %s)", [CHANNEL_LIVE, msgspec.json.encode(event).decode()]
            )
            time.sleep(EVERY_S)
    memory = psutil.Process(bench.pid("live")).memory_info().rss
    out, _ = child.communicate(f"{EVENTS}\n".encode(), timeout=60)
    heard = msgspec.json.decode(out, type=dict[str, streams.Heard])
    took = [(one.last_s - sent[int(name)]) * 1000 for name, one in heard.items()]
    first = [(one.first_s - sent[int(name)]) * 1000 for name, one in heard.items()]
    return {
        "streams": len(plan.tickets),
        "events": EVENTS,
        "missed": len(plan.tickets) * EVENTS - sum(one.streams for one in heard.values()),
        "fanout_first_p50_ms": percentile(first, 0.5),
        "fanout_p50_ms": percentile(took, 0.5),
        "fanout_p99_ms": percentile(took, 0.99),
        "live_mb": memory / 1e6,
    }


def run(options: Options) -> dict[str, float]:
    """Measure; keys as the first line of the module says."""
    count = round((options.scale or THOUSANDS) * 1000)
    keep = options.state / f"web-{count}"
    keep.mkdir(parents=True, exist_ok=True)
    figures: dict[str, float] = {"persons": count}
    with house(keep) as bench:
        found = county(bench, keep / "built", count, options)
        figures["alarms"] = len(found.alarms)
        bench.start("web", health=bench.port)
        if options.profile:
            bench.profile("web", Path(options.profile))
        web = Reading(bench, "web", bench.port, options)
        persons = [f"/people/{person}/" for person in found.persons]
        pages = {
            "desk": ["/desk/"],
            "person": persons,
            "people": [f"/people/?page={number}" for number in range(1, 21)],
            "search": [f"/people/?words={words}" for words in ("wangxiu", "chen", "李", "张国")],
            "alarm": [f"/desk/alarms/{alarm}/" for alarm in found.alarms],
        }
        for name, paths in pages.items():
            figures |= web.pages(name, paths, found.operator)
        figures |= web.pages("family_person", persons, found.family)
        # Last, so that the raw query is measured in the same minute: machines have their moods.
        figures |= web.pages("floor_page", ["/live/ticket/"], found.operator)
        bench.stop("web")
        argv = ("bench.raw_web", str(bench.port), str(WORKERS), str(THREADS))
        bench.start("raw_web", health=bench.port, argv=argv)
        raw = Reading(bench, "raw_web", bench.port, options)
        figures |= raw.pages("raw_query", [f"/{person}" for person in found.persons])
        figures["floor_page_ratio"] = figures["floor_page_rps"] / figures["raw_query_rps"]
        bench.stop("raw_web")
        bench.start("live", health=bench.port + 1)
        options.say("event streams")
        figures |= _streams(bench, options)
    return figures
