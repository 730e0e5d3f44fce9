"""`./dev bench ingest`: how many messages a second are committed and judged, beside raw COPY.

1,000 devices with a connection each publish QoS 1, five readings a message, unique keys, every
packaged rule on. In the same run the stored rows are copied once more, by raw binary COPY into
a table with the same indexes (the median of three): what this machine can do at all.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

import msgspec
import psycopg

from bench.house import ROOT, Bench, Login, cpu_s, house
from bench.load import Outcome, Plan
from bench.messages import READINGS
from bench.options import Options

DEVICES = 1000
MESSAGES = 400
CRITICAL = 50
COPIES = 3
NAIVE_ROWS = 20_000
_ALARMS = "SELECT count(*) FROM monitoring_alarm"
_BY_RULE = "SELECT rule, count(*) FROM finding WHERE phase = 'raised' GROUP BY 1 ORDER BY 2 DESC"
_TWICE = """
SELECT count(*) - count(DISTINCT (subject, device, effective_at, fingerprint)) FROM reading_hot
"""


def load(bench: Bench, logins: list[Login], plan: Plan) -> tuple[Outcome, float]:
    """Let the generator run; return its outcome and the gateway's processor seconds."""
    path = bench.folder / "plan.json"
    path.write_bytes(msgspec.json.encode(plan))
    gateway = bench.pid("gateway")
    child = subprocess.Popen(
        [sys.executable, "-m", "bench.load", str(path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    if child.stdout.readline().strip() != b"ready":
        raise SystemExit("the load generator could not connect")
    before = cpu_s(gateway)
    child.stdin.write(b"\n")
    child.stdin.flush()
    answer = child.stdout.readline()
    used = cpu_s(gateway) - before
    child.wait(30)
    return msgspec.json.decode(answer, type=Outcome), used


def raw_copy(url: str) -> float:
    """Return rows a second of one binary COPY of all stored rows with the same indexes.

    The median of three: single ones differ by a factor of two on a machine with other guests.
    """
    with psycopg.connect(url) as connection:
        with connection.cursor().copy(
            "COPY (SELECT * FROM reading_hot) TO STDOUT (FORMAT binary)"
        ) as out:
            data = b"".join(bytes(piece) for piece in out)
        rates = [_copied(connection, data) for _ in range(COPIES)]
    return median(rates)


def _copied(connection: psycopg.Connection[Any], data: bytes) -> float:
    connection.execute("CREATE TABLE raw_copy (LIKE reading_hot INCLUDING ALL)")
    connection.commit()
    began_s = time.perf_counter()
    cursor = connection.cursor()
    with cursor.copy("COPY raw_copy FROM STDIN (FORMAT binary)") as into:
        for start in range(0, len(data), 1 << 20):
            into.write(data[start : start + (1 << 20)])
    connection.commit()
    took_s = time.perf_counter() - began_s
    connection.execute("DROP TABLE raw_copy")
    connection.commit()
    return cursor.rowcount / took_s


def run(options: Options) -> dict[str, float]:
    """Measure; keys as the first line of the module says."""
    devices = options.devices or DEVICES
    messages = int(options.scale) or MESSAGES
    critical = min(CRITICAL, devices)
    with house() as bench:
        options.say(f"a county with {devices} devices")
        logins = bench.county(devices)
        more = {"SONGHE_GATEWAY_RATE_PER_S": "1000000", "SONGHE_GATEWAY_RATE_BURST": "1000000"}
        bench.gateway(**more)
        bench.start("jobs")
        options.say(f"{devices * messages:,} messages")
        plan = Plan(
            port=bench.mqtt_port,
            logins=[(login.key, login.secret) for login in logins],
            messages=messages,
            critical=critical,
        )
        if options.profile:
            bench.profile("gateway", Path(options.profile))
        outcome, used_s = load(bench, logins, plan)
        took_s = outcome.ended_s - outcome.began_s
        options.say(f"{outcome.acknowledged:,} acknowledged in {took_s:.1f} s; waiting for alarms")
        alarms = bench.settled(_ALARMS, critical)
        for rule, count in bench.rows(_BY_RULE):
            options.say(f"{count} findings of {rule}")
        stored = bench.one("SELECT count(*) FROM reading_hot")
        twice = bench.one(_TWICE)
        batches = bench.metric("songhe_gateway_batch_messages_count")
        bench.stop("jobs")
        bench.stop("gateway")
        options.say("raw COPY of the same rows")
        copy_rows_per_s = raw_copy(bench.url)
        options.say("the naive way")
        naive = float(bench.django("bench.naive", str(NAIVE_ROWS)))
    rate = outcome.acknowledged / took_s
    return {
        "devices": devices,
        "messages": outcome.sent,
        "seconds": took_s,
        "copy_rows_per_s": copy_rows_per_s,
        "messages_per_s": rate,
        "readings_per_s": rate * READINGS,
        "ratio": rate / copy_rows_per_s,
        "acknowledged": outcome.acknowledged,
        "stored": stored,
        "missing": max(0.0, outcome.acknowledged - stored),
        "duplicated": twice,
        "alarms_expected": critical,
        "alarms_raised": alarms,
        "bulk_create_rows_per_s": naive,
        "messages_per_batch": outcome.acknowledged / max(1.0, batches),
        "gateway_cpu_us_per_message": used_s / outcome.acknowledged * 1e6,
        "generator_cpu_us_per_message": outcome.cpu_s / outcome.acknowledged * 1e6,
    }
