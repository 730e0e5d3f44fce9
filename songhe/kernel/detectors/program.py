"""Which rules care about a message with given codes, and which values need no asking."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from songhe.kernel.detectors import frozen
from songhe.kernel.detectors.counted import COUNTING
from songhe.kernel.detectors.kinds import KINDS, Kind
from songhe.kernel.detectors.rules import Key, Rule
from songhe.kernel.detectors.signal import OWN
from songhe.kernel.signals.catalogue import of_code

Range = tuple[int, float, float]
# Kinds that are asked otherwise than reading by reading.
_APART = ("silent", "signal", "trend")
_CACHED = 4096


class Entry:
    """One rule within a program: ranges by position within the message."""

    __slots__ = ("boxed", "flags", "kind", "on_repeat", "ranges", "rule")

    def __init__(self, rule: Rule, kind: Kind, codes: tuple[int, ...]) -> None:
        self.rule = rule
        self.kind = kind
        self.boxed = kind.box is not None or bool(kind.flags)
        self.on_repeat = kind.on_repeat
        self.flags = kind.flags
        box = kind.box(rule) if kind.box else {}
        self.ranges: tuple[Range, ...] = tuple(
            (position, *box[code]) for position, code in enumerate(codes) if code in box
        )

    def quiet(self, values: Sequence[float], flags: int, repeated: bool) -> bool:
        """Say whether a message leaves an idle state of this rule idle."""
        if not self.boxed or flags & self.flags or (repeated and self.on_repeat):
            return False
        return all(low < values[position] < high for position, low, high in self.ranges)


class Program:
    """The rules of one key that care about one combination of codes.

    ranges: the ranges of all of them together; ask: some rule wants every message; ids: their ids.
    """

    __slots__ = ("ask", "entries", "flags", "ids", "on_repeat", "ranges")

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries = tuple(entries)
        self.ids = frozenset(entry.rule.id for entry in entries)
        self.ask = any(not entry.boxed for entry in entries)
        self.flags = 0
        self.on_repeat = any(entry.on_repeat for entry in entries)
        together: dict[int, tuple[float, float]] = {}
        for entry in entries:
            self.flags |= entry.flags
            for position, low, high in entry.ranges:
                before = together.get(position, (low, high))
                together[position] = (max(low, before[0]), min(high, before[1]))
        self.ranges: tuple[Range, ...] = tuple((p, *pair) for p, pair in together.items())

    def stirs(self, values: Sequence[float], flags: int) -> bool:
        """Say whether a message by itself may move an idle state of one of the rules."""
        if self.ask or flags & self.flags:
            return True
        for position, low, high in self.ranges:  # noqa: SIM110 (a generator costs twice as much)
            if not low < values[position] < high:
                return True
        return False


class Listeners(NamedTuple):
    """Rules by the sign they listen to, and the parameters that they give their detector."""

    rules: Mapping[str, tuple[Rule, ...]]
    params: Mapping[str, object]


class RuleSet:
    """Resolved rules, shared by all persons for whom they are the same."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.by_id = {rule.id: rule for rule in rules}
        self._listeners: dict[int, dict[str, Listeners]] = {}
        self._programs: dict[Key, dict[tuple[int, ...], Program]] = {
            "subject": {}, "person": {}, "device": {}
        }  # fmt: skip

    def program(self, key: Key, codes: tuple[int, ...]) -> Program:
        """Return the rules of a key (subject, person or device) for a message with these codes."""
        programs = self._programs[key]
        found = programs.get(codes)
        if found is None:
            if len(programs) >= _CACHED:
                programs.clear()
            found = programs[codes] = Program(self._entries(key, codes))
        return found

    def _entries(self, key: Key, codes: tuple[int, ...]) -> list[Entry]:
        given = frozenset(codes)
        return [
            Entry(rule, KINDS[rule.kind], codes)
            for rule in self.by_id.values()
            if rule.key == key and rule.kind not in _APART and _cares(rule, given, codes)
        ]

    def listeners(self, code: int) -> Mapping[str, Listeners]:
        """Return, by detector, the rules that listen to waves of a code, and its parameters.

        What counts is there without any rule.
        """
        found = self._listeners.get(code)
        if found is None:
            found = self._listeners[code] = {
                name: listeners
                for name in of_code(code)
                if (listeners := self._listening(name)).rules or name in COUNTING
            }
        return found

    def _listening(self, detector: str) -> Listeners:
        rules = [
            rule
            for rule in self.by_id.values()
            if rule.kind == "signal" and rule.params["detector"] == detector
        ]
        signs: dict[str, tuple[Rule, ...]] = {}
        params: dict[str, object] = {}
        for rule in rules:
            sign = rule.params["sign"]
            signs[sign] = (*signs.get(sign, ()), rule)
            params |= {k: v for k, v in rule.params.items() if k not in OWN}
        return Listeners(signs, params)


def _cares(rule: Rule, given: frozenset[int], codes: tuple[int, ...]) -> bool:
    if rule.kind == "frozen":
        return frozen.run_length(codes, rule) is not None
    return not rule.codes or not rule.codes.isdisjoint(given)
