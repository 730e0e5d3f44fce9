"""What a manager finds in one look: orders, load, punctuality, quality, complaints, money."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.translation import override

from songhe.base.access.actor import SYSTEM
from songhe.base.accounts.testing import signed_in
from songhe.domains.billing.testing import make_charge
from songhe.domains.catalog.testing import make_draft, make_item
from songhe.domains.dispatch import services, week_figures
from songhe.domains.dispatch.models import Visit
from songhe.domains.dispatch.planning.weeks import Week
from songhe.domains.dispatch.terms import LeaveKind, OrderKind, OrderState, Source
from songhe.domains.dispatch.testing import tell, told
from songhe.domains.dispatch.tests.conftest import BEFORE, HOME, Centre
from songhe.domains.organizations import testing as organizations
from songhe.kit import formats

pytestmark = pytest.mark.django_db
MIN = timedelta(minutes=1)
# A Monday, 8 o'clock; everything of the week is told on Saturday.
MONDAY = date(2026, 11, 23)
BEGIN = datetime(2026, 11, 23, 0, tzinfo=UTC)
LATER = BEGIN + timedelta(days=5)


@pytest.fixture
def house(centre: Centre) -> Centre:
    other = organizations.make_organization(at=BEFORE, name="别家养老服务中心", serves=())
    for login, organization in (("zhou", centre.organization), ("hu", other)):
        centre.users[login] = organizations.make_user(
            at=BEFORE, login=login, role="provider_manager",
            organization=organization,
        )  # fmt: skip
    make_item(at=BEFORE, draft=make_draft(requires=()))
    for weekday in (0, 1):
        services.set_shift(
            actor=SYSTEM, worker_id=centre.users["liu"].pk, weekday=weekday, begins=time(8),
            ends=time(12), since=date(2026, 11, 1), at=LATER,
        )  # fmt: skip
    return centre


def visit(house: Centre, begins: datetime, *, late: int | None = 0, login: str = "liu") -> Visit:
    """Let a visit of an hour stand; late: how many minutes she came after that, None: not yet."""
    made = services.make_order(
        actor=SYSTEM, kind=OrderKind.SERVICE, source=Source.CALL, person_id=house.chen.pk,
        item_code="test-bath", window=(begins, begins + 60 * MIN), at=BEFORE,
    )  # fmt: skip
    row = services.plan_visit(
        actor=SYSTEM, order_id=made.pk, worker_id=house.users[login].pk, begins_at=begins,
        ends_at=begins + 60 * MIN, at=BEFORE,
    )  # fmt: skip
    if late is not None:
        services.tell_visit(visit_id=row.pk, at=BEFORE)
        came = begins + late * MIN
        place = {"lat": HOME[0], "lon": HOME[1], "accuracy_m": 8.0}
        some = [told(row.pk, "arrived", came, **place), told(row.pk, "began", came + MIN),
                told(row.pk, "done", came + 50 * MIN)]  # fmt: skip
        tell(house.users[login], some, at=LATER)
    return row


def week(house: Centre) -> Week:
    return Week(house.organization.pk, MONDAY)


def test_the_figures_are_those_of_the_week(house: Centre) -> None:
    visit(house, BEGIN)
    visit(house, BEGIN + 90 * MIN, late=16)
    visit(house, BEGIN + 180 * MIN, late=None)
    visit(house, BEGIN + timedelta(days=7), late=None)  # the week after
    services.take_leave(
        actor=SYSTEM, worker_id=house.users["liu"].pk, kind=LeaveKind.ILL,
        begins_at=BEGIN + timedelta(days=1, hours=2), ends_at=BEGIN + timedelta(days=2), at=LATER,
    )  # fmt: skip
    found = week_figures.figures(house.actor("zhou", LATER), week(house), at=LATER)
    assert (found.orders[OrderState.DONE], found.orders[OrderState.PLANNED]) == (2, 1)
    [liu] = found.workers
    assert (liu.visits, liu.minutes, liu.shift_minutes, liu.pct) == (3, 180, 360, 50)
    assert (liu.on_time, liu.late, found.on_time_pct) == (1, 1, 50)
    visit(house, BEGIN + timedelta(hours=8), late=-7 * 60)  # hours early is not on time
    found = week_figures.figures(house.actor("zhou", LATER), week(house), at=LATER)
    [liu] = found.workers
    assert (liu.on_time, liu.late, liu.early, found.on_time_pct) == (1, 1, 1, 33)


def test_another_provider_sees_none_of_it(house: Centre) -> None:
    visit(house, BEGIN)
    found = week_figures.figures(house.actor("hu", LATER), week(house), at=LATER)
    assert sum(found.orders.values()) == 0
    assert found.totals.visits == 0
    hu = house.actor("hu", LATER)
    assert [row.name for row in week_figures.providers(hu)] == ["别家养老服务中心"]


def browser(house: Centre, login: str) -> Client:
    client = signed_in(Client(), house.users[login], at=timezone.now())
    client.cookies["songhe_language"] = "en"
    return client


def test_the_page_leads_to_the_orders_of_a_status_with_names(house: Centre) -> None:
    visit(house, BEGIN, late=None)
    zhou = browser(house, "zhou")
    page = zhou.get(f"/provider/week/?week={MONDAY}").content.decode()
    assert "My week" in zhou.get("/").content.decode()
    assert f"/provider/orders/?week={MONDAY}&amp;state=planned" in page
    listed = zhou.get(f"/provider/orders/?week={MONDAY}&state=planned").content.decode()
    assert "陈秀兰" in listed
    assert "liu" in listed
    with override("en"):
        assert formats.moment(BEGIN) in listed  # the day with the hour
    assert "陈秀兰" not in zhou.get(f"/provider/orders/?week={MONDAY}&state=done").content.decode()
    hu = browser(house, "hu").get(f"/provider/orders/?week={MONDAY}").content.decode()
    assert "陈" not in hu


def test_the_month_before_is_added_up_with_what_persons_pay_themselves(house: Centre) -> None:
    last = timezone.localdate().replace(day=1) - timedelta(days=3)
    make_charge(
        ref="v/1", person_id=house.chen.pk, organization_id=house.organization.pk, gross_fen=7_000,
        on=last, at=timezone.now(),
    )  # fmt: skip
    page = browser(house, "zhou").get("/provider/week/").content.decode()
    assert f"/billing/charges/?month={last:%Y-%m}" in page
    assert "¥70 still open" in page
    assert page.index("The month in all") < page.rindex("¥70")
    assert "¥70" not in browser(house, "hu").get("/provider/week/").content.decode()


@pytest.mark.parametrize("login", ["liu", "wu"])
def test_it_is_for_who_manages(house: Centre, login: str) -> None:
    for url in ("/provider/week/", "/provider/orders/"):
        assert browser(house, login).get(url).status_code == 403


def test_more_visits_ask_no_more_queries(house: Centre) -> None:
    visit(house, BEGIN)
    actor = house.actor("zhou", LATER)
    with CaptureQueriesContext(connection) as few:
        week_figures.figures(actor, week(house), at=LATER)
    for number in range(1, 4):
        visit(house, BEGIN + number * 90 * MIN, login="ma")
    with CaptureQueriesContext(connection) as many:
        week_figures.figures(actor, week(house), at=LATER)
    assert len(many) == len(few) <= 9
