"""What we aim at: the floor that must be reached and the goal, by benchmark and figure.

For two cores with the load generator on them, sign-in, own-topic check, deduplication and every
rule on. A floor that is not reached is said, never hidden.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Target:
    """floor and goal in the figure's own unit. equals: another figure that it must be equal to."""

    floor: float | None = None
    goal: float | None = None
    is_less_better: bool = False
    equals: str = ""

    def verdict(self, value: float, figures: dict[str, float]) -> str:
        """Return what to say of a measured value, in a few words."""
        if self.equals:
            return "equal" if value == figures.get(self.equals) else f"**not {self.equals}**"
        if self._reaches(value, self.goal):
            return "goal reached"
        if self.floor is None:
            return "below the goal"
        return "floor reached" if self._reaches(value, self.floor) else "**below the floor**"

    def _reaches(self, value: float, aim: float | None) -> bool:
        if aim is None:
            return False
        return value <= aim if self.is_less_better else value >= aim


def _most(floor: float | None, goal: float | None = None) -> Target:
    return Target(floor, goal, is_less_better=True)


NONE = _most(0, 0)
TARGETS: dict[str, dict[str, Target]] = {
    "ingest": {
        "readings_per_s": Target(200_000, 600_000),
        "ratio": Target(0.25, 0.60),
        "missing": NONE,
        "duplicated": NONE,
        "alarms_raised": Target(equals="alarms_expected"),
    },
    "alarm": {
        "decided_p99_ms": _most(25, 8),
        "acknowledged_p99_ms": _most(50, 15),
        "screen_p99_ms": _most(1000, 200),
        "missing": NONE,
        "alarms_raised": Target(equals="alarms_expected"),
        "alarms_on_screen": Target(equals="alarms_expected"),
    },
    "reads": {
        "trend_p99_ms": _most(50, 10),
        "latest_10k_p99_ms": _most(50, 30),
        "region_month_p99_ms": _most(50, 30),
        "bytes_per_reading": _most(15, 8),
    },
    "trust": {
        "person_all_ratio": _most(1.5),
        "contacts_all_ratio": _most(1.5),
    },
    "web": {
        "floor_page_rps": Target(1000, 2500),
        "floor_page_p99_ms": _most(None, 25),
        "missed": NONE,
    },
    "connections": {
        "gateway_mb": _most(400, 150),
        "signed_in": Target(equals="devices"),
        "lost_while_idle": NONE,
        "back_after_asked": Target(equals="devices"),
        "back_after_killed": Target(equals="devices"),
    },
    "search": {
        "county_p95_ms": _most(1000, 200),
        "province_p95_ms": _most(1000, 200),
        "province_most_ms": _most(1000, 500),
        "province_name_p95_ms": _most(1000, 200),
        "province_pinyin_p95_ms": _most(1000, 200),
        "province_tail_p95_ms": _most(1000, 200),
        "province_number_p95_ms": _most(1000, 200),
    },
    "import": {
        "rows_per_s": Target(300, 1000),
        "again_rows_per_s": Target(300, 1000),
        "wrong": NONE,
        "created": Target(equals="rows"),
        "again_unchanged": Target(equals="rows"),
        "again_created": NONE,
        "again_changed": NONE,
    },
    "detectors": {
        "ratio_to_rules_only": Target(0.67, 0.9),
        "mixed_ratio_to_rules_only": Target(0.67, 0.9),
        "missing": NONE,
        "mixed_missing": NONE,
    },
    "sos": {
        "p99_ms": _most(2000, 500),
        "notified": Target(equals="pressed"),
    },
    "week": {
        "p50_ms": _most(500, 200),
        "p95_ms": _most(500, 300),
    },
    "plan": {
        "seconds": _most(60),
        "travel_ratio_to_greedy": _most(0.75),
        "ways_alone_ratio_to_greedy": _most(0.75),
        "late_minutes": _most(None, 0),
        "unserved": NONE,
        "ways_alone_unserved": NONE,
        "conflicts": NONE,
        "replan_seconds": _most(60),
    },
}
