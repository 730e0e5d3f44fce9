"""Rules that rang for nothing: what is suggested, measured on the past, decided by people."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from songhe.domains.monitoring import bounds, selectors, services, suggestion_reads, tuning
from songhe.domains.monitoring.models import Alarm, RuleOverride, RuleSuggestion
from songhe.domains.monitoring.services.suggesting import ReasonForRefusal, SuggestionDecided
from songhe.domains.monitoring.suggestion_reads import NoSuchSuggestion
from songhe.domains.monitoring.terms import SuggestionState
from songhe.domains.monitoring.testing import make_finding
from songhe.domains.monitoring.tests.conftest import NOW, County
from songhe.domains.telemetry.testing import make_reading
from songhe.kernel.detectors.rules import catalogue
from songhe.kernel.ids import uuid7

RULE = "bp-high"
CUFF = uuid7()


def rang(county: County, day: int, value: float, outcome: str) -> Alarm:
    """Store two high readings of a day, as the cuff sent them, and rate the alarm they made."""
    at = NOW - timedelta(days=day)
    for minute in (0, 2):
        make_reading(
            subject=county.chen.pk,
            device=CUFF,
            at=at + timedelta(minutes=minute),
            values={"sbp": value, "dbp": 70.0},
        )
    make_finding(
        rule=RULE,
        subject=county.chen.pk,
        at=at + timedelta(minutes=2),
        summary={"code": 1, "value": value, "value2": 70.0, "since_us": 1},
    )
    services.take_findings(at=at + timedelta(minutes=2))
    alarm = Alarm.objects.exclude(state="resolved").get()
    services.resolve_alarm(
        actor=county.actor("leader"),
        alarm_id=alarm.pk,
        outcome=outcome,
        note="复测",
        at=at + timedelta(minutes=9),
    )
    return alarm


def suggest() -> int:
    return services.make_suggestions(clock=lambda: NOW, should_stop=lambda: False)


def test_false_alarms_just_over_the_limit_bring_a_measured_suggestion(county: County) -> None:
    for day in range(2, 8):
        rang(county, day, 136.0, "false")
    rang(county, 9, 150.0, "true")
    assert suggest() == 1
    row = RuleSuggestion.objects.get()
    assert row.state == SuggestionState.OPEN
    assert row.ratings == {"false": 6, "true": 1}
    assert row.params["sbp_ge"] == 138.0
    assert row.effect["false_before"] == 6
    assert row.effect["false_left"] == 0
    assert row.effect["true_left"] == row.effect["true_before"] == 1
    assert not RuleOverride.objects.exists()
    assert suggest() == 0


def test_no_change_that_silences_a_real_alarm_is_suggested(county: County) -> None:
    for day in range(2, 8):
        rang(county, day, 150.0, "false")
    rang(county, 9, 136.0, "true")
    assert suggest() == 0
    assert RuleSuggestion.objects.get().state == SuggestionState.NOTHING_HELPS


def test_few_ratings_or_mostly_real_ones_call_for_nothing(county: County) -> None:
    for day in range(2, 6):
        rang(county, day, 136.0, "false")
    assert suggest() == 0
    for day in range(7, 13):
        rang(county, day, 136.0, "true")
    assert suggest() == 0
    assert not RuleSuggestion.objects.exists()


def _one(county: County) -> RuleSuggestion:
    for day in range(2, 8):
        rang(county, day, 136.0, "false")
    suggest()
    return RuleSuggestion.objects.get()


def test_accepting_needs_the_word_for_what_goes_beyond_the_source(county: County) -> None:
    row = _one(county)
    leader = county.actor("leader")
    shown = suggestion_reads.get_suggestion(leader, row.pk)
    assert shown.beyond
    with pytest.raises(bounds.NotConfirmed):
        services.accept_suggestion(actor=leader, suggestion_id=row.pk, reason="老是 136", at=NOW)
    services.accept_suggestion(
        actor=leader, suggestion_id=row.pk, reason="老是 136", confirmed=True, at=NOW
    )
    version = RuleOverride.objects.get()
    assert version.params == row.params
    assert version.scope == f"person:{county.chen.pk}"
    row.refresh_from_db()
    assert (row.state, row.decided_by_name) == (SuggestionState.ACCEPTED, "带班主任")
    with pytest.raises(SuggestionDecided):
        services.refuse_suggestion(actor=leader, suggestion_id=row.pk, reason="不", at=NOW)


def test_refusing_needs_a_reason_and_lets_the_rule_be(county: County) -> None:
    row = _one(county)
    leader = county.actor("leader")
    with pytest.raises(ReasonForRefusal):
        services.refuse_suggestion(actor=leader, suggestion_id=row.pk, reason=" ", at=NOW)
    services.refuse_suggestion(actor=leader, suggestion_id=row.pk, reason="要留意", at=NOW)
    assert not RuleOverride.objects.exists()
    assert suggest() == 0


def test_who_may_not_change_the_rule_does_not_see_it(county: County) -> None:
    row = _one(county)
    for login in ("liu", "wu", "far"):
        assert suggestion_reads.list_suggestions(county.actor(login), at=NOW) == []
        with pytest.raises(NoSuchSuggestion):
            suggestion_reads.get_suggestion(county.actor(login), row.pk)


def test_homes_are_told_where_alarms_were_false(county: County) -> None:
    for day in range(2, 5):
        rang(county, day, 136.0, "false")
    rang(county, 6, 150.0, "true")
    [score] = selectors.home_scores(county.actor("sun"), since=NOW - timedelta(days=30))
    assert (score.group, score.false, score.true, score.precision) == (
        county.home.address,
        3,
        1,
        0.25,
    )
    assert selectors.home_scores(county.actor("far"), since=NOW - timedelta(days=30)) == []


certain = st.tuples(st.floats(0, 1).map(lambda x: round(x, 3)), st.sampled_from(["true", "false"]))


@given(st.lists(certain, max_size=30))
def test_more_certainty_never_costs_a_real_alarm(found: list[tuple[float, str]]) -> None:
    said = tuning.surer(found, 0.0)
    if said is None:
        return
    change, effect = said
    assert effect.helps
    for certainty, outcome in found:
        if outcome == "true":
            assert certainty >= change["least"] - 0.006


@pytest.mark.parametrize("rule", list(catalogue().rules))
def test_every_candidate_is_a_change_that_may_be_made(rule: str) -> None:
    params = catalogue().rules[rule].params
    for change in tuning.candidates(rule, params):
        assert set(change) <= set(params)
        assert any(params[name] != value for name, value in change.items())
        bounds.check(rule, change)
