"""What a device judged by itself: call for help, fall, smoke, gas, water. On is trouble."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any
from uuid import UUID

import msgspec

from songhe.kernel import codes
from songhe.kernel.detectors.rules import Rule
from songhe.kernel.detectors.state import Context, State, begin, seconds, tell
from songhe.kernel.wire import Finding, Reading


class EventState(State):
    """on: the devices that say on. One of two smoke sensors going off does not end the trouble."""

    on: frozenset[UUID] = frozenset()


def codes_of(params: Mapping[str, Any]) -> frozenset[int]:
    """Return the one code that is judged."""
    return frozenset((codes.by_key(params["code"]).number,))


def box(rule: Rule) -> dict[int, tuple[float, float]]:
    """Return the range of values that say off."""
    return dict.fromkeys(rule.codes, (-1.0, 0.5))


def idle(state: EventState) -> bool:
    """Say whether a fresh state would judge the future the same."""
    return state.episode is None and not state.on


def step(
    state: EventState, batch: Sequence[Reading], now_us: int, rule: Rule, context: Context
) -> tuple[EventState, list[Finding]]:
    """Judge events in time order.

    With quiet_s the event is momentary (a button, a fall): off does not mean that all is well, and
    after that long without another one the episode ends without a word; the next is a new one.
    """
    if not batch:
        return state, []
    state = copy(state)
    findings: list[Finding] = []
    (code,) = rule.codes
    quiet_us, again_us = seconds(rule, "quiet_s"), seconds(rule, "again_s")
    for reading in batch:
        at_us = state.last_us = reading.effective_us
        on = reading.values[reading.codes.index(code)] >= 0.5
        if quiet_us and state.episode and at_us - state.episode.last_us > quiet_us:
            state.episode, state.on = None, frozenset()
        episode = state.episode
        summary = {"code": code, "value": int(on), "since_us": at_us, "count": 1}
        if episode is not None:
            summary |= {"since_us": episode.since_us, "count": episode.count + on}
        if on:
            state.on |= {reading.device}
            if episode is None:
                found = tell(
                    rule, context, "raised", at_us, now_us, reading, [reading], summary=summary
                )
                findings.append(found)
                state.episode = begin(found, at_us)
                continue
            told = at_us - episode.told_us >= again_us
            state.episode = msgspec.structs.replace(
                episode,
                count=episode.count + 1,
                last_us=at_us,
                told_us=at_us if told else episode.told_us,
            )
            if told:
                findings.append(_of(rule, context, "notice", now_us, reading, episode.id, summary))
        elif not quiet_us:
            state.on -= {reading.device}
            if episode is not None and not state.on:
                state.episode = None
                findings.append(_of(rule, context, "cleared", now_us, reading, episode.id, summary))
    return state, findings


def _of(
    rule: Rule,
    context: Context,
    phase: Any,
    now_us: int,
    reading: Reading,
    of: UUID,
    summary: dict[str, Any],
) -> Finding:
    at_us = reading.effective_us
    return tell(rule, context, phase, at_us, now_us, reading, [reading], of=of, summary=summary)
