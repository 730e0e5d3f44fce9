"""How a sensor hangs: checked, told to its detector before any rule, and to no other device's."""

from __future__ import annotations

from uuid import UUID

import msgspec
import numpy as np
import pytest

from evaluation.streaming import START_US, waves
from songhe.kernel.codes import by_key
from songhe.kernel.detectors import Evaluator, RuleBook
from songhe.kernel.signals import mounting
from songhe.kernel.signals.array import CODE
from songhe.kernel.signals.catalogue import DETECTORS, of_code
from songhe.kernel.signals.tests.test_array import RATE_HZ, wall
from songhe.kernel.tests.make import CHEN
from songhe.kernel.wire import Binding, DeviceSnapshot, Finding, RuleChange, RuleScope, Wave

ARRAY, OTHER = UUID(int=71), UUID(int=72)
PLACE = UUID(int=73)


def hung(device: UUID, how: dict[str, object]) -> DeviceSnapshot:
    bound = Binding(START_US, None, 2, PLACE, CHEN)
    return DeviceSnapshot(
        device, str(device), active=True, type="infrared-array", secrets=[], bindings=[bound],
        mounting=how,
    )  # fmt: skip


def falling(device: UUID, from_us: int = START_US) -> list[Wave]:
    """Return the frames of an array on a wall before which somebody falls and gets up."""
    t = np.arange(0, 24, 1 / RATE_HZ)
    told = np.interp(t, [4, 8, 9, 14, 15, 20], [0.5, 0.5, 0.85, 0.85, 0.5, 0.5])
    frames = wall(np.where((t < 4) | (t > 20), np.nan, told))
    return [
        msgspec.structs.replace(
            w, subject_kind=2, subject=PLACE, person=CHEN, device=device,
            started_us=w.started_us - START_US + from_us,
        )
        for w in waves(frames, RATE_HZ, CODE)
    ]  # fmt: skip


def falls(evaluator: Evaluator, given: list[Wave]) -> list[Finding]:
    found: list[Finding] = []
    for wave in given:
        plan = evaluator.judge((), wave.end_us, waves=[wave])
        found += [f for f in plan.findings if f.phase == "raised"]
        plan.commit()
    return found


def test_an_array_is_judged_by_how_it_hangs_and_its_neighbour_is_not() -> None:
    evaluator = Evaluator(RuleBook())
    evaluator.rules.mount(hung(ARRAY, {"mount": "wall"}))
    evaluator.rules.mount(hung(OTHER, {}))
    assert [f.rule for f in falls(evaluator, falling(ARRAY))] == ["fall-array"]
    assert falls(evaluator, falling(OTHER)) == []


def test_what_a_rule_says_does_not_move_a_sensor() -> None:
    rule = RuleChange("fall-array", "1", params={"mount": "ceiling"})
    evaluator = Evaluator(RuleBook([RuleScope("*", [rule])]))
    evaluator.rules.mount(hung(ARRAY, {"mount": "wall"}))
    assert [f.rule for f in falls(evaluator, falling(ARRAY))] == ["fall-array"]


def test_a_change_holds_from_the_next_wave_on() -> None:
    evaluator = Evaluator(RuleBook())
    evaluator.rules.mount(hung(ARRAY, {"mount": "ceiling"}))
    assert falls(evaluator, falling(ARRAY)) == []
    evaluator.rules.mount(hung(ARRAY, {"mount": "wall"}))
    assert len(falls(evaluator, falling(ARRAY, START_US + 60_000_000))) == 1
    evaluator.rules.mount(hung(ARRAY, {}))
    assert falls(evaluator, falling(ARRAY, START_US + 120_000_000)) == []


def test_every_fact_is_a_parameter_of_a_detector_with_its_own_usual_value() -> None:
    for key in ("thermal-array", "radar-points"):
        number = by_key(key).number
        facts = mounting.facts_of([number])
        assert facts
        assert of_code(number)
        assert of_code(number)[0] in DETECTORS
        for fact in facts.values():
            assert fact.holds(fact.usual)
    assert mounting.facts_of([by_key("heart-rate").number]) == {}


@pytest.mark.parametrize(
    ("name", "value"),
    [("height_m", 25.0), ("height_m", 0), ("height_m", float("nan")), ("height_m", True),
     ("height_m", "2.5"), ("mount", "floor"), ("view_deg", 500), ("colour", "red")],
)  # fmt: skip
def test_what_cannot_be_is_refused(name: str, value: object) -> None:
    facts = mounting.facts_of([CODE])
    assert name not in facts or not facts[name].holds(value)
    good = {"mount": "wall", "height_m": 2.7, "view_deg": 60}
    assert all(facts[one].holds(known) for one, known in good.items())
