"""What signals count: steps of worn motion become readings, without any rule, once."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import numpy as np

from evaluation.streaming import waves
from songhe.kernel import codes
from songhe.kernel.detectors import Evaluator, RuleBook
from songhe.kernel.signals.steps import ACCELERATION
from songhe.kernel.tests.make import BAND, CHEN
from songhe.kernel.wire import Reading, SubjectKind, Wave

RATE_HZ = 50.0
WAIST = ("waist x", "waist y", "waist z")


def walked(seconds: float = 40.0) -> list[Wave]:
    """Return the waves of a walk of two steps a second, stood before and after, worn by Chen."""
    time = np.arange(round((seconds + 10) * RATE_HZ)) / RATE_HZ
    up = np.full_like(time, 9.81)
    for step in range(round(seconds * 2)):
        up += 3 * np.exp(-(((time - 4 - step / 2) / 0.07) ** 2))
    samples = np.stack([0.1 * up, 0 * up, up], axis=1).astype(np.float32)
    made = waves(samples, RATE_HZ, ACCELERATION, leads=WAIST)
    return [msgspec.structs.replace(w, subject=CHEN, person=CHEN, device=BAND) for w in made]


def counted(evaluator: Evaluator, given: Iterable[Wave]) -> list[Reading]:
    found: list[Reading] = []
    for wave in given:
        plan = evaluator.judge((), wave.end_us, waves=[wave])
        found += plan.counted
        plan.commit()
    return found


def test_steps_are_counted_without_any_rule_as_readings_of_who_wears_it() -> None:
    evaluator = Evaluator(RuleBook())
    found = counted(evaluator, walked())
    steps, cadence = (codes.by_key(key).number for key in ("steps-felt", "cadence"))
    assert {(r.subject, r.person, r.device) for r in found} == {(CHEN, CHEN, BAND)}
    assert sum(dict(zip(r.codes, r.values, strict=True))[steps] for r in found) == 80
    assert dict(zip(found[0].codes, found[0].values, strict=True))[cadence] == 120
    assert len({(r.effective_us, r.fingerprint) for r in found}) == len(found) == 3
    # The same waves again count nothing more; a dropped plan counts nothing.
    assert counted(evaluator, walked()) == []
    fresh = Evaluator(RuleBook())
    for wave in walked():
        fresh.judge((), wave.end_us, waves=[wave])
    assert counted(fresh, walked()) == found


def test_a_sensor_of_a_room_or_of_an_arm_counts_nobodys_steps() -> None:
    place = [msgspec.structs.replace(w, subject_kind=int(SubjectKind.PLACE)) for w in walked()]
    assert counted(Evaluator(RuleBook()), place) == []
    arm = tuple(lead.replace("waist", "wrist") for lead in WAIST)
    worn = [msgspec.structs.replace(w, leads=arm) for w in walked()]
    assert counted(Evaluator(RuleBook()), worn) == []
