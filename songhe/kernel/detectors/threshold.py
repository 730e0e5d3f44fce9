"""Limits on values: duration, repetition within a window, hysteresis, end of an episode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any

import msgspec

from songhe.kernel import codes
from songhe.kernel.detectors.rules import Rule, limits_of
from songhe.kernel.detectors.state import Context, State, begin, number, seconds, tell
from songhe.kernel.time import MINUTE_US
from songhe.kernel.wire import Finding, Phase, Reading

INF = float("inf")
_UNITS = {"mm[Hg]": "mmHg", "Cel": "°C", "1": ""}


class ThresholdState(State):
    """hits: abnormal readings that may confirm each other. held: start of an unbroken abnormal run.

    bad: codes that have not come back from beyond their limit. clears: readings in a row that have.
    """

    hits: tuple[Reading, ...] = ()
    held: Reading | None = None
    held_last_us: int = 0
    bad: frozenset[int] = frozenset()
    clears: int = 0


def codes_of(params: Mapping[str, Any]) -> frozenset[int]:
    """Return the codes that these parameters judge."""
    return frozenset(limit.code for limit in limits_of(params))


def box(rule: Rule) -> dict[int, tuple[float, float]]:
    """Return per code the open range in which a value leaves an idle state idle."""
    ranges: dict[int, tuple[float, float]] = {}
    for limit in (*rule.limits, *rule.worse):
        low, high = ranges.get(limit.code, (-INF, INF))
        half = 0.5 * 10.0**-limit.decimals + 1e-6
        if limit.operator in ("ge", "gt"):
            high = min(high, limit.value - half)
        else:
            low = max(low, limit.value + half)
        if limit.code in rule.codes:
            ranges[limit.code] = (low, high)
    return ranges


def idle(state: ThresholdState) -> bool:
    """Say whether a fresh state would judge the future the same."""
    return state.episode is None and not state.hits and state.held is None


def step(
    state: ThresholdState, batch: Sequence[Reading], now_us: int, rule: Rule, context: Context
) -> tuple[ThresholdState, list[Finding]]:
    """Judge readings in time order. Time alone changes nothing: a value not seen is not known."""
    if not batch:
        return state, []
    state = copy(state)
    findings: list[Finding] = []
    for reading in batch:
        values = dict(zip(reading.codes, reading.values, strict=True))
        if _artefact(rule, values):
            continue
        state.last_us = reading.effective_us
        rounded = {
            limit.code: limit.rounded(values[limit.code])
            for limit in (*rule.limits, *rule.worse)
            if limit.code in values
        }
        hit = frozenset(
            limit.code
            for limit in rule.limits
            if limit.code in rounded and limit.hit(rounded[limit.code])
        )
        worse = any(
            limit.code in rounded and limit.hit(rounded[limit.code]) for limit in rule.worse
        )
        episode = state.episode
        if episode and reading.effective_us - episode.last_us > seconds(rule, "episode_s"):
            state.episode, state.bad = None, frozenset()
        if state.episode is not None:
            _continue(state, reading, hit, worse, rounded, now_us, rule, context, findings)
        else:
            _watch(state, reading, hit, worse, now_us, rule, context, findings)
    return state, findings


def _artefact(rule: Rule, values: Mapping[int, float]) -> bool:
    least = rule.params.get("pulse_pressure_min")
    if least is None:
        return False
    sbp, dbp = values.get(codes.by_key("sbp").number), values.get(codes.by_key("dbp").number)
    return sbp is not None and dbp is not None and sbp - dbp < least


def _watch(
    state: ThresholdState,
    reading: Reading,
    hit: frozenset[int],
    worse: bool,
    now_us: int,
    rule: Rule,
    context: Context,
    findings: list[Finding],
) -> None:
    at_us = reading.effective_us
    window_us = seconds(rule, "window_s")
    state.hits = tuple(old for old in state.hits if at_us - old.effective_us <= window_us)
    if worse and state.held is not None:
        state.held_last_us = at_us
    if not hit and not worse:
        state.held = None
    if not hit or worse:
        return
    if state.held is None or at_us - state.held_last_us > seconds(rule, "max_gap_s"):
        state.held = reading
    state.held_last_us = at_us
    gap_us = seconds(rule, "min_gap_s")
    if not state.hits or at_us - state.hits[-1].effective_us >= gap_us:
        state.hits = (*state.hits, reading)[-max(1, int(rule.params["repeat"])) :]
    held_us = at_us - state.held.effective_us
    if len(state.hits) < rule.params["repeat"] or held_us < seconds(rule, "for_s"):
        return
    seen = sorted({id(r): r for r in (state.held, *state.hits, reading)}.values(), key=_at)
    since_us = seen[0].effective_us
    count = len(state.hits)
    summary = _summary(rule, reading, hit, count, since_us, held_us)
    finding = tell(rule, context, "raised", at_us, now_us, reading, seen, summary=summary)
    findings.append(finding)
    state.episode = begin(finding, since_us, count)
    state.hits, state.held, state.bad, state.clears = (), None, hit, 0


def _continue(
    state: ThresholdState,
    reading: Reading,
    hit: frozenset[int],
    worse: bool,
    rounded: Mapping[int, float],
    now_us: int,
    rule: Rule,
    context: Context,
    findings: list[Finding],
) -> None:
    episode = state.episode
    if episode is None:
        return
    at_us = reading.effective_us
    if worse:
        state.episode = msgspec.structs.replace(episode, last_us=at_us)
        return
    back = frozenset(
        code
        for code in state.bad
        if code in rounded
        and all(limit.clear(rounded[code]) for limit in rule.limits if limit.code == code)
    )
    state.bad = (state.bad - back) | hit
    count = episode.count + bool(hit)
    held_us = at_us - episode.since_us
    summary = _summary(rule, reading, hit, count, episode.since_us, held_us)
    phase: Phase
    if hit:
        state.clears, phase = 0, "notice"
        told = at_us - episode.told_us >= seconds(rule, "again_s")
        state.episode = msgspec.structs.replace(
            episode, count=count, last_us=at_us, told_us=at_us if told else episode.told_us
        )
        if not told:
            return
    else:
        if state.bad or not rule.codes & rounded.keys():
            return
        state.clears, phase = state.clears + 1, "cleared"
        if state.clears < rule.params["clear_repeat"]:
            return
        state.episode, state.clears = None, 0
    findings.append(
        tell(
            rule, context, phase, at_us, now_us, reading, [reading], of=episode.id, summary=summary
        )
    )


def _at(reading: Reading) -> int:
    return reading.effective_us


def _summary(
    rule: Rule, reading: Reading, hit: frozenset[int], count: int, since_us: int, held_us: int
) -> dict[str, Any]:
    values = dict(zip(reading.codes, reading.values, strict=True))
    shown = [code for code in rule.show if code in values]
    if not shown:
        shown = [code for code in reading.codes if code in hit]
    if not shown:
        shown = [code for code in reading.codes if code in rule.codes]
    summary: dict[str, Any] = {"count": count, "since_us": since_us}
    for position, code in enumerate(shown[:2]):
        mark = "" if position == 0 else "2"
        unit = codes.by_number(code).unit
        summary |= {f"code{mark}": code, f"value{mark}": number(code, values[code])}
        if position == 0:
            summary["unit"] = _UNITS.get(unit, unit)
    summary["hit"] = sorted(hit)
    summary["held_min"] = held_us // MINUTE_US
    summary["window_min"] = int(rule.params["window_s"]) // 60
    return summary
