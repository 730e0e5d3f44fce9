"""All that is remembered of one subject, person or device, and readings that come out of order."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec

from songhe.kernel.detectors.kinds import Kind
from songhe.kernel.detectors.rules import Rule
from songhe.kernel.detectors.state import NEVER_US, Context, State, finding_id
from songhe.kernel.signals import SignalState
from songhe.kernel.time import SECOND_US
from songhe.kernel.wire import Finding, Reading, Wave

_PAST_KEPT = 8
_ODD_KEPT = 32
OddKey = tuple[int, UUID, tuple[int, ...]]


class Track:
    """What is remembered under one key.

    key: whose it is. recent: the newest reading of each combination of codes. active: states that
    are not idle. lanes: states of late readings by rule and device. past: ended episodes by rule,
    first and last instant. odd: keys of the newest readings that were not simply quiet, against
    repeats. signals: states of its detectors of signals by name; wave: the
    newest one judged. All but `recent` are replaced, never changed, so that a clone costs little.
    """

    __slots__ = ("active", "key", "lanes", "odd", "past", "person", "recent", "signals", "wave")

    def __init__(self, key: UUID) -> None:
        self.key = key
        self.recent: dict[tuple[int, ...], Reading] = {}
        self.active: dict[str, State] = {}
        self.lanes: dict[tuple[str, UUID], State] = {}
        self.past: dict[str, tuple[tuple[int, int], ...]] = {}
        self.odd: tuple[OddKey, ...] = ()
        self.person: UUID | None = None
        self.signals: dict[str, SignalState] = {}
        self.wave: Wave | None = None

    def clone(self) -> Track:
        """Return a copy whose changes do not touch this one."""
        new = Track.__new__(Track)
        new.key = self.key
        new.recent = self.recent.copy()
        new.active, new.lanes, new.past = self.active, self.lanes, self.past
        new.odd, new.person = self.odd, self.person
        new.signals, new.wave = self.signals, self.wave
        return new

    def newest(self) -> Reading | None:
        """Return the newest reading of any codes."""
        return max(self.recent.values(), key=_at, default=None)

    def newest_us(self, codes: frozenset[int]) -> int:
        """Return the newest instant at which any of these codes was read (none given: any)."""
        return max(
            (
                reading.effective_us
                for given, reading in self.recent.items()
                if not codes or not codes.isdisjoint(given)
            ),
            default=NEVER_US,
        )

    def in_order(self) -> list[Reading]:
        """Return the newest reading of each combination of codes, oldest first."""
        return sorted(self.recent.values(), key=_at)

    def repeats(self, reading: Reading) -> bool:
        """Note a reading that is not quiet; say whether it had been noted before."""
        key = (reading.effective_us, reading.device, reading.codes)
        if key in self.odd:
            return True
        self.odd = (*self.odd[1 - _ODD_KEPT :], key)
        return False

    def keep(self, rule: Rule, kind: Kind, before: State | None, after: State) -> None:
        """Take over the new state of a rule; remember an episode that has ended."""
        old = before.episode if before is not None else None
        new = after.episode
        if old is not None and (new is None or new.id != old.id):
            self.remember(rule.id, old.since_us, max(old.last_us, after.last_us))
        if after.due_us is None and kind.idle(after):
            if rule.id in self.active:
                self.active = {k: v for k, v in self.active.items() if k != rule.id}
        else:
            self.active = {**self.active, rule.id: after}

    def remember(self, rule: str, first_us: int, last_us: int) -> None:
        """Note an ended episode, so that late readings of its time are no news."""
        past = (*self.past.get(rule, ()), (first_us, last_us))
        self.past = {**self.past, rule: past[-_PAST_KEPT:]}

    def is_past(self, rule: str, at_us: int) -> bool:
        """Say whether an instant lies in an episode that has ended."""
        return any(first <= at_us <= last for first, last in self.past.get(rule, ()))

    def has_lane(self, rule: str) -> bool:
        """Say whether late readings of a rule are still under way."""
        return any(key[0] == rule for key in self.lanes)

    def judge_late(
        self, rule: Rule, kind: Kind, reading: Reading, now_us: int, context: Context
    ) -> list[Finding]:
        """Judge a reading older than the newest, beside what was already found.

        Readings late by one device form a lane in their own time order. Nothing is told of a time
        that an episode covers; otherwise the lane raises and clears as usual, without notices.
        """
        at_us = reading.effective_us
        main = self.active.get(rule.id)
        if main is not None and main.episode is not None:
            near_us = int(rule.params.get("episode_s", 0) or rule.params.get("quiet_s", 0))
            if at_us >= main.episode.since_us - near_us * SECOND_US:
                return []
        if self.is_past(rule.id, at_us):
            return []
        key = (rule.id, reading.device)
        lane = self.lanes.get(key)
        if lane is not None and at_us < lane.last_us:
            if lane.episode is not None:
                return []
            lane = None
        before = lane if lane is not None else kind.new()
        after, found = kind.step(before, (reading,), now_us, rule, context)
        self._keep_lane(key, before, after)
        return [finding for finding in found if finding.phase != "notice"]

    def _keep_lane(self, key: tuple[str, UUID], before: State, after: State | None) -> None:
        if before.episode is not None and (after is None or after.episode is None):
            last_us = before.episode.last_us if after is None else after.last_us
            self.remember(key[0], before.episode.since_us, last_us)
        self.lanes = {k: v for k, v in self.lanes.items() if k != key}
        if after is not None:
            self.lanes = {**self.lanes, key: after}

    def join_lanes(
        self,
        rule: Rule,
        kind: Kind,
        reading: Reading,
        now_us: int,
        context: Context,
        found: Sequence[Finding],
    ) -> list[Finding]:
        """Let a reading in order end late lanes: clear their trouble, or carry on under its id."""
        findings = list(found)
        for key in [key for key in self.lanes if key[0] == rule.id]:
            lane = self.lanes[key]
            if lane.episode is None:
                self._keep_lane(key, lane, None)
                continue
            state = self.active.get(rule.id)
            raised = next((f for f in findings if f.phase == "raised"), None)
            if raised is not None and state is not None and state.episode is not None:
                carried = _again(raised, lane.episode.id, context)
                findings[findings.index(raised)] = carried
                episode = msgspec.structs.replace(
                    state.episode, id=lane.episode.id, since_us=lane.episode.since_us
                )
                self.active = {
                    **self.active,
                    rule.id: msgspec.structs.replace(state, episode=episode),
                }
                self.lanes = {k: v for k, v in self.lanes.items() if k != key}
                continue
            after, told = kind.step(lane, (reading,), now_us, rule, context)
            self._keep_lane(key, lane, None if after.episode is None else after)
            findings += [f for f in told if f.phase == "cleared"]
        return findings


def _again(raised: Finding, of: UUID, context: Context) -> Finding:
    id_ = finding_id(raised.rule, raised.rule_version, context.key, raised.onset_us, "notice", of)
    return msgspec.structs.replace(raised, id=id_, phase="notice", of=of)


def _at(reading: Reading) -> int:
    return reading.effective_us
