"""Properties of every detector: chunks, ticks, repeats, rollback and restarts change nothing."""

from itertools import cycle, pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from songhe.kernel.detectors import Plan
from songhe.kernel.detectors.kinds import KINDS
from songhe.kernel.detectors.state import Context
from songhe.kernel.tests.make import CHEN, HOME_FENCE, T0
from songhe.kernel.tests.streams import judge, streams, told
from songhe.kernel.time import DAY_US, SECOND_US
from songhe.kernel.wire import Finding, Reading

MANY = settings(max_examples=40, deadline=None)


def end_of(stream: list[Reading]) -> int:
    return stream[-1].effective_us + DAY_US


def whole(stream: list[Reading]) -> list[Finding]:
    evaluator = judge()
    plan = evaluator.judge(stream, stream[-1].effective_us)
    plan.commit()
    return plan.findings + evaluator.tick(end_of(stream)).findings


def cut(stream: list[Reading], marks: list[int]) -> list[list[Reading]]:
    edges = sorted({0, len(stream), *(mark % (len(stream) + 1) for mark in marks)})
    return [stream[low:high] for low, high in pairwise(edges)]


@MANY
@given(streams(), st.lists(st.integers(0, 60), max_size=12))
def test_any_split_into_batches_gives_the_same_findings(
    stream: list[Reading], marks: list[int]
) -> None:
    evaluator = judge()
    found: list[Finding] = []
    for batch in cut(stream, marks):
        plan = evaluator.judge(batch, batch[-1].effective_us)
        found += plan.findings
        plan.commit()
    found += evaluator.tick(end_of(stream)).findings
    assert told(found) == told(whole(stream))


@MANY
@given(streams(), st.lists(st.integers(0, 60), max_size=12), st.integers(1, 5), st.booleans())
def test_judging_ahead_of_the_commits_gives_the_same_findings(
    stream: list[Reading], marks: list[int], depth: int, is_lost: bool
) -> None:
    evaluator = judge()
    found: list[Finding] = []
    if is_lost:  # plans that were judged ahead and dropped together leave no trace
        lost = evaluator.judge(stream[:1], stream[0].effective_us)
        evaluator.judge(stream[1:], end_of(stream), lost)
    open_plans: list[Plan] = []
    for batch in cut(stream, marks):
        after = open_plans[-1] if open_plans else None
        open_plans.append(evaluator.judge(batch, batch[-1].effective_us, after))
        if len(open_plans) > depth:
            plan = open_plans.pop(0)
            found += plan.findings
            plan.commit()
    for plan in open_plans:
        found += plan.findings
        plan.commit()
    found += evaluator.tick(end_of(stream)).findings
    assert told(found) == told(whole(stream))


@MANY
@given(streams(), st.lists(st.sampled_from([0.0, 0.3, 0.9, 1.0]), min_size=1, max_size=7))
def test_ticks_between_readings_find_the_same_only_earlier(
    stream: list[Reading], shares: list[float]
) -> None:
    evaluator = judge()
    found: list[Finding] = []
    before_us = T0
    for one, share in zip(stream, cycle(shares), strict=False):
        now_us = before_us + int(share * (one.effective_us - before_us))
        plan = evaluator.tick(now_us)
        found += plan.findings
        plan.commit()
        plan = evaluator.judge([one], one.effective_us)
        found += plan.findings
        plan.commit()
        before_us = one.effective_us
    found += evaluator.tick(end_of(stream)).findings
    assert told(found) == told(whole(stream))


@MANY
@given(
    streams(),
    st.lists(st.sampled_from([0.0, 0.3, 0.9, 1.0]), min_size=1, max_size=7),
    st.integers(1, 6),
)
def test_ticks_may_be_judged_ahead_as_well(
    stream: list[Reading], shares: list[float], depth: int
) -> None:
    evaluator = judge()
    found: list[Finding] = []
    open_plans: list[Plan] = []

    def put(plan: Plan, most: int = depth) -> None:
        open_plans.append(plan)
        while len(open_plans) > most:
            oldest = open_plans.pop(0)
            found.extend(oldest.findings)
            oldest.commit()

    before_us = T0
    for one, share in zip(stream, cycle(shares), strict=False):
        now_us = before_us + int(share * (one.effective_us - before_us))
        put(evaluator.tick(now_us, open_plans[-1] if open_plans else None))
        put(evaluator.judge([one], one.effective_us, open_plans[-1] if open_plans else None))
        before_us = one.effective_us
    put(evaluator.tick(end_of(stream), open_plans[-1]), 0)
    found += evaluator.tick(end_of(stream)).findings
    assert told(found) == told(whole(stream))


@MANY
@given(streams(), st.integers(1, 40))
def test_future_readings_do_not_change_past_findings(stream: list[Reading], length: int) -> None:
    first = stream[:length]
    evaluator = judge()
    plan = evaluator.judge(first, first[-1].effective_us)
    early = told(plan.findings)
    later = told(whole(stream))
    assert [one for one in later if one in early] == early


@MANY
@given(streams(), st.lists(st.tuples(st.integers(0, 39), st.integers(0, 39)), max_size=8))
def test_the_same_reading_twice_changes_nothing(
    stream: list[Reading], repeats: list[tuple[int, int]]
) -> None:
    doubled = [[one] for one in stream]
    for first, later in repeats:
        source, place = first % len(stream), later % len(stream)
        doubled[max(source, place)].append(stream[source])
    evaluator = judge()
    found: list[Finding] = []
    for one in (one for group in doubled for one in group):
        plan = evaluator.judge([one], one.effective_us)
        found += plan.findings
        plan.commit()
    found += evaluator.tick(end_of(stream)).findings
    assert told(found) == told(whole(stream))


@MANY
@given(streams(), st.lists(st.integers(0, 60), max_size=12))
def test_a_plan_that_is_dropped_leaves_no_trace(stream: list[Reading], marks: list[int]) -> None:
    evaluator = judge()
    found: list[Finding] = []
    for batch in cut(stream, marks):
        lost = evaluator.judge(batch, batch[-1].effective_us).findings
        evaluator.tick(batch[-1].effective_us)
        plan = evaluator.judge(batch, batch[-1].effective_us)
        assert told(plan.findings) == told(lost)
        found += plan.findings
        plan.commit()
    found += evaluator.tick(end_of(stream)).findings
    assert told(found) == told(whole(stream))


@MANY
@given(streams(), st.integers(0, 40))
def test_a_restart_finds_the_rest_under_the_same_ids(stream: list[Reading], length: int) -> None:
    stored, later = stream[:length], stream[length:]
    before = judge()
    plan = before.judge(stored, T0 + DAY_US)
    found = plan.findings
    again = judge()
    again.rebuild(stored)
    if later:
        plan = again.judge(later, later[-1].effective_us)
        plan.commit()
        found = found + plan.findings
    found = found + again.tick(end_of(stream)).findings
    assert told(found) == told(whole(stream))


@MANY
@given(streams())
def test_the_evaluator_finds_what_each_step_finds_by_itself(stream: list[Reading]) -> None:
    evaluator = judge()
    plan = evaluator.judge(stream, stream[-1].effective_us)
    profile = evaluator.rules.resolve(CHEN)
    now_us = stream[-1].effective_us
    alone: list[Finding] = []
    for rule in profile.rules.by_id.values():
        if rule.kind in ("silent", "bed"):
            continue
        states = {}
        for one in stream:
            if rule.codes and rule.codes.isdisjoint(one.codes):
                continue
            key = {"subject": one.subject, "person": CHEN, "device": one.device}[rule.key]
            kind = KINDS[rule.kind]
            context = Context(key=key, facts={"fence": HOME_FENCE})
            state = states.get(key) or kind.new()
            states[key], found = kind.step(state, [one], now_us, rule, context)
            alone += found
    judged = [f for f in plan.findings if f.rule not in ("device-silent", "bed-empty-night")]
    assert told(judged) == told(alone)


@MANY
@given(streams())
def test_findings_of_an_episode_belong_together(stream: list[Reading]) -> None:
    raised: dict[object, Finding] = {}
    keys = {(r.subject, r.device, r.effective_us, str(r.fingerprint)) for r in stream}
    ended = set()
    for finding in whole(stream):
        assert {(e.subject, e.device, e.at_us, e.fingerprint) for e in finding.evidence} <= keys
        if finding.phase == "raised":
            raised[finding.id] = finding
        elif finding.of is not None:
            assert raised[finding.of].rule == finding.rule
            assert finding.of not in ended
            assert finding.onset_us >= raised[finding.of].onset_us
        if finding.phase == "cleared":
            ended.add(finding.of)
    assert all(f.onset_us >= T0 + SECOND_US for f in raised.values())
