"""Where an order fits that cannot stand where it was put: every offer holds when it is taken."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from songhe.base.accounts.testing import signed_in
from songhe.domains.dispatch import planning
from songhe.domains.dispatch.models import Order, Visit
from songhe.domains.dispatch.tests.conftest import NOW, Centre
from songhe.domains.dispatch.tests.test_moves import move, put
from songhe.domains.dispatch.tests.test_week import (  # noqa: F401
    item,
    local,
    order,
    work,
)


class Undone(Exception):
    pass


def offered(centre: Centre, what, login: str, begins: float) -> list[tuple[str, datetime]]:
    names = {user.pk: name for name, user in centre.users.items()}
    what = Order.objects.get(pk=what.pk)
    found = planning.options(what, centre.users[login].pk, local(0, begins), at=NOW)
    return [(names[one.worker_id], one.begins_at) for one in found]


def test_others_then_and_her_near_to_it(centre: Centre, item: str) -> None:  # noqa: F811
    work(centre, "liu", "ma", "gao", days=[0])
    busy = order(centre, item, 0, 9, 10)
    put(centre, busy, "ma", 9)
    what = order(centre, item, 0, 9, 12)
    visit = put(centre, what, "liu", 9)
    found = offered(centre, what, "ma", 9.5)
    assert set(found[:2]) == {("gao", local(0, 9.5)), ("liu", local(0, 9.5))}
    assert [login for login, _at in found[2:]] == ["ma", "ma"]
    assert all(local(0, 10) <= at <= local(0, 12) for _login, at in found[2:])
    assert ("liu", local(0, 9)) not in offered(centre, what, "ma", 9)
    for login, at in found:
        try:
            with transaction.atomic():
                clock = timezone.localtime(at)
                move(centre, visit, login, clock.hour + clock.minute / 60)
                raise Undone
        except Undone:
            pass


def test_others_are_offered_at_other_times_too(centre: Centre, item: str) -> None:  # noqa: F811
    work(centre, "liu", "ma", "gao", days=[0])
    for login in ("ma", "gao"):
        put(centre, order(centre, item, 0, 9, 10), login, 9)
    what = order(centre, item, 0, 9, 12)
    put(centre, what, "liu", 9)
    found = offered(centre, what, "ma", 9)
    assert {login for login, _at in found[:2]} == {"gao", "liu"}
    assert all(local(0, 9) < at <= local(0, 12) for _login, at in found)
    # Who has time for an order that waits, and from when: soonest first.
    waits = order(centre, item, 0, 9, 12)
    names = {user.pk: name for name, user in centre.users.items()}
    firsts = planning.firsts(Order.objects.get(pk=waits.pk), at=NOW)
    assert {names[one.worker_id] for one in firsts} == {"liu", "ma", "gao"}
    assert [one.begins_at for one in firsts] == sorted(one.begins_at for one in firsts)
    assert all(one.begins_at >= local(0, 10) for one in firsts)


def test_where_nothing_fits_nothing_is_offered(centre: Centre, item: str) -> None:  # noqa: F811
    work(centre, "ma", days=[0], begins=8, ends=10)
    put(centre, order(centre, item, 0, 8, 10), "ma", 8.5)
    assert offered(centre, order(centre, item, 0, 8, 9), "ma", 8.5) == []


def test_the_page_offers_it_and_a_press_takes_it(centre: Centre, item: str) -> None:  # noqa: F811
    now = datetime.now(UTC)
    monday = timezone.localdate(now) + timedelta(days=14 - timezone.localdate(now).weekday())
    days = (monday - local(0, 0).date()).days
    work(centre, "liu", "ma", days=[0])
    put(centre, order(centre, item, days, 9, 10), "ma", 9, day=days)
    visit = put(centre, order(centre, item, days, 9, 12), "liu", 9, day=days)
    client = signed_in(Client(), centre.users["sun"], at=now)
    page = reverse("dispatch:planned_visit", args=[visit.pk])
    asked = {"worker": centre.users["ma"].pk, "day": monday.isoformat(), "begins": "09:00"}
    for fragment in ({}, {"HX-Request": "true"}):
        refused = client.post(page, asked, headers=fragment)
        assert refused.status_code == 422
        assert f'action="{page}"' in refused.content.decode()
    assert Visit.objects.get(pk=visit.pk).worker_id == centre.users["liu"].pk
    week = planning.week_of(centre.organization.pk, monday)
    [one, *_more] = planning.options(visit.order, centre.users["ma"].pk, local(days, 9), at=now)
    assert f'value="{one.worker_id}"' in refused.content.decode()
    begins = timezone.localtime(one.begins_at)
    taken = {"worker": one.worker_id, "day": begins.date(), "begins": f"{begins:%H:%M}"}
    assert client.post(page, taken).status_code == 302
    stands = Visit.objects.get(order=visit.order_id)
    assert (stands.worker_id, stands.period.lower) == (one.worker_id, one.begins_at)
    assert week.zero < stands.period.lower
