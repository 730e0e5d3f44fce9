"""Signals within the evaluator: a device's detector steps once, rules hear its signs."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

import msgspec
import numpy as np
import pytest

from evaluation.streaming import START_US, waves
from songhe.kernel.detectors import Evaluator, RuleBook
from songhe.kernel.detectors.rules import catalogue
from songhe.kernel.detectors.waves import TIMER
from songhe.kernel.signals.catalogue import DETECTORS
from songhe.kernel.signals.tests.made import WAIST, fall
from songhe.kernel.signals.worn import ACCELERATION
from songhe.kernel.tests.make import BAND, CHEN
from songhe.kernel.wire import Finding, RuleChange, RuleScope, Wave, fingerprint

RATE_HZ = 50.0
SIGNAL_RULES = [row for row in catalogue().rules.values() if row.kind == "signal"]


def fallen(*, up: bool = False, then_s: float = 6.0) -> list[Wave]:
    """Return the waves of one fall, worn by Grandma Chen."""
    made = waves(fall(RATE_HZ, then_s=then_s, up=up), RATE_HZ, ACCELERATION, leads=WAIST)
    return [msgspec.structs.replace(w, subject=CHEN, person=CHEN, device=BAND) for w in made]


def judged(evaluator: Evaluator, given: Iterable[Wave]) -> list[Finding]:
    found: list[Finding] = []
    for wave in given:
        plan = evaluator.judge((), wave.end_us, waves=[wave])
        found += plan.findings
        plan.commit()
    return found


def test_a_fall_is_a_finding_with_its_waves_as_evidence() -> None:
    [found] = [f for f in judged(Evaluator(RuleBook()), fallen()) if f.rule == "fall-worn"]
    assert found.phase == "raised"
    assert (found.subject, found.person, found.device) == (CHEN, CHEN, BAND)
    assert 3 < found.summary["impact_g"] < 5
    assert 0 < found.summary["certainty"] <= 1
    assert 1 < found.summary["delay_s"] < 4
    mark = str(fingerprint((ACCELERATION,)))
    starts = {wave.started_us for wave in fallen()}
    assert found.evidence
    assert {key.at_us for key in found.evidence} <= starts
    assert {(key.subject, key.device, key.fingerprint) for key in found.evidence} == {
        (CHEN, BAND, mark)
    }


def test_all_at_once_twice_and_shuffled_is_the_same() -> None:
    one_by_one = judged(Evaluator(RuleBook()), fallen())
    evaluator = Evaluator(RuleBook())
    given = fallen()
    plan = evaluator.judge((), given[-1].end_us, waves=[*reversed(given)])
    ids = [finding.id for finding in plan.findings]
    assert ids == [finding.id for finding in one_by_one]
    plan.commit()
    assert judged(evaluator, given) == []


def test_a_plan_that_is_dropped_leaves_nothing_behind() -> None:
    evaluator, given = Evaluator(RuleBook()), fallen()
    for wave in given:
        dropped = evaluator.judge((), wave.end_us, waves=[wave])
        kept = evaluator.judge((), wave.end_us, waves=[wave])
        assert [f.id for f in kept.findings] == [f.id for f in dropped.findings]
        kept.commit()


def test_getting_up_ends_what_the_fall_began() -> None:
    found = [f for f in judged(Evaluator(RuleBook()), fallen(up=True)) if f.rule == "fall-worn"]
    assert [f.phase for f in found] == ["raised", "cleared"]
    assert found[1].of == found[0].id


def test_lying_still_is_told_by_a_rule_of_its_own() -> None:
    found = judged(Evaluator(RuleBook()), fallen(then_s=30.0))
    assert [f.rule for f in found] == ["fall-worn", "fall-lies-still"]
    assert found[1].summary["still_s"] >= 10


def test_a_restart_in_the_middle_of_a_fall_finds_it_under_the_same_id() -> None:
    given = fallen()
    whole = judged(Evaluator(RuleBook()), given)
    for cut in (4, 6, 7):
        again = Evaluator(RuleBook())
        before = judged(Evaluator(RuleBook()), given[:cut])
        again.rebuild((), given[:cut])
        after = judged(again, given[cut:])
        assert {f.id for f in (*before, *after)} == {f.id for f in whole}


SECOND_US = 1_000_000


def ticked(evaluator: Evaluator, now_us: int) -> list[Finding]:
    plan = evaluator.tick(now_us)
    plan.commit()
    return plan.findings


def test_a_device_that_falls_silent_after_a_blow_is_a_finding_of_the_clock() -> None:
    evaluator, given = Evaluator(RuleBook()), fallen()[:6]
    assert judged(evaluator, given) == []
    end_us = given[-1].end_us
    assert ticked(evaluator, end_us + 3 * SECOND_US) == []
    [found] = ticked(evaluator, end_us + 5 * SECOND_US)
    assert (found.rule, found.phase, found.person) == ("fall-worn", "raised", CHEN)
    assert found.summary["silent_after_s"] == 0.3
    assert found.evidence
    assert 4 < found.summary["delay_s"] < 6
    row = catalogue().rules["fall-worn"]
    assert found.summary["text"] == "partial"
    for text in (row.partial_en, row.partial_zh):
        assert "0.3" in text.format(**found.summary)
    assert ticked(evaluator, end_us + 60 * SECOND_US) == []


def test_what_a_silent_device_sends_later_takes_the_finding_back_or_leaves_it() -> None:
    whole = fallen()
    for leap, phases in ((whole[6:], []), ([*map(_upright, whole[6:])], ["cleared"])):
        evaluator = Evaluator(RuleBook())
        judged(evaluator, whole[:6])
        [raised] = ticked(evaluator, whole[5].end_us + 5 * SECOND_US)
        found = judged(evaluator, leap)
        assert [f.phase for f in found] == phases
        assert {f.of for f in found} <= {raised.id}


def _upright(wave: Wave) -> Wave:
    """Return a wave of somebody who stands as quietly as before."""
    samples = np.tile(np.float32([0, 0, 9.81]), (len(wave.samples), 1))
    return msgspec.structs.replace(wave, samples=samples)


def _received(given: Iterable[Wave], late_us: int = 0) -> list[Wave]:
    return [msgspec.structs.replace(w, received_us=w.end_us + late_us) for w in given]


def test_silence_after_a_blow_outlives_a_restart() -> None:
    given = _received(fallen()[:6])
    end_us = given[-1].end_us
    before = Evaluator(RuleBook())
    judged(before, given)
    [told] = ticked(before, end_us + 5 * SECOND_US)
    for is_known in (False, True):
        again = Evaluator(RuleBook())
        again.rebuild((), given)
        if is_known:
            again.adopt([told])
        assert [f.id for f in ticked(again, end_us + 9 * SECOND_US)] == [told.id] * (not is_known)
    # It came back in time to be taken back, and the restart knows what had been told.
    again = Evaluator(RuleBook())
    late = _received([_upright(w) for w in fallen()[6:9]], 9 * SECOND_US)
    again.rebuild((), [*given, *late[:1]])
    again.adopt([told])
    found = judged(again, late[1:] + _received([_upright(w) for w in fallen()[9:12]]))
    assert [(f.phase, f.of) for f in found] == [("cleared", told.id)]


def test_silence_while_nobody_listened_is_not_the_devices() -> None:
    given = _received(fallen())
    end_us = given[5].end_us
    again = Evaluator(RuleBook())
    again.was_deaf(end_us, end_us + 60 * SECOND_US)
    again.rebuild((), given[:6])
    assert ticked(again, end_us + 61 * SECOND_US) == []
    assert ticked(again, end_us + 89 * SECOND_US) == []
    told = ticked(again, end_us + 91 * SECOND_US)
    assert [f.summary["silent_after_s"] for f in told] == [0.3]
    # Who comes back meanwhile with the rest is judged whole.
    again = Evaluator(RuleBook())
    again.was_deaf(end_us, end_us + 60 * SECOND_US)
    again.rebuild((), given[:6])
    plan = again.judge((), end_us + 70 * SECOND_US, waves=given[6:])
    plan.commit()
    assert [f.phase for f in plan.findings if f.rule == "fall-worn"] == ["raised"]
    assert "silent_after_s" not in plan.findings[0].summary
    assert ticked(again, end_us + 91 * SECOND_US) == []


def test_a_rule_that_is_off_is_not_heard_and_a_surer_one_waits() -> None:
    off = RuleScope(f"person:{CHEN}", [RuleChange("fall-worn", "1", enabled=False)])
    assert not [f for f in judged(Evaluator(RuleBook([off])), fallen()) if f.rule == "fall-worn"]
    sure = RuleScope(f"person:{CHEN}", [RuleChange("fall-worn", "1", params={"least": 1.0})])
    assert not [f for f in judged(Evaluator(RuleBook([sure])), fallen()) if f.rule == "fall-worn"]
    unsure = RuleChange("fall-worn", "1", params={"sure_from": 1.01})
    [found] = [
        f
        for f in judged(Evaluator(RuleBook([RuleScope("*", [unsure])])), fallen())
        if f.rule == "fall-worn"
    ]
    assert found.level == "urgent"


def test_who_is_away_is_not_asked_where_a_rule_holds_still() -> None:
    whole = [[0, 1 << 60]]
    away = RuleScope(f"person:{CHEN}", facts={"away": whole})
    # A fall rings wherever she is: the sensor is on her.
    assert [f.rule for f in judged(Evaluator(RuleBook([away])), fallen())][:1] == ["fall-worn"]


@pytest.mark.parametrize("row", SIGNAL_RULES, ids=lambda row: row.id)
def test_every_rule_names_a_detector_and_words_that_its_signs_can_fill(row) -> None:
    assert row.params["detector"] in DETECTORS
    assert row.key == "device"
    assert not row.params["detector"].startswith(TIMER)
    for text in (row.why_en, row.why_zh):
        assert text


EVERY_RULE_ON = RuleScope("*", [RuleChange(row.id, "1", enabled=True) for row in SIGNAL_RULES])
_RATES_HZ = (0.1, 1, 5, 10, 20, 50, 128, 360, 500, 1000, 9999.9)
_JUMPS_US = (0, 0, 0, 0, 1000, -1000, 500_000, 10_000_000, -3_000_000, 4 * 3600 * 10**6)


def _hostile(draw: np.random.Generator, code: int) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return samples of any shape, loud, flat, or with holes, as the gateway would take them."""
    if code in (74, 80) and draw.random() < 0.8:
        rows, columns = (int(draw.choice([1, 2, 4, 5, 8, 16, 32, 128])) for _ in "rc")
        samples = draw.normal(25, 6, (int(draw.integers(1, 30)), rows, columns))
        leads: tuple[str, ...] = ("",)
    else:
        count = int(draw.choice([1, 2, 3, 6, 9, 16]))
        places = [str(draw.choice(["waist", "wrist", "left-foot", ""])) for _ in range(count)]
        leads = tuple(f"{place} {n}" for n, place in enumerate(places))
        size = int(draw.choice([1, 2, 5, 20, 100, 360, 1250]))
        loud = float(draw.choice([0, 0.1, 1, 10, 50]))
        samples = draw.normal(float(draw.choice([0, 9.8, -20])), loud, (size, count))
    if draw.random() < 0.15:
        samples[draw.random(samples.shape) < float(draw.choice([0.1, 0.5, 1.0]))] = np.nan
    return samples.astype(np.float32), leads


@pytest.mark.parametrize("seed", range(4))
def test_nothing_that_the_gateway_takes_breaks_a_detector(seed: int) -> None:
    draw = np.random.default_rng(seed)
    evaluator = Evaluator(RuleBook([EVERY_RULE_ON]))
    ends: dict[UUID, int] = {}
    for _ in range(250):
        device, code = UUID(int=int(draw.integers(1, 7))), int(draw.choice([70, 71, 74, 80, 72]))
        samples, leads = _hostile(draw, code)
        start_us = ends.get(device, START_US) + int(draw.choice(_JUMPS_US))
        wave = Wave(
            1, device, device, code, start_us, float(draw.choice(_RATES_HZ)), start_us, samples,
            leads, person=device,
        )  # fmt: skip
        ends[device] = max(ends.get(device, 0), wave.end_us)
        evaluator.judge((), wave.end_us, waves=[wave]).commit()
        evaluator.tick(wave.end_us).commit()
