"""The messages of simulated vital signs monitors: five values that a healthy person may have.

Every value walks a little, so that no message repeats the one before; times are unique per device.
A device that is to cause an alarm sends one pressure that is critical by one reading (rule
bp-critical), so that the number of alarms is known beforehand.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

CODES = (("8867-4", "/min"), ("8480-6", "mm[Hg]"), ("8462-4", "mm[Hg]"), ("59408-5", "%"),
         ("8310-5", "Cel"))  # fmt: skip
READINGS = len(CODES)
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


def series(
    seed: int, count: int, *, until: datetime | None = None, step_s: float, critical: bool
) -> list[bytes]:
    """Return a device's payloads, oldest first, the newest just now; one of them critical."""
    end = until or datetime.now(UTC)
    start = end - timedelta(seconds=step_s * count)
    rows = walk(seed, count)
    if critical:
        middle = count // 2
        rows[middle] = (rows[middle][0], *CRITICAL, *rows[middle][3:])
    return [
        payload(start + timedelta(seconds=step_s * number), row) for number, row in enumerate(rows)
    ]
