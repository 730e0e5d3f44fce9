"""NEWS2 over time: a total only when all parts are fresh; else it is said which are missing.

Two kinds live here: `news2`, the whole score, and `companion`, a low systolic pressure that counts
as critical when another part of the score is off as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any

import msgspec

from songhe.kernel import codes
from songhe.kernel.detectors import threshold
from songhe.kernel.detectors.news2 import Score, calm_range, news2, part_codes
from songhe.kernel.detectors.rules import Rule, catalogue
from songhe.kernel.detectors.state import Context, State, begin, number, seconds, tell
from songhe.kernel.wire import Finding, Level, Phase, Reading

_LEVELS: dict[str, Level] = {"low_medium": "urgent", "medium": "urgent", "high": "critical"}
_RANKS = {"low_medium": 1, "medium": 2, "high": 3}
INF = float("inf")


class PartsState(State):
    """newest: per stored code the newest value and its reading. told: single parts told of, when.

    risk: the worst risk that the open episode has been told with. met: a companion's limit is met
    by a fresh value.
    """

    newest: dict[int, tuple[float, Reading]] = {}
    met: bool = False
    told: dict[str, int] = {}
    risk: str = ""


def codes_of(params: Mapping[str, Any]) -> frozenset[int]:
    """Return the codes of all parts."""
    return frozenset(part_codes())


def box(rule: Rule) -> dict[int, tuple[float, float]]:
    """Return the ranges of values that alone say nothing. Consciousness is always asked about.

    A total needs consciousness, which only a person notes: until it is, parts that do not score 3
    can wait among the recent readings.
    """
    scale = int(rule.params["scale"])
    ranges = {code: calm_range(part, scale) for code, part in part_codes().items()}
    return ranges | {_acvpu(): (INF, -INF)}


def idle(state: PartsState) -> bool:
    """Say whether all that is held is found again in recent readings, and no total is near."""
    return state.episode is None and not state.told and _acvpu() not in state.newest


def _acvpu() -> int:
    return codes.by_key("acvpu").number


def companion_box(rule: Rule) -> dict[int, tuple[float, float]]:
    """Return the range of the limited code that says nothing; signs wait among recent readings."""
    return dict.fromkeys(part_codes(), (-INF, INF)) | threshold.box(rule)


def companion_idle(state: PartsState) -> bool:
    """Say whether no limited value is held that a sign could still meet."""
    return state.episode is None and not state.met


def wake(recent: Sequence[Reading], rule: Rule, context: Context) -> PartsState:
    """Return the state that quiet recent readings, in time order, have left."""
    state = PartsState()
    for reading in recent:
        state.newest = _taken(state.newest, reading)
    return state


def _taken(
    newest: dict[int, tuple[float, Reading]], reading: Reading
) -> dict[int, tuple[float, Reading]]:
    parts = part_codes()
    values = dict(zip(reading.codes, reading.values, strict=True))
    sbp, dbp = values.get(codes.by_key("sbp").number), values.get(codes.by_key("dbp").number)
    least = catalogue().rules["bp-critical"].params["pulse_pressure_min"]
    if sbp is not None and dbp is not None and sbp - dbp < least:
        # Measured anew, and not to be believed: then neither is it known from before.
        number = codes.by_key("sbp").number
        values.pop(number)
        newest = {code: held for code, held in newest.items() if code != number}
    return newest | {code: (value, reading) for code, value in values.items() if code in parts}


def _fresh(state: PartsState, at_us: int, rule: Rule) -> dict[int, tuple[float, Reading]]:
    age_us = seconds(rule, "max_age_s")
    return {
        code: held for code, held in state.newest.items() if at_us - held[1].effective_us <= age_us
    }


def _score(fresh: Mapping[int, tuple[float, Reading]], rule: Rule, context: Context) -> Score:
    parts = part_codes()
    values = {parts[code]: value for code, (value, _) in fresh.items()}
    if "oxygen" not in values and "oxygen" in context.facts:
        values["oxygen"] = float(bool(context.facts["oxygen"]))
    return news2(values, scale=int(rule.params["scale"]))


def step(
    state: PartsState, batch: Sequence[Reading], now_us: int, rule: Rule, context: Context
) -> tuple[PartsState, list[Finding]]:
    """Judge the score at each reading. Parts older than max_age_s are missing, never normal.

    Complete: raised from a single 3 or a total of 5 on, told again when the risk grows, cleared
    when a complete score is low. Incomplete: a notice of parts that score 3 by themselves.
    """
    if not batch:
        return state, []
    state = copy(state)
    findings: list[Finding] = []
    for reading in batch:
        at_us = state.last_us = reading.effective_us
        state.newest = _taken(state.newest, reading)
        fresh = _fresh(state, at_us, rule)
        state.newest = fresh
        score = _score(fresh, rule, context)
        episode = state.episode
        if episode and at_us - episode.last_us > seconds(rule, "episode_s"):
            state.episode, state.risk = None, ""
        limit_us = seconds(rule, "episode_s")
        state.told = {part: us for part, us in state.told.items() if at_us - us <= limit_us}
        if score.total is None:
            _partial(state, score, reading, fresh, now_us, rule, context, findings)
        else:
            _complete(state, score, reading, fresh, now_us, rule, context, findings)
    return state, findings


def _partial(
    state: PartsState,
    score: Score,
    reading: Reading,
    fresh: Mapping[int, tuple[float, Reading]],
    now_us: int,
    rule: Rule,
    context: Context,
    findings: list[Finding],
) -> None:
    new = [part for part in score.singles if part not in state.told]
    if not new or state.episode is not None:
        return
    at_us = reading.effective_us
    state.told = state.told | dict.fromkeys(score.singles, at_us)
    summary = {**_words(score, fresh, score.singles), "text": "partial"}
    seen = [fresh[code][1] for code, part in part_codes().items() if part in new]
    findings.append(
        tell(rule, context, "notice", at_us, now_us, reading, seen, level="info", summary=summary)
    )


def _complete(
    state: PartsState,
    score: Score,
    reading: Reading,
    fresh: Mapping[int, tuple[float, Reading]],
    now_us: int,
    rule: Rule,
    context: Context,
    findings: list[Finding],
) -> None:
    at_us, episode = reading.effective_us, state.episode
    seen = sorted((r for _, r in fresh.values()), key=lambda r: r.effective_us)
    off = tuple(part for part, points in score.parts.items() if points)
    summary = _words(score, fresh, off)
    if score.risk not in _LEVELS:
        state.episode, state.risk, state.told = None, "", {}
        if episode is not None:
            summary |= {"since_us": episode.since_us, "count": episode.count}
            found = tell(
                rule, context, "cleared", at_us, now_us, reading, seen,
                of=episode.id, summary=summary,
            )  # fmt: skip
            findings.append(found)
        return
    level = _LEVELS[score.risk]
    if episode is None:
        summary |= {"since_us": at_us, "count": 1}
        found = tell(
            rule, context, "raised", at_us, now_us, reading, seen, level=level, summary=summary
        )
        findings.append(found)
        state.episode, state.risk = begin(found, at_us), score.risk
        return
    worse = _RANKS[score.risk] > _RANKS.get(state.risk, 0)
    told = worse or at_us - episode.told_us >= seconds(rule, "again_s")
    count = episode.count + 1
    state.episode = msgspec.structs.replace(
        episode, count=count, last_us=at_us, told_us=at_us if told else episode.told_us
    )
    if worse:
        state.risk = score.risk
    if told:
        summary |= {"since_us": episode.since_us, "count": count}
        found = tell(
            rule, context, "notice", at_us, now_us, reading, seen,
            of=episode.id, level=level, summary=summary,
        )  # fmt: skip
        findings.append(found)


def _words(
    score: Score, fresh: Mapping[int, tuple[float, Reading]], parts: Sequence[str]
) -> dict[str, Any]:
    values = {
        part: number(code, fresh[code][0]) for code, part in part_codes().items() if code in fresh
    }
    return {
        "total": score.total,
        "risk": score.risk,
        "parts": {part: {"score": score.parts[part], "value": values.get(part)} for part in parts},
        "scores": score.parts,
        "missing": list(score.missing),
    }


def companion_step(
    state: PartsState, batch: Sequence[Reading], now_us: int, rule: Rule, context: Context
) -> tuple[PartsState, list[Finding]]:
    """Judge a limit that counts only with another part of the score off within max_age_s."""
    if not batch:
        return state, []
    state = copy(state)
    findings: list[Finding] = []
    main = {limit.code for limit in rule.limits}
    for reading in batch:
        at_us = state.last_us = reading.effective_us
        state.newest = _taken(state.newest, reading)
        fresh = state.newest = _fresh(state, at_us, rule)
        episode = state.episode
        if episode and at_us - episode.last_us > seconds(rule, "episode_s"):
            episode = state.episode = None
        hit = [
            limit.code
            for limit in rule.limits
            if limit.code in fresh and limit.hit(limit.rounded(fresh[limit.code][0]))
        ]
        state.met = bool(hit)
        back = all(
            limit.code in reading.codes
            and limit.code in fresh
            and limit.clear(limit.rounded(fresh[limit.code][0]))
            for limit in rule.limits
        )
        score = _score(fresh, rule, context)
        least = rule.params["sign_score"]
        signs = [
            code
            for code, part in part_codes().items()
            if code in fresh and code not in main and score.parts.get(part, 0) >= least
        ]
        phase: Phase
        if hit and signs:
            phase = "raised" if episode is None else "notice"
        elif back and episode is not None:
            phase = "cleared"
        else:
            continue
        shown = hit[0] if hit else next(iter(main))
        summary: dict[str, Any] = {"code": shown, "value": number(shown, fresh[shown][0])}
        seen = [fresh[shown][1]]
        if signs:
            sign = codes.by_number(signs[0])
            summary |= {"code2": signs[0], "sign_value": sign.text(fresh[signs[0]][0])}
            summary |= {"sign_en": sign.en, "sign_zh": sign.zh}
            seen.append(fresh[signs[0]][1])
        _say(state, phase, reading, seen, summary, now_us, rule, context, findings)
    return state, findings


def _say(
    state: PartsState,
    phase: Phase,
    reading: Reading,
    seen: Sequence[Reading],
    summary: dict[str, Any],
    now_us: int,
    rule: Rule,
    context: Context,
    findings: list[Finding],
) -> None:
    at_us, episode = reading.effective_us, state.episode
    if episode is None:
        summary |= {"since_us": at_us, "count": 1}
        found = tell(rule, context, phase, at_us, now_us, reading, seen, summary=summary)
        findings.append(found)
        state.episode = begin(found, at_us)
        return
    count = episode.count + (phase == "notice")
    summary |= {"since_us": episode.since_us, "count": count}
    told = phase == "cleared" or at_us - episode.told_us >= seconds(rule, "again_s")
    state.episode = None
    if phase == "notice":
        state.episode = msgspec.structs.replace(
            episode, count=count, last_us=at_us, told_us=at_us if told else episode.told_us
        )
    if told:
        findings.append(
            tell(rule, context, phase, at_us, now_us, reading, seen, of=episode.id, summary=summary)
        )
