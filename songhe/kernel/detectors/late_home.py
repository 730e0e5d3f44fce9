"""Not back by a time: the last fresh fix lies outside the home when the window begins, or later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from datetime import datetime, timedelta
from datetime import time as clock_time
from typing import Any
from zoneinfo import ZoneInfo

from songhe.kernel import codes
from songhe.kernel.detectors.fence import areas, beyond_m
from songhe.kernel.detectors.night import window_at
from songhe.kernel.detectors.rules import Rule
from songhe.kernel.detectors.state import NEVER_US, Context, State, begin, seconds, tell
from songhe.kernel.time import from_us, to_us
from songhe.kernel.wire import Finding, Reading


class LateHomeState(State):
    """last: the last usable fix; beyond: metres outside home by it; told_us: the window told."""

    last: Reading | None = None
    beyond: float = 0.0
    told_us: int = NEVER_US


def codes_of(params: Mapping[str, Any]) -> frozenset[int]:
    """Return the codes without which there is no fix."""
    return frozenset(codes.by_key(key).number for key in ("lat", "lon"))


def idle(state: LateHomeState) -> bool:
    """Say whether a fresh state would judge the future the same."""
    return state.last is None and state.episode is None


def due(state: LateHomeState, rule: Rule, context: Context) -> int | None:
    """Return when the window begins, if somebody who was just outside would then be late."""
    if state.last is None or state.beyond <= 0 or state.episode is not None:
        return None
    begin_us = _next(state.last.effective_us, rule, context)
    fresh_us = state.last.effective_us + seconds(rule, "max_age_s")
    return begin_us if begin_us <= fresh_us and state.told_us < begin_us else None


def _next(at_us: int, rule: Rule, context: Context) -> int:
    """Return the beginning of the next window, epoch microseconds."""
    zone = ZoneInfo(context.zone)
    local = from_us(at_us).astimezone(zone)
    start = clock_time.fromisoformat(rule.params["from"])
    day = local.date() if local.time() < start else local.date() + timedelta(days=1)
    return to_us(datetime.combine(day, start, zone))


def step(
    state: LateHomeState, batch: Sequence[Reading], now_us: int, rule: Rule, context: Context
) -> tuple[LateHomeState, list[Finding]]:
    """Judge fixes in time order; an empty batch lets time pass until now_us.

    Without a home (fact fence), or with only old fixes, nothing is known and nothing is said.
    """
    home = areas(context)
    if not home:
        return state, []
    state = copy(state)
    findings: list[Finding] = []
    lat, lon, accuracy = (codes.by_key(key).number for key in ("lat", "lon", "accuracy"))
    for reading in batch:
        values = dict(zip(reading.codes, reading.values, strict=True))
        accuracy_m = values.get(accuracy, rule.params["accuracy_m"])
        if lat not in values or lon not in values or accuracy_m > rule.params["max_accuracy_m"]:
            continue
        at_us = state.last_us = reading.effective_us
        _pass(state, at_us, now_us, rule, context, findings)
        distance_m = beyond_m((values[lat], values[lon]), home)
        state.last, state.beyond = reading, distance_m - accuracy_m
        if distance_m <= 0 and state.episode is not None:
            _back(state, reading, now_us, rule, context, findings)
        window = window_at(at_us, rule.params["from"], rule.params["until"], context.zone)
        if window is not None and state.beyond > 0:
            _late(state, window[0], at_us, now_us, rule, context, findings)
    if not batch:
        _pass(state, now_us, now_us, rule, context, findings)
    state.due_us = due(state, rule, context)
    return state, findings


def _pass(
    state: LateHomeState,
    until_us: int,
    now_us: int,
    rule: Rule,
    context: Context,
    findings: list[Finding],
) -> None:
    at_us = due(state, rule, context)
    if at_us is not None and at_us <= until_us:
        _late(state, at_us, at_us, now_us, rule, context, findings)


def _late(
    state: LateHomeState,
    begin_us: int,
    at_us: int,
    now_us: int,
    rule: Rule,
    context: Context,
    findings: list[Finding],
) -> None:
    """Tell it once a window."""
    reading = state.last
    if state.told_us >= begin_us or state.episode is not None or reading is None:
        return
    if context.is_away(at_us):
        return
    state.told_us = begin_us
    found = tell(
        rule, context, "raised", at_us, now_us, reading, [reading],
        summary=_summary(state, reading, reading.effective_us),
    )  # fmt: skip
    findings.append(found)
    state.episode = begin(found, reading.effective_us)


def _back(
    state: LateHomeState,
    reading: Reading,
    now_us: int,
    rule: Rule,
    context: Context,
    findings: list[Finding],
) -> None:
    episode, state.episode = state.episode, None
    if episode is not None:
        findings.append(
            tell(
                rule, context, "cleared", reading.effective_us, now_us, reading, [reading],
                of=episode.id, summary=_summary(state, reading, episode.since_us),
            )
        )  # fmt: skip


def _summary(state: LateHomeState, reading: Reading, since_us: int) -> dict[str, Any]:
    values = dict(zip(reading.codes, reading.values, strict=True))
    lat, lon = codes.by_key("lat").number, codes.by_key("lon").number
    return {
        "code": lat,
        "value": round(values[lat], 6),
        "value2": round(values[lon], 6),
        "beyond_m": max(0, round(state.beyond)),
        "since_us": since_us,
    }
