"""`./dev bench alarm`: from a published reading to the decision, the row, the operator's screen.

At 10,000 messages a second from 1,000 connections, some devices send one critical pressure each.
Beside it, in the same run, how long messages would wait for the disk alone.
Times are taken on one machine by one clock: sent and acknowledged by the generator, decided as the
finding says, raised when the notification of the alarm's commit arrives, on the screen when a
browser's event stream has it.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path
from uuid import UUID

import msgspec
import psycopg

from bench.disk import acknowledgements_ms
from bench.house import ROOT, Bench, Login, cpu_s, house
from bench.options import Options, percentile
from bench.pace import Outcome, Plan
from songhe.kernel import tickets
from songhe.kernel.wire import CHANNEL_LIVE, LiveEvent, LiveTicket

RATE = 10_000.0
SECONDS = 60.0
DEVICES = 1000
CRITICAL = 200
_NOBODY = UUID(int=0)
_DECIDED = """
SELECT d.key, extract(epoch FROM f.decided_at), l.alarm_id::text
FROM finding f JOIN gateway_device d ON d.device = f.device
JOIN monitoring_alarmfinding l ON l.finding_id = f.id
WHERE f.rule = 'bp-critical' AND f.phase = 'raised'
"""


class Commits(threading.Thread):
    """Hears of alarms' commits by PostgreSQL's notifications."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self._connection = psycopg.connect(url, autocommit=True)
        self._connection.execute(f"LISTEN {CHANNEL_LIVE}")
        self.heard: dict[str, float] = {}
        self._ended = threading.Event()

    def run(self) -> None:
        """Listen until stopped."""
        while not self._ended.is_set():
            for note in self._connection.notifies(timeout=0.5):
                event = msgspec.json.decode(note.payload, type=LiveEvent)
                if event.kind == "alarm":
                    self.heard.setdefault(event.id, time.time())

    def stop(self) -> None:
        """End the thread."""
        self._ended.set()
        self.join()
        self._connection.close()


def _watch(bench: Bench) -> subprocess.Popen[bytes]:
    ticket = tickets.sign(LiveTicket(_NOBODY, ["region:"], int(time.time()) + 60), bench.secret)
    command = [sys.executable, "-m", "bench.screen", str(bench.port + 1), ticket]
    child = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout is not None
    if not child.stdout.readline().startswith(b"ready"):
        raise SystemExit("the event stream could not be read")
    return child


def _used(bench: Bench, watching: subprocess.Popen[bytes]) -> dict[str, float]:
    """Return the processor seconds that everything but the generator has used so far."""
    pids = {name: bench.pid(name) for name in ("gateway", "jobs", "live")}
    pids |= {"database": bench.database_pid, "browser": watching.pid}
    return {name: cpu_s(pid) for name, pid in pids.items()}


def _pace(bench: Bench, logins: list[Login], options: Options) -> Outcome:
    plan = Plan(
        port=bench.mqtt_port,
        logins=[(login.key, login.secret) for login in logins],
        rate=options.rate or RATE,
        seconds=options.seconds or SECONDS,
        critical=min(CRITICAL, len(logins)),
    )
    path = bench.folder / "plan.json"
    path.write_bytes(msgspec.json.encode(plan))
    done = subprocess.run(
        [sys.executable, "-m", "bench.pace", str(path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
    )
    return msgspec.json.decode(done.stdout, type=Outcome)


def _figures(name: str, values: list[float]) -> dict[str, float]:
    return {f"{name}_p50_ms": percentile(values, 0.5), f"{name}_p99_ms": percentile(values, 0.99)}


def run(options: Options) -> dict[str, float]:
    """Measure; the share of late sends tells whether the generator itself kept its pace."""
    with house() as bench:
        options.say("a county")
        logins = bench.county(options.devices or DEVICES)
        bench.gateway()
        bench.start("live", health=bench.port + 1)
        bench.start("jobs")
        watching, commits = _watch(bench), Commits(bench.url)
        commits.start()
        if options.profile:
            bench.profile("gateway", Path(options.profile))
        options.say("paced load")
        before = _used(bench, watching)
        outcome = _pace(bench, logins, options)
        used_s = {name: used - before[name] for name, used in _used(bench, watching).items()}
        batches = {
            name: bench.metric(f"songhe_gateway_{name}")
            for name in ("batch_messages_count", "commit_seconds_sum", "lag_seconds_sum")
        }
        count = max(1.0, batches["batch_messages_count"])
        expected = len(outcome.critical)
        bench.settled("SELECT count(*) FROM monitoring_alarm", expected)
        options.say("what came of it")
        out, _ = watching.communicate(b"\n", timeout=30)
        shown = dict(reversed(msgspec.json.decode(out, type=list[tuple[str, float]])))
        commits.stop()
        rows = bench.rows(_DECIDED)
        stored = bench.one("SELECT count(*) FROM reading_hot")
        for name in ("jobs", "live", "gateway"):
            bench.stop(name)
        options.say("the same bytes with nothing but the disk between")
        disk_ms = acknowledgements_ms(bench.folder, options.rate or RATE)
    sent = outcome.critical
    decided = [(float(at) - sent[key]) * 1000 for key, at, _ in rows]  # type: ignore[arg-type,index]
    raised = [(commits.heard[a] - sent[k]) * 1000 for k, _, a in rows if a in commits.heard]  # type: ignore[index]
    screen = [(shown[a] - sent[k]) * 1000 for k, _, a in rows if a in shown]  # type: ignore[index]
    took_s = outcome.ended_s - outcome.began_s
    return {
        "messages_per_s": outcome.sent / took_s,
        "sent": outcome.sent,
        "acknowledged": outcome.acknowledged,
        "missing": outcome.acknowledged - stored,
        "alarms_expected": expected,
        "alarms_raised": len(raised),
        "alarms_on_screen": len(screen),
        **_figures("decided", decided),
        **_figures("acknowledged", outcome.ack_ms),
        **_figures("disk_alone", disk_ms),
        **_figures("raised", raised),
        **_figures("screen", screen),
        **_figures("generator_late", outcome.late_ms),
        "messages_per_batch": outcome.sent / count,
        "commit_mean_ms": batches["commit_seconds_sum"] / count * 1000,
        "gateway_cpu_us_per_message": used_s["gateway"] / max(1, outcome.sent) * 1e6,
        "generator_cpu_us_per_message": outcome.cpu_s / max(1, outcome.sent) * 1e6,
        # Of one core, over the time of the load; the generator prepares its packets before.
        **{f"{name}_cores": used / took_s for name, used in used_s.items()},
    }
