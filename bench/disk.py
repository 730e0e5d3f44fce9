"""The raw limit of an acknowledgement: the same bytes, as often, with nothing but the disk between.

A file is written as the database writes its log: bytes in place, and a sync for all that came
since the last one began. Nobody listens, decodes, judges, indexes or answers.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

# What the log takes up a message of five readings, its index entries included.
BYTES = 700
LINGER_S = 0.004
FILE_BYTES = 64 << 20
SAMPLES = 20


def acknowledgements_ms(folder: Path, rate: float, seconds: float = 10.0) -> list[float]:
    """Return a sample of how long messages at a steady rate wait for the disk alone."""
    found: list[float] = []
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        number = file.fileno()
        for _ in range(FILE_BYTES >> 20):
            file.write(bytes(1 << 20))
        os.fsync(number)
        block, at = os.urandom(1 << 20), 0
        began = before = time.perf_counter()
        while before - began < seconds:
            time.sleep(LINGER_S)
            now = time.perf_counter()
            size = min(len(block), int((now - before) * rate) * BYTES)
            at = at if at + size <= FILE_BYTES else 0
            os.pwrite(number, block[:size], at)
            at += size
            os.fdatasync(number)
            done = time.perf_counter()
            # Messages came evenly between the beginnings of two syncs; long pauses count by length.
            count = max(1, round(SAMPLES * (now - before) / LINGER_S))
            step = (now - before) / count
            found += [(done - before - step * (place + 0.5)) * 1000 for place in range(count)]
            before = now
    return found
