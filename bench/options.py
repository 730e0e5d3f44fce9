"""What a benchmark is told from the command line, and how it tells where it is."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Options:
    """seconds: how long the load lasts; scale: the size, in the benchmark's own unit (0: its own).

    rate: messages a second where the benchmark paces itself. state: where what may be kept for
    the next run stands.
    """

    state: Path
    seconds: float = 0.0
    scale: float = 0.0
    rate: float = 0.0
    devices: int = 0
    profile: str = ""
    began_s: float = field(default_factory=time.monotonic)

    def say(self, text: str) -> None:
        """Tell a step with the seconds since the beginning."""
        print(f"{time.monotonic() - self.began_s:7.1f} s  {text}", file=sys.stderr, flush=True)


def percentile(values: list[float], share: float) -> float:
    """Return the value below which a share of the values lies (nearest rank); 0 of none."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered)) - 1))]
