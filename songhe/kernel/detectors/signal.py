"""Rules on what signals show: a sign of a detector becomes a finding.

A detector runs once a device; several rules may listen to it, each to one kind of sign.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any

import msgspec

from songhe.kernel.detectors.rules import Rule
from songhe.kernel.detectors.state import Context, State, begin, seconds, tell
from songhe.kernel.signals import Sign
from songhe.kernel.signals.catalogue import DETECTORS
from songhe.kernel.time import SECOND_US
from songhe.kernel.wire import EvidenceKey, Finding, Level, Reading, Wave, fingerprint

# What a rule says to this room; all else among its params is the detector's.
OWN = frozenset({"detector", "sign", "least", "sure_from", "unsure_level", "again_s", "episode_s"})


class SignalRuleState(State):
    """An episode and nothing more: what the signal was stands with its detector."""


def codes_of(params: Mapping[str, Any]) -> frozenset[int]:
    """Return the codes whose waves the rule's detector judges."""
    detector = DETECTORS.get(params["detector"])
    return detector.codes if detector is not None else frozenset()


def idle(state: SignalRuleState) -> bool:
    """Say whether a fresh state would judge the future the same."""
    return state.episode is None


def step(
    state: SignalRuleState, batch: Sequence[Reading], now_us: int, rule: Rule, context: Context
) -> tuple[SignalRuleState, list[Finding]]:
    """Readings say nothing to a rule on signals, and neither does time."""
    return state, []


def hear(
    state: SignalRuleState, sign: Sign, wave: Wave, now_us: int, rule: Rule, context: Context
) -> tuple[SignalRuleState, list[Finding]]:
    """Judge one sign of the rule's detector; wave: the newest one, of whose device it is.

    Below `least` certainty nothing is said; below `sure_from` it is said at `unsure_level`.
    """
    episode = state.episode
    if sign.phase == "end":
        if episode is None:
            return state, []
        found = _tell(rule, context, "cleared", sign, wave, now_us, episode.since_us, episode.id)
        state = copy(state)
        state.episode, state.last_us = None, sign.known_us
        return state, [found]
    if sign.certainty < rule.params["least"] or context.is_away(sign.at_us):
        return state, []
    state = copy(state)
    state.last_us = max(state.last_us, sign.known_us)
    if episode is None or sign.at_us - episode.last_us > seconds(rule, "episode_s"):
        found = _tell(rule, context, "raised", sign, wave, now_us, sign.at_us, None)
        # A note has no end of its own: what it told is over with it.
        state.episode = begin(found, sign.at_us) if sign.phase == "begin" else None
        return state, [found]
    told = sign.at_us - episode.told_us >= seconds(rule, "again_s")
    state.episode = msgspec.structs.replace(
        episode,
        count=episode.count + 1,
        last_us=sign.at_us,
        told_us=sign.at_us if told else episode.told_us,
    )
    if not told:
        return state, []
    return state, [_tell(rule, context, "notice", sign, wave, now_us, episode.since_us, episode.id)]


def _tell(
    rule: Rule,
    context: Context,
    phase: Any,
    sign: Sign,
    wave: Wave,
    now_us: int,
    since_us: int,
    of: Any,
) -> Finding:
    level: Level = rule.level
    if sign.certainty < rule.params["sure_from"] and phase != "cleared":
        level = rule.params["unsure_level"] or level
    summary = {
        "code": wave.code,
        **sign.facts,
        "certainty": round(sign.certainty, 3),
        "since_us": since_us,
        "delay_s": round((sign.known_us - sign.at_us) / SECOND_US, 1),
    }
    found = tell(
        rule, context, phase, sign.at_us, now_us, wave, of=of, level=level, summary=summary
    )
    print_ = str(fingerprint((wave.code,)))
    keys = [EvidenceKey(wave.subject, wave.device, at, print_) for at in sign.evidence_us]
    return msgspec.structs.replace(found, evidence=keys)
