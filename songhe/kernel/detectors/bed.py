"""A bed that stays empty at night: from getting up until return, by time alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any
from uuid import UUID

from songhe.kernel import codes
from songhe.kernel.detectors.night import window_at
from songhe.kernel.detectors.rules import Rule
from songhe.kernel.detectors.state import NEVER_US, Context, State, begin, tell
from songhe.kernel.time import MINUTE_US
from songhe.kernel.wire import Finding, Reading


class BedState(State):
    """occupied: devices that feel somebody. left: the reading with which the bed became empty.

    done: this getting-up has been told, or its person was away. seen: the last
    reading of all. newest: last instant by device.
    """

    newest: dict[UUID, int] = {}
    occupied: frozenset[UUID] = frozenset()
    left: Reading | None = None
    seen: Reading | None = None
    done: bool = False


def codes_of(params: Mapping[str, Any]) -> frozenset[int]:
    """Return the code of a bed being occupied."""
    return frozenset((codes.by_key("bed").number,))


def idle(state: BedState) -> bool:
    """Never: whether somebody is in bed must be known when the next reading comes."""
    return False


def due(state: BedState, rule: Rule, context: Context) -> int | None:
    """Return when the bed will have been empty for too long, if that is within the window."""
    if state.left is None or state.done:
        return None
    left_us = state.left.effective_us
    window = window_at(left_us, rule.params["from"], rule.params["until"], context.zone)
    at_us = left_us + int(rule.params["minutes"] * MINUTE_US)
    return at_us if window is not None and at_us < window[1] else None


def step(
    state: BedState, batch: Sequence[Reading], now_us: int, rule: Rule, context: Context
) -> tuple[BedState, list[Finding]]:
    """Judge bed readings in time order; an empty batch lets time pass until now_us."""
    state = copy(state)
    findings: list[Finding] = []
    (code,) = rule.codes
    for reading in batch:
        at_us = reading.effective_us
        if at_us < state.newest.get(reading.device, NEVER_US):
            continue
        state.newest = {**state.newest, reading.device: at_us}
        state.last_us = max(state.last_us, at_us)
        _pass(state, at_us, now_us, rule, context, findings)
        inside = reading.values[reading.codes.index(code)] >= 0.5
        before = bool(state.occupied)
        if inside:
            state.occupied |= {reading.device}
            _back(state, reading, now_us, rule, context, findings)
        else:
            state.occupied -= {reading.device}
            if before and not state.occupied:
                state.left, state.done = reading, False
        state.seen = reading
    if not batch:
        _pass(state, now_us, now_us, rule, context, findings)
    state.due_us = due(state, rule, context)
    return state, findings


def _pass(
    state: BedState,
    until_us: int,
    now_us: int,
    rule: Rule,
    context: Context,
    findings: list[Finding],
) -> None:
    at_us = due(state, rule, context)
    if at_us is None or at_us > until_us or state.left is None:
        return
    state.done = True
    if context.was_away(state.left.effective_us, at_us) or state.episode is not None:
        return
    seen = [reading for reading in (state.left, state.seen) if reading is not None]
    summary = {
        "code": next(iter(rule.codes)),
        "value": 0,
        "since_us": state.left.effective_us,
        "minutes": rule.params["minutes"],
    }
    found = tell(rule, context, "raised", at_us, now_us, state.left, seen, summary=summary)
    findings.append(found)
    state.episode = begin(found, state.left.effective_us)


def _back(
    state: BedState,
    reading: Reading,
    now_us: int,
    rule: Rule,
    context: Context,
    findings: list[Finding],
) -> None:
    state.left, state.done = None, False
    episode, state.episode = state.episode, None
    if episode is None:
        return
    at_us = reading.effective_us
    summary = {
        "code": next(iter(rule.codes)),
        "value": 1,
        "since_us": episode.since_us,
        "minutes": (at_us - episode.since_us) // MINUTE_US,
    }
    findings.append(
        tell(
            rule, context, "cleared", at_us, now_us, reading, [reading],
            of=episode.id, summary=summary,
        )
    )  # fmt: skip
