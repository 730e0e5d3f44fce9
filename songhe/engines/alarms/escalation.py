"""What happens while nobody answers: repeat, then one level up, then the next organisation.

Times are ours (status E), data in `escalation.yaml`, and may be overridden by an organisation.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import yaml

from songhe.engines.alarms.terms import Priority

Act = Literal["repeat", "level_up", "next_organization"]


@dataclass(frozen=True, slots=True)
class EscalationStep:
    """after_s seconds since the alarm rang first (or again), do this."""

    after_s: int
    act: Act


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps of one priority, in time order; after the last one it repeats every repeat_s."""

    steps: tuple[EscalationStep, ...]
    repeat_s: int

    def due_at(self, rang_at: datetime, done: int) -> datetime:
        """Return when the step after `done` steps is due."""
        if done < len(self.steps):
            return rang_at + timedelta(seconds=self.steps[done].after_s)
        last = self.steps[-1].after_s if self.steps else 0
        return rang_at + timedelta(seconds=last + self.repeat_s * (done - len(self.steps) + 1))

    def missed(self, rang_at: datetime, done: int, at: datetime) -> int:
        """Return how many repeats after `done` steps are past as well: all of them are one ring.

        Steps that tell somebody else are never passed over.
        """
        count = 0
        while done + count >= len(self.steps) and self.due_at(rang_at, done + count + 1) <= at:
            count += 1
        return count

    def act(self, done: int) -> Act:
        """Return what the step after `done` steps does."""
        return self.steps[done].act if done < len(self.steps) else "repeat"


def plan_from(body: dict[str, Any]) -> Plan:
    """Build a plan from its data: {"repeat_s": n, "steps": [{"after_s": n, "act": "..."}]}."""
    steps = tuple(EscalationStep(int(row["after_s"]), row["act"]) for row in body["steps"])
    if list(steps) != sorted(steps, key=lambda row: row.after_s):
        raise ValueError("escalation steps must be in time order")
    return Plan(steps, int(body["repeat_s"]))


@cache
def default_plans() -> dict[Priority, Plan]:
    """Return the plans that ship, by priority."""
    text = (files("songhe.engines.alarms") / "escalation.yaml").read_text("utf-8")
    return {Priority(name): plan_from(body) for name, body in yaml.safe_load(text)["plans"].items()}
