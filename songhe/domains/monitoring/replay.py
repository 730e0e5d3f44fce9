"""Rules judged over stored readings by the gateway's own evaluator, with a clock that is replayed.

Pure: scopes, devices and readings in, findings out. The clock of the replay is the arrival of the
readings (when the gateway had them), at most a day after their own time; between them it ticks.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from uuid import UUID

import msgspec

from songhe.kernel.detectors import Evaluator, RuleBook, catalogue
from songhe.kernel.detectors.kinds import KINDS
from songhe.kernel.detectors.rules import spec
from songhe.kernel.time import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from songhe.kernel.wire import (
    Binding,
    DeviceSnapshot,
    Finding,
    Reading,
    RuleChange,
    RuleScope,
    Wave,
)

WARM_UP_US = 36 * HOUR_US  # what the gateway replays at its start
LONGEST_WARM_UP_US = 15 * DAY_US
LATEST_US = DAY_US  # a reading that came later than this counts as this late
SLICE_US = MINUTE_US
WAVES_SLICE_US = 5 * SECOND_US  # what time alone brings to a signal comes within seconds
TICK_US = 10 * MINUTE_US
DEFAULT_SCOPE = "*"
# Kinds for which time alone brings something about.
CLOCKED = frozenset({"bed", "door", "silent", "quiet", "not-up"})


def judged_with(rule: str) -> frozenset[str]:
    """Return the rules that must be judged to know what a rule does and what else changes with it.

    Those of its family; those that leave to it what it judges; and the worse ones of all of them.
    Of rules on signals those of the same detector alone.
    """
    rules = catalogue().rules
    heard = spec(rule).params.get("detector")
    found = {row.id for row in rules.values()
             if row.family == spec(rule).family or rule in row.unless}  # fmt: skip
    waiting = list(found)
    while waiting:
        for worse in rules[waiting.pop()].unless:
            if worse not in found:
                found.add(worse)
                waiting.append(worse)
    return frozenset(
        name for name in found
        if rules[name].kind != "signal" or rules[name].params["detector"] == heard
    )  # fmt: skip


def only(scopes: Iterable[RuleScope], keep: frozenset[str]) -> list[RuleScope]:
    """Return scopes in which all rules but some are off, and nothing else is different."""
    rest = [
        RuleChange(rule, "off", enabled=False) for rule in catalogue().rules if rule not in keep
    ]
    found = {DEFAULT_SCOPE: RuleScope(DEFAULT_SCOPE)}
    for scope in scopes:
        changes = [change for change in scope.changes if change.rule in keep]
        found[scope.scope] = msgspec.structs.replace(scope, changes=changes)
    whole = found[DEFAULT_SCOPE]
    found[DEFAULT_SCOPE] = msgspec.structs.replace(whole, changes=[*whole.changes, *rest])
    return list(found.values())


def with_change(scopes: Iterable[RuleScope], where: str, change: RuleChange) -> list[RuleScope]:
    """Return scopes in which one scope's change of a rule is another one."""
    found = {scope.scope: scope for scope in scopes}
    old = found.get(where, RuleScope(where))
    changes = [one for one in old.changes if one.rule != change.rule]
    found[where] = msgspec.structs.replace(old, changes=[*changes, change])
    return list(found.values())


def codes_judged(scopes: Iterable[RuleScope], rules: frozenset[str]) -> frozenset[int] | None:
    """Return the codes that rules judge, None when one of them hears every reading."""
    found: set[int] = set()
    given = [change for scope in scopes for change in scope.changes]
    for rule in rules:
        row = spec(rule)
        for params in (row.params, *(v.params for v in row.variants),
                       *(c.params for c in given if c.rule == rule)):  # fmt: skip
            judged = KINDS[row.kind].codes({**row.params, **params})
            if not judged:
                return None
            found |= judged
    return frozenset(found)


def needs_clock(rules: Iterable[str]) -> bool:
    """Tell whether time alone brings something about for one of these rules."""
    return any(spec(rule).kind in CLOCKED for rule in rules)


def warm_up_us(rules: frozenset[str], devices: Iterable[DeviceSnapshot]) -> int:
    """Return how long before the told time readings are needed, in microseconds.

    For silence as long as the most patient device may be silent, else nobody knows since when.
    """
    if not any(spec(rule).kind == "silent" for rule in rules):
        return WARM_UP_US
    patience_s = max(
        (one.silent_after_s or 3 * (one.expected_interval_s or 0) for one in devices), default=0
    )
    return min(LONGEST_WARM_UP_US, max(WARM_UP_US, patience_s * SECOND_US + HOUR_US))


def arrived_us(reading: Reading) -> int:
    """Return when a reading counts as received: not before its time, at most a day after it."""
    late_us = reading.received_us - reading.effective_us
    return reading.effective_us + min(max(late_us, 0), LATEST_US)


def in_order_of_arrival(readings: Iterable[Reading]) -> Iterator[tuple[int, Reading]]:
    """Yield (arrival, reading) from readings in order of their own time; holds what is late."""
    waiting: list[tuple[int, int, Reading]] = []
    serial = count()
    for reading in readings:
        heapq.heappush(waiting, (arrived_us(reading), next(serial), reading))
        while waiting and waiting[0][0] <= reading.effective_us:
            at_us, _, first = heapq.heappop(waiting)
            yield at_us, first
    while waiting:
        at_us, _, first = heapq.heappop(waiting)
        yield at_us, first


class Replay:
    """Several rule books judged over the same readings, side by side.

    since_us and until_us: what is told. Readings from starts_us on are judged, but nothing of
    before since_us is told. ticks: whether some rule needs a clock between readings.
    """

    def __init__(
        self,
        books: Sequence[RuleBook],
        devices: Iterable[DeviceSnapshot],
        *,
        since_us: int,
        until_us: int,
        warm_up_us: int = WARM_UP_US,
        ticks: bool = True,
    ) -> None:
        self._ticks = ticks
        self.starts_us = since_us - warm_up_us
        self.since_us, self.until_us = since_us, until_us
        self.found: list[list[Finding]] = [[] for _ in books]
        self.readings = 0
        self.signal_s = 0.0
        self.heard: set[UUID] = set()
        self._evaluators = [Evaluator(book) for book in books]
        self._bound = sorted(_watches(devices, until_us), key=lambda one: one[0])
        self._batch: list[Reading] = []
        self._batch_us = 0
        self._waves: list[Wave] = []
        self._waves_us = 0
        self._now_us = self.starts_us
        self._next_tick_us = self._now_us + TICK_US

    def feed(
        self,
        readings: Iterable[Reading],
        codes: frozenset[int] | None = None,
        waves: Iterable[Wave] = (),
    ) -> Iterator[int]:
        """Judge readings in order of their own time; yield the clock of the replay now and then.

        codes: only readings with one of them are looked at; None looks at all. waves: in the order
        of their time; each counts as received when it ends.
        """
        wanted = (
            readings if codes is None else (r for r in readings if not codes.isdisjoint(r.codes))
        )
        told: Iterator[tuple[int, Reading | Wave]] = heapq.merge(
            in_order_of_arrival(wanted), ((w.end_us, w) for w in waves), key=lambda one: one[0]
        )
        for at_us, reading in told:
            if at_us >= self.until_us:
                continue
            if isinstance(reading, Wave):
                yield from self._hear(at_us, reading)
                continue
            if at_us >= self._next_tick_us or at_us - self._batch_us >= SLICE_US:
                self._judge()
                if at_us >= self._next_tick_us:
                    self._pass(at_us)
                    yield at_us
                self._batch_us = at_us
            if at_us != reading.received_us:
                reading = msgspec.structs.replace(reading, received_us=at_us)
            self._batch.append(reading)
            self._now_us = at_us
        self._judge()
        self._pass(self.until_us)
        self._tick(self.until_us)
        yield self.until_us

    def _hear(self, at_us: int, wave: Wave) -> Iterator[int]:
        """Gather waves and judge them every few seconds; time passes before those that follow."""
        if at_us - self._waves_us >= WAVES_SLICE_US:
            self._judge()
            # Alone, it would have come to what was due before this wave.
            if wave.started_us - self._now_us > WAVES_SLICE_US:
                self._tick(wave.started_us)
            self._waves_us = at_us
            if at_us >= self._next_tick_us:
                self._pass(at_us)
                yield at_us
        self._waves.append(wave)
        self._now_us = max(self._now_us, at_us)

    def _pass(self, until_us: int) -> None:
        """Let the clock tick on its beat up to an instant."""
        while self._next_tick_us <= until_us:
            if self._ticks:
                self._tick(self._next_tick_us)
            self._next_tick_us += TICK_US

    def _judge(self) -> None:
        batch, self._batch = self._batch, []
        waves, self._waves = self._waves, []
        if not batch and not waves:
            return
        for wave in waves:
            if wave.started_us >= self.since_us:
                self.signal_s += len(wave.samples) / wave.rate_hz
                self.heard.add(wave.person or wave.subject)
        self._watch(self._now_us)
        for reading in batch:
            if reading.effective_us >= self.since_us:
                self.readings += 1
                self.heard.add(reading.person or reading.subject)
        for evaluator, found in zip(self._evaluators, self.found, strict=True):
            plan = evaluator.judge(batch, self._now_us, waves=waves)
            plan.commit()
            found += self._told(plan.findings)

    def _tick(self, now_us: int) -> None:
        self._watch(now_us)
        for evaluator, found in zip(self._evaluators, self.found, strict=True):
            plan = evaluator.tick(now_us)
            plan.commit()
            found += self._told(plan.findings)

    def _watch(self, now_us: int) -> None:
        """Watch the devices as they were bound at this moment."""
        while self._bound and self._bound[0][0] <= now_us:
            _, device = self._bound.pop(0)
            for evaluator in self._evaluators:
                evaluator.rules.mount(device)
                evaluator.watch(device)

    def _told(self, findings: Iterable[Finding]) -> Iterator[Finding]:
        return (one for one in findings if self.since_us <= one.onset_us < self.until_us)


def _watches(
    devices: Iterable[DeviceSnapshot], until_us: int
) -> Iterator[tuple[int, DeviceSnapshot]]:
    """Yield from when which snapshot of a device holds: bound to this one, then to that one."""
    for device in devices:
        for bound in device.bindings:
            if bound.since_us < until_us:
                yield bound.since_us, _as_bound(device, bound)
            if bound.until_us is not None and bound.until_us < until_us:
                yield bound.until_us, msgspec.structs.replace(device, active=False)


def _as_bound(device: DeviceSnapshot, bound: Binding) -> DeviceSnapshot:
    held = msgspec.structs.replace(bound, until_us=None)
    return msgspec.structs.replace(device, active=True, bindings=[held])
