"""A service centre with workers, Grandma Chen with an account of her own, and her son."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.test import Client

from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM
from songhe.base.accounts.testing import signed_in
from songhe.domains.catalog.testing import make_draft, make_item
from songhe.domains.dispatch import services
from songhe.domains.dispatch.terms import OrderKind, Source
from songhe.domains.dispatch.testing import tell, told
from songhe.domains.dispatch.tests.conftest import BEFORE, HOME, Centre, centre
from songhe.domains.organizations import testing as organizations
from songhe.domains.people import testing as people

__all__ = ["centre"]
# A portal never touches models; its tests look at what was written.
Order, Visit, Rating, Complaint = (
    apps.get_model("dispatch", name) for name in ("Order", "Visit", "Rating", "Complaint")
)
Staff, WorkerFacts = (apps.get_model("organizations", n) for n in ("Staff", "WorkerFacts"))
Go = Callable[..., Client]
MIN = timedelta(minutes=1)


def allow(centre: Centre, login: str, person_id: object, purpose: str, at: datetime) -> None:
    """Let somebody have a grant on a person, of whom she sees the name."""
    access.grant(
        actor=SYSTEM,
        user=centre.users[login],
        subject_type="people.Person",
        subject_id=person_id,
        purpose=purpose,
        field_classes=["identity"],
        source="test",
        at=at,
    )


@pytest.fixture
def house(centre: Centre) -> Centre:
    """Return the centre with her son, herself, and two kinds of services."""
    for login, role, purpose in (("wei", "family", "family"), ("chen", "elder", "self")):
        centre.users[login] = organizations.make_user(at=BEFORE, login=login, role=role)
        allow(centre, login, centre.chen.pk, purpose, BEFORE)
    make_item(at=BEFORE)
    make_item(at=BEFORE, code="test-clean", kind="cleaning", amount_fen=None,
              draft=make_draft(name_zh="打扫", name_en="Cleaning", requires=()))  # fmt: skip
    make_item(at=BEFORE, code="test-clean-2", kind="cleaning", amount_fen=3000,
              draft=make_draft(name_zh="擦窗", name_en="Windows", requires=()))  # fmt: skip
    return centre


@pytest.fixture
def go(house: Centre) -> Go:
    """Return a function that signs somebody in, in a language."""

    def client(login: str, language: str = "en") -> Client:
        browser = signed_in(Client(), house.users[login], at=datetime.now(UTC))
        browser.cookies["songhe_language"] = language
        return browser

    return client


def order(centre: Centre, *, at: datetime, begins: datetime | None = None, person=None) -> Any:
    """Return a service that somebody asked for."""
    begins = begins or at + 120 * MIN
    made = services.make_order(
        actor=SYSTEM,
        kind=OrderKind.SERVICE,
        source=Source.WISH,
        person_id=(person or centre.chen).pk,
        item_code="test-bath",
        window=(begins, begins + 60 * MIN),
        at=at,
    )
    return Order.objects.get(pk=made.pk)


def visit(centre: Centre, *, at: datetime, begins: datetime | None = None, login="liu") -> Any:
    """Return a visit of which its worker was told."""
    made = order(centre, at=at, begins=begins)
    begins = made.window.lower  # type: ignore[union-attr]
    row = services.plan_visit(
        actor=SYSTEM, order_id=made.pk, worker_id=centre.users[login].pk,
        begins_at=begins, ends_at=begins + 60 * MIN, at=at,
    )  # fmt: skip
    return services.tell_visit(visit_id=row.pk, at=at)


def done(centre: Centre, *, ago: timedelta, login: str = "liu") -> Any:
    """Return a service that is done, so long ago."""
    now = datetime.now(UTC)
    row = visit(centre, at=now - ago - 180 * MIN, begins=now - ago - 70 * MIN, login=login)
    begins = now - ago - 60 * MIN
    told_ = [
        told(row.pk, "set_off", begins - 10 * MIN),
        told(row.pk, "arrived", begins, lat=HOME[0], lon=HOME[1], accuracy_m=8.0),
        told(row.pk, "began", begins + MIN),
        told(row.pk, "done", begins + 60 * MIN),
    ]
    tell(centre.users[login], told_, at=now - ago)
    return Order.objects.get(pk=row.order_id)


def stranger(centre: Centre, at: datetime):
    """Return a person of the same region who is nobody's here."""
    home, _rooms = people.make_home(at=BEFORE)
    return people.make_person(at=BEFORE, home=home, name="李桂芳")
