"""Codes of measured values: LOINC or local, one canonical UCUM unit each, converted at the edge."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from songhe.kernel.errors import Invalid

LOINC_SYSTEM = "http://loinc.org"
LOCAL_SYSTEM = "urn:songhe:codes"


class UnknownCode(Invalid):
    code = "codes.unknown"
    message = "The code %(given)s is not known."


class UnknownUnit(Invalid):
    code = "codes.unit"
    message = "The unit %(given)s cannot be turned into %(unit)s for %(code)s."


class Implausible(Invalid):
    code = "codes.implausible"
    message = "The value %(value)s %(unit)s is outside what %(code)s can be (%(low)s to %(high)s)."


@dataclass(frozen=True, slots=True)
class Code:
    """One thing that can be measured.

    number is what tables store; unit is the canonical UCUM unit; decimals its precision; kind is
    quantity, count, state, position, score or waveform; plausible the closed range outside which a
    value is held as an artefact (engineering, status E).
    """

    number: int
    code: str
    key: str
    en: str
    zh: str
    unit: str
    decimals: int
    kind: str
    low: float
    high: float
    source: str
    status: str

    @property
    def system(self) -> str:
        """Return the FHIR code system of this code."""
        return LOCAL_SYSTEM if self.code.startswith("songhe:") else LOINC_SYSTEM

    def text(self, value: float) -> str:
        """Return a value as people read it, with this code's decimals."""
        return f"{value:.{self.decimals}f}"


_Tables = tuple[dict[int, Code], dict[str, Code], dict[tuple[int, str], tuple[float, float]]]


@cache
def _tables() -> _Tables:
    text = (files("songhe.kernel") / "data/codes.yaml").read_text("utf-8")
    raw: dict[str, Any] = yaml.load(text, Loader=yaml.CSafeLoader)
    rows = [
        Code(
            low=float(row["plausible"][0]),
            high=float(row["plausible"][1]),
            **{k: v for k, v in row.items() if k != "plausible"},
        )
        for row in raw["codes"]
    ]
    numbers = {row.number: row for row in rows}
    names = {row.code: row for row in rows}
    if len(numbers) != len(rows) or len(names) != len(rows):
        raise ValueError("codes.yaml names a code or a number twice")
    conversions = {
        (number, rule["unit"]): (float(rule["factor"]), float(rule["offset"]))
        for rule in raw["conversions"]
        for number in rule["codes"]
    }
    for row in rows:
        conversions[row.number, row.unit] = (1.0, 0.0)
    return numbers, names, conversions


def all_codes() -> list[Code]:
    """Return every known code, in the order of its number."""
    return sorted(_tables()[0].values(), key=lambda code: code.number)


def by_number(number: int) -> Code:
    """Return the code with this stored number; KeyError when there is none."""
    return _tables()[0][number]


def by_code(code: str) -> Code:
    """Return the code of this LOINC or local name; raises UnknownCode."""
    try:
        return _tables()[1][code]
    except KeyError:
        raise UnknownCode(given=code[:60]) from None


def by_key(key: str) -> Code:
    """Return the code of our short key, such as "sbp"; KeyError when there is none."""
    return _by_key()[key]


@cache
def _by_key() -> dict[str, Code]:
    return {code.key: code for code in _tables()[0].values()}


def convert(number: int, value: float, unit: str) -> float:
    """Return a value in the canonical unit of its code; raises UnknownUnit."""
    try:
        factor, offset = _tables()[2][number, unit]
    except KeyError:
        code = by_number(number)
        raise UnknownUnit(given=unit[:30], unit=code.unit, code=code.code) from None
    return value if factor == 1.0 and offset == 0.0 else value * factor + offset


def normalise(code: str, value: float, unit: str | None) -> tuple[int, float]:
    """Return (number, canonical value) of a measured value.

    unit None means the canonical unit. Raises UnknownCode, UnknownUnit, or Implausible when the
    value is no finite number or lies outside the plausible range of its code.
    """
    known = by_code(code)
    canonical = value if unit is None else convert(known.number, value, unit)
    if not math.isfinite(canonical) or not known.low <= canonical <= known.high:
        raise Implausible(
            value=value, unit=unit or known.unit, code=code, low=known.low, high=known.high
        )
    return known.number, canonical
