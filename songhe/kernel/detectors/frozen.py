"""Values that do not change: a stuck sensor, or old values sent again under new times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any

import msgspec

from songhe.kernel import codes
from songhe.kernel.detectors.rules import Rule
from songhe.kernel.detectors.state import Context, State, begin, number, tell
from songhe.kernel.wire import Finding, Flag, Phase, Reading


class Run(msgspec.Struct, frozen=True):
    """One block of values, how often it came in a row, and the first and newest of them."""

    first: Reading
    newest: Reading
    count: int


class FrozenState(State):
    """runs: the present run of each combination of codes of one device. stuck: those told of."""

    runs: dict[tuple[int, ...], Run] = {}
    stuck: frozenset[tuple[int, ...]] = frozenset()


def codes_of(params: Mapping[str, Any]) -> frozenset[int]:
    """Return the codes of vital signs, which never stay exactly the same for long."""
    return frozenset(codes.by_key(key).number for key in params["codes"])


def idle(state: FrozenState) -> bool:
    """Say whether no run is under way."""
    return state.episode is None and all(run.count == 1 for run in state.runs.values())


def wake(recent: Sequence[Reading], rule: Rule, context: Context) -> FrozenState:
    """Return the state that readings which each differed from the one before have left."""
    return FrozenState(runs={r.codes: Run(r, r, 1) for r in recent})


def run_length(given: tuple[int, ...], rule: Rule) -> int | None:
    """Return how many same blocks of these codes are too many; None when they may stay the same."""
    vital = [code for code in given if code in rule.codes]
    if len(vital) >= 3:
        return int(rule.params["block_n"])
    if len(vital) == 2:
        return int(rule.params["pair_n"])
    single = {codes.by_key(key).number for key in rule.params["single_codes"]}
    return int(rule.params["single_n"]) if single.intersection(vital) else None


def step(
    state: FrozenState, batch: Sequence[Reading], now_us: int, rule: Rule, context: Context
) -> tuple[FrozenState, list[Finding]]:
    """Judge runs of same values of one device. RESTAMPED readings need no run to be told of."""
    if not batch:
        return state, []
    state = copy(state)
    findings: list[Finding] = []
    for reading in batch:
        state.last_us = reading.effective_us
        many = run_length(reading.codes, rule)
        if many is None:
            continue
        run = state.runs.get(reading.codes)
        same = run is not None and run.newest.values == reading.values
        if run is not None and same:
            run = Run(run.first, reading, run.count + 1)
        else:
            run = Run(reading, reading, 1)
        state.runs = {**state.runs, reading.codes: run}
        if run.count >= many or reading.flags & Flag.RESTAMPED:
            state.stuck |= {reading.codes}
        elif not same:
            state.stuck -= {reading.codes}
        episode = state.episode
        phase: Phase
        if state.stuck and episode is None:
            phase = "raised"
        elif not state.stuck and episode is not None:
            phase = "cleared"
        else:
            continue
        code = next(code for code in reading.codes if code in rule.codes)
        summary = {
            "code": code,
            "value": number(code, reading.values[reading.codes.index(code)]),
            "count": run.count,
            "since_us": run.first.effective_us if episode is None else episode.since_us,
            "restamped": bool(reading.flags & Flag.RESTAMPED),
        }
        found = tell(
            rule, context, phase, reading.effective_us, now_us, reading, [run.first, reading],
            of=None if episode is None else episode.id, summary=summary,
        )  # fmt: skip
        findings.append(found)
        state.episode = begin(found, run.first.effective_us) if episode is None else None
    return state, findings
