"""Wandering outdoors: pacing, lapping or walking at random for a while, away from home."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any

import msgspec

from songhe.kernel import codes
from songhe.kernel.detectors.fence import areas, beyond_m
from songhe.kernel.detectors.rules import Rule
from songhe.kernel.detectors.state import Context, State, begin, seconds, tell
from songhe.kernel.position.outdoor import Wandering, fixes, walks, wandering
from songhe.kernel.time import MINUTE_US
from songhe.kernel.wire import Finding, Reading

PATTERNS = {
    "pacing": ("to and fro", "来回走"),
    "lapping": ("round and round", "绕圈走"),
    "random": ("without direction", "漫无目的地走"),
}


class WanderState(State):
    """walk: the fixes of the last minutes, as they were read."""

    walk: tuple[Reading, ...] = ()


def codes_of(params: Mapping[str, Any]) -> frozenset[int]:
    """Return the codes without which there is no fix."""
    return frozenset(codes.by_key(key).number for key in ("lat", "lon"))


def idle(state: WanderState) -> bool:
    """Say whether a fresh state would judge the future the same."""
    return state.episode is None and not state.walk


def step(
    state: WanderState, batch: Sequence[Reading], now_us: int, rule: Rule, context: Context
) -> tuple[WanderState, list[Finding]]:
    """Judge fixes in time order: the walk that goes on, of at most window_s."""
    state = copy(state)
    findings: list[Finding] = []
    window_us = seconds(rule, "window_s")
    for reading in batch:
        at_us = state.last_us = reading.effective_us
        if state.episode and at_us - state.episode.last_us > seconds(rule, "episode_s"):
            state.episode = None
        kept = [old for old in state.walk if at_us - old.effective_us <= window_us]
        state.walk = (*kept, reading)
        told = fixes(state.walk, rule.params["accuracy_m"])
        if told and told[-1].at_us == at_us:
            _judge(state, reading, wandering(walks(told)[-1]), now_us, rule, context, findings)
    if not batch and now_us - state.last_us > window_us:
        state.walk = ()
    state.due_us = state.last_us + window_us + 1 if state.walk else None
    return state, findings


def _judge(
    state: WanderState,
    reading: Reading,
    found: Wandering | None,
    now_us: int,
    rule: Rule,
    context: Context,
    findings: list[Finding],
) -> None:
    at_us, episode = reading.effective_us, state.episode
    values = dict(zip(reading.codes, reading.values, strict=True))
    lat, lon = (values[codes.by_key(key).number] for key in ("lat", "lon"))
    home = areas(context)
    outside = not home or beyond_m((lat, lon), home) > 0
    wanders = (
        found is not None
        and outside
        and found.pattern in PATTERNS
        and found.certainty >= rule.params["least"]
        and found.until_us - found.since_us >= seconds(rule, "for_s")
    )
    if found is None or wanders == (episode is not None):
        if episode is not None and wanders:
            state.episode = msgspec.structs.replace(episode, last_us=at_us)
        return
    if wanders and context.was_away(found.since_us, at_us):
        return
    words = PATTERNS.get(found.pattern, ("straight on", "径直走"))
    summary = {
        "code": codes.by_key("lat").number,
        "value": round(lat, 6),
        "value2": round(lon, 6),
        "since_us": found.since_us if episode is None else episode.since_us,
        "pattern": found.pattern,
        "pattern_en": words[0],
        "pattern_zh": words[1],
        "way_m": round(found.way_m),
        "minutes": (found.until_us - found.since_us) // MINUTE_US,
        "certainty": round(found.certainty, 2),
    }
    first = next((r for r in state.walk if r.effective_us >= found.since_us), reading)
    finding = tell(
        rule, context, "raised" if wanders else "cleared", at_us, now_us, reading,
        [first, reading], of=None if episode is None else episode.id, summary=summary,
    )  # fmt: skip
    findings.append(finding)
    state.episode = begin(finding, found.since_us) if wanders else None
