"""Timing and grouping of alarms."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from songhe.engines.alarms.escalation import default_plans, plan_from
from songhe.engines.alarms.storms import Beat, StormRule, is_storm
from songhe.engines.alarms.terms import Priority, priority_of

NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)


@given(st.sampled_from(list(Priority)), st.integers(0, 40))
def test_steps_come_in_time_order_and_never_stop(priority: Priority, done: int) -> None:
    plan = default_plans()[priority]
    assert plan.due_at(NOW, done) < plan.due_at(NOW, done + 1)


def test_after_the_last_step_it_repeats() -> None:
    plan = plan_from({"repeat_s": 10, "steps": [{"after_s": 5, "act": "level_up"}]})
    assert [plan.act(n) for n in range(3)] == ["level_up", "repeat", "repeat"]
    assert plan.due_at(NOW, 2) == NOW + timedelta(seconds=25)


def test_steps_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match="time order"):
        plan_from(
            {
                "repeat_s": 1,
                "steps": [{"after_s": 9, "act": "repeat"}, {"after_s": 5, "act": "repeat"}],
            }
        )


def test_one_home_with_many_sensors_is_no_storm() -> None:
    rule = StormRule(at_least=3, window_s=60)
    assert not is_storm([Beat("a", NOW)] * 9, NOW, rule)
    assert is_storm([Beat(home, NOW) for home in "abc"], NOW, rule)
    old = NOW - timedelta(seconds=61)
    assert not is_storm([Beat("a", NOW), Beat("b", NOW), Beat("c", old)], NOW, rule)


def test_priorities_follow_levels_and_late_news_rings_low() -> None:
    assert priority_of("critical") is Priority.HIGH
    assert priority_of("critical", late=True) is Priority.LOW
    assert priority_of("unknown", late=True) is Priority.UNKNOWN
    assert priority_of("info") is None
    assert sorted(Priority, key=lambda p: p.rank)[0] is Priority.HIGH
