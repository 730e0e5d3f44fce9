"""`songhe up` with every real process: healthy, mended after kills, backed up while it runs."""

from __future__ import annotations

import json
import os
import signal
import ssl
import urllib.request
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.faults.conftest import Run, gone

Start = Callable[..., Run]
pytestmark = pytest.mark.slow


def healthy(port: int, scheme: str = "http", context: ssl.SSLContext | None = None) -> bool:
    url = f"{scheme}://localhost:{port}/healthz"
    with urllib.request.urlopen(url, timeout=20, context=context) as answer:
        return bool(answer.status == 200)


def children(state: Path) -> dict[str, int]:
    record = json.loads((state / "instance.json").read_text())
    return {name: pid for name, (pid, _) in record["children"].items()}


def test_everything_runs_is_mended_and_stops(start: Start, state: Path, ports: int) -> None:
    run = start("up", "--port", str(ports), state=state)
    run.until("everything runs")
    assert all(healthy(ports + offset) for offset in (0, 1, 2))
    for name in ("gateway", "web", "live", "jobs"):
        victim = psutil.Process(children(state)[name])
        family = [victim, *victim.children(recursive=True)]
        os.kill(victim.pid, signal.SIGKILL)
        run.until(f"{name} is back")
        assert gone(family)
    assert all(healthy(ports + offset) for offset in (0, 1, 2))

    file = state.parent / "running.backup"
    saved = start("backup", str(file), state=state)
    assert saved.end() == 0, saved.text
    refused = start("restore", str(file), "--replace", state=state)
    assert refused.end() == 1
    assert "Stop it first" in refused.text

    doctor = start("doctor", "--lang", "en", state=state)
    assert doctor.end() == 0, doctor.text
    assert "The tables are up to date." in doctor.text

    family = run.family()
    assert run.stop() == 0, run.text
    assert gone(family, timeout_s=0)

    restored = start("restore", str(file), "--replace", state=state)
    assert restored.end() == 0, restored.text
    again = start("up", "--port", str(ports), state=state)
    again.until("everything runs")
    assert again.stop() == 0


def test_tls_with_a_certificate_of_its_own(start: Start, state: Path, ports: int) -> None:
    run = start("up", "--tls", "--port", str(ports), state=state)
    assert f"https://localhost:{ports}/" in run.until("everything runs")
    trusting = ssl.create_default_context(cafile=str(state / "tls" / "certificate.pem"))
    assert all(healthy(ports + offset, "https", trusting) for offset in (0, 1, 2))
    assert run.stop() == 0, run.text
