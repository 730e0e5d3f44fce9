"""When which channel is tried: the facts of data/notices.yaml."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from songhe.base.notify.terms import Channel, Proof

NORMAL = "normal"


@dataclass(frozen=True, slots=True)
class Step:
    """One channel of a chain: how long after the notice, and which proofs make it needless."""

    channel: Channel
    after: timedelta
    unless: frozenset[Proof]


@dataclass(frozen=True, slots=True)
class Chain:
    """The steps in their order; give_up: when nobody was reached, None where that says nothing."""

    name: str
    steps: tuple[Step, ...]
    give_up: timedelta | None


@cache
def facts() -> dict[str, Any]:
    """Return the facts as they stand in the file."""
    text = (files("songhe.base.notify") / "data/notices.yaml").read_text("utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    return found


@cache
def chain(name: str) -> Chain:
    """Return a chain by its name. Raises KeyError."""
    body = facts()["chains"][name]
    steps = tuple(
        Step(
            Channel(raw["channel"]),
            timedelta(seconds=raw["after_s"]),
            frozenset(Proof(proof) for proof in raw.get("unless", ())),
        )
        for raw in body["steps"]
    )
    give_up = body.get("give_up_s")
    return Chain(name, steps, None if give_up is None else timedelta(seconds=give_up))


def names() -> tuple[str, ...]:
    """Return the names of all chains."""
    return tuple(facts()["chains"])


def step_of(chain_name: str, channel: str) -> Step:
    """Return the step of a channel within a chain. Raises StopIteration."""
    return next(step for step in chain(chain_name).steps if step.channel == channel)


def quiet_hours() -> tuple[time, time]:
    """Return from when until when it is quiet for who set nothing."""
    quiet = facts()["quiet"]
    return time.fromisoformat(quiet["from"]), time.fromisoformat(quiet["until"])


def wait_after(tries: int) -> timedelta | None:
    """Return how long to wait after so many tries that failed; None when it has failed for good."""
    waits = facts()["retry"]["waits_s"]
    return timedelta(seconds=waits[tries - 1]) if tries <= len(waits) else None


def retake() -> timedelta:
    """Return after which time a send that never ended is begun again."""
    return timedelta(seconds=facts()["retake_s"])


def stale() -> timedelta:
    """Return after which time a job that did not come is ordered again."""
    return timedelta(seconds=facts()["stale_s"])
