"""The morning's words for a night: which whole sentences apply, and their values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Literal
from zoneinfo import ZoneInfo

import msgspec
import yaml

from songhe.kernel.night.summary import NightSummary, Usual, usual, value_of
from songhe.kernel.time import from_us

Language = Literal["en", "zh"]
_AGAINST = ("heart", "breathing", "restless", "exits")
_JOIN = {"en": " ", "zh": ""}
_CLOCK = ("from", "until", "at")


class Line(msgspec.Struct, frozen=True):
    """One sentence: its key in night.yaml and its values; clock times as epoch microseconds."""

    key: str
    values: dict[str, int] = {}


@cache
def templates() -> dict[str, dict[str, str]]:
    """Return the sentences by key and language."""
    text = (files("songhe.kernel") / "data/night.yaml").read_text("utf-8")
    found: dict[str, dict[str, str]] = yaml.safe_load(text)["lines"]
    return found


def lines(night: NightSummary, earlier: Sequence[NightSummary] = ()) -> list[Line]:
    """Return what is to be said of a night, held against the person's earlier nights."""
    ranges = {name: usual(name, earlier) for name in _AGAINST}
    told = [_bed(night)]
    if night.bed_us is not None:
        told += [_asleep(night), _exits(night, ranges["exits"])]
        told += [_value(name, night, ranges[name]) for name in ("restless", "heart", "breathing")]
    return told


def sentence(line: Line, language: Language, zone: str) -> str:
    """Return one line as a sentence, with clock times of this zone."""
    return templates()[line.key][language].format_map(_fields(line.values, zone))


def one_line(told: Sequence[Line], language: Language, zone: str) -> str:
    """Return the sentences of a night after each other, for a family and a nurse."""
    return _JOIN[language].join(sentence(line, language, zone) for line in told)


def _fields(values: Mapping[str, int], zone: str) -> dict[str, Any]:
    tz = ZoneInfo(zone)
    return {
        key: from_us(value).astimezone(tz).strftime("%H:%M") if key in _CLOCK else value
        for key, value in values.items()
    }


def _bed(night: NightSummary) -> Line:
    if night.bed_us is None:
        return Line("bed_empty" if night.bed else "bed_unknown")
    key = "in_bed" if night.bed_sure else "in_bed_unseen"
    still = night.up_us is None
    until_us = night.until_us if night.up_us is None else night.up_us
    return Line(f"{key}_still" if still else key, {"from": night.bed_us, "until": until_us})


def _asleep(night: NightSummary) -> Line:
    if night.asleep_min is None:
        return Line("asleep_unknown")
    hours, minutes = divmod(round(night.asleep_min), 60)
    return Line(f"asleep_{night.asleep_from}", {"hours": hours, "minutes": minutes})


def _exits(night: NightSummary, known: Usual | None) -> Line:
    if not night.exits:
        return Line("exits_none")
    longest = max(night.exits, key=lambda e: e.minutes)
    values = {"at": longest.left_us, "minutes": _whole(longest.minutes)}
    count = len(night.exits)
    if count == 1:
        return Line("exits_one", values)
    values |= {
        "count": count,
        "longest": _whole(longest.minutes),
        "minutes": _whole(sum(e.minutes for e in night.exits)),
    }
    if known is not None and known.against(count) == "higher":
        return Line("exits_more", {**values, **_range(known)})
    return Line("exits_many", values)


def _whole(minutes: float) -> int:
    return max(1, round(minutes))


def _range(known: Usual) -> dict[str, int]:
    return {"low": max(0, round(known.low)), "high": round(known.high)}


def _value(name: str, night: NightSummary, known: Usual | None) -> Line:
    value = value_of(name, night)
    if value is None:
        return Line(f"{name}_unknown")
    against = "new" if known is None else known.against(value)
    if known is None or against == "new":
        return Line(f"{name}_new", {"value": round(value)})
    return Line(f"{name}_{against}", {"value": round(value), **_range(known)})
