"""The service centre that has run for weeks: what comes, who usually comes, what is doubtful."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection, transaction

from songhe.config.demo import build, centre, going, running, stories
from songhe.config.demo import install as installs
from songhe.config.demo.tests.small import small_county
from songhe.domains.billing import testing as billing
from songhe.domains.dispatch import planning, services
from songhe.domains.organizations import selectors as organizations

NOW = datetime(2026, 11, 25, 6, 30, tzinfo=UTC)  # a Wednesday, 14:30 in the county
pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def made(django_db_setup, django_db_blocker):
    """A part of the county and its centre are made once, undone with the module."""
    with django_db_blocker.unblock(), transaction.atomic():
        today = date(2026, 11, 25)
        install = installs.new_install(today)
        build.build(install, small_county(today, 32), at=NOW, say=lambda _: None)
        yield running.fill(install.seed, at=NOW)
        transaction.set_rollback(True)


def rows(text: str, *values: object) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(text, values)
        return cursor.fetchall()


OF_THE_CENTRE = """
  FROM dispatch_visit v JOIN accounts_user u ON u.id = v.worker_id
  JOIN dispatch_order o ON o.id = v.order_id WHERE u.login LIKE 'carer%%'
"""


def test_weeks_lie_behind_and_this_one_is_told(made):
    states = Counter(dict(rows(f"SELECT v.state, count(*) {OF_THE_CENTRE} GROUP BY 1")))
    assert sum(states.values()) == made
    assert states["done"] > states["told"] > 0
    late = rows(f"SELECT v.id {OF_THE_CENTRE} AND v.state = 'told' AND upper(v.period) < %s", NOW)
    assert late == []
    ((unjudged,),) = rows(
        f"SELECT count(*) {OF_THE_CENTRE} AND v.state = 'done'"
        " AND NOT EXISTS (SELECT 1 FROM dispatch_evidence e WHERE e.visit_id = v.id)"
    )
    assert unjudged == 0


def test_next_week_waits_for_its_plan_and_most_people_have_a_usual_worker(made):
    centre_id = organizations.serving("990121").pk
    monday = date(2026, 11, 30)
    task = planning.new_week(planning.week_of(centre_id, monday), at=NOW)
    visits = task.instance.visits
    assert len(task.instance.workers) == 6 + centre.WORKERS
    assert len(visits) > 40
    assert not task.standing
    assert sum(bool(one.known) for one in visits) > 0.6 * len(visits)


def test_what_is_doubtful_is_found_by_the_rules_and_is_rare(made):
    found = rows(
        "SELECT r->>'code', count(*) FROM dispatch_evidence e JOIN dispatch_visit v"
        " ON v.id = e.visit_id JOIN accounts_user u ON u.id = v.worker_id,"
        " jsonb_array_elements(e.reasons) r WHERE u.login LIKE 'carer%%' GROUP BY 1"
    )
    reasons = dict(found)
    assert reasons["reused_photo"] == 2
    assert {"short", "back_filled"} <= reasons.keys()
    assert sum(count for code, count in found if code != "late_told") <= 8


def test_a_load_judges_as_one_by_one(made):
    worst = rows(
        "SELECT e.visit_id, e.score, e.reasons::text FROM dispatch_evidence e"
        " JOIN dispatch_visit v ON v.id = e.visit_id JOIN accounts_user u ON u.id = v.worker_id"
        " WHERE u.login LIKE 'carer%%' ORDER BY e.score, e.visit_id LIMIT 25"
    )
    assert worst
    for pk, score, reasons in worst:
        again = services.judge_visit(visit_id=pk, at=NOW)
        assert (again.score, again.reasons) == (score, json.loads(reasons))


def test_phones_go_on_with_the_day_and_tell_nothing_twice(made):
    phones, later = going.Phones(), NOW + timedelta(hours=3)
    before = dict(rows(f"SELECT v.state, count(*) {OF_THE_CENTRE} GROUP BY 1"))
    assert phones.go_on(at=later)
    while phones.go_on(at=later):
        pass
    after = dict(rows(f"SELECT v.state, count(*) {OF_THE_CENTRE} GROUP BY 1"))
    assert after["done"] > before["done"]
    assert sum(after.values()) == sum(before.values())
    overdue = rows(
        f"SELECT v.id {OF_THE_CENTRE} AND v.state <> 'done' AND upper(v.period) < %s", later
    )
    assert overdue == []
    told = rows("SELECT count(*) FROM dispatch_happening")
    again = going.Phones()  # as after a restart: it remembers nothing
    for _ in range(20):
        again.go_on(at=later)
    assert rows("SELECT count(*) FROM dispatch_happening") == told


def test_a_visit_goes_the_same_way_however_often_it_is_told(made):
    ((pk, begins, ends),) = rows(
        f"SELECT v.id, lower(v.period), upper(v.period) {OF_THE_CENTRE} ORDER BY 2 LIMIT 1"
    )
    assert stories.course(pk, begins, ends) == stories.course(pk, begins, ends)
    assert begins <= stories.course(pk, begins, ends).arrived_at < ends


def test_what_was_done_is_charged_little_by_little_and_once(made):
    before = billing.charged()
    going.Phones().go_on(at=NOW)
    first = billing.charged()
    assert len(first - before) == 20
    going.Phones().go_on(at=NOW)
    assert len(billing.charged() - first) == 20
    ((doubled,),) = rows(
        "SELECT count(*) FROM (SELECT ref FROM billing_charge WHERE reversed_at IS NULL"
        " GROUP BY ref HAVING count(*) > 1) twice"
    )
    assert doubled == 0
