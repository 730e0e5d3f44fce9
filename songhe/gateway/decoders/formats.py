"""Foreign formats: what a hub's topics mean and of which device they speak, as tables.

A format is `tables/NAME.yaml`: patterns of topics, and fields with their codes, units and states
(`fields.py` reads them). What no table can say is a reader, a function that the table names.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, cached_property
from importlib import resources
from typing import Any, Literal

import msgspec
import yaml

from songhe.gateway.decoders.messages import Decoded, Refused
from songhe.kernel.time import DAY_US
from songhe.kernel.wire import DeviceSnapshot

OWN = "songhe"
STRANGERS_KEPT = 256
_FOLDER = resources.files("songhe.gateway.decoders") / "tables"


class Field(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one field of a payload says: a value of a code, or the state of the device.

    value = field * scale in unit; or by states (the field as lower-case text to a value; null says
    nothing), `otherwise` for a text that is not there. repeats: whether a state that is told again
    unchanged is a reading again (`kept`), only when the payload has its own time (`timed`), or
    never (`dropped`). types: only of devices of these types. unless: other fields that, when they
    are true, make this one void.
    """

    code: str = ""
    status: Literal["", "battery_pct", "rssi_dbm", "link_pct", "snr_db", "firmware", "online"] = ""
    unit: str | None = None
    scale: float = 1.0
    states: dict[str, float | None] | None = None
    otherwise: float | Literal["refuse"] | None = "refuse"
    repeats: Literal["kept", "timed", "dropped"] = "kept"
    types: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()


Fields = dict[str, list[Field]]


class Topic(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A pattern of topics: `{x}` one level, `{x+}` one or more, `#` the rest; the first that fits.

    name: the foreign name, made of the pattern's parts; empty for the hub itself. reader: what
    reads the payload; `ignore` knows the topic and wants nothing of it.
    """

    topic: str
    reader: str
    name: str = "{name}"
    table: str = ""

    def expression(self) -> re.Pattern[str]:
        """Return the pattern as a regular expression for whole topics."""
        found = re.escape(self.topic).replace(r"\#", ".*").replace("#", ".*")
        found = re.sub(r"\\{(\w+)\\\+\\}", r"(?P<\1>.+)", found)
        return re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", found), re.DOTALL)


class Format(msgspec.Struct, forbid_unknown_fields=True, dict=True):
    """A format's table. times: fields that hold the time, the first that is there."""

    format: str
    title: str
    source: str
    status: str
    topics: list[Topic]
    tables: dict[str, Fields] = {}
    times: list[str] = []
    units: dict[str, str] = {}
    defaults: dict[str, dict[str, str]] = {}

    @cached_property
    def patterns(self) -> list[tuple[re.Pattern[str], Topic]]:
        """Return the topics' expressions, in their order."""
        return [(topic.expression(), topic) for topic in self.topics]

    def meaning(self, topic: str) -> tuple[Topic, str, dict[str, str]] | None:
        """Return (rule, foreign name, parts of the topic); None for a topic of another world."""
        for pattern, rule in self.patterns:
            found = pattern.fullmatch(topic)
            if found is not None:
                parts = found.groupdict()
                return rule, rule.name.format_map(parts), parts
        return None


class Known(msgspec.Struct):
    """A state as it was told last: its value, and the message that first told it."""

    value: float
    received_us: int
    payload: int
    at_us: int


class Memory:
    """What the messages of one signed-in device left behind; `states` never outlives a failure.

    A state that was told but not stored must not count as told: when messages are given up,
    `forget` lets every state be news again.
    """

    __slots__ = ("facts", "states", "strangers", "times")

    def __init__(self) -> None:
        self.states: dict[tuple[str, str], Known] = {}
        self.times: dict[str, tuple[int, int]] = {}
        self.facts: dict[tuple[str, str], str] = {}
        self.strangers: dict[str, int] = {}

    def forget(self) -> None:
        """Let every state be news again."""
        self.states.clear()
        self.strangers.clear()


class Said(msgspec.Struct, frozen=True):
    """One payload: when it came, and whether it may have come before."""

    payload: bytes
    received_us: int
    dup: bool = False


Reader = Callable[["Talk", Said], list[Decoded]]


class Talk:
    """One foreign topic as it concerns one device; the gateway makes it once per topic."""

    __slots__ = ("device", "format", "memory", "name", "parts", "reader", "rule")

    def __init__(
        self,
        reader: Reader,
        device: DeviceSnapshot,
        memory: Memory,
        *,
        name: str = "",
        parts: dict[str, str] | None = None,
        format: Format | None = None,  # noqa: A002 (the field's word)
        rule: Topic | None = None,
    ) -> None:
        self.reader = reader
        self.device = device
        self.memory = memory
        self.name = name
        self.parts = parts or {}
        self.format = format
        self.rule = rule

    @property
    def kind(self) -> str:
        """Return what kind of message this is, for people: the format and its reader."""
        return "" if self.format is None or self.rule is None else self.rule.reader

    def decode(
        self, payload: bytes, received_us: int, dup: bool = False, again: bool = False
    ) -> list[Decoded]:
        """Return what a payload holds; never raises. again: a dead letter, which changes nothing.

        A letter of last week must not be held against the states of today.
        """
        if again:
            memory, self.memory = self.memory, Memory()
            self.memory.facts = memory.facts
            try:
                return self.reader(self, Said(payload, received_us))
            finally:
                self.memory = memory
        return self.reader(self, Said(payload, received_us, dup))

    def is_repeat(self, code: str, value: float, said: Said, at_us: int) -> bool:
        """Tell whether a state was told before, and remember it.

        The message that told it first tells it again when it is taken in anew: after a split of
        its batch, or delivered twice.
        """
        key, mark = (self.name, code), hash(said.payload)
        known = self.memory.states.get(key)
        if known is not None and known.value == value:
            same = known.payload == mark and (said.dup or known.received_us == said.received_us)
            return not same
        self.memory.states[key] = Known(value, said.received_us, mark, at_us)
        return False

    def receipt_us(self, said: Said) -> int:
        """Return the time of a message without one: of its receipt, for a repeat of its first."""
        key, mark = self.name, hash(said.payload)
        if said.dup:
            known = self.memory.times.get(key)
            if known is not None and known[0] == mark:
                return known[1]
        self.memory.times[key] = (mark, said.received_us)
        return said.received_us


def stranger(talk: Talk, said: Said) -> list[Decoded]:
    """Refuse the message of a name that the hub carries no device for: once a day for each name.

    One sensor that nobody registered would otherwise fill the dead letters, and end the connection
    of a hub that carries others well.
    """
    first_us = talk.memory.strangers.get(talk.name)
    if first_us is not None and first_us < said.received_us < first_us + DAY_US:
        return []
    if first_us is None and len(talk.memory.strangers) >= STRANGERS_KEPT:
        return []
    talk.memory.strangers[talk.name] = said.received_us
    detail = (
        f"the hub {talk.device.key} carries no device in use under the name {talk.name[:120]!r}:"
        " register the device, and give the hub this name for it"
    )
    return [Refused("unknown-name", detail, said.payload)]


@cache
def names() -> tuple[str, ...]:
    """Return the names of all foreign formats."""
    files = (file.name for file in _FOLDER.iterdir())
    return tuple(sorted(name[:-5] for name in files if name.endswith(".yaml")))


@cache
def get(name: str) -> Format:
    """Return a format's table; KeyError for one that is not there."""
    if name not in names():
        raise KeyError(name)
    raw: Any = yaml.safe_load((_FOLDER / f"{name}.yaml").read_text("utf-8"))
    return load(raw)


def load(raw: object) -> Format:
    """Return a table from its parsed YAML; raises msgspec.ValidationError with the place."""
    return msgspec.convert(raw, Format)
