"""Rules as packaged data, and as resolved for one person: limits, parameters, words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import msgspec
import yaml

from songhe.kernel import codes
from songhe.kernel.errors import Invalid
from songhe.kernel.wire import Level

_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
OPERATORS = ("ge", "gt", "le", "lt")
Key = Literal["subject", "person", "device"]


class UnknownRule(Invalid):
    code = "rules.unknown"
    message = "There is no rule %(rule)s."


class BadParameter(Invalid):
    code = "rules.parameter"
    message = "The rule %(rule)s has no parameter %(name)s, or it cannot be %(value)s."


class Variant(msgspec.Struct, frozen=True):
    """What differs for persons of whom a fact is known."""

    name: str
    fact: str
    equals: Any
    params: dict[str, Any] = {}
    enabled: bool | None = None


class Spec(msgspec.Struct, frozen=True):
    """A rule as it ships. Statuses and bases are explained at the head of rules.yaml.

    episode: rules of one episode about one person are one alarm when they come close together.
    certainty: how sure a finding is that does not say so itself.
    """

    id: str
    family: str
    kind: str
    level: Level
    source: str
    basis: str
    status: str
    params: dict[str, Any]
    en: str
    zh: str
    why_en: str
    why_zh: str
    key: Key = "subject"
    enabled: bool = True
    away: Literal["judge", "suspend"] = "judge"
    reference: str = ""
    note: str = ""
    unless: list[str] = []
    show: list[str] = []
    variants: list[Variant] = []
    notice_en: str = ""
    notice_zh: str = ""
    partial_en: str = ""
    partial_zh: str = ""
    do_en: str = ""
    do_zh: str = ""
    episode: str = ""
    certainty: float | None = None


class Catalogue(msgspec.Struct, frozen=True):
    """All rules that ship, by id, in their order; news2 is the table of bands.

    `rules` judge readings. `platform` judge the platform itself and no gateway knows of them.
    """

    version: str
    rules: dict[str, Spec]
    news2: dict[str, Any]
    platform: dict[str, Spec] = {}


class Limit(msgspec.Struct, frozen=True):
    """One limit on one code. step is the code's last decimal place; values are rounded to it."""

    code: int
    operator: str
    value: float
    margin: float
    decimals: int

    def rounded(self, value: float) -> float:
        """Return a value rounded half up to the code's decimals, as people see it."""
        return round_half_up(value, self.decimals)

    def hit(self, value: float) -> bool:
        """Say whether a rounded value is beyond the limit."""
        match self.operator:
            case "ge":
                return value >= self.value
            case "gt":
                return value > self.value
            case "le":
                return value <= self.value
        return value < self.value

    def clear(self, value: float) -> bool:
        """Say whether a rounded value has come back by the margin (hysteresis)."""
        tiny = 1e-9
        match self.operator:
            case "ge":
                return value < self.value - self.margin + tiny and value < self.value
            case "gt":
                return value <= self.value - self.margin + tiny
            case "le":
                return value > self.value + self.margin - tiny and value > self.value
        return value >= self.value + self.margin - tiny


class Rule(msgspec.Struct, frozen=True):
    """A rule as it holds for one person.

    told is what a finding carries as its params: the parameters as judged, with source and status.
    """

    id: str
    version: str
    kind: str
    level: Level
    key: Key
    away: str
    codes: frozenset[int]
    params: dict[str, Any]
    limits: tuple[Limit, ...]
    worse: tuple[Limit, ...]
    show: tuple[int, ...]
    told: dict[str, Any]


def round_half_up(value: float, decimals: int) -> float:
    """Round half up (away from the binary noise of 0.1 steps) to decimals."""
    scale = 10.0**decimals
    whole = (value * scale + 0.5 + 1e-9) // 1
    return float(whole / scale)


@cache
def catalogue() -> Catalogue:
    """Return the rules that ship; parsed once."""
    text = (files("songhe.kernel") / "data/rules.yaml").read_text("utf-8")
    raw: dict[str, Any] = yaml.load(text, Loader=yaml.CSafeLoader)
    specs: dict[str, Spec] = {}
    for row in raw["rules"]:
        params = {**raw["defaults"][row["kind"]], **row["params"]}
        spec = msgspec.convert({**row, "params": params}, Spec)
        if spec.id in specs:
            raise ValueError(f"rules.yaml names {spec.id} twice")
        specs[spec.id] = spec
    return Catalogue(str(raw["version"]), specs, raw["news2"], _platform(raw["platform"]))


def _platform(rows: list[dict[str, Any]]) -> dict[str, Spec]:
    """Return the rules about the platform: all of one kind, our own engineering settings."""
    ours = {"kind": "platform", "source": "ours", "basis": "E", "status": "E"}
    return {row["id"]: msgspec.convert({**ours, **row}, Spec) for row in rows}


def spec(rule: str) -> Spec:
    """Return one rule that ships; raises UnknownRule."""
    shipped = catalogue()
    found = shipped.rules.get(rule) or shipped.platform.get(rule)
    if found is None:
        raise UnknownRule(rule=rule[:60])
    return found


def limit_name(name: str) -> tuple[str, str] | None:
    """Split `sbp_ge` into (sbp, ge); None for a parameter that is no limit."""
    key, _, operator = name.rpartition("_")
    return (key, operator) if operator in OPERATORS else None


def limits_of(params: Mapping[str, Any]) -> tuple[Limit, ...]:
    """Return the limits that parameters hold. A limit of None is switched off."""
    found = []
    for name, value in params.items():
        split = limit_name(name)
        if split is None or value is None:
            continue
        code = codes.by_key(split[0])
        margin = float(params.get(f"{split[0]}_margin", 0.0))
        found.append(Limit(code.number, split[1], float(value), margin, code.decimals))
    return tuple(found)


def check_params(rule: str, params: Mapping[str, Any]) -> None:
    """Refuse overrides that a rule cannot have; raises UnknownRule or BadParameter.

    A limit may be added for a code that the rule already judges; otherwise only the parameters
    that ship with the rule may differ, and a number stays a number.
    """
    shipped = spec(rule).params
    judged = {split[0] for name in shipped if (split := limit_name(name))}
    for name, value in params.items():
        split = limit_name(name)
        known = name in shipped or (split is not None and split[0] in judged)
        before = shipped.get(name, 0)
        number = isinstance(before, int | float) and not isinstance(before, bool)
        if number:
            fits = isinstance(value, int | float) and not isinstance(value, bool)
            fits = (fits and value == value and abs(value) != float("inf")) or (
                value is None and split is not None
            )
        else:
            fits = isinstance(value, type(before))
            if fits and name in ("from", "until"):
                fits = _CLOCK.fullmatch(value) is not None
        if not known or not fits:
            raise BadParameter(rule=rule, name=name[:60], value=str(value)[:60])
