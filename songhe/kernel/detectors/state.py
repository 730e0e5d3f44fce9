"""What every detector shares: the state of an episode, its surroundings, and making findings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import msgspec

from songhe.kernel import codes, ids
from songhe.kernel.detectors.rules import Rule, round_half_up
from songhe.kernel.time import MINUTE_US, SECOND_US
from songhe.kernel.wire import EvidenceKey, Finding, Flag, Level, Phase, Reading, Wave

LATE_US = 15 * MINUTE_US
NEVER_US = -(1 << 62)
_TIMES = frozenset({"since_us", "until_us"})


class Episode(msgspec.Struct, frozen=True):
    """One trouble from when it was raised until it is cleared.

    id is that of the raised finding; count the abnormal readings so far; told_us the last time
    that people were told (raised or notice).
    """

    id: UUID
    onset_us: int
    since_us: int
    last_us: int
    told_us: int
    count: int = 1
    level: str = ""
    device: UUID | None = None


class State(msgspec.Struct):
    """The common part of a detector's state for one subject (or person, or device).

    last_us is the newest reading judged; due_us when time alone will bring something about.
    """

    last_us: int = NEVER_US
    due_us: int | None = None
    episode: Episode | None = None


class Watched(msgspec.Struct, frozen=True):
    """A device watched for silence and about whom its silence is."""

    device: UUID
    subject_kind: int
    subject: UUID
    person: UUID | None
    zone: str
    since_us: int
    silent_after_us: int


class Context(msgspec.Struct, frozen=True):
    """What a detector may know besides readings.

    key is the subject, person or device whose state it is; away the half-open periods in which
    rules with away=suspend hold still; deaf those in which this process was not running; last the
    newest reading of a watched device.
    """

    key: UUID
    facts: dict[str, Any] = {}
    away: tuple[tuple[int, int], ...] = ()
    deaf: tuple[tuple[int, int], ...] = ()
    zone: str = "Asia/Shanghai"
    watched: Watched | None = None
    heard_us: int = NEVER_US
    last: Reading | None = None

    def is_away(self, at_us: int) -> bool:
        """Say whether the person is known to be away at an instant."""
        return any(start <= at_us < end for start, end in self.away)

    def was_away(self, from_us: int, until_us: int) -> bool:
        """Say whether the person was away at any time between two instants, both included."""
        return any(start <= until_us and from_us < end for start, end in self.away)


def evidence_of(readings: Iterable[Reading]) -> list[EvidenceKey]:
    """Return the keys of stored readings, each once, in their order."""
    keys = {
        (r.subject, r.device, r.effective_us, r.fingerprint): EvidenceKey(
            r.subject, r.device, r.effective_us, str(r.fingerprint)
        )
        for r in readings
    }
    return list(keys.values())


def number(code: int, value: float) -> float | int:
    """Return a value with its code's decimals; whole when the code has none."""
    decimals = codes.by_number(code).decimals
    rounded = round_half_up(value, decimals)
    return int(rounded) if decimals == 0 else rounded


def finding_id(
    rule: str, version: str, key: UUID, onset_us: int, phase: Phase, of: UUID | None = None
) -> UUID:
    """Return the id that a finding always has.

    One reading can end two episodes of a rule (a late one beside the present one), so the raised
    finding that it belongs to is part of the id of a notice or an end.
    """
    parts: list[object] = [rule, version, key, onset_us, phase]
    return ids.derived(*parts) if of is None else ids.derived(*parts, of)


def tell(
    rule: Rule,
    context: Context,
    phase: Phase,
    at_us: int,
    now_us: int,
    about: Reading | Watched | Wave,
    evidence: Sequence[Reading] = (),
    *,
    of: UUID | None = None,
    level: Level | None = None,
    summary: dict[str, Any],
) -> Finding:
    """Make a finding. at_us is when the rule became true, by the readings' own time."""
    if evidence and all(reading.flags & Flag.WELLNESS for reading in evidence):
        summary = {**summary, "wellness": True}
    if _TIMES & summary.keys():
        summary = {**summary, "zone": context.zone}
    return Finding(
        id=finding_id(rule.id, rule.version, context.key, at_us, phase, of),
        rule=rule.id,
        rule_version=rule.version,
        phase=phase,
        of=of,
        level=level or rule.level,
        subject_kind=about.subject_kind,
        subject=about.subject,
        person=about.person,
        device=about.device,
        onset_us=at_us,
        decided_us=now_us,
        late=now_us - at_us > LATE_US,
        summary=summary,
        evidence=evidence_of(evidence),
        params=rule.told,
    )


def begin(finding: Finding, since_us: int, count: int = 1) -> Episode:
    """Return the episode that a raised finding opens."""
    return Episode(
        id=finding.id,
        onset_us=finding.onset_us,
        since_us=since_us,
        last_us=finding.onset_us,
        told_us=finding.onset_us,
        count=count,
        level=finding.level,
        device=finding.device,
    )


def seconds(rule: Rule, name: str) -> int:
    """Return a parameter given in seconds as microseconds."""
    return int(rule.params[name] * SECOND_US)
