"""`./dev bench detectors`: what all detectors cost, beside the rules on readings alone.

Two loads of 1,000 devices through the socket: the vital signs of `bench ingest`, and a mixed one in
which of every twenty messages one is a second of acceleration and two are events of the home. Each
is sent with all rules on, and with those on signals and on daily rhythm off, in turns; everybody
has a learned day. In the same run each detector's own processor time for a day of one person's data
is measured in the process, by its step alone.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

import numpy as np
import psycopg

from bench.house import Bench, Login, house
from bench.ingest import load
from bench.load import Plan
from bench.options import Options
from evaluation.streaming import waves
from songhe.kernel.codes import by_key
from songhe.kernel.detectors.rules import catalogue
from songhe.kernel.signals.catalogue import DETECTORS
from songhe.kernel.wire import Wave

DEVICES, MESSAGES = 1000, 200
# Of each load: with all rules, with readings' rules alone, and again the other way round.
TURNS = (True, False, False, True)
APART = frozenset({"signal", "quiet", "not-up"})
_DAY_S = 86_400
_MEASURED_S = 300


def rhythm() -> dict[str, Any]:
    """Return a learned day as `kernel.rhythm.facts` gives it: usual, and long."""
    table = {"version": 1, "as_of": "2026-11-20", "days": 28, "limits": [180] * 48,
             "out_limit": 480, "up_from": 300, "up_by": 540, "up_by_weekend": None,
             "sensors": {}}  # fmt: skip
    return {"rhythm_stands": True, "rhythm": table}


def prepare(bench: Bench, *, all_on: bool) -> None:
    """Let everybody have a learned day; switch the detectors' rules on or off for everybody."""
    off = [
        {"rule": row.id, "version": "1", "enabled": False, "params": {}}
        for row in catalogue().rules.values()
        if row.kind in APART
    ]
    body = {"scope": "*", "changes": [] if all_on else off, "facts": {}, "organization": None}
    with psycopg.connect(bench.url) as connection:
        connection.execute(
            "UPDATE gateway_rules SET body = jsonb_set(body, '{facts}', body->'facts' || %s::jsonb)"
            " WHERE scope LIKE 'person:%%'",
            [json.dumps(rhythm())],
        )
        connection.execute(
            "INSERT INTO gateway_rules (scope, body, version) VALUES ('*', %s, 1)"
            " ON CONFLICT (scope) DO UPDATE SET body = EXCLUDED.body",
            [json.dumps(body)],
        )


def measured(
    bench: Bench, logins: list[Login], options: Options, *, mixed: bool
) -> dict[str, float]:
    """Send a load in turns; return the rates with and without the detectors, and their ratio."""
    rates: dict[bool, list[float]] = {True: [], False: []}
    used: dict[bool, list[float]] = {True: [], False: []}
    messages = int(options.scale) or MESSAGES
    more = {"SONGHE_GATEWAY_RATE_PER_S": "1000000", "SONGHE_GATEWAY_RATE_BURST": "1000000"}
    lost = 0.0
    for turn, all_on in enumerate(TURNS):
        bench.copied(f"turn_{int(mixed)}_{turn}")
        prepare(bench, all_on=all_on)
        bench.gateway(**more)
        plan = Plan(
            port=bench.mqtt_port,
            logins=[(login.key, login.secret) for login in logins],
            messages=messages,
            mixed=mixed,
        )
        outcome, used_s = load(bench, logins, plan)
        rate = outcome.acknowledged / (outcome.ended_s - outcome.began_s)
        lost += outcome.sent - outcome.acknowledged
        rates[all_on].append(rate)
        used[all_on].append(used_s / outcome.acknowledged * 1e6)
        bench.stop("gateway")
        said = "all rules" if all_on else "rules on readings"
        options.say(f"{'mixed' if mixed else 'vital signs'}, {said}: {rate:,.0f} messages/s")
    name = "mixed_" if mixed else ""
    return {
        f"{name}messages_per_s": median(rates[True]),
        f"{name}rules_only_messages_per_s": median(rates[False]),
        f"{name}ratio_to_rules_only": median(rates[True]) / median(rates[False]),
        f"{name}cpu_us_per_message": median(used[True]),
        f"{name}rules_only_cpu_us_per_message": median(used[False]),
        f"{name}missing": lost,
    }


def _acceleration() -> Iterator[Wave]:
    """Yield minutes of a worn sensor: three quarters at rest, the rest walking."""
    draw = np.random.default_rng(1)
    n = 50 * _MEASURED_S
    t = np.arange(n) / 50
    walking = (t // 15) % 4 == 0
    swing = np.where(walking, 2.5 * np.sin(2 * math.pi * 1.8 * t), 0.0)
    noise = draw.normal(0, 0.03, (n, 3))
    samples = np.stack([0.2 * swing, 0.1 * swing, 9.81 + swing], axis=1) + noise
    leads = ("waist x", "waist y", "waist z")
    return waves(samples, 50.0, by_key("acceleration").number, leads=leads)


def _ecg() -> Iterator[Wave]:
    """Yield minutes of a lead: narrow beats at 72 a minute, with breathing and noise."""
    draw = np.random.default_rng(2)
    rate = 250.0
    t = np.arange(int(rate * _MEASURED_S)) / rate
    phase = (t * 1.2) % 1.0
    beat = 1.1 * np.exp(-(((phase - 0.4) / 0.012) ** 2))
    beat += 0.15 * np.exp(-(((phase - 0.24) / 0.03) ** 2))
    beat += 0.25 * np.exp(-(((phase - 0.65) / 0.06) ** 2))
    samples = beat + 0.05 * np.sin(2 * math.pi * 0.25 * t) + draw.normal(0, 0.01, len(t))
    return waves(samples[:, None], rate, by_key("ecg").number, leads=("MLII",))


def _frames() -> Iterator[Wave]:
    """Yield minutes of a ceiling array: somebody warm walks to and fro below it."""
    draw = np.random.default_rng(3)
    count = 10 * _MEASURED_S
    grid = np.arange(16)
    found = np.empty((count, 16, 16))
    for n in range(count):
        x, y = 8 + 6 * math.sin(n / 40), 8 + 3 * math.cos(n / 55)
        warm = np.exp(-(((grid[None, :] - x) / 1.6) ** 2) - (((grid[:, None] - y) / 1.6) ** 2))
        found[n] = 22 + 6 * warm + draw.normal(0, 0.12, (16, 16))
    return waves(found, 10.0, by_key("thermal-array").number)


DAYS: dict[str, tuple[str, Callable[[], Iterator[Wave]]]] = {
    "worn_fall": ("worn-fall", _acceleration),
    "steps": ("steps", _acceleration),
    "heart": ("heart", _ecg),
    "array": ("array", _frames),
}


def cost_s_per_day(detector: str, stream: Iterator[Wave]) -> float:
    """Return the processor seconds that a detector takes for a day of one person's signal."""
    judge = DETECTORS[detector]
    state: Any = judge.new()
    given = list(stream)
    began_s = time.process_time()
    for wave in given:
        state, _ = judge.step(state, (wave,), wave.end_us, {})
    return (time.process_time() - began_s) * _DAY_S / _MEASURED_S


def run(options: Options) -> dict[str, float]:
    """Measure; keys as the first line of the module says."""
    devices = options.devices or DEVICES
    found: dict[str, float] = {"devices": devices}
    for name, (detector, stream) in DAYS.items():
        seconds = [cost_s_per_day(detector, stream()) for _ in range(3)]
        found[f"{name}_cpu_s_per_person_day"] = median(seconds)
        options.say(f"{name}: {median(seconds):.1f} s of a processor for a person's day")
    with house() as bench:
        options.say(f"a county with {devices} devices")
        logins = bench.county(devices)
        for mixed in (False, True):
            found |= measured(bench, logins, options, mixed=mixed)
    return found
