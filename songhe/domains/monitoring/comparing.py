"""What came out of a rule that was tried: episodes side by side, by day, by person, real alarms.

Pure, and the only writer of `RuleTrial.result`; `trial_pages` reads it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

import msgspec

from songhe.engines.alarms.terms import priority_of
from songhe.kernel.time import MINUTE_US, from_us
from songhe.kernel.wire import Finding

TOLERANCE_US = 30 * MINUTE_US
MOST_LINES = 400
MOST_PERSONS = 100
Kind = Literal["both", "new", "gone"]


@dataclass(slots=True)
class Episode:
    """One trouble that a rule raised in the replay, with what was told again and its end."""

    finding: Finding
    count: int = 1
    cleared_us: int | None = None

    @property
    def subject(self) -> str:
        return str(self.finding.subject)

    @property
    def end_us(self) -> int:
        return self.cleared_us if self.cleared_us is not None else self.finding.onset_us

    def meets(self, subject: str, from_us_: int, until_us: int) -> bool:
        """Say whether this is the same trouble as another one of a subject and a time."""
        return (
            self.subject == subject
            and self.finding.onset_us <= until_us + TOLERANCE_US
            and self.end_us >= from_us_ - TOLERANCE_US
        )


@dataclass(frozen=True, slots=True)
class Real:
    """An alarm that was: who, from when until it was last heard of, how it was rated."""

    alarm: str
    subject: str
    person: str | None
    onset_us: int
    last_us: int
    outcome: str
    summary: dict[str, Any] = field(default_factory=dict)


def episodes(findings: Iterable[Finding], rule: str) -> list[Episode]:
    """Return the troubles of a rule that ring, in the order of their onset.

    What is raised as "info" is a notice and no alarm (`engines.alarms.terms.priority_of`).
    """
    found: dict[Any, Episode] = {}
    for one in sorted(findings, key=lambda f: (f.onset_us, f.phase != "raised")):
        if one.rule != rule:
            continue
        if one.phase == "raised":
            if priority_of(one.level, late=one.late) is not None:
                found.setdefault(one.id, Episode(one))
        elif one.of in found:
            if one.phase == "cleared":
                found[one.of].cleared_us = one.onset_us
            else:
                found[one.of].count += 1
    return list(found.values())


class Tally:
    """What all chunks of a trial add up to. zone: whose days are counted."""

    def __init__(self, rule: str, zone: ZoneInfo) -> None:
        self.rule, self.zone = rule, zone
        self.lines: list[dict[str, Any]] = []
        self.real_lines: list[dict[str, Any]] = []
        self.counts = {"tried": 0, "present": 0, "real": 0}
        self.kinds: Counter[str] = Counter()
        self.outcomes: Counter[str] = Counter()
        self.missed: Counter[str] = Counter()
        self.days: dict[str, list[int]] = {}
        self.persons: dict[str, list[int]] = {}
        self.others: dict[str, list[int]] = {}

    def add(
        self, present: Sequence[Finding], tried: Sequence[Finding], real: Sequence[Real]
    ) -> None:
        """Count one chunk of persons: what the rule does now, what it would do, what was."""
        now, would = episodes(present, self.rule), episodes(tried, self.rule)
        for which, made in enumerate((would, now)):
            for one in made:
                person = one.finding.person
                self._count(which, one.finding.onset_us, None if person is None else str(person))
        self.counts["tried"] += len(would)
        self.counts["present"] += len(now)
        self.counts["real"] += len(real)
        self._side_by_side(now, would)
        for alarm in real:
            self._count(2, alarm.onset_us, alarm.person)
            self._was(alarm, would, tried)
        for which, findings in enumerate((present, tried)):
            for finding in findings:
                if finding.rule != self.rule and finding.phase == "raised":
                    self.others.setdefault(finding.rule, [0, 0])[which] += 1

    def _count(self, which: int, at_us: int, person: str | None) -> None:
        day = from_us(at_us).astimezone(self.zone).date().isoformat()
        self.days.setdefault(day, [0, 0, 0])[which] += 1
        if person is not None:
            self.persons.setdefault(person, [0, 0, 0])[which] += 1

    def _side_by_side(self, now: list[Episode], would: list[Episode]) -> None:
        left = list(now)
        for one in would:
            same = next(
                (o for o in left if o.meets(one.subject, one.finding.onset_us, one.end_us)), None
            )
            if same is not None:
                left.remove(same)
            self._line("both" if same else "new", one)
        for one in left:
            covered = any(o.meets(one.subject, one.finding.onset_us, one.end_us) for o in would)
            self._line("both" if covered else "gone", one)

    def _line(self, kind: Kind, one: Episode) -> None:
        self.kinds[kind] += 1
        finding = one.finding
        self.lines.append(
            {
                "kind": kind,
                "person": None if finding.person is None else str(finding.person),
                "subject": one.subject,
                "subject_kind": finding.subject_kind,
                "device": None if finding.device is None else str(finding.device),
                "level": finding.level,
                "late": finding.late,
                "onset_us": finding.onset_us,
                "end_us": one.cleared_us,
                "count": one.count,
                "summary": finding.summary,
                "params": finding.params,
                "evidence": msgspec.to_builtins(finding.evidence)[:8],
            }
        )

    def _was(self, alarm: Real, would: list[Episode], tried: Sequence[Finding]) -> None:
        self.outcomes[alarm.outcome] += 1
        kept = any(one.meets(alarm.subject, alarm.onset_us, alarm.last_us) for one in would)
        instead = "" if kept else self._instead(alarm, tried)
        if not kept:
            self.missed[alarm.outcome] += 1
        self.real_lines.append(
            {
                "alarm": alarm.alarm,
                "person": alarm.person,
                "onset_us": alarm.onset_us,
                "outcome": alarm.outcome,
                "summary": alarm.summary,
                "kept": kept,
                "instead": instead,
            }
        )

    def _instead(self, alarm: Real, tried: Sequence[Finding]) -> str:
        """Return the other rule that would have rung for the same trouble, empty for none."""
        for finding in tried:
            if finding.rule != self.rule and finding.phase == "raised":
                one = Episode(finding)
                if one.meets(alarm.subject, alarm.onset_us, alarm.last_us):
                    return finding.rule
        return ""

    def result(self, *, took_s: float, heard: int, days: float) -> dict[str, Any]:
        """Return everything that a page shows, as JSON; took_s in seconds.

        heard: persons of whom there was something to judge; days: length of the period.
        """
        order: dict[str, int] = {"gone": 0, "new": 1, "both": 2}
        lines = sorted(self.lines, key=lambda one: (order[one["kind"]], -one["onset_us"]))
        real = sorted(self.real_lines, key=lambda one: (one["kept"], -one["onset_us"]))
        persons = sorted(self.persons.items(), key=lambda one: (-max(one[1]), one[0]))
        return {
            "counts": self.counts,
            "persons": {
                name: sum(bool(row[which]) for row in self.persons.values())
                for which, name in enumerate(("tried", "present", "real"))
            },
            "kinds": dict(self.kinds),
            "outcomes": dict(self.outcomes),
            "missed": dict(self.missed),
            "heard": heard,
            "person_days": round(heard * days, 2),
            "days": sorted([day, *row] for day, row in self.days.items()),
            "people": [[person, *row] for person, row in persons[:MOST_PERSONS]],
            "others": [[rule, *row] for rule, row in sorted(self.others.items())],
            "lines": lines[:MOST_LINES],
            "real": real[:MOST_LINES],
            "left_out": max(0, len(lines) - MOST_LINES) + max(0, len(real) - MOST_LINES),
            "took_s": round(took_s, 1),
        }


def moment(line: dict[str, Any]) -> datetime:
    """Return when a line's trouble began to ring."""
    return from_us(int(line["onset_us"]))
