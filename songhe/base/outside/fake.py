"""The fake gateway of demo and tests: what it takes, and what it tells afterwards, by number."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from songhe.base.outside.models import OutsideMessage

Channel, State = OutsideMessage.Channel, OutsideMessage.State


@cache
def _facts() -> dict[str, Any]:
    text = (files("songhe.base.outside") / "data/fake.yaml").read_text("utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def is_busy(to: str) -> bool:
    """Tell whether the gateway takes nothing for this number for now."""
    return to[-4:] in _facts()["busy"]


def is_refused(to: str) -> bool:
    """Tell whether the gateway never takes this number."""
    return to[-4:] in _facts()["refused"]


def receipt_after(channel: str) -> timedelta:
    """Return how long the receipt of a message takes."""
    return timedelta(seconds=_facts()["after_s"][channel])


def receipt_of(channel: str, tail: str) -> OutsideMessage.State:
    """Return what a gateway would tell of a message to a number with this tail."""
    lost = tail in _facts()["undelivered"]
    if channel == Channel.SMS:
        return State.UNDELIVERED if lost else State.DELIVERED
    if lost:
        return State.UNANSWERED
    return State.ANSWERED if tail in _facts()["answered"] else State.CONFIRMED


def payment_after() -> timedelta:
    """Return how long an order to pay takes."""
    return timedelta(seconds=_facts()["payments"]["after_s"])


def is_payment_good(fen: int) -> bool:
    """Tell whether an order of this amount is paid."""
    return f"{fen % 100:02d}" not in _facts()["payments"]["failing"]
