"""Judges readings by the rules and hands back a plan that is taken over only after the commit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from uuid import UUID
from weakref import WeakSet

from songhe.kernel.detectors import waves as signals
from songhe.kernel.detectors.kinds import KINDS
from songhe.kernel.detectors.plan import KEYS, Plan
from songhe.kernel.detectors.program import Entry, Program
from songhe.kernel.detectors.rulebook import Profile, RuleBook
from songhe.kernel.detectors.rules import Key, Rule
from songhe.kernel.detectors.silent import SilentState
from songhe.kernel.detectors.silent import due as silent_due
from songhe.kernel.detectors.state import NEVER_US, Context, Episode, State, Watched
from songhe.kernel.detectors.timers import Timer, Timers
from songhe.kernel.detectors.track import Track
from songhe.kernel.detectors.whose import key_of, living, person_of
from songhe.kernel.errors import Invalid
from songhe.kernel.time import SECOND_US
from songhe.kernel.wire import DeviceSnapshot, Finding, Reading, RuleScope, Wave

_CHUNK = 5_000
_SOON_US = NEVER_US


class Memory:
    """What commits change: tracks by key, when devices were heard, deadlines."""

    def __init__(self) -> None:
        self.serial = 0
        self.tracks: dict[Key, dict[int, Track]] = {key: {} for key in KEYS}
        self.heard: dict[int, int] = {}
        self.timers = Timers()
        self.open: WeakSet[Plan] = WeakSet()


class Evaluator:
    """All detector states of this process: judge or tick, store, commit, one after another.

    What comes next may be judged while a plan is being stored: say `after` which plan.

    Not thread-safe; `heard`, `watch`, `put_scope` and `forget` may be called while a plan is open.
    """

    def __init__(self, rules: RuleBook) -> None:
        self.rules = rules
        self._memory = Memory()
        self._watched: dict[int, Watched] = {}
        self._deaf: tuple[tuple[int, int], ...] = ()
        self._changed: set[str] = set()

    def judge(
        self,
        readings: Iterable[Reading],
        now_us: int,
        after: Plan | None = None,
        waves: Iterable[Wave] = (),
    ) -> Plan:
        """Judge really new readings of any subjects, and waves of any devices, in any order.

        Each subject's readings are judged in their own time order. A reading or wave that was
        judged before changes nothing.
        """
        plan = Plan(self._memory, now_us, after)
        subjects: dict[int, list[Reading]] = {}
        devices: dict[int, list[Reading]] = {}
        persons: dict[int, list[Reading]] = {}
        personal = self.rules.personal
        for reading in readings:
            subject, device = reading.subject.int, reading.device.int
            known = subjects.get(subject)
            if known is None:
                subjects[subject] = [reading]
            else:
                known.append(reading)
            known = devices.get(device)
            if known is None:
                devices[device] = [reading]
            else:
                known.append(reading)
            if personal(reading.codes):
                person = person_of(reading) or reading.subject
                persons.setdefault(person.int, []).append(reading)
        groups: tuple[tuple[Key, dict[int, list[Reading]]], ...] = (
            ("subject", subjects),
            ("person", persons),
            ("device", devices),
        )
        for kind, group in groups:
            for key, batch in group.items():
                if len(batch) > 1:
                    batch.sort(key=_order)
                self._judge(plan, kind, key, batch)
        signals.judge(plan, self.rules, waves)
        return plan

    def tick(self, now_us: int, after: Plan | None = None) -> Plan:
        """Judge what time alone brings about: cost is by what is due, not by subjects."""
        self._look_again()
        plan = Plan(self._memory, now_us, after)
        for due_us, (kind, key, rule_id) in plan.due():
            if rule_id.startswith(signals.TIMER):
                if (until_us := signals.lent_us(due_us, self._deaf)) > now_us:
                    plan.arm(until_us, (kind, key, rule_id))
                    continue
                signals.pass_time(plan, self.rules, key, rule_id.removeprefix(signals.TIMER))
                continue
            if kind == "device" and key in self._watched:
                self._listen(plan, key, ())
                continue
            track = plan.track(kind, key)
            state = track.active.get(rule_id)
            profile = self.rules.resolve(track.person)
            rule = profile.rules.by_id.get(rule_id)
            if state is None or rule is None:
                continue
            context = self._context(profile, rule, track)
            now, found = KINDS[rule.kind].step(state, (), now_us, rule, context)
            plan.findings += found
            self._keep(plan, kind, key, track, rule, state, now)
        return plan

    def put_scope(self, scope: RuleScope) -> list[Invalid]:
        """Take over changed rules; return what could not be taken.

        Deadlines of those it concerns are looked at again on the next tick.
        """
        if self.rules.holds(scope):
            return self.rules.problems[scope.scope]
        problems = self.rules.put(scope)
        self._changed.add(scope.scope)
        return problems

    def remove_scope(self, scope: str) -> None:
        """Forget a scope of rules."""
        self.rules.remove(scope)
        self._changed.add(scope)

    def watch(self, device: DeviceSnapshot, seen_us: int | None = None) -> None:
        """Watch an active device for silence; call again on every change of its snapshot.

        seen_us is when it was last heard, by our clock; a device never heard counts from the start
        of its present binding. Inactive, unbound or without silent_after_s: not watched any more.
        silent_after_s falls back on three times the expected interval.
        """
        if seen_us is not None:
            self.heard(device.id, seen_us)
        after_s = device.silent_after_s or 3 * (device.expected_interval_s or 0)
        bound = next((b for b in reversed(device.bindings) if b.until_us is None), None)
        if not device.active or bound is None or not after_s:
            self._watched.pop(device.id.int, None)
            return
        self._watched[device.id.int] = Watched(
            device=device.id,
            subject_kind=bound.subject_kind,
            subject=bound.subject,
            person=bound.person,
            zone=device.time_zone,
            since_us=bound.since_us,
            silent_after_us=after_s * SECOND_US,
        )
        self._memory.timers.arm(_SOON_US, ("device", device.id.int, "device-silent"))

    def heard(self, device: UUID, received_us: int) -> None:
        """Say that a device spoke without a new reading (a status, an acknowledgement).

        Not to be called for messages that only repeat what is stored: they are no sign of life.
        """
        key = device.int
        if received_us <= self._memory.heard.get(key, NEVER_US):
            return
        self._memory.heard[key] = received_us
        track = self._memory.tracks["device"].get(key)
        if track is not None and "device-silent" in track.active:
            self._memory.timers.arm(_SOON_US, ("device", key, "device-silent"))

    def was_deaf(self, from_us: int, until_us: int) -> None:
        """Say that this process was not running: silence in that time is nobody's."""
        if until_us > from_us:
            self._deaf = (*self._deaf[-15:], (from_us, until_us))

    def rebuild(self, readings: Iterable[Reading], waves: Iterable[Wave] = ()) -> None:
        """Replay stored readings and waves silently, in time order (readings: the last 36 h).

        Findings of that time exist already, or are found again by the first tick under the same id.
        """
        waiting = iter(readings)
        while chunk := list(islice(waiting, _CHUNK)):
            now_us = max(reading.effective_us for reading in chunk)
            self.judge(chunk, now_us).commit()
        for wave in waves:
            plan = Plan(self._memory, max(wave.end_us, wave.received_us))
            signals.relive(plan, self.rules, wave)
            plan.commit()

    def adopt(self, findings: Iterable[Finding]) -> None:
        """After `rebuild`: take over raised findings that were not cleared, under their ids."""
        for finding in findings:
            rule = self.rules.rule(finding.rule, finding.person)
            if rule is None or finding.phase != "raised":
                continue
            key = key_of(rule, finding)
            if key is None:
                continue
            track = self._memory.tracks[rule.key].setdefault(key.int, Track(key))
            track.person = track.person or finding.person
            state = track.active.get(rule.id) or KINDS[rule.kind].new()
            if state.episode is None or state.episode.id != finding.id:
                since_us = int(finding.summary.get("since_us", finding.onset_us))
                state.episode = Episode(
                    id=finding.id,
                    onset_us=finding.onset_us,
                    since_us=since_us,
                    last_us=max(finding.onset_us, state.last_us),
                    told_us=finding.onset_us,
                    level=finding.level,
                    device=finding.device,
                )
            if isinstance(state, SilentState) and not finding.summary.get("never"):
                state.heard_us = max(state.heard_us, state.episode.since_us)
            track.active = {**track.active, rule.id: state}

    def forget(self, subject: UUID) -> None:
        """Drop every state of a subject, person or device."""
        key = subject.int
        for plan in self._memory.open:
            plan.forget(key)
        for tracks in self._memory.tracks.values():
            tracks.pop(key, None)
        self._memory.heard.pop(key, None)
        self._memory.timers.drop(key)
        self._watched.pop(key, None)

    def _judge(self, plan: Plan, kind: Key, key: int, batch: Sequence[Reading]) -> None:
        track = plan.track(kind, key)
        recent = track.recent
        if kind == "device":
            self._hear(plan, key, track, batch)
        person: UUID | None = None
        codes: tuple[int, ...] = ()
        program: Program | None = None
        for reading in batch:
            # Readings of one batch and key nearly always share these two: look them up once.
            owner = reading.person
            if owner is None and reading.subject_kind == 1:
                owner = reading.subject
            if program is None or reading.codes is not codes or owner is not person:
                codes, person = reading.codes, owner
                profile = self.rules.resolve(person)
                program = profile.rules.program(kind, codes)
                track.person = person
            values = reading.values
            before = recent.get(codes)
            late = False
            if before is not None:
                late = reading.effective_us < before.effective_us
                if reading.effective_us == before.effective_us and reading.device == before.device:
                    continue
            if (
                track.lanes
                or (track.active and not program.ids.isdisjoint(track.active))
                or (program.on_repeat and before is not None and before.values == values)
                or program.stirs(values, reading.flags)
            ):
                self._ask(plan, kind, key, track, reading, before, program, profile)
            if not late:
                recent[codes] = reading

    def _ask(
        self,
        plan: Plan,
        kind: Key,
        key: int,
        track: Track,
        reading: Reading,
        before: Reading | None,
        program: Program,
        profile: Profile,
    ) -> None:
        if track.repeats(reading):
            return
        repeated = before is not None and before.values == reading.values
        for entry in program.entries:
            state = track.active.get(entry.rule.id)
            if (
                state is None
                and entry.quiet(reading.values, reading.flags, repeated)
                and not (track.lanes and track.has_lane(entry.rule.id))
            ):
                continue
            plan.findings += self._step(plan, kind, key, track, reading, entry, state, profile)

    def _step(
        self,
        plan: Plan,
        kind: Key,
        key: int,
        track: Track,
        reading: Reading,
        entry: Entry,
        state: State | None,
        profile: Profile,
    ) -> list[Finding]:
        rule, how = entry.rule, entry.kind
        context = self._context(profile, rule, track)
        newest_us = state.last_us if state is not None else track.newest_us(rule.codes)
        if reading.effective_us < newest_us:
            if how.late == "lane":
                return track.judge_late(rule, how, reading, plan.now_us, context)
            if how.late == "drop" or track.is_past(rule.id, reading.effective_us):
                return []
        if state is None:
            state = how.wake(track.in_order(), rule, context) if how.wake else how.new()
        after, found = how.step(state, (reading,), plan.now_us, rule, context)
        self._keep(plan, kind, key, track, rule, state, after)
        if track.lanes:
            found = track.join_lanes(rule, how, reading, plan.now_us, context, found)
        return found

    def _hear(self, plan: Plan, device: int, track: Track, batch: Sequence[Reading]) -> None:
        """Note that a device spoke; only who had been silent for too long is judged."""
        newest_us = batch[0].received_us
        for reading in batch:
            newest_us = max(newest_us, reading.received_us)
        watched = self._watched.get(device)
        if watched is not None:
            state = track.active.get("device-silent") if track.active else None
            gap_us = newest_us - max(plan.heard_us(device), watched.since_us)
            if gap_us > watched.silent_after_us or (state is not None and state.episode):
                self._listen(plan, device, batch)
        plan.hear(device, newest_us)

    def _listen(self, plan: Plan, device: int, batch: Sequence[Reading]) -> None:
        """Judge a watched device's silence; batch () lets time pass."""
        watched = self._watched[device]
        track = plan.track("device", device)
        heard_us = plan.heard_us(device)
        profile = self.rules.resolve(living(watched))
        rule = profile.rules.by_id.get("device-silent")
        state = track.active.get("device-silent")
        for reading in batch:
            plan.hear(device, reading.received_us)
        if rule is None:
            return
        context = Context(
            key=track.key,
            facts=profile.facts,
            away=profile.away,
            deaf=self._deaf,
            zone=watched.zone,
            watched=watched,
            heard_us=heard_us,
            last=track.newest(),
        )
        before = state if state is not None else SilentState(heard_us=heard_us)
        after, found = KINDS["silent"].step(before, batch, plan.now_us, rule, context)
        plan.findings += found
        # Who is not silent has nothing to remember: when it was heard stands elsewhere.
        due_us, after.due_us = after.due_us, None
        self._keep(plan, "device", device, track, rule, before, after)
        if not batch and after.episode is None:
            due_us = silent_due(plan.heard_us(device), context)
        if due_us is not None:
            plan.arm(due_us, ("device", device, rule.id))

    def _keep(
        self, plan: Plan, kind: Key, key: int, track: Track, rule: Rule, old: State, new: State
    ) -> None:
        track.keep(rule, KINDS[rule.kind], old, new)
        if new.due_us is not None:
            plan.arm(new.due_us, (kind, key, rule.id))

    def _context(self, profile: Profile, rule: Rule, track: Track) -> Context:
        away = profile.away if rule.away == "suspend" else ()
        return Context(key=track.key, facts=profile.facts, away=away, zone=profile.zone)

    def _look_again(self) -> None:
        """Set deadlines anew of all whose rules have changed, in one look through all."""
        scopes, self._changed = self._changed, set()
        if not scopes:
            return
        persons = {UUID(scope[7:]) for scope in scopes if scope.startswith("person:")}
        everybody = len(persons) < len(scopes)
        for timer in self._memory.timers.armed():
            if everybody or not persons.isdisjoint(self._persons_of(timer)):
                self._memory.timers.arm(_SOON_US, timer)

    def _persons_of(self, timer: Timer) -> set[UUID]:
        track = self._memory.tracks[timer[0]].get(timer[1])
        watched = self._watched.get(timer[1])
        found = {track.person if track else None, living(watched) if watched else None}
        return {person for person in found if person is not None}


def _order(reading: Reading) -> int:
    return reading.effective_us
