"""A door opened at night: told at once, and again when nobody is seen back within some minutes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any
from uuid import UUID

import msgspec

from songhe.kernel import codes
from songhe.kernel.detectors.night import window_at
from songhe.kernel.detectors.rules import Rule
from songhe.kernel.detectors.state import NEVER_US, Context, State, begin, seconds, tell
from songhe.kernel.time import SECOND_US
from songhe.kernel.wire import Finding, Reading

INF = float("inf")


class DoorState(State):
    """opened: the reading of the opening. moved_us: when the door last moved (opened, closed).

    newest: last instant by device, while an episode lasts.
    """

    newest: dict[UUID, int] = {}
    opened: Reading | None = None
    moved_us: int = 0
    closed: bool = False
    told_missing: bool = False


def _door() -> int:
    return codes.by_key("door").number


def codes_of(params: Mapping[str, Any]) -> frozenset[int]:
    """Return the door's code and those that show that somebody is at home."""
    return frozenset(codes.by_key(key).number for key in ("door", "motion", "bed"))


def box(rule: Rule) -> dict[int, tuple[float, float]]:
    """Return the ranges that say nothing while no door was opened at night."""
    return {code: (-INF, 0.5 if code == _door() else INF) for code in rule.codes}


def idle(state: DoorState) -> bool:
    """Say whether a fresh state would judge the future the same."""
    return state.episode is None


def due(state: DoorState, rule: Rule) -> int | None:
    """Return when somebody who went out is to be missed."""
    if state.opened is None or state.told_missing:
        return None
    return state.opened.effective_us + seconds(rule, "back_within_s")


def step(
    state: DoorState, batch: Sequence[Reading], now_us: int, rule: Rule, context: Context
) -> tuple[DoorState, list[Finding]]:
    """Judge door, motion and bed readings of one person's home; an empty batch lets time pass."""
    state = copy(state)
    findings: list[Finding] = []
    for reading in batch:
        at_us = reading.effective_us
        if at_us < state.newest.get(reading.device, NEVER_US):
            continue
        state.newest = {**state.newest, reading.device: at_us}
        state.last_us = max(state.last_us, at_us)
        _pass(state, at_us, now_us, rule, context, findings)
        for code, value in zip(reading.codes, reading.values, strict=True):
            if code == _door() and _entrance(reading, context):
                _moved(state, reading, value >= 0.5, now_us, rule, context, findings)
            elif code in rule.codes and code != _door() and value >= 0.5:
                quiet_us = seconds(rule, "settle_s")
                if state.episode is not None and at_us >= state.moved_us + quiet_us:
                    _back(state, reading, now_us, rule, context, findings)
    if not batch:
        _pass(state, now_us, now_us, rule, context, findings)
    state.due_us = due(state, rule)
    return state, findings


def _entrance(reading: Reading, context: Context) -> bool:
    named = context.facts.get("entrance_devices")
    return not named or str(reading.device) in named


def _moved(
    state: DoorState,
    reading: Reading,
    is_open: bool,
    now_us: int,
    rule: Rule,
    context: Context,
    findings: list[Finding],
) -> None:
    at_us = reading.effective_us
    episode = state.episode
    if not is_open:
        if episode is not None and not state.closed:
            state.closed, state.moved_us = True, at_us
        return
    if episode is None:
        night = window_at(at_us, rule.params["from"], rule.params["until"], context.zone)
        if night is None or context.is_away(at_us):
            return
        summary = {"code": _door(), "value": 1, "since_us": at_us, "count": 1}
        found = tell(rule, context, "raised", at_us, now_us, reading, [reading], summary=summary)
        findings.append(found)
        state.episode = begin(found, at_us)
        state.opened, state.moved_us = reading, at_us
        state.closed = state.told_missing = False
    elif state.closed:
        _back(state, reading, now_us, rule, context, findings)


def _pass(
    state: DoorState,
    until_us: int,
    now_us: int,
    rule: Rule,
    context: Context,
    findings: list[Finding],
) -> None:
    at_us = due(state, rule)
    episode = state.episode
    if at_us is None or at_us > until_us or episode is None or state.opened is None:
        return
    state.told_missing = True
    if context.was_away(state.opened.effective_us, at_us):
        return
    state.episode = msgspec.structs.replace(episode, count=episode.count + 1, told_us=at_us)
    summary = {
        "code": _door(),
        "value": 1,
        "text": "notice",
        "since_us": episode.since_us,
        "count": episode.count + 1,
        "back_within_min": int(rule.params["back_within_s"]) // 60,
    }
    findings.append(
        tell(
            rule, context, "notice", at_us, now_us, state.opened, [state.opened],
            of=episode.id, level=rule.params["late_level"], summary=summary,
        )
    )  # fmt: skip


def _back(
    state: DoorState,
    reading: Reading,
    now_us: int,
    rule: Rule,
    context: Context,
    findings: list[Finding],
) -> None:
    episode, state.episode, state.opened = state.episode, None, None
    if episode is None:
        return
    at_us = reading.effective_us
    back_s = (at_us - episode.since_us) // SECOND_US
    summary = {"code": _door(), "value": 0, "since_us": episode.since_us, "back_s": back_s}
    findings.append(
        tell(
            rule, context, "cleared", at_us, now_us, reading, [reading],
            of=episode.id, summary=summary,
        )
    )  # fmt: skip
