"""How far a rule may be changed: what is refused, and what whoever changes it must confirm.

The reference has no range for a personal limit. So what no device may report is refused as a
limit (codes.yaml, plausible), and for a rule that follows a guideline, a regulation or NEWS2
(basis G or N) everything that lets it ring later than its source says, or not at all, is
confirmed by the person who changes it, with the reason, and kept with the change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from songhe.kernel import codes
from songhe.kernel.detectors.rules import limit_name, spec
from songhe.kernel.errors import Invalid
from songhe.kernel.time import DAY_US, SECOND_US

LONGEST_S = 31 * DAY_US // SECOND_US
MOST_COUNT = 100
LONGEST_MINUTES = 24 * 60
SOURCED = ("G", "N")
SLOWER = ("repeat", "for_s", "min_gap_s", "loss_pct", "gain_kg")
FEWER = ("medium", "high", "single", "sign_score")
_COUNTS = frozenset({"repeat", "clear_repeat", "block_n", "pair_n", "single_n", *FEWER})
_OF_TRENDS = {"loss_pct": (1.0, 50.0), "over_days": (14.0, 366.0), "again_days": (14.0, 366.0)}
_OF_GAINS = {"gain_kg": (0.5, 20.0), "over_days": (1.0, 14.0), "again_days": (1.0, 14.0)}
What = Literal["off", "limit", "limit_off", "slower"]


class BeyondBounds(Invalid):
    code = "monitoring.beyond_bounds"
    message = "This value must lie between %(low)s and %(high)s."


class NotConfirmed(Invalid):
    code = "monitoring.not_confirmed"
    message = "This goes beyond what the rule's source says. Please confirm it."


@dataclass(frozen=True, slots=True)
class Departure:
    """One way in which a rule would ring later than its source says, or not at all."""

    what: What
    name: str = ""
    shipped: Any = None
    value: Any = None


def check(rule: str, params: Mapping[str, Any]) -> None:
    """Refuse values that cannot be meant. Raises BeyondBounds with the parameter as `field`."""
    for name, value in params.items():
        bounds = bounds_of(rule, name)
        if bounds is None or value is None:
            continue
        low, high = bounds
        if not low <= value <= high:
            raise BeyondBounds(field=name, low=f"{low:g}", high=f"{high:g}")


def bounds_of(rule: str, name: str) -> tuple[float, float] | None:
    """Return the least and the greatest value of a parameter, None where it is no number."""
    shipped = spec(rule).params.get(name, 0)
    if isinstance(shipped, bool | str | list):
        return None
    split = limit_name(name)
    if split is not None:
        code = codes.by_key(split[0])
        return code.low, code.high
    if name.endswith("_margin"):
        code = codes.by_key(name.removesuffix("_margin"))
        return 0.0, code.high - code.low
    if name == "scale":
        return 1.0, 2.0
    if name in ("least", "sure_from"):
        return 0.0, 1.0
    if name.endswith("_s"):
        return 0.0, float(LONGEST_S)
    if name in _OF_TRENDS | _OF_GAINS:
        return _OF_TRENDS[name] if "loss_pct" in spec(rule).params else _OF_GAINS[name]
    if name == "minutes":
        return 1.0, float(LONGEST_MINUTES)
    return (1.0, float(MOST_COUNT)) if name in _COUNTS else (0.0, 1_000_000.0)


def departures(rule: str, params: Mapping[str, Any], *, enabled: bool) -> list[Departure]:
    """Return in what a rule as it would hold is laxer than its source; [] where nothing is.

    params: all of them, as they would hold.
    """
    row = spec(rule)
    if row.basis not in SOURCED:
        return []
    if row.enabled and not enabled:
        return [Departure("off")]
    found = []
    for name, shipped in row.params.items():
        value = params.get(name, shipped)
        split = limit_name(name)
        if value == shipped:
            continue
        if split is not None and value is None:
            found.append(Departure("limit_off", name, shipped))
        elif split is not None and shipped is not None:
            laxer = value > shipped if split[1] in ("ge", "gt") else value < shipped
            found += [Departure("limit", name, shipped, value)] if laxer else []
        elif name in (*SLOWER, *FEWER) and value > shipped:
            found.append(Departure("slower", name, shipped, value))
    return found
