"""What a step measured: checked, and judged by the limits of the item's version as it is told.

A value beyond its limit, or one that can hardly be, is taken all the same: care waits for nobody.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from songhe.domains.catalog.terms import Step
from songhe.domains.dispatch.models import Order
from songhe.kernel import codes
from songhe.kernel.errors import Invalid

_MOST = 8
# What is the smaller of two by what they are: diastolic below systolic pressure.
UNDER = {"8462-4": "8480-6"}
_OURS = ("units", "beyond", "odd")


class NotANumber(Invalid):
    code = "dispatch.not_a_number"
    message = "The measured value “%(given)s” is not a number. Enter it again at its step."


class Did(StrEnum):
    """What a worker did when her phone said that a value is beyond its limit.

    later: she was told after it was kept (a phone without scripts). unknown: the phone did not say.
    """

    WENT_ON = "went_on"
    STOPPED = "stopped"
    LATER = "later"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Beyond:
    """A value at its limit or beyond it, in the unit it was kept with (UCUM)."""

    code: str
    value: float
    unit: str
    ge: float | None
    le: float | None
    source: str
    status: str


def kept(told: Mapping[str, Any], order: Order, step_code: str) -> dict[str, Any]:
    """Return what is kept of a record: its values with units, which are beyond which limit.

    units: by code, UCUM. beyond: each value beyond its limit with that limit, its source and
    status. did: what she did then (`Did`). odd: codes whose value can hardly be; sure: those of
    them that she confirmed. What of this a phone says itself of units and limits is not believed.
    Raises NotANumber.
    """
    data = {name: value for name, value in told.items() if name not in _OURS}
    did, sure = data.pop("did", ""), data.pop("sure", ())
    if "values" not in data:
        return data
    values = _numbers(data["values"])
    known = {code: codes.by_code(code) for code in values if _is_known(code)}
    step = _step(order, step_code)
    beyond = [
        {"code": limit.code, "value": values[limit.code], "unit": known[limit.code].unit}
        | {name: bound for name in ("ge", "le") if (bound := getattr(limit, name)) is not None}
        | {"source": limit.source, "status": limit.status}
        for limit in (step.limits if step is not None else ())
        if limit.code in values and limit.is_beyond(values[limit.code])
    ]
    odd = [
        code
        for code, one in known.items()
        if not one.low <= values[code] <= one.high or is_exchanged(code, values)
    ]
    data |= {"values": values, "units": {code: one.unit for code, one in known.items()}}
    if beyond:
        data |= {"beyond": beyond, "did": did if did in tuple(Did) else Did.UNKNOWN.value}
    if odd:
        confirmed = sure if isinstance(sure, list) else []
        data |= {"odd": odd, "sure": [code for code in odd if code in confirmed]}
    return data


def is_exchanged(code: str, values: Mapping[str, float]) -> bool:
    """Tell whether a value is not below the one that it must be below."""
    other = UNDER.get(code)
    return other is not None and other in values and values[code] >= values[other]


def beyond_of(data: Mapping[str, Any]) -> list[Beyond]:
    """Return what of a record's values is beyond its limit."""
    return [Beyond(**({"ge": None, "le": None} | one)) for one in data.get("beyond", ())]


def did_of(data: Mapping[str, Any]) -> Did | None:
    """Return what she did when a value was beyond its limit; None where none was."""
    return Did(data["did"]) if data.get("beyond") else None


def _is_known(code: str) -> bool:
    try:
        codes.by_code(code)
    except codes.UnknownCode:
        return False
    return True


def _numbers(given: Any) -> dict[str, float]:
    if not isinstance(given, dict) or len(given) > _MOST:
        raise NotANumber(given=str(given)[:40])
    for value in given.values():
        if type(value) not in (int, float) or not math.isfinite(value) or abs(value) > 1e9:
            raise NotANumber(given=str(value)[:40])
    return {str(code)[:60]: value for code, value in given.items()}


def _step(order: Order, code: str) -> Step | None:
    rows = order.item.steps if order.item is not None else ()
    return next((Step.of(row) for row in rows if row["code"] == code), None)
