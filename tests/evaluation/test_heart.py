"""The heart's evaluation: how beats are counted, and the package's weights on real records."""

from __future__ import annotations

import numpy as np
import pytest

from evaluation import files, heart
from evaluation.causal import broken_promises
from evaluation.streaming import START_US, signs, waves
from songhe.kernel.signals import Sign
from songhe.kernel.signals.heart import HeartDetector
from training.ecg_beat import CODE, SET, Recording, matched, recordings

RATE_HZ = 360.0


def _beat(sample: int, letter: str) -> Sign:
    at_us = START_US + round(sample * 1_000_000 / RATE_HZ)
    return Sign(
        what="beat", phase="note", at_us=at_us, known_us=at_us, certainty=1, facts={"class": letter}
    )


def _record(beats: list[tuple[int, str]], rhythms: list[tuple[int, str]]) -> Recording:
    return Recording("x", np.zeros(60 * 360), RATE_HZ, tuple(beats), tuple(rhythms))


def test_beats_are_counted_one_to_one_as_the_standard_says() -> None:
    letters = ["N", "V", "A", "F", "E", "N", "[", "!", "]", "N"]
    at = (1000, 1300, 1600, 1900, 2200, 2500, 2700, 2800, 3000, 21590)
    record = _record(list(zip(at, letters, strict=True)), [(0, "(N")])
    told = [
        _beat(1010, "N"),
        _beat(1020, "N"),  # a second one for the same beat is false
        _beat(1310, "V"),
        _beat(1590, "V"),  # supraventricular called ventricular
        _beat(1900, "V"),  # fusion: no mistake, but a strict one
        _beat(2450, "S"),  # 139 ms off: the same beat, called early
        _beat(2850, "V"),  # in flutter: not counted
    ]
    counts = heart.judged(record, told)
    assert counts[heart.QRS] == 5
    assert counts[heart.QRS_FALSE] == 1
    assert counts[heart.QRS_MISSED] == 1
    assert (counts[heart.V], counts[heart.V_FALSE], counts[heart.V_MISSED]) == (1, 1, 1)
    assert counts[heart.V_STRICT] == 2
    assert (counts[heart.S], counts[heart.S_FALSE], counts[heart.S_MISSED]) == (0, 1, 1)


def test_matching_takes_the_nearest_within_reach() -> None:
    found = np.array([100, 150, 400], dtype=np.int64)
    assert matched(found, [140, 460], 54).tolist() == [-1, 0, -1]


def test_fibrillation_is_counted_by_time_and_flutter_left_out() -> None:
    record = _record([], [(0, "(N"), (3600, "(AFIB"), (7200, "(AFL"), (10800, "(N")])

    def sign(second: int, phase: str) -> Sign:
        at_us = START_US + second * 1_000_000
        return Sign(
            what="fibrillation-suspected", phase=phase, at_us=at_us, known_us=at_us, certainty=1
        )  # type: ignore[arg-type]

    counts = heart.judged(record, [sign(15, "begin"), sign(32, "end")])
    assert counts[heart.AF] * 0.5 == pytest.approx(5, abs=0.5)
    assert counts[heart.AF_MISSED] * 0.5 == pytest.approx(5, abs=0.5)
    assert counts[heart.AF_FALSE] * 0.5 == pytest.approx(2, abs=0.5)
    assert counts[heart.FLUTTER_SEEN] * 0.5 == pytest.approx(10, abs=0.5)


@pytest.fixture(scope="module")
def some() -> dict[str, Recording]:
    folder = files.HOME / SET
    if not folder.exists():
        pytest.skip("the recordings of ecg_mitdb are not beside this checkout")
    wanted = ("119", "203", "220")
    return {r.name: r for r in recordings(folder) if r.name in wanted}


def _first(record: Recording, length_s: int) -> Recording:
    count = round(length_s * record.rate_hz)
    return Recording(record.name, record.mv[:count], record.rate_hz, record.beats, record.rhythms)


def test_real_beats_are_found_and_told_apart(some: dict[str, Recording]) -> None:
    record = _first(some["119"], 240)
    told = signs(HeartDetector(), waves(record.mv, record.rate_hz, CODE), {"beats": True})
    counts = heart.judged(record, told)
    kept = [sample for sample, x in record.beats if x in "NV" and sample < (240 - 18) * 360]
    assert counts[heart.QRS] + counts[heart.QRS_MISSED] >= len(kept)
    assert counts[heart.QRS] >= 0.99 * len(kept)
    assert counts[heart.QRS_FALSE] <= 0.01 * len(kept)
    assert counts[heart.V] >= 50
    assert counts[heart.V_FALSE] <= 3


def test_real_fibrillation_is_suspected_and_sinus_rhythm_is_not(
    some: dict[str, Recording],
) -> None:
    fibrillating = _first(some["203"], 180)
    told = signs(HeartDetector(), waves(fibrillating.mv, RATE_HZ, CODE))
    found = [s for s in told if s.what == "fibrillation-suspected"]
    assert [s.phase for s in found][:1] == ["begin"]
    assert found[0].facts["beats"]
    assert found[0].evidence_us
    calm = _first(some["220"], 180)
    told = signs(HeartDetector(), waves(calm.mv, RATE_HZ, CODE))
    assert [s for s in told if s.what == "fibrillation-suspected"] == []


def test_the_future_changes_nothing_in_a_real_record(some: dict[str, Recording]) -> None:
    mv = some["203"].mv[: 70 * 360]
    assert broken_promises(HeartDetector(), mv, RATE_HZ, CODE, params={"beats": True}, cuts=2) == []
