"""Only times are offered at which somebody can come: shifts, papers, leave, what is taken."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from songhe.base.access.actor import SYSTEM
from songhe.domains.catalog.testing import make_draft, make_item
from songhe.domains.dispatch import services
from songhe.domains.dispatch.panels import Free, Wanted, free_for, ordering
from songhe.domains.dispatch.terms import LeaveKind, OrderKind, Source
from songhe.domains.dispatch.tests.conftest import BEFORE, Centre
from songhe.domains.organizations import services as organizations
from songhe.domains.organizations.models import Staff
from songhe.portals.family.tests.conftest import Go, Order
from songhe.portals.family.tests.test_ordering import ORDER, hidden, text

pytestmark = pytest.mark.django_db
HOUR = Wanted(minutes=60, workers=1, requires=())
# Monday morning at 8 on the clock: the whole of two weeks lies ahead.
NOW = datetime(2026, 11, 23, 0, tzinfo=UTC)
TUESDAY = date(2026, 11, 24)


def shift(house: Centre, login: str, begins: int, ends: int, *, weekday: int = 1) -> None:
    services.set_shift(
        actor=SYSTEM, worker_id=house.users[login].pk, weekday=weekday, begins=time(begins),
        ends=time(ends), since=date(2026, 11, 1), at=BEFORE,
    )  # fmt: skip


def moment(hour: int, minute: int = 0, day: date = TUESDAY) -> datetime:
    return ordering.moment(day, time(hour, minute))


def taken(house: Centre, begins: datetime, minutes: int, login: str = "") -> None:
    """Let an order stand; with a worker, her visit."""
    made = services.make_order(
        actor=SYSTEM, kind=OrderKind.SERVICE, source=Source.CALL, person_id=house.chen.pk,
        item_code="test-clean-2", window=(begins, begins + timedelta(minutes=minutes)), at=NOW,
    )  # fmt: skip
    if login:
        services.plan_visit(
            actor=SYSTEM, order_id=made.pk, worker_id=house.users[login].pk, begins_at=begins,
            ends_at=begins + timedelta(minutes=minutes), at=NOW,
        )  # fmt: skip


def found(house: Centre, wanted: Wanted = HOUR) -> Free:
    return free_for(house.organization.pk, wanted, at=NOW)


def times(free: Free, day: date = TUESDAY) -> list[tuple[str, str, str]]:
    return [(p.code, f"{p.begins:%H:%M}", f"{p.ends:%H:%M}") for p in free.parts.get(day, ())]


def test_without_any_shift_nobody_can_tell_and_all_is_offered(house: Centre) -> None:
    free = found(house)
    assert not free.is_known
    assert len(free.days) == 14


def test_only_within_shifts_and_so_early_that_it_ends_in_them(house: Centre) -> None:
    shift(house, "liu", 9, 12)
    free = found(house)
    assert free.is_known
    assert free.days == [TUESDAY, TUESDAY + timedelta(days=7)]
    assert times(free) == [("morning", "09:00", "11:15")]  # the last beginning is 11:00
    assert times(found(house, Wanted(90, 1, ()))) == [("morning", "09:00", "10:45")]
    assert found(house, Wanted(240, 1, ())).days == []


def test_visits_with_their_ways_and_leave_are_taken(house: Centre) -> None:
    shift(house, "liu", 8, 18)
    taken(house, moment(10), 240, "liu")
    assert times(found(house)) == [
        ("morning", "08:00", "09:00"),
        ("afternoon", "14:15", "17:00"),
        ("evening", "17:00", "17:15"),
    ]
    services.take_leave(
        actor=SYSTEM, worker_id=house.users["liu"].pk, kind=LeaveKind.ILL,
        begins_at=moment(13), ends_at=moment(23), at=NOW,
    )  # fmt: skip
    assert times(found(house)) == [("morning", "08:00", "09:00")]


def test_orders_that_wait_for_the_plan_take_their_time(house: Centre) -> None:
    shift(house, "liu", 8, 10)
    taken(house, moment(8), 60)
    assert times(found(house)) == []
    shift(house, "ma", 8, 10)
    assert times(found(house)) == [("morning", "08:00", "09:15")]


def test_papers_and_how_many_are_needed_count(house: Centre) -> None:
    shift(house, "liu", 8, 12)
    assert found(house, Wanted(60, 1, ("bath-training",))).days == []
    assert found(house, Wanted(60, 2, ())).days == []
    shift(house, "ma", 10, 12)
    assert times(found(house, Wanted(60, 2, ()))) == [("morning", "10:00", "11:15")]


def test_today_begins_on_a_quarter_with_the_lead(house: Centre) -> None:
    shift(house, "liu", 8, 18, weekday=0)
    free = free_for(house.organization.pk, HOUR, at=NOW + timedelta(minutes=7))
    today = date(2026, 11, 23)
    assert times(free, today)[0] == ("morning", "09:15", "12:00")
    begins, ends = ordering.span(today, free.parts[today][0], at=NOW)
    assert (begins, ends) == (moment(9, 15, today), moment(12, 0, today))


def test_the_pages_offer_just_that_and_the_window_is_that(house: Centre, go: Go) -> None:
    day = timezone.localdate() + timedelta(days=3)
    services.set_shift(
        actor=SYSTEM, worker_id=house.users["liu"].pk, weekday=day.weekday(), begins=time(9),
        ends=time(11), since=timezone.localdate() - timedelta(days=7), at=BEFORE,
    )  # fmt: skip
    make_item(at=BEFORE, code="test-walk", kind="mobility", amount_fen=3000,
              draft=make_draft(name_zh="散步", name_en="Walk", requires=()))  # fmt: skip
    wei = go("wei")
    page = text(wei, f"{ORDER}?kind=mobility")
    assert page.count('class="choose"') == 2  # this week and the next
    assert page.count("In the morning") == 2
    assert "09:00–" in page
    assert "afternoon" not in page
    check = text(wei, f"{ORDER}?kind=mobility&day={day}&part=morning")
    assert wei.post(ORDER, hidden(check)).status_code == 302
    order = Order.objects.get()
    assert timezone.localtime(order.window.lower).strftime("%H:%M") == "09:00"
    again = wei.post(ORDER, hidden(check))  # the last place is her own
    assert again["Location"] == f"/services/{order.pk}/"
    assert Order.objects.count() == 1
    late = wei.post(ORDER, hidden(check) | {"key": "01a20618-9d1b-73b7-ac4a-1c55e93fb3b7"})
    assert late.status_code == 422
    assert Order.objects.count() == 1


def test_where_everybody_is_taken_the_desk_is_called(house: Centre, go: Go) -> None:
    apps.get_model("organizations", "Organization").objects.filter(pk=house.organization.pk).update(
        phone="0990-5550000"
    )
    shift(house, "liu", 9, 11)  # nobody has the paper for baths
    page = text(go("chen"), f"{ORDER}?kind=bath")
    assert "everybody who can do this is taken" in page
    assert 'data-kind="main" data-size="large" href="tel:0990-5550000"' in page
    assert 'class="choose"' not in page


def test_a_hundred_workers_cost_no_query_more(house: Centre) -> None:
    shift(house, "liu", 9, 12)
    with CaptureQueriesContext(connection) as few:
        found(house)
    for number, login in enumerate(("ma", "gao")):
        shift(house, login, 9, 18)
        taken(house, moment(14 + number), 60, login)
        taken(house, moment(9), 60)
    with CaptureQueriesContext(connection) as many:
        found(house)
    assert len(many) == len(few) <= 9


def facts(house: Centre, login: str, gender: str) -> None:
    staff = Staff.objects.get(user=house.users[login])
    organizations.set_worker_facts(
        actor=SYSTEM, staff_id=staff.pk, gender=gender, languages=[], about_zh="", about_en="",
        at=BEFORE,
    )  # fmt: skip


def test_only_who_is_wished_for_counts(house: Centre) -> None:
    shift(house, "liu", 8, 12)
    shift(house, "ma", 10, 12)
    facts(house, "liu", "male")
    facts(house, "ma", "female")
    assert times(found(house, Wanted(60, 1, (), "female"))) == [("morning", "10:00", "11:15")]
    assert times(found(house, Wanted(60, 1, (), "male"))) == [("morning", "08:00", "11:15")]
    assert found(house, Wanted(60, 2, (), "female")).days == []
    # A wish that waits for the plan takes the time of who meets it, not another's.
    services.make_order(
        actor=SYSTEM, kind=OrderKind.SERVICE, source=Source.CALL, person_id=house.chen.pk,
        item_code="test-clean-2", window=(moment(10), moment(12)), sex_wish="female", at=NOW,
    )  # fmt: skip
    assert times(found(house, Wanted(60, 1, (), "female"))) == []
    assert times(found(house, Wanted(60, 1, (), "male"))) == [("morning", "08:00", "11:15")]


def on_the_day(house: Centre, login: str, day: date, begins: int, ends: int) -> None:
    services.set_shift(
        actor=SYSTEM, worker_id=house.users[login].pk, weekday=day.weekday(), begins=time(begins),
        ends=time(ends), since=timezone.localdate() - timedelta(days=7), at=BEFORE,
    )  # fmt: skip


def test_a_wish_nobody_can_meet_is_said_and_may_be_let_go(house: Centre, go: Go) -> None:
    day = timezone.localdate() + timedelta(days=3)
    make_item(at=BEFORE, code="test-walk", kind="mobility", amount_fen=3000,
              draft=make_draft(name_zh="散步", name_en="Walk", requires=()))  # fmt: skip
    facts(house, "liu", "male")
    facts(house, "ma", "female")
    on_the_day(house, "liu", day, 9, 11)
    wei = go("wei")
    check = hidden(text(wei, f"{ORDER}?kind=mobility&day={day}&part=morning"))
    refused = wei.post(ORDER, check | {"sex": "female", "note": "tea at ten"})
    said = refused.content.decode()
    assert refused.status_code == 422
    assert "No woman is free then." in said
    assert "Nor is one free in the next two weeks." in said
    assert "tea at ten" in said
    assert not Order.objects.exists()
    nobody = text(wei, f"{ORDER}?kind=mobility&sex=female")
    assert "In the next two weeks no woman who can do this is free." in nobody
    assert text(wei, f"{ORDER}?kind=mobility").count('class="choose"') == 2
    # Let go of: the button's empty answer comes last.
    assert wei.post(ORDER, check | {"sex": ["female", ""], "note": "x"}).status_code == 302
    assert (Order.objects.get().sex_wish, Order.objects.count()) == ("", 1)
    twice = wei.post(ORDER, check | {"sex": "female"})  # the same key: it is hers already
    assert twice["Location"] == f"/services/{Order.objects.get().pk}/"


def test_a_wish_leads_to_the_times_when_it_can_be_met(house: Centre, go: Go) -> None:
    day = timezone.localdate() + timedelta(days=3)
    make_item(at=BEFORE, code="test-walk", kind="mobility", amount_fen=3000,
              draft=make_draft(name_zh="散步", name_en="Walk", requires=()))  # fmt: skip
    facts(house, "liu", "male")
    facts(house, "ma", "female")
    on_the_day(house, "liu", day, 9, 12)
    on_the_day(house, "ma", day, 10, 12)
    on_the_day(house, "ma", day + timedelta(days=1), 14, 16)
    wei = go("wei")
    # The afternoon of the day after is hers alone.
    page = text(wei, f"{ORDER}?kind=mobility&sex=female")
    assert f"day={day}&part=afternoon" not in page
    assert "Only times when a woman is free." in page
    assert f"day={day + timedelta(days=1)}&part=afternoon" in page
    assert "sex=female" in page
    check = hidden(text(wei, f"{ORDER}?kind=mobility&day={day}&part=morning"))
    # She is free in a part of it: that is said before anything is ordered.
    asked = wei.post(ORDER, check | {"sex": "female"})
    assert asked.status_code == 422
    assert not Order.objects.exists()
    again = hidden(asked.content.decode())
    assert again["seen"].startswith("10:00")
    assert wei.post(ORDER, again | {"sex": "female"}).status_code == 302
    order = Order.objects.get()
    assert order.sex_wish == "female"
    assert timezone.localtime(order.window.lower).strftime("%H:%M") == "10:00"
