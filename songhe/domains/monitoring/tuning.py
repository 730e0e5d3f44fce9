"""What could be changed in a rule that often rings for nothing, and which change is the least one.

Pure: counts of rated alarms in, changes out. Nothing here judges readings or changes a rule.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from songhe.domains.monitoring import bounds
from songhe.kernel import codes
from songhe.kernel.detectors.rules import limit_name, spec

# When a rule is looked at for somebody, and what a change must bring: engineering settings [E].
LEAST_RATED = 5
MOST_PRECISION = 0.5
LEAST_SHARE_GONE = 0.5
_STEPS = (1.0, 2.0, 3.0)
_LONGER_S = (120.0, 300.0, 600.0)
_SURER = (0.5, 0.6, 0.7, 0.8, 0.9)


@dataclass(frozen=True, slots=True)
class Effect:
    """What a change would have done: false alarms, and real ones, before it and still there."""

    false_before: int
    false_left: int
    true_before: int
    true_left: int
    rings_before: int
    rings_after: int

    @property
    def helps(self) -> bool:
        """Tell whether enough false alarms go and every alarm that was real stays."""
        gone = self.false_before - self.false_left
        return (
            self.false_before > 0
            and gone >= LEAST_SHARE_GONE * self.false_before
            and self.true_left == self.true_before
        )


def is_poor(true: int, false: int) -> bool:
    """Tell whether a rule's rated alarms of somebody call for a look at it."""
    rated = true + false
    return rated >= LEAST_RATED and true / rated < MOST_PRECISION


def candidates(rule: str, params: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return changes that let a rule ring less, the least first, within what may be changed.

    params: as they hold now. Limits move outward by their hysteresis; what must last, lasts
    longer; what must be confirmed needs one reading more; what is uncertain must be surer.
    """
    found: list[dict[str, Any]] = []
    limits = [name for name, value in params.items() if limit_name(name) and value is not None]
    if limits:
        found += [{name: _outward(name, params, step) for name in limits} for step in _STEPS]
    if "repeat" in params and limits:
        found.append({"repeat": int(params["repeat"]) + 1})
    found += [
        {"for_s": seconds}
        for seconds in _LONGER_S
        if limits and "for_s" in params and seconds > params["for_s"]
    ]
    if "minutes" in params:
        found += [{"minutes": params["minutes"] + more} for more in (15, 30)]
    if spec(rule).kind == "signal":
        found += [{"least": sure} for sure in _SURER if sure > params["least"]]
    return [change for change in found if _allowed(rule, change)]


def _outward(name: str, params: Mapping[str, Any], step: float) -> float:
    split = limit_name(name)
    if split is None:
        raise ValueError(f"{name} is no limit")
    code = codes.by_key(split[0])
    by = float(params.get(f"{split[0]}_margin") or 10.0**-code.decimals) * step
    moved = params[name] + (by if split[1] in ("ge", "gt") else -by)
    return round(float(moved), code.decimals)


def _allowed(rule: str, change: Mapping[str, Any]) -> bool:
    shipped = spec(rule).params
    if not all(name in shipped for name in change):
        return False
    try:
        bounds.check(rule, change)
    except bounds.BeyondBounds:
        return False
    return True


def surer(
    certainties: Sequence[tuple[float, str]], least: float
) -> tuple[dict[str, Any], Effect] | None:
    """Return the least certainty that leaves out false alarms and keeps all real ones.

    certainties: (how sure, outcome true or false) of rated alarms of a rule on a signal. None when
    no certainty parts enough of them.
    """
    false = sorted(one for one, outcome in certainties if outcome == "false")
    true = sorted(one for one, outcome in certainties if outcome == "true")
    bar = min(true, default=1.0)
    gone = [one for one in false if one < bar]
    if not gone:
        return None
    wanted = min(bar, max(gone) + 0.01)
    left = sum(one >= wanted for one in false)
    effect = Effect(
        len(false), left, len(true), len(true), len(false) + len(true), left + len(true)
    )
    return ({"least": round(wanted, 2)}, effect) if effect.helps and wanted > least else None


def effect_of(result: Mapping[str, Any]) -> Effect:
    """Return the effect that a trial's result (`comparing.Tally.result`) tells."""
    outcomes, missed = result["outcomes"], result["missed"]
    false, true = outcomes.get("false", 0), outcomes.get("true", 0)
    return Effect(
        false_before=false,
        false_left=false - missed.get("false", 0),
        true_before=true,
        true_left=true - missed.get("true", 0),
        rings_before=result["counts"]["present"],
        rings_after=result["counts"]["tried"],
    )
