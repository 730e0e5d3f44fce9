"""Devices that should speak and do not: we do not know how things are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any

from songhe.kernel.detectors.rules import Rule
from songhe.kernel.detectors.state import NEVER_US, Context, State, begin, tell
from songhe.kernel.time import MINUTE_US
from songhe.kernel.wire import Finding, Reading


class SilentState(State):
    """heard_us: when the device was last heard, by our clock. newest: its newest reading."""

    heard_us: int = NEVER_US
    newest: Reading | None = None


def codes_of(params: Mapping[str, Any]) -> frozenset[int]:
    """Return no codes: whatever a device says counts."""
    return frozenset()


def idle(state: SilentState) -> bool:
    """Say whether a fresh state would judge the future the same."""
    return state.episode is None


def due(heard_us: int, context: Context) -> int | None:
    """Return when silence is too long. Time in which we were deaf or the person away is no silence.

    A device never heard counts from when it was given to its person or place.
    """
    watched = context.watched
    if watched is None:
        return None
    since_us = max(heard_us, watched.since_us)
    at_us = since_us + watched.silent_after_us
    for start_us, end_us in sorted((*context.away, *context.deaf)):
        if start_us < at_us and end_us > since_us:
            at_us += end_us - max(start_us, since_us)
            since_us = max(since_us, end_us)
    return at_us


def step(
    state: SilentState, batch: Sequence[Reading], now_us: int, rule: Rule, context: Context
) -> tuple[SilentState, list[Finding]]:
    """Judge one device, in the order in which it was heard; an empty batch lets time pass."""
    state = copy(state)
    findings: list[Finding] = []
    _note(state, context.last)
    if context.heard_us > state.heard_us:
        _hear(state, context.heard_us, None, now_us, rule, context, findings)
    for reading in sorted(batch, key=lambda r: r.received_us):
        _hear(state, reading.received_us, reading, now_us, rule, context, findings)
    if not batch:
        _pass(state, now_us, now_us, rule, context, findings)
    state.due_us = due(state.heard_us, context) if state.episode is None else None
    return state, findings


def _pass(
    state: SilentState,
    until_us: int,
    now_us: int,
    rule: Rule,
    context: Context,
    findings: list[Finding],
) -> None:
    at_us = due(state.heard_us, context)
    watched = context.watched
    if watched is None or at_us is None or at_us > until_us or state.episode is not None:
        return
    since_us = max(state.heard_us, watched.since_us)
    summary = {
        "since_us": since_us,
        "silent_after_min": watched.silent_after_us // MINUTE_US,
        "never": state.heard_us == NEVER_US,
    }
    seen = [state.newest] if state.newest is not None else []
    found = tell(rule, context, "raised", at_us, now_us, watched, seen, summary=summary)
    findings.append(found)
    state.episode = begin(found, since_us)


def _hear(
    state: SilentState,
    received_us: int,
    reading: Reading | None,
    now_us: int,
    rule: Rule,
    context: Context,
    findings: list[Finding],
) -> None:
    _pass(state, received_us, now_us, rule, context, findings)
    state.heard_us = max(state.heard_us, received_us)
    state.last_us = state.heard_us
    _note(state, reading)
    episode, state.episode = state.episode, None
    about = context.watched or reading
    if episode is None or about is None:
        return
    summary = {
        "since_us": episode.since_us,
        "silent_min": (received_us - episode.since_us) // MINUTE_US,
    }
    seen = [reading] if reading is not None else []
    findings.append(
        tell(
            rule, context, "cleared", received_us, now_us, about, seen,
            of=episode.id, summary=summary,
        )
    )  # fmt: skip


def _note(state: SilentState, reading: Reading | None) -> None:
    if reading is None:
        return
    if state.newest is None or reading.effective_us >= state.newest.effective_us:
        state.newest = reading
