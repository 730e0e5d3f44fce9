"""A rule tried with unchanged parameters finds exactly what the live evaluator found."""

from __future__ import annotations

from itertools import count

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from songhe.domains.monitoring import replay
from songhe.kernel.detectors import Evaluator, RuleBook, catalogue
from songhe.kernel.tests.make import BAND, CHEN, CUFF, HOME_FENCE, T0, at, person_scope, reading
from songhe.kernel.tests.streams import streams, told
from songhe.kernel.time import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from songhe.kernel.wire import Binding, DeviceSnapshot, Finding, Reading, RuleChange, RuleScope

MANY = settings(max_examples=40, deadline=None)
CHANGES = [
    RuleChange("heart-rate-warn", "1", params={"for_s": 60}),
    RuleChange("heart-rate-urgent", "1", params={"for_s": 120}),
    RuleChange("values-frozen", "1", params={"block_n": 3, "pair_n": 2, "single_n": 3}),
    RuleChange("bp-high", "1", params={"clear_repeat": 2, "window_s": 900}),
    RuleChange("door-night", "3", params={"back_within_s": 120}),
]
SCOPES = [
    person_scope({"fence": HOME_FENCE, "away": [[T0 + 3 * HOUR_US, T0 + 4 * HOUR_US]]}, CHANGES)
]
DEVICES = [
    DeviceSnapshot(device, "k", True, "t", [], [Binding(T0, None, 1, CHEN)], silent_after_s=3000)
    for device in (CUFF, BAND)
]
UNTIL = T0 + 3 * DAY_US


def live(stream: list[Reading]) -> list[Finding]:
    """Judge as the gateway does: in the order of arrival, each at once, a tick a minute."""
    evaluator = Evaluator(RuleBook(SCOPES))
    for device in DEVICES:
        evaluator.watch(device)
    found: list[Finding] = []
    now_us = T0
    for one in sorted(stream, key=replay.arrived_us):
        while now_us + 5 * MINUTE_US <= replay.arrived_us(one):
            now_us += 5 * MINUTE_US
            plan = evaluator.tick(now_us)
            plan.commit()
            found += plan.findings
        now_us = replay.arrived_us(one)
        plan = evaluator.judge([one], now_us)
        plan.commit()
        found += plan.findings
    while now_us < UNTIL:
        now_us = min(UNTIL, now_us + HOUR_US)
        plan = evaluator.tick(now_us)
        plan.commit()
        found += plan.findings
    return [one for one in found if T0 <= one.onset_us < UNTIL]


def tried(
    stream: list[Reading], rule: str, change: RuleChange | None = None
) -> tuple[list[Finding], list[Finding]]:
    """Return what the replay finds as the rule holds, and with a change."""
    keep = replay.judged_with(rule)
    other = SCOPES if change is None else replay.with_change(SCOPES, f"person:{CHEN}", change)
    judge = replay.Replay(
        [RuleBook(replay.only(SCOPES, keep)), RuleBook(replay.only(other, keep))],
        DEVICES,
        since_us=T0,
        until_us=UNTIL,
        ticks=replay.needs_clock(keep),
    )
    codes = replay.codes_judged([*SCOPES, *other], keep)
    for _ in judge.feed(sorted(stream, key=lambda one: one.effective_us), codes):
        pass
    return judge.found[0], judge.found[1]


def of(findings: list[Finding], rule: str) -> list[tuple[object, ...]]:
    return told([one for one in findings if one.rule == rule])


@st.composite
def late_streams(draw: st.DrawFn) -> list[Reading]:
    """Draw readings of which some arrive up to some hours after their time."""
    found = draw(streams())
    delays = draw(st.lists(st.sampled_from([0, 0, 0, 2, 700, 9000]), min_size=1, max_size=7))
    return [
        msgspec.structs.replace(
            one, received_us=one.effective_us + delays[n % len(delays)] * SECOND_US
        )
        for n, one in zip(count(), found, strict=False)
    ]


@MANY
@given(late_streams(), st.sampled_from(sorted(catalogue().rules)))
def test_unchanged_it_finds_what_the_live_evaluator_found(stream: list[Reading], rule: str) -> None:
    was = live(stream)
    present, again = tried(stream, rule)
    assert of(present, rule) == of(was, rule)
    assert of(again, rule) == of(was, rule)
    # What is judged beside it is as it was, too: it is shown as a consequence of the change.
    for other in replay.judged_with(rule):
        assert of(present, other) == of(was, other)


@MANY
@given(late_streams())
def test_a_change_that_changes_nothing_differs_in_its_version_only(stream: list[Reading]) -> None:
    same = RuleChange("bp-critical", "try", params={"sbp_ge": 180})
    present, again = tried(stream, "bp-critical", same)

    def plain(findings: list[Finding]) -> list[tuple[object, ...]]:
        return [(f.phase, f.onset_us, f.level, f.summary) for f in findings
                if f.rule == "bp-critical"]  # fmt: skip

    assert plain(present) == plain(again)


def test_the_clock_ticks_between_readings_and_after_the_last() -> None:
    """A bed stays empty and devices fall silent: nothing but time brings that about."""
    stream = [
        reading(1, bed=1, device=BAND),
        reading(at("00:10", 21), bed=0, device=BAND),
        reading(at("00:11", 21), heart_rate=70),
    ]
    ten = RuleChange("bed-empty-night", "try", params={"minutes": 10})
    present, shorter = tried(stream, "bed-empty-night", ten)
    assert [f.onset_us for f in present] == [at("00:40", 21)]
    assert [f.onset_us for f in shorter] == [at("00:20", 21)]
    silent, _ = tried(stream, "device-silent")
    raised = {f.device: f.onset_us for f in silent if f.phase == "raised"}
    assert raised[CUFF] == at("00:11", 21) + 3000 * SECOND_US
    assert raised[BAND] == at("00:10", 21) + 3000 * SECOND_US


def test_what_comes_days_late_counts_as_a_day_late() -> None:
    old = reading(600, sbp=190, dbp=100, received_us=T0 + 60 * DAY_US)
    (raised,), _ = tried([old], "bp-critical")
    assert (raised.onset_us, raised.late) == (old.effective_us, True)
    assert raised.decided_us == old.effective_us + DAY_US


def test_other_rules_are_off_and_the_worse_ones_are_not() -> None:
    keep = replay.judged_with("bp-high")
    assert {"bp-critical", "bp-urgent", "bp-high"} <= keep
    assert "smoke" not in keep
    book = RuleBook(replay.only(SCOPES, keep))
    assert book.rule("smoke", CHEN) is None
    assert book.rule("bp-high", CHEN) == RuleBook(SCOPES).rule("bp-high", CHEN)


@pytest.mark.parametrize("rule", sorted(catalogue().rules))
def test_every_rule_can_be_tried_with_what_it_judges(rule: str) -> None:
    keep = replay.judged_with(rule)
    assert rule in keep
    codes = replay.codes_judged([RuleScope("*")], keep)
    assert codes is None or codes
