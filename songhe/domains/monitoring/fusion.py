"""What belongs to one episode, and how sure several sources are together."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from functools import cache
from importlib.resources import files

import msgspec
import yaml

from songhe.kernel.detectors.rules import catalogue, spec

# Findings of an episode that lie so near together are one alarm [E].
JOIN_WITHIN = timedelta(minutes=10)
# Nobody is ever quite sure: certainties are kept inside these before they are weighed.
_LEAST, _MOST = 0.02, 0.98


class SecondLook(msgspec.Struct, frozen=True):
    """Settings of the second look; data/second_look.yaml says what each means. Seconds."""

    version: str
    status: str
    after_s: float
    settle_s: float
    wait_s: float
    sure: float
    factors: dict[str, float]


@cache
def second_look() -> SecondLook:
    """Return the settings of the second look; read once."""
    text = (files("songhe.domains.monitoring") / "data/second_look.yaml").read_text("utf-8")
    return msgspec.convert(yaml.safe_load(text), SecondLook)


@cache
def kin(rule: str) -> frozenset[str]:
    """Return the rules of the same episode as a rule, itself among them; none where it has none."""
    episode = spec(rule).episode
    if not episode:
        return frozenset()
    return frozenset(one.id for one in catalogue().rules.values() if one.episode == episode)


def together(certainties: Iterable[float]) -> float | None:
    """Return how sure independent sources are together: that not all of them are wrong.

    None without any source that says how sure it is.
    """
    wrong, said = 1.0, False
    for certainty in certainties:
        wrong, said = wrong * (1 - certainty), True
    return 1 - wrong if said else None


def weighed(certainty: float, factors: Iterable[float]) -> float:
    """Return a certainty after evidence, each a factor on its odds (Bayes)."""
    held = min(max(certainty, _LEAST), _MOST)
    odds = held / (1 - held)
    for factor in factors:
        odds *= factor
    return odds / (1 + odds)
