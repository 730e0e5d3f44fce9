"""`./dev bench connections`: 10,000 idle devices: memory, sign-ins, and all coming back at once.

The devices' snapshots are written as the devices' services write them. The gateway is asked to
end, and killed, while all are connected; from its port being open again the time runs until the
last of them is signed in.
"""

from __future__ import annotations

import hashlib
import secrets
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import psutil
import psycopg
from psycopg.types.json import Jsonb

from bench.house import ROOT, Bench, cpu_s, house
from bench.idle import PER_SOURCE, Plan, Tally
from bench.options import Options
from songhe.kernel.ids import uuid7
from songhe.kernel.time import to_us
from songhe.kernel.wire import Binding, DeviceSnapshot, SubjectKind

DEVICES = 10_000
IDLE_S = 30.0
SETTLE_S = 3.0
_PUT = "COPY gateway_device (device, key, body, version) FROM STDIN"


def put_devices(url: str, count: int) -> list[tuple[str, str]]:
    """Write the snapshots of bands that persons wear; return the devices' logins."""
    since_us = to_us(datetime.now(UTC) - timedelta(days=30))
    logins = []
    with psycopg.connect(url) as connection, connection.cursor().copy(_PUT) as copy:
        for _ in range(count):
            key, secret = "b" + secrets.token_hex(6), secrets.token_urlsafe(24)
            person = uuid7()
            snapshot = DeviceSnapshot(
                id=uuid7(),
                key=key,
                active=True,
                type="band",
                secrets=[(hashlib.sha256(secret.encode()).hexdigest(), None)],
                bindings=[Binding(since_us, None, SubjectKind.PERSON, person, person=person)],
            )
            copy.write_row((snapshot.id, key, Jsonb(msgspec.to_builtins(snapshot)), 1))
            logins.append((key, secret))
    return logins


class Idlers:
    """The devices' process, told by lines."""

    def __init__(self, bench: Bench, plan: Plan) -> None:
        path = bench.folder / "idle.json"
        path.write_bytes(msgspec.json.encode(plan))
        self._child = subprocess.Popen(
            [sys.executable, "-m", "bench.idle", str(path)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._hear()

    def _hear(self) -> bytes:
        assert self._child.stdout is not None
        line = self._child.stdout.readline()
        if not line:
            raise SystemExit("the devices' process ended")
        return line

    def tell(self, line: str) -> Tally:
        """Say what to do; return the count once it is done."""
        assert self._child.stdin is not None
        self._child.stdin.write(f"{line}\n".encode())
        self._child.stdin.flush()
        return msgspec.json.decode(self._hear(), type=Tally)

    def close(self) -> None:
        """End the process."""
        self._child.terminate()
        self._child.wait(30)


def _mb(pid: int) -> float:
    return float(psutil.Process(pid).memory_info().rss) / 1e6


def _again(bench: Bench, idlers: Idlers, count: int, more: dict[str, str], *, kill: bool) -> Tally:
    """End the gateway, start it anew, and wait until everybody is back."""
    idlers.tell("lose")
    if kill:
        bench.kill("gateway")
    else:
        bench.stop("gateway")
    bench.gateway(**more)
    return idlers.tell(f"wait {count}")


def run(options: Options) -> dict[str, float]:
    """Measure; keys as the first line of the module says."""
    count = options.devices or int(options.scale * 1000) or DEVICES
    more = {"SONGHE_GATEWAY_UNKNOWN_PER_ADDRESS": str(PER_SOURCE)}
    with house() as bench:
        options.say(f"{count:,} devices")
        bench.django("django", "migrate", "--verbosity", "0")
        logins = put_devices(bench.url, count)
        gateway = bench.gateway(**more)
        before_mb = _mb(gateway)
        if options.profile:
            bench.profile("gateway", Path(options.profile))
        idlers = Idlers(bench, Plan(port=bench.mqtt_port, logins=logins))
        try:
            options.say("all sign in")
            began_s, used_s = time.time(), cpu_s(gateway)
            idlers.tell("first")
            entered = idlers.tell(f"wait {count}")
            login_cpu_s = cpu_s(gateway) - used_s
            time.sleep(SETTLE_S)
            options.say("idle")
            idle_s = options.seconds or IDLE_S
            used_s, since_s = cpu_s(gateway), time.monotonic()
            time.sleep(idle_s)
            idle_cpu = (cpu_s(gateway) - used_s) / (time.monotonic() - since_s)
            idle_mb = _mb(gateway)
            still = idlers.tell("count")
            options.say("the gateway is asked to end; all come back")
            asked = _again(bench, idlers, count, more, kill=False)
            options.say("the gateway is killed; all come back")
            killed = _again(bench, idlers, count, more, kill=True)
            time.sleep(SETTLE_S)
            after_mb = _mb(bench.pid("gateway"))
        finally:
            idlers.close()
    return {
        "devices": count,
        "signed_in": entered.signed_in,
        "gateway_mb": max(idle_mb, after_mb),
        "empty_mb": before_mb,
        "grown_mb": idle_mb - before_mb,
        "kb_per_connection": (idle_mb - before_mb) / count * 1000,
        "login_per_s": entered.signed_in / (entered.last_s - began_s),
        "login_cpu_us": login_cpu_s / count * 1e6,
        "idle_cpu_percent": idle_cpu * 100,
        "pings_answered": still.pongs,
        "lost_while_idle": still.lost,
        "reconnect_s": max(asked.last_s - asked.opened_s, killed.last_s - killed.opened_s),
        "reconnect_asked_s": asked.last_s - asked.opened_s,
        "reconnect_killed_s": killed.last_s - killed.opened_s,
        "back_after_asked": asked.signed_in,
        "back_after_killed": killed.signed_in,
        "refused_meanwhile": asked.refused + killed.refused,
    }
