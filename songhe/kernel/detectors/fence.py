"""Leaving a safe area: aware of the fix's accuracy, confirmed by more than one fix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any

import msgspec

from songhe.kernel import codes, geo
from songhe.kernel.detectors.rules import Rule
from songhe.kernel.detectors.state import Context, State, begin, seconds, tell
from songhe.kernel.wire import Finding, Phase, Reading


class FenceState(State):
    """hits: fixes surely outside that may confirm each other."""

    hits: tuple[Reading, ...] = ()


def codes_of(params: Mapping[str, Any]) -> frozenset[int]:
    """Return the codes without which there is no fix."""
    return frozenset(codes.by_key(key).number for key in ("lat", "lon"))


def idle(state: FenceState) -> bool:
    """Say whether a fresh state would judge the future the same."""
    return state.episode is None and not state.hits


def beyond_m(point: geo.Point, fences: Sequence[Mapping[str, Any]]) -> float:
    """Return metres beyond the nearest of several safe areas; negative inside one of them."""
    return min(_beyond(point, fence) for fence in fences)


def _beyond(point: geo.Point, fence: Mapping[str, Any]) -> float:
    if "polygon" in fence:
        return geo.beyond_polygon_m(point, [(lat, lon) for lat, lon in fence["polygon"]])
    return geo.beyond_circle_m(point, (fence["lat"], fence["lon"]), fence["radius_m"])


def areas(context: Context) -> list[Mapping[str, Any]]:
    """Return the safe areas that are known of a person, none when there are none."""
    fact = context.facts.get("fence")
    if not fact:
        return []
    return list(fact) if isinstance(fact, list) else [fact]


def step(
    state: FenceState, batch: Sequence[Reading], now_us: int, rule: Rule, context: Context
) -> tuple[FenceState, list[Finding]]:
    """Judge fixes in time order. Outside: distance less accuracy is beyond the edge, repeat times.

    Back: inside by margin_m, however accurate. Between the two nothing is known, nothing changes.
    """
    fences = areas(context)
    if not batch or not fences:
        return state, []
    state = copy(state)
    findings: list[Finding] = []
    lat, lon, accuracy = (codes.by_key(key).number for key in ("lat", "lon", "accuracy"))
    for reading in batch:
        values = dict(zip(reading.codes, reading.values, strict=True))
        if lat not in values or lon not in values:
            continue
        accuracy_m = values.get(accuracy, rule.params["accuracy_m"])
        if accuracy_m > rule.params["max_accuracy_m"]:
            continue
        at_us = state.last_us = reading.effective_us
        distance_m = beyond_m((values[lat], values[lon]), fences)
        summary = {
            "code": lat,
            "value": round(values[lat], 6),
            "value2": round(values[lon], 6),
            "beyond_m": round(distance_m),
            "accuracy_m": round(accuracy_m),
        }
        episode = state.episode
        if episode and at_us - episode.last_us > seconds(rule, "episode_s"):
            episode = state.episode = None
        if distance_m - accuracy_m > 0:
            _outside(state, reading, now_us, rule, context, findings, summary)
        elif distance_m <= -rule.params["margin_m"] or distance_m <= _deepest(fences):
            state.hits, state.episode = (), None
            if episode is not None:
                findings.append(
                    _of(rule, context, "cleared", now_us, reading, episode.id,
                        {**summary, "since_us": episode.since_us})
                )  # fmt: skip
    return state, findings


def _deepest(fences: Sequence[Mapping[str, Any]]) -> float:
    """Return the half-way depth of the smallest circle, so that a small one can be returned to."""
    return max((-fence["radius_m"] / 2 for fence in fences if "radius_m" in fence), default=-1e9)


def _outside(
    state: FenceState,
    reading: Reading,
    now_us: int,
    rule: Rule,
    context: Context,
    findings: list[Finding],
    summary: dict[str, Any],
) -> None:
    at_us = reading.effective_us
    episode = state.episode
    if episode is None:
        if context.is_away(at_us):
            return
        window_us = seconds(rule, "window_s")
        kept = [
            old
            for old in state.hits
            if at_us - old.effective_us <= window_us
            and not context.was_away(old.effective_us, at_us)
        ]
        state.hits = tuple([*kept, reading][-max(1, int(rule.params["repeat"])) :])
        if len(state.hits) < rule.params["repeat"]:
            return
        summary |= {"since_us": state.hits[0].effective_us, "count": len(state.hits)}
        found = tell(rule, context, "raised", at_us, now_us, reading, state.hits, summary=summary)
        findings.append(found)
        state.episode = begin(found, state.hits[0].effective_us, len(state.hits))
        state.hits = ()
        return
    again_us = seconds(rule, "again_s")
    told = at_us - episode.told_us >= again_us and not context.is_away(at_us)
    count = episode.count + 1
    state.episode = msgspec.structs.replace(
        episode, count=count, last_us=at_us, told_us=at_us if told else episode.told_us
    )
    if told:
        summary |= {"since_us": episode.since_us, "count": count}
        findings.append(_of(rule, context, "notice", now_us, reading, episode.id, summary))


def _of(
    rule: Rule,
    context: Context,
    phase: Phase,
    now_us: int,
    reading: Reading,
    of: Any,
    summary: dict[str, Any],
) -> Finding:
    at_us = reading.effective_us
    return tell(rule, context, phase, at_us, now_us, reading, [reading], of=of, summary=summary)
