"""Random days of one person, her home and her devices, for properties of every detector."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from songhe.kernel.detectors import Evaluator, RuleBook
from songhe.kernel.tests.make import BAND, CHEN, CUFF, HALL, HOME_FENCE, KITCHEN, T0, person_scope
from songhe.kernel.tests.make import reading as make
from songhe.kernel.wire import Binding, DeviceSnapshot, Finding, Flag, Reading, RuleChange

MAT = UUID(int=0x018F_0000_0000_7000_8000_0000_0000_0013)

_VITALS = st.one_of(
    st.fixed_dictionaries(
        {"sbp": st.sampled_from([80, 88, 105, 120, 137, 165, 179.6, 190])}
        | {"dbp": st.sampled_from([55, 70, 88, 101, 112])}
    ),
    st.fixed_dictionaries({"heart_rate": st.sampled_from([38, 45, 72, 95, 115, 126, 130.5, 140])}),
    st.fixed_dictionaries({"spo2": st.sampled_from([82, 87, 88, 90, 92, 94, 97])}),
    st.fixed_dictionaries({"temperature": st.sampled_from([34.9, 36.5, 37.4, 38.2, 39.3])}),
    st.fixed_dictionaries({"glucose": st.sampled_from([2.5, 3.9, 4.1, 6.0, 11.3, 14.0, 17.0])}),
    st.fixed_dictionaries(
        {
            "respiration": st.sampled_from([7, 10, 16, 22, 27]),
            "spo2": st.sampled_from([90, 93, 97]),
            "sbp": st.sampled_from([88, 105, 120]),
            "heart_rate": st.sampled_from([72, 112]),
            "temperature": st.sampled_from([36.6, 38.5]),
            "oxygen": st.sampled_from([0, 1]),
            "acvpu": st.sampled_from([0, 0, 3]),
        }
    ),
)
_SWITCH = st.sampled_from([0, 1])
_WHERE: dict[str, dict[str, Any]] = {
    "vitals": {"device": CUFF},
    "band": {"device": BAND},
    "bed": {"device": MAT},
    "hall": {"subject": HALL, "kind": 2, "person": CHEN, "device": MAT},
    "kitchen": {"subject": KITCHEN, "kind": 2, "person": CHEN, "device": BAND},
    "kitchen2": {"subject": KITCHEN, "kind": 2, "person": CHEN, "device": MAT},
}
_MESSAGES = st.one_of(
    st.tuples(st.just("vitals"), _VITALS),
    st.tuples(st.just("vitals"), _VITALS),
    st.tuples(st.just("band"), _VITALS),
    st.tuples(st.just("bed"), st.fixed_dictionaries({"bed": _SWITCH})),
    st.tuples(st.just("hall"), st.fixed_dictionaries({"door": _SWITCH})),
    st.tuples(st.just("kitchen"), st.fixed_dictionaries({"motion": _SWITCH})),
    st.tuples(st.just("kitchen"), st.fixed_dictionaries({"smoke": _SWITCH})),
    st.tuples(st.just("kitchen2"), st.fixed_dictionaries({"smoke": _SWITCH})),
    st.tuples(st.just("band"), st.fixed_dictionaries({"sos": _SWITCH})),
    st.tuples(st.just("band"), st.fixed_dictionaries({"battery": st.sampled_from([10, 20, 90])})),
    st.tuples(
        st.just("band"),
        st.fixed_dictionaries(
            {"lat": st.sampled_from([30.0, 30.0025, 30.004, 30.02]), "lon": st.just(120.0)}
        ),
    ),
)
_GAPS = st.sampled_from([1, 20, 61, 61, 119, 290, 700, 1900, 7300])
_FLAGS = st.sampled_from([0, 0, 0, 0, int(Flag.ADJUSTED), int(Flag.WELLNESS)])


@st.composite
def streams(draw: st.DrawFn, most: int = 40) -> list[Reading]:
    """Draw readings in time order, no two at one instant, over some hours of evening and night."""
    found, when = [], 0.0
    for _ in range(draw(st.integers(1, most))):
        when += draw(_GAPS)
        place, values = draw(_MESSAGES)
        found.append(make(when, flags=draw(_FLAGS), **_WHERE[place], **values))
    return found


def judge() -> Evaluator:
    """Make an evaluator in which every kind of rule has something to do."""
    changes = [
        RuleChange("heart-rate-warn", "1", params={"for_s": 60}),
        RuleChange("heart-rate-urgent", "1", params={"for_s": 120}),
        RuleChange("values-frozen", "1", params={"block_n": 3, "pair_n": 2, "single_n": 3}),
        RuleChange("bp-high", "1", params={"clear_repeat": 2, "window_s": 900}),
    ]
    evaluator = Evaluator(RuleBook([person_scope({"fence": HOME_FENCE}, changes)]))
    for device in (CUFF, BAND):
        evaluator.watch(
            DeviceSnapshot(
                device, "k", True, "t", [], [Binding(T0, None, 1, CHEN)], silent_after_s=3000
            )
        )
    evaluator.tick(T0).commit()
    return evaluator


def told(findings: Sequence[Finding]) -> list[tuple[Any, ...]]:
    """Return all of the findings that does not hang on when they were decided, sorted."""
    return sorted(
        (
            (
                f.rule, f.onset_us, f.phase, str(f.id), str(f.of), f.level, str(f.subject),
                str(f.device), sorted(f.summary.items(), key=str).__repr__(), repr(f.evidence),
            )
            for f in findings
        ),
    )  # fmt: skip
