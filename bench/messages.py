"""The messages of simulated vital signs monitors: five values that a healthy person may have.

Every value walks a little, so that no message repeats the one before; times are unique per device.
A device that is to cause an alarm sends one pressure that is critical by one reading (rule
bp-critical), so that the number of alarms is known beforehand.
"""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime, timedelta

CODES = (("8867-4", "/min"), ("8480-6", "mm[Hg]"), ("8462-4", "mm[Hg]"), ("59408-5", "%"),
         ("8310-5", "Cel"))  # fmt: skip
READINGS = len(CODES)
KINDS = ("readings", "events", "waveforms")
WAVE_HZ = 50
CRITICAL = (190.0, 118.0)


def payload(at: datetime, values: tuple[float, ...]) -> bytes:
    """Return one message of interface 1, as a device writes it."""
    rows = ",".join(
        f'{{"code":"{code}","value":{value:g},"unit":"{unit}"}}'
        for (code, unit), value in zip(CODES, values, strict=True)
    )
    return f'{{"at":"{at.isoformat()}","readings":[{rows}]}}'.encode()


def walk(seed: int, count: int) -> list[tuple[float, ...]]:
    """Return the values of one healthy device, none the same as the one before."""
    chance = random.Random(seed)
    pulse, upper, lower, oxygen, warm = 72.0, 122.0, 76.0, 97.0, 36.5
    found: list[tuple[float, ...]] = []
    for number in range(count):
        pulse = min(84.0, max(64.0, pulse + chance.choice((-1, 1))))
        upper = min(128.0, max(114.0, upper + chance.choice((-1, 0, 1))))
        lower = min(80.0, max(70.0, lower + chance.choice((-1, 0, 1))))
        oxygen = 97.0 + number % 2
        warm = round(36.4 + 0.1 * chance.randrange(3), 1)
        found.append((pulse, upper, lower, oxygen, warm))
    return found


def wave(at: datetime, seed: int, number: int) -> bytes:
    """Return a second of acceleration at 50 Hz, three axes: at rest, and walking in each fourth."""
    walking = number % 4 == 0
    leads = []
    for axis, still in (("x", 0.0), ("y", 0.0), ("z", 981.0)):
        turn = random.Random(seed * 7919 + number * 31 + ord(axis))
        swing = 250 if walking else 3
        row = ",".join(
            str(round(still + swing * math.sin(0.23 * n) + turn.uniform(-4, 4)))
            for n in range(WAVE_HZ)
        )
        leads.append(f'{{"lead":"waist {axis}","samples":[{row}]}}')
    return (
        f'{{"at":"{at.isoformat()}","code":"songhe:acceleration","rate_hz":{WAVE_HZ},'
        f'"unit":"m/s2","scale":0.01,"seq":{number},"leads":[{",".join(leads)}]}}'
    ).encode()


def event(at: datetime, number: int) -> bytes:
    """Return that somebody moves, or has gone."""
    state = "detected" if number % 2 else "clear"
    return f'{{"at":"{at.isoformat()}","event":"motion","state":"{state}"}}'.encode()


def series(
    seed: int,
    count: int,
    *,
    until: datetime | None = None,
    step_s: float,
    critical: bool,
    mixed: bool = False,
) -> list[tuple[str, bytes]]:
    """Return a device's payloads with their kinds, oldest first; one of them critical.

    mixed: of every twenty one is a second of a signal and two are events of the home.
    """
    end = until or datetime.now(UTC)
    start = end - timedelta(seconds=step_s * count)
    rows = walk(seed, count)
    if critical:
        middle = count // 2
        rows[middle] = (rows[middle][0], *CRITICAL, *rows[middle][3:])
    found = []
    for number, row in enumerate(rows):
        at = start + timedelta(seconds=step_s * number)
        place = number % 20 if mixed and row[1:3] != CRITICAL else 0
        if place == 7:
            found.append(("waveforms", wave(at, seed, number)))
        elif place in (3, 13):
            found.append(("events", event(at, number // 10)))
        else:
            found.append(("readings", payload(at, row)))
    return found
