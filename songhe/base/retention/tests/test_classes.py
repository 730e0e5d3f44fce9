"""Every table has its class or a reason; every legal period stands in the reference."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from django.apps import apps
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from songhe.base.access.actor import SYSTEM
from songhe.base.history import held as noted
from songhe.base.retention import classes, handlers, periods, rows
from songhe.base.retention.classes import Rule
from songhe.base.retention.handlers import Ask
from songhe.base.retention.held import held_at
from songhe.base.retention.models import Period
from songhe.base.subjects import tables

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
REFERENCE = Path(__file__).parents[5] / "shared/reference/09_privacy_and_security.yaml"
WAYS = {"destroy", "anonymise", "own", "file", "never"}


@pytest.mark.django_db
def test_every_table_belongs_to_a_class_or_says_why_not() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
            " AND relkind IN ('r', 'p') AND NOT relispartition"
        )
        there = {name for (name,) in cursor.fetchall()}
    named = {table for one in handlers.all_classes().values() for table in one.tables}
    assert sorted(there - named - set(classes.apart())) == [], "in no class of classes.yaml"
    assert sorted((named | set(classes.apart())) - there) == [], "no such table"
    assert sorted(named & set(classes.apart())) == []
    of_people = {table.table for table in tables.all_tables()} | set(tables.never())
    assert sorted(of_people - named) == [], "personal data without a class"


def test_facts_are_whole() -> None:
    found = handlers.all_classes()
    counted = Counter(table for one in found.values() for table in one.tables)
    # readings have a class for each kind of field; transitions and trials go with what they are of
    several = {table for table, n in counted.items() if n > 1}
    assert several == {
        "monitoring_absenceentry", "monitoring_alarmentry", "reading_day",
        "monitoring_ruleoverride", "monitoring_rulesuggestion", "people_personrecord",
        "reading_hot", "retention_destruction", "workflow_transition",
    }  # fmt: skip
    for one in found.values():
        assert one.en, one.name
        assert re.search("[\u4e00-\u9fff]", one.zh), one.name
        assert set(one.after) == set(one.why) == {"en", "zh"}, one.name
        assert one.way in WAYS, one.name
        assert set(one.with_) <= set(found), one.name
        if one.is_timed:
            assert one.days or one.rules, one.name
            assert handlers.handler_of(one)
        for rule in one.rules:
            assert all((rule.source, rule.zh, rule.status)), one.name
        if one.days and one.name not in {"persons"}:
            assert one.status in {"E", "V", "V2"}, one.name
            assert (one.source == "ours") <= (one.status == "E"), one.name


@pytest.mark.skipif(not REFERENCE.exists(), reason="the reference is not beside this checkout")
def test_legal_periods_are_those_of_the_reference() -> None:
    facts = yaml.safe_load(REFERENCE.read_text("utf-8"))["retention_years"]
    known = {fact["what"]: fact for fact in facts}
    rules = [rule for one in classes.packaged().values() for rule in one.rules]
    assert rules
    for rule in rules:
        fact = known[rule.of]
        assert rule.status == fact["status"], rule.of
        if "months" in fact:
            assert (rule.months, rule.years) == (fact["months"], 0)
        else:
            assert str(fact["years"]).split()[0] == str(rule.years)
    assert {"security logs", "PIA report and processing records"} <= {rule.of for rule in rules}


@pytest.mark.django_db
def test_the_audit_is_kept_for_three_years_and_never_less_than_six_months() -> None:
    kept = periods.kept_at(NOW)
    assert kept["audit"].before == NOW.replace(year=2023)
    assert kept["audit"].rule is not None
    assert kept["audit"].rule.years == 3
    for days in (1, 182, 1000):
        with pytest.raises(periods.TooShort):
            periods.set_period(actor=SYSTEM, data_class="audit", days=days, reason="short", at=NOW)
    assert Period.objects.count() == 0
    periods.set_period(actor=SYSTEM, data_class="audit", days=4000, reason="a case", at=NOW)
    after = periods.kept_at(NOW)
    assert after["audit"].before == NOW - timedelta(days=4000)
    # who did what is asked as long as the audit names it
    assert after["accounts"].before == after["rights"].before == after["audit"].before


@pytest.mark.django_db
def test_what_is_not_to_be_set_is_not() -> None:
    for name, error in (
        ("proof", periods.NotToBeSet),
        ("telemetry-health", periods.NotToBeSet),
        ("sign-ins", periods.NotToBeSet),
        ("nothing", periods.NoSuchClass),
    ):
        with pytest.raises(error):
            periods.set_period(actor=SYSTEM, data_class=name, days=4000, reason="x", at=NOW)
    with pytest.raises(periods.SayWhyPeriod):
        periods.set_period(actor=SYSTEM, data_class="alarms", days=10, reason=" ", at=NOW)


@given(
    days=st.integers(1, 20_000),
    rules=st.lists(
        st.builds(
            Rule,
            source=st.just("x"),
            zh=st.just("x"),
            status=st.just("E"),
            days=st.integers(0, 99),
            months=st.integers(0, 40),
            years=st.integers(0, 40),
        )
    ),
)
def test_the_longest_rule_wins(days: int, rules: list[Rule]) -> None:
    before, deciding = periods.longest(days, rules, at=NOW)
    assert before <= NOW - timedelta(days=days)
    assert all(before <= rule.before(NOW) <= NOW for rule in rules)
    if deciding is None:
        assert before == NOW - timedelta(days=days)
    else:
        assert before == deciding.before(NOW) < NOW - timedelta(days=days)


def test_months_end_where_months_end() -> None:
    march = datetime(2026, 3, 31, tzinfo=UTC)
    assert classes.months_before(march, 1) == datetime(2026, 2, 28, tzinfo=UTC)
    assert classes.months_before(march, 37) == datetime(2023, 2, 28, tzinfo=UTC)
    assert classes.months_before(datetime(2024, 2, 29, tzinfo=UTC), 12).day == 28


@pytest.mark.django_db
def test_every_statement_can_be_run_and_finds_nothing_in_an_empty_house() -> None:
    held = held_at(NOW)
    for one in handlers.all_classes().values():
        if one.is_timed:
            found = handlers.handler_of(one).find(Ask(one, NOW - timedelta(days=1), NOW, held))
            assert found.count >= 0, one.name
    made = {model._meta.db_table for model in apps.get_models()}
    for one in classes.packaged().values():
        for step in one.steps:
            assert step.table in made
            assert step.of or any(t.table == step.table for t in tables.all_tables()), (
                f"{one.name}: nobody says whose rows of {step.table} are held"
            )
            assert not step.is_holder or step.table in noted.tables()
    assert rows.BATCH > 1
