"""No sign of life for longer than is usual for this person, and not up by the time she always is.

Judged against what `songhe.kernel.rhythm` has learned; without it (fact `rhythm`) nothing is said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from datetime import datetime
from datetime import time as clock
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from songhe.kernel.detectors.rules import Rule
from songhe.kernel.detectors.state import NEVER_US, Context, State, begin, tell
from songhe.kernel.rhythm.days import BATH, DAY_ROOMS, SETTLE_US
from songhe.kernel.rhythm.sensing import channel_of_device
from songhe.kernel.rhythm.signs import is_on, is_sign, numbers
from songhe.kernel.time import DAY_US, HOUR_US, MINUTE_US, from_us, to_us
from songhe.kernel.wire import Finding, Reading

_HALF_US = 30 * MINUTE_US
_QUARTER_US = 15 * MINUTE_US
_NOTHING: dict[str, Any] = {}
_UNHEARD: tuple[bool | None, int] = (None, NEVER_US)
_KEYS = numbers()


class RhythmState(State):
    """said: what each device and code said last, and when. sign: the last sign of life.

    out: she left home. front_us: when the front door last moved. up_on: the local day (ordinal) on
    which she was seen up. told_us: the last morning that was judged.
    """

    said: dict[tuple[str, int], tuple[bool, int]] = {}
    sign: Reading | None = None
    out: bool = False
    front_us: int = NEVER_US
    up_on: int = 0
    told_us: int = NEVER_US


def codes_of(params: Mapping[str, Any]) -> frozenset[int]:
    """Return the codes that can be a sign of life."""
    return frozenset(_KEYS)


def idle(state: RhythmState) -> bool:
    """Never: the last sign of life must be known when time has passed."""
    return False


def step(
    state: RhythmState, batch: Sequence[Reading], now_us: int, rule: Rule, context: Context
) -> tuple[RhythmState, list[Finding]]:
    """Judge the readings of one person's home in time order; an empty batch lets time pass."""
    state = copy(state)
    findings: list[Finding] = []
    for reading in batch:
        at_us = reading.effective_us
        channel = _sign_of(state, reading, context)
        if channel is None or at_us < state.last_us:
            continue
        # The deadline that stands is that of the last sign: most signs only move it away.
        if state.due_us is not None and state.due_us <= at_us:
            _pass(state, at_us, now_us, rule, context, findings)
        _seen(state, reading, channel, now_us, rule, context, findings)
        if rule.kind == "quiet" or state.due_us is None or state.due_us <= at_us:
            state.due_us = due(state, rule, context)
    if not batch:
        _pass(state, now_us, now_us, rule, context, findings)
        state.due_us = due(state, rule, context)
    return state, findings


def _sign_of(state: RhythmState, reading: Reading, context: Context) -> str | None:
    """Note what a device says; return the channel when it is a sign of life."""
    device = str(reading.device)
    known: str | None = _table(context).get("sensors", {}).get(device)
    found: str | None = None
    for code, value in zip(reading.codes, reading.values, strict=True):
        key = _KEYS.get(code)
        if key is None:
            continue
        on, (before, said_us) = is_on(key, value), state.said.get((device, code), _UNHEARD)
        if reading.effective_us < said_us:
            continue
        if on != before:
            state.said = {**state.said, (device, code): (on, reading.effective_us)}
        channel = known
        if channel is None and key not in ("power", "item-use"):
            channel = channel_of_device(key)
        if channel is not None and is_sign(key, on, before):
            found = channel
    return found


def _seen(
    state: RhythmState,
    reading: Reading,
    channel: str,
    now_us: int,
    rule: Rule,
    context: Context,
    findings: list[Finding],
) -> None:
    """Take note of a sign of life."""
    at_us = reading.effective_us
    if channel == "front":
        state.front_us = at_us
    state.out = at_us - state.front_us <= SETTLE_US
    state.sign, state.last_us = reading, at_us
    if rule.kind != "quiet" and not _is_up(state, channel, context):
        return
    episode = state.episode
    if episode is None:
        return
    state.episode = None
    summary = {
        "since_us": episode.since_us,
        "silent_h": _hours(at_us - episode.since_us),
    }
    findings.append(
        tell(
            rule, context, "cleared", at_us, now_us, reading, [reading],
            of=episode.id, summary=summary,
        )
    )  # fmt: skip


def _is_up(state: RhythmState, channel: str, context: Context) -> bool:
    """Say whether her last sign of life, of this channel, shows that she is up; note it."""
    table = _table(context)
    day_us, on = _midnight(state.last_us, context.zone)
    if state.last_us - day_us < table.get("up_from", 0) * MINUTE_US:
        return False
    if channel not in DAY_ROOMS:
        # A home that knows nothing of the rooms of the day: any other room but the bath counts.
        blind = DAY_ROOMS.isdisjoint(table.get("sensors", {}).values())
        if not blind or channel == "bed" or channel in BATH:
            return False
    if state.up_on != on:
        # The deadline of this morning is done with.
        state.up_on, state.due_us = on, None
    return True


def due(state: RhythmState, rule: Rule, context: Context) -> int | None:
    """Return when time alone will bring something about."""
    table = _table(context)
    if not table or state.sign is None or state.episode is not None:
        return None
    if rule.kind == "quiet":
        return _quiet_due(state, rule, table, context)
    return _up_due(state, rule, table, context)


def _quiet_due(
    state: RhythmState, rule: Rule, table: Mapping[str, Any], context: Context
) -> int | None:
    """Return when the silence is longer than is usual. Time away is no silence."""
    at_us = state.last_us + limit_us(state, rule, table, context.zone)
    since_us = state.last_us
    for start_us, end_us in sorted(context.away):
        if start_us < at_us and end_us > since_us:
            at_us += end_us - max(start_us, since_us)
            since_us = max(since_us, end_us)
    return at_us


def limit_us(state: RhythmState, rule: Rule, table: Mapping[str, Any], zone: str) -> int:
    """Return for how long she may be silent (or out) after her last sign of life."""
    if state.out:
        return int(table["out_limit"] * MINUTE_US * rule.params["stretch"])
    half = (state.last_us - _midnight(state.last_us, zone)[0]) // _HALF_US
    minutes = table["limits"][min(half, 47)]
    return int(max(minutes, rule.params["least_min"]) * MINUTE_US * rule.params["stretch"])


def _up_due(
    state: RhythmState, rule: Rule, table: Mapping[str, Any], context: Context
) -> int | None:
    """Return the next morning's instant by which she is usually up."""
    if table.get("up_by") is None:
        return None
    day_us, _ = _midnight(max(state.last_us, state.told_us), context.zone)
    for _ in range(3):
        on = from_us(day_us).astimezone(ZoneInfo(context.zone)).date()
        free = on.weekday() >= 5 and table.get("up_by_weekend") is not None
        minutes = table["up_by_weekend" if free else "up_by"] + rule.params["later_min"]
        at_us = day_us + int(minutes * MINUTE_US)
        if state.up_on != on.toordinal() and at_us > max(state.told_us, state.last_us):
            return at_us
        day_us, _ = _midnight(day_us + DAY_US + 2 * HOUR_US, context.zone)
    return None


def _pass(
    state: RhythmState,
    until_us: int,
    now_us: int,
    rule: Rule,
    context: Context,
    findings: list[Finding],
) -> None:
    at_us, sign = due(state, rule, context), state.sign
    while at_us is not None and at_us <= until_us and sign is not None:
        state.told_us = at_us
        if rule.kind == "quiet" or not (state.out or context.was_away(state.last_us, at_us)):
            summary = _summary(state, at_us, rule, context)
            found = tell(
                rule, context, "raised", at_us, now_us, sign, [sign],
                level=rule.params["out_level"] if "text" in summary else None, summary=summary,
            )  # fmt: skip
            findings.append(found)
            state.episode = begin(found, state.last_us)
        at_us = due(state, rule, context)


def _summary(state: RhythmState, at_us: int, rule: Rule, context: Context) -> dict[str, Any]:
    table = _table(context)
    found: dict[str, Any] = {
        "since_us": state.last_us,
        "silent_h": _hours(at_us - state.last_us),
        "days": table["days"],
    }
    if rule.kind == "quiet" and state.out:
        found["text"] = "partial"
    if rule.kind != "quiet":
        found["by"] = from_us(at_us).astimezone(ZoneInfo(context.zone)).strftime("%H:%M")
    return found


def _table(context: Context) -> Mapping[str, Any]:
    found: Mapping[str, Any] = context.facts.get("rhythm") or _NOTHING
    return found


def _hours(span_us: int) -> float:
    return round(span_us / HOUR_US, 1)


def _midnight(at_us: int, zone: str) -> tuple[int, int]:
    """Return the local midnight before an instant, and its day as an ordinal."""
    return _midnight_of(at_us // _QUARTER_US, zone)


@lru_cache(maxsize=4096)
def _midnight_of(quarter: int, zone: str) -> tuple[int, int]:
    # No zone's day begins, and no clock changes, within a quarter of an hour of UTC.
    tz = ZoneInfo(zone)
    on = datetime.fromtimestamp(quarter * _QUARTER_US // 1_000_000, tz).date()
    return to_us(datetime.combine(on, clock(), tz)), on.toordinal()
