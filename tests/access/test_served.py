"""Who manages a provider knows whom it serves, as long as it serves them, and nobody else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from songhe.base.access.actor import SYSTEM
from songhe.base.access.roles import all_roles
from songhe.base.accounts.testing import signed_in
from songhe.domains.billing import services as billing
from songhe.domains.billing.terms import SERVED_DAYS
from songhe.domains.catalog.testing import make_item
from songhe.domains.dispatch import services
from songhe.domains.dispatch.models import Order, Series
from songhe.domains.dispatch.terms import OrderKind, SeriesState, Source
from songhe.domains.dispatch.tests.conftest import BEFORE, Centre, centre
from songhe.domains.organizations import testing as organizations
from songhe.domains.people import selectors as people
from songhe.domains.people import testing as making
from songhe.domains.subsidies.terms import Payer, Share, Why
from songhe.kernel.ids import uuid7

pytestmark = pytest.mark.django_db
__all__ = ["centre"]
NAME = "陈秀兰"
MIN = timedelta(minutes=1)
Sees = Callable[[str], frozenset[str]]


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def house(centre: Centre) -> Centre:
    """Return the centre with its manager, and the manager of another provider of the region."""
    other = organizations.make_organization(at=BEFORE, name="别家养老服务中心", serves=())
    for login, organization in (("zhou", centre.organization), ("hu", other)):
        centre.users[login] = organizations.make_user(
            at=BEFORE, login=login, role="provider_manager", organization=organization
        )
    make_item(at=BEFORE)
    return centre


@pytest.fixture
def sees(house: Centre) -> Sees:
    """Return a function that says which classes of Grandma Chen somebody sees now."""

    def seen(login: str) -> frozenset[str]:
        actor = house.actor(login, datetime.now(UTC))
        view = people.person_views(actor, [house.chen.pk])[house.chen.pk]
        assert (view.name == NAME) is ("identity" in view.fields)
        return view.fields

    return seen


def order(house: Centre, now: datetime) -> Order:
    made = services.make_order(
        actor=SYSTEM, kind=OrderKind.SERVICE, source=Source.WISH, person_id=house.chen.pk,
        item_code="test-bath", window=(now + 120 * MIN, now + 180 * MIN), at=now,
    )  # fmt: skip
    assert made.organization_id == house.organization.pk
    return made


def browser(house: Centre, login: str) -> Client:
    return signed_in(Client(), house.users[login], at=datetime.now(UTC))


def rows_behind_the_wall(house: Centre, login: str) -> int:
    """Count her rows as the database shows them to the pages of somebody."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('songhe.actor', %s, false)", [str(house.users[login].pk)])
        cursor.execute("SET ROLE songhe_app")
        try:
            cursor.execute("SELECT count(*) FROM people_person WHERE id = %s", [house.chen.pk])
            row = cursor.fetchone()
        finally:
            cursor.execute("RESET ROLE")
            cursor.execute("SELECT set_config('songhe.actor', '', false)")
    return int(row[0]) if row else 0


def test_an_order_opens_her_to_its_provider_alone_and_its_end_closes_her(
    house: Centre, sees: Sees, now: datetime
) -> None:
    assert sees("zhou") == frozenset()
    assert rows_behind_the_wall(house, "zhou") == 0
    made = order(house, now)
    assert sees("zhou") == {"identity", "contact", "home", "finance", "notes"}
    assert rows_behind_the_wall(house, "zhou") == 1
    assert sees("hu") == frozenset()
    assert rows_behind_the_wall(house, "hu") == 0
    services.call_off(actor=SYSTEM, order_id=made.pk, reason="不用了", at=now + MIN)
    assert sees("zhou") == frozenset()
    assert rows_behind_the_wall(house, "zhou") == 0


def test_pages_name_her_to_the_manager_and_are_closed_to_another(
    house: Centre, now: datetime
) -> None:
    made = order(house, now)
    page = browser(house, "zhou").get(f"/orders/{made.pk}/")
    assert NAME in page.content.decode()
    answer = browser(house, "hu").get(f"/orders/{made.pk}/")
    assert answer.status_code == 404
    assert NAME not in answer.content.decode()


def test_a_series_that_goes_on_or_rests_keeps_her_open(
    house: Centre, sees: Sees, now: datetime
) -> None:
    wanted = services.Wanted(
        item_code="test-bath", rule="FREQ=WEEKLY;BYDAY=TH", begins=time(9), ends=time(11),
        since=now.date() + timedelta(days=1),
    )  # fmt: skip
    series = services.make_series(
        actor=SYSTEM, person_id=house.chen.pk, organization_id=house.organization.pk,
        wanted=wanted, at=now,
    )  # fmt: skip
    Order.objects.filter(person=house.chen.pk).update(state="cancelled", ended_at=now)
    assert "identity" in sees("zhou")
    Series.objects.filter(pk=series.pk).update(state=SeriesState.PAUSED)
    assert "identity" in sees("zhou")
    Series.objects.filter(pk=series.pk).update(state=SeriesState.ENDED)
    assert sees("zhou") == frozenset()


def test_what_was_charged_is_known_until_its_month_is_settled(
    house: Centre, sees: Sees, now: datetime
) -> None:
    late = now.date() - timedelta(days=SERVED_DAYS + 1)
    for on, known in ((late, False), (late + timedelta(days=3), True)):
        billing.charge(
            actor=SYSTEM, ref=f"dispatch.Visit/{uuid7()}", person_id=house.chen.pk,
            organization_id=house.organization.pk, item_code="test-bath", item_number=1,
            gross_fen=5000, shares=[Share(Payer.PERSON, "", 5000, Why.OWN)],
            on=on, at=now,
        )  # fmt: skip
        assert ("finance" in sees("zhou")) is known
        assert sees("hu") == frozenset()


def test_with_the_role_the_opening_ends(house: Centre, sees: Sees, now: datetime) -> None:
    order(house, now)
    assert "identity" in sees("zhou")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE access_roleassignment SET period = tstzrange(lower(period),"
            " now() - '1 s'::interval) WHERE user_id = %s",
            [house.users["zhou"].pk],
        )
    assert sees("zhou") == frozenset()
    assert rows_behind_the_wall(house, "zhou") == 0


def test_health_is_never_opened_by_service() -> None:
    for role in all_roles().values():
        assert not role.served & {"health", "location", "devices"}, role.name
        assert not role.served or role.reach == "organization"


def test_it_is_asked_once_and_of_nobody_else(house: Centre, now: datetime) -> None:
    for _ in range(5):
        home, _rooms = making.make_home(at=BEFORE)
        house.chen = making.make_person(at=BEFORE, home=home, name="陈秀兰")
        order(house, now)
    for login, most in (("zhou", 1), ("liu", 0), ("sun", 0)):
        actor = house.actor(login, datetime.now(UTC))
        with CaptureQueriesContext(connection) as asked:
            actor.opened("people.Person")
            actor.opened("people.Person")
        assert len(asked) == most, login
