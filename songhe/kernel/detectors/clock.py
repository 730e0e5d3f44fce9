"""Devices whose clock is wrong: the gateway corrected their times and said so by a flag."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any

from songhe.kernel.detectors.rules import Rule
from songhe.kernel.detectors.state import Context, State, begin, tell
from songhe.kernel.wire import Finding, Flag, Phase, Reading


class ClockState(State):
    """Nothing of its own."""


def codes_of(params: Mapping[str, Any]) -> frozenset[int]:
    """Return no codes: whatever a device says counts."""
    return frozenset()


def idle(state: ClockState) -> bool:
    """Say whether a fresh state would judge the future the same."""
    return state.episode is None


def step(
    state: ClockState, batch: Sequence[Reading], now_us: int, rule: Rule, context: Context
) -> tuple[ClockState, list[Finding]]:
    """Raise at the first corrected reading, clear at the first that needed no correction."""
    if not batch:
        return state, []
    state = copy(state)
    findings: list[Finding] = []
    for reading in batch:
        at_us = state.last_us = reading.effective_us
        wrong = bool(reading.flags & Flag.ADJUSTED)
        episode = state.episode
        if wrong == (episode is not None):
            continue
        phase: Phase = "raised" if wrong else "cleared"
        since_us = at_us if episode is None else episode.since_us
        found = tell(
            rule, context, phase, at_us, now_us, reading, [reading],
            of=None if episode is None else episode.id, summary={"since_us": since_us},
        )  # fmt: skip
        findings.append(found)
        state.episode = begin(found, at_us) if wrong else None
    return state, findings
