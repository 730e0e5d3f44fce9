"""What a trend is in words: whole sentences in both languages, their numbers as people say them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import msgspec
import numpy as np
import yaml

from songhe.kernel import codes
from songhe.kernel.trends.fall import fall
from songhe.kernel.trends.series import (
    VALUES_FOR_A_SLOPE,
    changes,
    forecast,
    slope,
)

Language = Literal["en", "zh"]
_WEEK, _MONTH = (6, 8), (27, 32)
_LOOKED_AT_DAYS = 31.0
_LONGER_DAYS = 183.0
_AHEAD_DAYS = 7


class Line(msgspec.Struct, frozen=True):
    """One sentence of a trend: its key in trends.yaml, the code's key, and values in its unit."""

    key: str
    kind: str
    values: dict[str, float | str] = {}


@cache
def _data() -> dict[str, Any]:
    text = (files("songhe.kernel") / "data/trends.yaml").read_text("utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def kinds() -> tuple[str, ...]:
    """Return the keys of the codes whose trends can be told."""
    return tuple(_data()["kinds"])


def lines(kind: str, days: Sequence[float], values: Sequence[float]) -> list[Line]:
    """Return what is to be said of daily values, days counted from anywhere, the last is today.

    The trend is that of the last 31 days; changes and forecast come from all that is given.
    """
    at, y = np.asarray(days, dtype=float), np.asarray(values, dtype=float)
    told = np.isfinite(y)
    at, y = at[told], y[told]
    if not len(y):
        return [Line("too_few", kind, {"values": 0, "needed": VALUES_FOR_A_SLOPE})]
    recent = at > at.max() - _LOOKED_AT_DAYS
    found = slope(at[recent], y[recent])
    if found is None:
        number = float(recent.sum())
        return [Line("too_few", kind, {"values": number, "needed": VALUES_FOR_A_SLOPE})]
    span = found.days
    # The line through the medians, read at its end.
    after = found.level + found.per_day * (at[recent].max() - float(np.median(at[recent])))
    if not found.clear:
        result = [Line("steady", kind, {"days": span, "after": found.level})]
    else:
        sign = "more" if found.per_day > 0 else "less"
        amount = abs(found.per_day) * span
        values_told = {"amount": amount, "after": after, "days": span}
        result = [Line(f"{sign}_{_span_name(span)}", kind, values_told)]
    if kind == "weight":
        result += _loss(at, y)
    last = changes(at, y)[-1:]
    result += [
        Line("change", kind, {"ago": at.max() - c.day, "before": c.before, "after": c.after})
        for c in last
    ]
    ahead = forecast(at, y, _AHEAD_DAYS)
    if ahead:
        low, high = ahead[-1].low, ahead[-1].high
        result.append(Line("forecast", kind, {"days": _AHEAD_DAYS, "low": low, "high": high}))
    return result


def _span_name(span: float) -> str:
    if _WEEK[0] <= span <= _WEEK[1]:
        return "week"
    return "month" if _MONTH[0] <= span <= _MONTH[1] else "days"


def _loss(at: np.ndarray[Any, Any], y: np.ndarray[Any, Any]) -> list[Line]:
    """Return the strongest published limit of weight loss that is reached; medians of a week."""
    for limit in reversed(_data()["weight_loss"]):
        found = fall(at, y, limit["days"])
        if found is not None and found.share_pct >= limit["pct"]:
            told: dict[str, float | str] = {
                "share": found.share_pct,
                "limit": float(limit["pct"]),
                "months": float(limit["months"]),
                "status": str(limit["status"]),
            }
            return [Line("limit_one" if limit["months"] == 1 else "limit", "weight", told)]
    return []


def sentence(line: Line, language: Language) -> str:
    """Return one line as a sentence."""
    data = _data()
    known = data["kinds"][line.kind]
    code = codes.by_key(line.kind)
    fields: dict[str, str] = {"name": code.en if language == "en" else code.zh}
    for key, value in line.values.items():
        if isinstance(value, str):
            fields[key] = value
        elif key in ("after", "before", "low", "high"):
            number = _plain(value, known["decimals"])
            fields[key] = _said(number, known["unit"], language, in_words=False)
        elif key == "amount":
            number = _plain(value, known["decimals"])
            fields[key] = _said(number, known["unit"], language, in_words=True)
        else:
            fields[key] = f"{value:.0f}"
    return str(data["lines"][line.key][language].format_map(fields))


def _plain(value: float, decimals: int) -> float:
    return round(value, decimals)


def _said(number: float, unit: str, language: Language, *, in_words: bool) -> str:
    """Return a number with its unit; whole ones up to ten in words where an amount is told."""
    data = _data()
    words = data["numbers"][language]
    whole = number.is_integer() if isinstance(number, float) else True
    text = f"{number:g}" if not whole or abs(number) < 1e6 else f"{number:.0f}"
    if whole and number == 1 and language == "en":
        return str(data["amounts"][unit]["en_one"])
    if in_words and whole and 1 <= number <= len(words):
        text = words[int(number) - 1]
    return str(data["amounts"][unit][language].format(n=text))
