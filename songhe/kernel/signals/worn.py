"""Falls felt by a worn motion sensor: at the waist, the chest or the wrist, of acceleration alone.

A quiet second costs one look at its loudest sample. An impact is judged two seconds later by a
small model (docs/models/fall-worn.md), at a wrist a second time after three unless it was sure;
what follows may take it back (worn_after).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
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
    AFTER_S,
    BEFORE,
    CELL_S,
    CELLS,
    LATE_S,
    STANDARD_GRAVITY,
    cells,
    described,
    features,
)
from songhe.kernel.wire import Wave

# Rows of features to one score each, 0 to 1, shape (rows, 1) or (rows,).
Scorer = Callable[[Floats32], NDArray[Any]]

FALL, LIES_STILL = "fall", "lies-still"
ACCELERATION = 71
# Impacts weaker than this are no falls; of several within a second the strongest is judged.
GATE_G = 1.4
ALONE_S = 1.0
_GATE = (GATE_G * STANDARD_GRAVITY) ** 2
_RATES_HZ = (15.0, 400.0)
# Two sensors of one device feel the same impact within these times of the stronger one.
_EARLIER_S, _LATER_S = 0.75, 0.5
_KEPT_S = 8.0
_WRIST = frozenset({"wrist", "watch", "arm", "forearm", "hand"})
_TRUNK = frozenset({"waist", "chest", "trunk", "back", "hip", "belt", "pelvis", "sternum"})


@cache
def card() -> dict[str, Any]:
    """Return what is written beside the weights: version, thresholds, from whom they learned."""
    text = (files("songhe.kernel") / "data/models/fall-worn.yaml").read_text("utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def positions(leads: Sequence[str]) -> tuple[str, ...]:
    """Return where the sensors of a message are worn: `waist x, waist y, waist z` is the waist."""
    return tuple(lead.rpartition(" ")[0].casefold() for lead in leads[::3])


def worn_at(position: str) -> tuple[float, float]:
    """Return a position as the model takes it: (wrist, trunk); unknown ones count as a wrist."""
    return (0.0, 1.0) if position in _TRUNK else (1.0, 0.0)


def alone(squares: NDArray[Any], rate_hz: float, first: int, last: int) -> list[int]:
    """Return the impacts from first to last: above the gate, the strongest within a second."""
    reach = round(ALONE_S * rate_hz)
    found = []
    for at in (np.flatnonzero(squares[first : last + 1] > _GATE) + first).tolist():
        begin = max(0, at - reach)
        top = squares[at]
        if top >= squares[at : at + reach + 1].max() and (
            at == begin or top > squares[begin:at].max()
        ):
            found.append(at)
    return found


def needed_after(rate_hz: float, sensors: int, *, late: bool = False) -> int:
    """Return how many samples after an impact must be there before it is judged, or once more."""
    more_s = (_LATER_S if sensors > 1 else 0.0) + (LATE_S if late else 0.0)
    return int((AFTER_S + CELL_S + more_s) * rate_hz) + 1


@lru_cache(maxsize=256)
def judged_twice(leads: tuple[str, ...]) -> bool:
    """Return whether a device has no sensor at the trunk: its impacts are judged twice."""
    return not any(worn_at(where)[1] for where in positions(leads))


class WornState(Run, eq=False):
    """The last seconds of one worn device. loud_at: the last sample above the gate."""

    loud_at: int = -1
    after: After | None = None


class FallDetector:
    """Falls from worn acceleration. Params: least_score_ and sure_score_, of wrist and trunk.

    A fall of the trunk below the sure score is told three seconds later, if nobody stands again;
    one of a wrist is judged again a second later, by what that second was like.
    """

    codes = frozenset({ACCELERATION})
    warmup_s = worn_after.WATCH_S + _KEPT_S

    def __init__(self, scorer: Scorer | None = None) -> None:
        self._scorer = scorer

    def new(self) -> WornState:
        """Return the state of a device that was never heard."""
        return WornState()

    def step(
        self, state: WornState, batch: Sequence[Wave], now_us: int, params: Mapping[str, Any]
    ) -> tuple[WornState, list[Sign]]:
        """Judge waves in the order of their time."""
        told: list[Sign] = []
        for wave in batch:
            state = self._heard(state, wave, params, told)
        return state, told

    def _heard(
        self, state: WornState, wave: Wave, params: Mapping[str, Any], told: list[Sign]
    ) -> WornState:
        samples = wave.samples
        if samples.ndim != 2 or samples.shape[1] % 3 or not len(samples):
            return state
        if not _RATES_HZ[0] <= wave.rate_hz <= _RATES_HZ[1] or wave.end_us <= state.end_us:
            return state
        heard = appended(state, wave, _KEPT_S)
        before = heard.count - len(samples)
        sensors, twice = samples.shape[1] // 3, judged_twice(heard.leads)
        needed = needed_after(heard.rate_hz, sensors, late=twice)
        loud = not _quiet(samples)
        if (
            not loud
            and heard.after is None
            and (heard.loud_at < 0 or before > heard.loud_at + needed)
        ):
            return heard
        if loud:
            over = np.flatnonzero(_squares(samples) > _GATE)
            if len(over):
                heard.loud_at = before + int(over[-1])
        if heard.loud_at >= max(0, before - needed):
            self._impacts(heard, before, params, told)
        _follow(heard, heard.count - 1, told)
        return heard

    def _impacts(
        self, state: WornState, before: int, params: Mapping[str, Any], told: list[Sign]
    ) -> None:
        """Judge the impacts all of whose surroundings are there since a sample of the run."""
        whole, begin = state.joined()
        squares = _squares(whole)
        turns: list[tuple[int, bool, int]] = []
        for late in (False, True) if judged_twice(state.leads) else (False,):
            needed = needed_after(state.rate_hz, len(state.leads) // 3, late=late)
            first, last = max(0, before - needed), state.count - 1 - needed
            if last < first or not (squares[first - begin : last - begin + 1] > _GATE).any():
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
    ) -> None:
        if late and state.after is not None and state.after.at >= begin + place:
            return
        where = positions(state.leads)
        moments = _moments(whole, state.rate_hz, place, len(where), late)
        rows = [[*features(m), *worn_at(where[i])] for i, m in moments.items()]
        if not rows:
            return
        scorer = self._scorer or model("fall-worn")
        scores = np.asarray(scorer(np.array(rows, dtype=np.float32))).reshape(-1)
        least = [_least(where[i], params) for i in moments]
        if judged_twice(state.leads) and not late:
            least = [_param("sure_score_wrist", params)]
        score, threshold = float(scores.mean()), float(np.mean(least))
        certainty = round(min(1.0, score), 3)
        if score < threshold or not _tops(state, float(squares[place]), certainty):
            return
        # The sensor that is surest tells the story, the trunk's rather than a wrist's.
        chosen = max(moments, key=lambda i: (worn_at(where[i])[1], scores[list(moments).index(i)]))
        moment = moments[chosen][:CELLS]
        needed = needed_after(state.rate_hz, len(where), late=late)
        at = begin + place
        known = at + needed + 1
        trunk = worn_at(where[chosen])[1] > 0
        facts = {**described(moment), "position": where[chosen], "least_score": round(threshold, 3)}
        sign = _sign(state, FALL, "begin", known, certainty, facts, at)
        doubtful = trunk and score < _param("sure_score_trunk", params)
        # Where a fall is told already, nobody is spared anything by waiting.
        doubtful &= state.after is None or state.after.waits is not None
        state.after = After(
            at=at,
            at_us=sign.at_us,
            hit=float(squares[place]),
            certainty=certainty,
            before=tuple(moment[: BEFORE - 20].mean(axis=0).tolist()),
            lying=tuple(moment[-12:].mean(axis=0).tolist()),
            position=chosen,
            trunk=trunk,
            waits=sign if doubtful else None,
        )
        if not doubtful:
            told.append(sign)


def _least(position: str, params: Mapping[str, Any]) -> float:
    return _param("least_score_trunk" if worn_at(position)[1] else "least_score_wrist", params)


def _param(name: str, params: Mapping[str, Any]) -> float:
    return float(params.get(name, card()["thresholds"][name]))


def _tops(state: WornState, hit: float, certainty: float) -> bool:
    """Return whether an impact counts though a fall is open: it is harder, or surer to be one."""
    after = state.after
    return after is None or hit > after.hit or certainty > after.certainty


def _squares(samples: Floats32) -> NDArray[Any]:
    """Return the squared size of acceleration of each sample, of the strongest sensor.

    Column by column: a sample's figure must not depend on its neighbours, to the last bit.
    """
    parts = [
        samples[:, i] ** 2 + samples[:, i + 1] ** 2 + samples[:, i + 2] ** 2
        for i in range(0, samples.shape[1], 3)
    ]
    squares = parts[0]
    for part in parts[1:]:
        squares = np.fmax(squares, part)
    return squares


def _quiet(samples: Floats32) -> bool:
    """Return whether surely nothing is above the gate; values that are missing are not sure."""
    low, high = float(samples.min()), float(samples.max())
    most = max(-low, high)
    # Three axes of at most this size cannot reach the gate together.
    if 3 * most * most < _GATE:
        return True
    by_sensor = samples.reshape(len(samples), -1, 3)
    return float(np.einsum("npk,npk->np", by_sensor, by_sensor).max()) < _GATE * 0.999


def _window(whole: Floats32, rate_hz: float, at: int, late: bool) -> tuple[NDArray[Any], int]:
    """Return the samples that the cells around one need, the same however waves were cut."""
    begin = max(0, at - int((BEFORE + 1) * CELL_S * rate_hz) - 2)
    end = at + int((AFTER_S + CELL_S + (LATE_S if late else 0.0)) * rate_hz) + 2
    return whole[begin:end].astype(np.float64) / STANDARD_GRAVITY, at - begin


def _moments(
    whole: Floats32, rate_hz: float, place: int, sensors: int, late: bool
) -> dict[int, NDArray[np.float64]]:
    """Return the moment of an impact as each sensor felt it; a sensor without values has none."""
    found = {}
    for sensor in range(sensors):
        part = whole[:, sensor * 3 : sensor * 3 + 3]
        at = place
        if sensors > 1:
            begin = max(0, place - round(_EARLIER_S * rate_hz))
            near = _squares(part[begin : place + round(_LATER_S * rate_hz) + 1])
            if np.isnan(near).all():
                continue
            at = begin + int(np.nanargmax(near))
        window, middle = _window(part, rate_hz, at, late)
        if np.isnan(window).any():
            continue
        found[sensor] = cells(window, rate_hz, middle, late=late)
    return found


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
        how = worn_after.got_up(after)
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
