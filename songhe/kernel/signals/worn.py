"""Falls felt by a worn motion sensor: at the waist, the chest or the wrist, of acceleration alone.

A quiet second costs one look at its loudest sample. An impact is judged two seconds later by a
small model (docs/models/fall-worn.md), at a wrist a second time after three unless it was sure;
what follows may take it back (worn_after). Where the device falls silent before, a second model
judges what there is: a watch may break, be torn off or lose its link in the very fall.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any

import numpy as np
import yaml
from msgspec import structs
from numpy.typing import NDArray

from songhe.kernel.signals import worn_after
from songhe.kernel.signals.detector import Phase, Sign
from songhe.kernel.signals.models import model
from songhe.kernel.signals.run import Floats32, Run, appended
from songhe.kernel.signals.worn_after import After
from songhe.kernel.signals.worn_features import (
    BEFORE,
    CELL_S,
    CELLS,
    STANDARD_GRAVITY,
    cut_features,
    described,
    features,
)
from songhe.kernel.signals.worn_impacts import (
    GATE,
    alone,
    is_quiet,
    judged_twice,
    moments_of,
    needed_after,
    positions,
    squared,
    worn_at,
)
from songhe.kernel.wire import Wave

# Rows of features to one score each, 0 to 1, shape (rows, 1) or (rows,).
Scorer = Callable[[Floats32], NDArray[Any]]

FALL, LIES_STILL = "fall", "lies-still"
ACCELERATION = 71
_RATES_HZ = (15.0, 400.0)
_KEPT_S = 8.0
# Silence: so much longer than the longest pause between two messages lately. Pauses count as
# between these; a long one is forgotten by an eighth of the time since.
_SILENT_US, _PAUSES_US, _FORGOTTEN = 3_000_000, (1_000_000, 30_000_000), 8


@cache
def card(name: str = "fall-worn") -> dict[str, Any]:
    """Return what is written beside weights: version, thresholds, from whom they learned."""
    text = (files("songhe.kernel") / f"data/models/{name}.yaml").read_text("utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    return found


@cache
def thresholds() -> dict[str, float]:
    """Return the thresholds that ship, of whole moments and of those cut short by silence."""
    return {**card()["thresholds"], **card("fall-silence")["thresholds"]}


class WornState(Run, eq=False):
    """The last seconds of one worn device.

    loud_at: the last sample above the gate. heard_us: when the last wave was judged, by our clock;
    pause_us: the longest time lately between two.
    """

    loud_at: int = -1
    after: After | None = None
    heard_us: int = 0
    pause_us: int = 0


class FallDetector:
    """Falls from worn acceleration. Params: least_, sure_ and silent_score_, of wrist and trunk.

    A fall of the trunk below the sure score is told three seconds later, if nobody stands again;
    one of a wrist is judged again a second later, by what that second was like. When nothing more
    comes, either is judged by what there is, from the silent score on.
    """

    codes = frozenset({ACCELERATION})
    warmup_s = worn_after.WATCH_S + _KEPT_S

    def __init__(self, scorer: Scorer | None = None, silent: Scorer | None = None) -> None:
        self._scorer, self._silent = scorer, silent

    def new(self) -> WornState:
        """Return the state of a device that was never heard."""
        return WornState()

    def step(
        self, state: WornState, batch: Sequence[Wave], now_us: int, params: Mapping[str, Any]
    ) -> tuple[WornState, list[Sign]]:
        """Judge waves in the order of their time; when none come, what still waits for some."""
        told: list[Sign] = []
        for wave in batch:
            state = self._heard(state, wave, now_us, params, told)
        if not batch and state.due_us is not None and now_us >= state.due_us:
            state = self._silence(state, state.due_us, params, told)
        return state, told

    def _heard(
        self,
        state: WornState,
        wave: Wave,
        now_us: int,
        params: Mapping[str, Any],
        told: list[Sign],
    ) -> WornState:
        samples = wave.samples
        if samples.ndim != 2 or samples.shape[1] % 3 or not len(samples):
            return state
        if not _RATES_HZ[0] <= wave.rate_hz <= _RATES_HZ[1] or wave.end_us <= state.end_us:
            return state
        heard = appended(state, wave, _KEPT_S)
        before = heard.count - len(samples)
        heard.due_us = None
        _paused(heard, state if before else None, wave, now_us)
        sensors, twice = samples.shape[1] // 3, judged_twice(heard.leads)
        needed = needed_after(heard.rate_hz, sensors, late=twice)
        loud = not is_quiet(samples)
        if (
            not loud
            and heard.after is None
            and (heard.loud_at < 0 or before > heard.loud_at + needed)
        ):
            return heard
        if loud:
            over = np.flatnonzero(squared(samples) > GATE)
            if len(over):
                heard.loud_at = before + int(over[-1])
        if heard.loud_at >= max(0, before - needed):
            self._impacts(heard, before, params, told)
        _follow(heard, heard.count - 1, told)
        waits = heard.after is not None and heard.after.waits is not None
        if waits or 0 <= heard.count - heard.loud_at <= needed:
            pause_us = max(_PAUSES_US[0], heard.pause_us)
            heard.due_us = max(heard.end_us, now_us) + pause_us + _SILENT_US
        return heard

    def _silence(
        self, state: WornState, due_us: int, params: Mapping[str, Any], told: list[Sign]
    ) -> WornState:
        """Judge what still waits for samples: the device sends no more."""
        state = structs.replace(state, due_us=None)
        whole, begin = state.joined()
        after = state.after
        if after is not None and after.waits is not None and not after.upright:
            facts = {**after.waits.facts, **_silent_facts(state, after.at)}
            told.append(structs.replace(after.waits, known_us=due_us, facts=facts))
            state.after = structs.replace(after, waits=None)
        squares = squared(whole)
        twice = judged_twice(state.leads)
        needed = needed_after(state.rate_hz, len(state.leads) // 3, late=twice)
        first = max(0, len(whole) - needed)
        for place in alone(squares, state.rate_hz, first, len(whole) - 1):
            self._judge(state, whole, squares, begin, place, twice, params, told, due_us)
        return state

    def _impacts(
        self, state: WornState, before: int, params: Mapping[str, Any], told: list[Sign]
    ) -> None:
        """Judge the impacts all of whose surroundings are there since a sample of the run."""
        whole, begin = state.joined()
        squares = squared(whole)
        turns: list[tuple[int, bool, int]] = []
        for late in (False, True) if judged_twice(state.leads) else (False,):
            needed = needed_after(state.rate_hz, len(state.leads) // 3, late=late)
            first, last = max(0, before - needed), state.count - 1 - needed
            if last < first or not (squares[first - begin : last - begin + 1] > GATE).any():
                continue
            places = alone(squares, state.rate_hz, first - begin, last - begin)
            turns += [(begin + place + needed, late, place) for place in places]
        for known, late, place in sorted(turns):
            # In the order in which things become known: what was before may end first.
            _follow(state, known, told)
            self._judge(state, whole, squares, begin, place, late, params, told)

    def _judge(
        self,
        state: WornState,
        whole: Floats32,
        squares: NDArray[Any],
        begin: int,
        place: int,
        late: bool,
        params: Mapping[str, Any],
        told: list[Sign],
        silent_us: int | None = None,
    ) -> None:
        """Judge an impact. late: at the later look of two. silent_us: when no more was awaited."""
        silent, after = silent_us is not None, state.after
        at = begin + place
        if late and after is not None and after.at >= at and not after.silent:
            return
        where = positions(state.leads)
        moments, rows = {}, []
        for i, (moment, known) in moments_of(whole, state.rate_hz, place, len(where), late).items():
            if not silent:
                moments[i] = moment[:CELLS]
                rows.append([*features(moment), *worn_at(where[i])])
            elif known:
                moments[i] = moment[: min(CELLS, BEFORE + 1 + known)]
                rows.append([*cut_features(moment, known), *worn_at(where[i])])
        if not rows:
            return
        scores = self._scores(rows, silent)
        kind = "silent" if silent else "least" if late or not judged_twice(state.leads) else "sure"
        least = [_param(kind, where[i], params) for i in moments]
        score, threshold = float(scores.mean()), float(np.mean(least))
        certainty = round(min(1.0, score), 3)
        # What was told for want of more is told anew when it is known whole.
        anew = after is not None and after.silent and not silent
        if score < threshold or not (anew or _tops(state, float(squares[place]), certainty)):
            return
        # The sensor that is surest tells the story, the trunk's rather than a wrist's.
        chosen = max(moments, key=lambda i: (worn_at(where[i])[1], scores[list(moments).index(i)]))
        moment = moments[chosen]
        known = (
            state.count if silent else at + needed_after(state.rate_hz, len(where), late=late) + 1
        )
        trunk = worn_at(where[chosen])[1] > 0
        facts = {**described(moment), "position": where[chosen], "least_score": round(threshold, 3)}
        sign = _sign(state, FALL, "begin", known, certainty, facts, at)
        if silent_us is not None:
            facts |= _silent_facts(state, at)
            sign = structs.replace(sign, known_us=silent_us, facts=facts)
        doubtful = trunk and not silent and score < _param("sure", "trunk", params)
        # Where a fall is told already, nobody is spared anything by waiting.
        doubtful &= after is None or after.waits is not None
        state.after = After(
            at=at,
            at_us=sign.at_us,
            hit=float(squares[place]),
            certainty=certainty,
            before=tuple(moment[: BEFORE - 20].mean(axis=0).tolist()),
            lying=tuple(moment[max(BEFORE + 1, len(moment) - 12) :].mean(axis=0).tolist()),
            position=chosen,
            trunk=trunk,
            waits=sign if doubtful else None,
            silent=silent,
        )
        if not doubtful:
            told.append(sign)

    def _scores(self, rows: list[list[float]], silent: bool) -> NDArray[Any]:
        scorer = self._silent or model("fall-silence") if silent else self._scorer
        scorer = scorer or model("fall-worn")
        return np.asarray(scorer(np.array(rows, dtype=np.float32))).reshape(-1)


def _paused(heard: WornState, before: WornState | None, wave: Wave, now_us: int) -> None:
    """Note how long a device lets wait between two messages, the longest lately."""
    length_us = wave.end_us - wave.started_us
    pause_us = length_us
    if before is not None:
        pause_us = max(now_us - before.heard_us, before.pause_us - length_us // _FORGOTTEN)
    heard.heard_us, heard.pause_us = now_us, min(_PAUSES_US[1], pause_us)


def _silent_facts(state: WornState, at: int) -> dict[str, Any]:
    """Return what is told of a fall after which the device fell silent."""
    return {"text": "partial", "silent_after_s": round((state.count - 1 - at) / state.rate_hz, 1)}


def _param(kind: str, position: str, params: Mapping[str, Any]) -> float:
    name = f"{kind}_score_{'trunk' if worn_at(position)[1] else 'wrist'}"
    given = params.get(name)
    return float(thresholds()[name] if given is None else given)


def _tops(state: WornState, hit: float, certainty: float) -> bool:
    """Return whether an impact counts though a fall is open: it is harder, or surer to be one."""
    after = state.after
    return after is None or hit > after.hit or certainty > after.certainty


def _follow(state: WornState, until: int, told: list[Sign]) -> None:
    """Look each second at what came after a fall, as far as a sample of the run."""
    if state.after is None:
        return
    after = state.after
    rate = state.rate_hz
    begin_at = after.at + needed_after(rate, len(state.leads) // 3)
    whole, begin = None, 0
    while True:
        look = begin_at + round((after.looks + 1) * rate)
        if look > until:
            break
        if whole is None:
            whole, begin = state.joined()
        width = int(worn_after.LOOK_S * rate)
        part = whole[max(0, look - width + 1 - begin) : look + 1 - begin]
        part = part[:, after.position * 3 : after.position * 3 + 3].astype(np.float64)
        after = worn_after.looked(
            after,
            _four_seconds(np.nan_to_num(part) / STANDARD_GRAVITY, rate),
            whole=look - width > after.at + rate / 2,
        )
        state.after = after
        how = _over(state, after)
        since_s = round((look - after.at) / rate, 1)
        if after.waits and not how:
            if worn_after.is_over_waiting(after):
                told.append(structs.replace(after.waits, known_us=state.at_us(look + 1)))
                after = state.after = structs.replace(after, waits=None)
        elif how and not after.waits:
            facts = {"after_s": since_s, "how": how}
            told.append(_sign(state, FALL, "end", look + 1, after.certainty, facts, look))
        if after.still == worn_after.STILL_S and not how:
            sure = round(1 - (1 - after.certainty) / 2, 3)
            facts = {"still_s": worn_after.STILL_S, "after_s": since_s}
            told.append(_sign(state, LIES_STILL, "note", look + 1, sure, facts, look))
        if how or after.looks >= worn_after.WATCH_S:
            state.after = None
            break


def _over(state: WornState, after: After) -> str | None:
    """Return how a fall shows to be over, or to have been none, or None."""
    if after.silent and after.looks >= (2 if judged_twice(state.leads) else 1):
        # Known whole, neither it nor a harder impact within the next second is a fall.
        return "not-a-fall"
    return worn_after.got_up(after)


def _four_seconds(samples: NDArray[Any], rate_hz: float) -> NDArray[np.float64]:
    """Return 80 cells of 50 ms that end with the last sample, (80, 3)."""
    count = round(worn_after.LOOK_S / CELL_S)
    edges = np.round(len(samples) - np.arange(count, -1, -1) * rate_hz * CELL_S).astype(int)
    edges = np.clip(edges, 0, len(samples) - 1)
    return np.stack([samples[a : max(b, a + 1)].mean(axis=0) for a, b in pairwise(edges)])


def _sign(
    state: WornState,
    what: str,
    phase: Phase,
    known: int,
    certainty: float,
    facts: dict[str, Any],
    at: int,
) -> Sign:
    at_us, known_us = state.at_us(at), state.at_us(known)
    return Sign(
        what=what,
        phase=phase,
        at_us=at_us,
        known_us=known_us,
        certainty=certainty,
        facts=facts,
        evidence_us=state.evidence_us(at_us - 1_000_000, known_us),
    )
