"""Readings, rule books and runs for tests of the kernel."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from songhe.kernel import codes
from songhe.kernel.detectors import Evaluator, RuleBook
from songhe.kernel.time import SECOND_US, to_us
from songhe.kernel.wire import Finding, Reading, RuleChange, RuleScope

CHEN = UUID(int=0x018F_0000_0000_7000_8000_0000_0000_0001)
KITCHEN = UUID(int=0x018F_0000_0000_7000_8000_0000_0000_0002)
HALL = UUID(int=0x018F_0000_0000_7000_8000_0000_0000_0003)
CUFF = UUID(int=0x018F_0000_0000_7000_8000_0000_0000_0011)
BAND = UUID(int=0x018F_0000_0000_7000_8000_0000_0000_0012)
HOME_FENCE = {"lat": 30.0, "lon": 120.0, "radius_m": 300}
T0 = to_us(datetime(2026, 11, 20, 20, 0, tzinfo=ZoneInfo("Asia/Shanghai")))


def at(clock: str, day: int = 20) -> int:
    """Return the instant of a local clock time on a day of November 2026."""
    hour, minute, *rest = (int(part) for part in clock.split(":"))
    zone = ZoneInfo("Asia/Shanghai")
    return to_us(datetime(2026, 11, day, hour, minute, *rest, tzinfo=zone))


def reading(
    when: float,
    *,
    subject: UUID = CHEN,
    kind: int = 1,
    device: UUID = CUFF,
    person: UUID | None = None,
    flags: int = 0,
    received_us: int | None = None,
    **values: float,
) -> Reading:
    """Make a reading; when is seconds after T0, or epoch microseconds. Names as `heart_rate`."""
    when_us = int(when) if when > 1e12 else T0 + round(when * SECOND_US)
    numbers = tuple(codes.by_key(name.replace("_", "-")).number for name in values)
    return Reading(
        subject_kind=kind,
        subject=subject,
        device=device,
        effective_us=when_us,
        received_us=when_us if received_us is None else received_us,
        codes=numbers,
        values=tuple(float(value) for value in values.values()),
        flags=flags,
        person=person,
    )


def person_scope(
    facts: dict[str, Any] | None = None,
    changes: Iterable[RuleChange] = (),
    organization: UUID | None = None,
) -> RuleScope:
    """Make Grandma Chen's scope."""
    return RuleScope(f"person:{CHEN}", list(changes), facts or {}, organization)


def evaluator(*scopes: RuleScope) -> Evaluator:
    """Make an evaluator with these scopes."""
    return Evaluator(RuleBook(scopes))


def feed(judge: Evaluator, *readings: Reading, now_us: int | None = None) -> list[Finding]:
    """Judge readings one message a plan, each at its own time, and commit."""
    found: list[Finding] = []
    for one in readings:
        plan = judge.judge([one], one.effective_us if now_us is None else now_us)
        plan.commit()
        found += plan.findings
    return found


def tick(judge: Evaluator, now_us: int) -> list[Finding]:
    """Let time pass and commit."""
    plan = judge.tick(now_us)
    plan.commit()
    return plan.findings


def of_rule(findings: Sequence[Finding], rule: str) -> list[Finding]:
    """Return the findings of one rule."""
    return [finding for finding in findings if finding.rule == rule]


def phases(findings: Sequence[Finding], rule: str) -> list[str]:
    """Return the phases of one rule's findings, in their order."""
    return [finding.phase for finding in of_rule(findings, rule)]
