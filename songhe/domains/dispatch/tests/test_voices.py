"""A face, a complaint, an answer by a day; from one's own people alone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest

from songhe.base import vault
from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM, Actor
from songhe.base.notify.models import Notice
from songhe.domains.dispatch import services
from songhe.domains.dispatch.models import Complaint, Order, Rating
from songhe.domains.dispatch.services.voices import (
    NotOverYet,
    OpenAlready,
    RatedAlready,
    WordsNeeded,
)
from songhe.domains.dispatch.terms import About, Face
from songhe.domains.dispatch.testing import tell
from songhe.domains.dispatch.tests.conftest import BEFORE, NOW, Centre
from songhe.domains.dispatch.tests.test_happenings import MIN, planned, story
from songhe.domains.organizations import testing as organizations
from songhe.kernel.errors import Denied, NotFound

AFTER = NOW + 200 * MIN


@pytest.fixture
def son(centre: Centre) -> Actor:
    user = organizations.make_user(at=BEFORE, login="chenwei", role="family")
    access.grant(
        actor=SYSTEM,
        user=user,
        subject_type="people.Person",
        subject_id=centre.chen.pk,
        purpose="family",
        field_classes=["identity"],
        source="test",
        at=BEFORE,
    )
    return access.actor_for(user, NOW)


def done(centre: Centre) -> Order:
    visit = planned(centre)
    tell(centre.users["liu"], story(visit), at=AFTER)
    return Order.objects.get(pk=visit.order_id)


def test_a_service_is_rated_once_and_closed(centre: Centre, son: Actor) -> None:
    order = done(centre)
    given = {"actor": son, "order_id": order.pk, "at": AFTER}
    row = services.rate_order(face=Face.GOOD, words="很细心", **given)
    order.refresh_from_db()
    assert (order.state, row.face) == ("closed", 3)
    assert vault.unseal(row.words_sealed, field=Rating.WORDS, pk=row.pk) == "很细心"
    with pytest.raises(RatedAlready):
        services.rate_order(face=Face.BAD, **given)
    assert Rating.objects.get().face == 3


def test_only_ones_own_and_only_when_over(centre: Centre, son: Actor) -> None:
    waiting = planned(centre).order
    with pytest.raises(NotOverYet):
        services.rate_order(actor=son, order_id=waiting.pk, face=Face.GOOD, at=NOW)
    for login in ("liu", "sun", "wu"):
        with pytest.raises((Denied, NotFound)):
            services.rate_order(
                actor=centre.actor(login), order_id=waiting.pk, face=Face.GOOD, at=AFTER
            )
    assert not Rating.objects.exists()


def test_a_complaint_without_an_answer_is_told_of_once(centre: Centre, son: Actor) -> None:
    organizations.make_user(
        at=BEFORE, login="leader", role="shift_leader", organization=centre.organization
    )
    row = services.complain(
        actor=son, order_id=done(centre).pk, about="late", words="晚了一小时", at=AFTER
    )
    told = Notice.objects.filter(kind="dispatch.complained").values_list("user__login", flat=True)
    assert set(told) == {"leader"}
    due = datetime.combine(row.answer_by, time(4), UTC)
    assert services.tell_overdue(at=due) == 0
    assert services.tell_overdue(at=due + timedelta(days=1)) == 1
    assert services.tell_overdue(at=due + timedelta(days=2)) == 0
    late = Notice.objects.filter(made_at__gte=due).values_list("kind", "user__login")
    assert set(late) == {
        ("dispatch.complaint_overdue", "leader"),
        ("dispatch.no_answer", "chenwei"),
    }


def test_a_complaint_is_answered_by_a_day(centre: Centre, son: Actor) -> None:
    order = done(centre)
    given = {"actor": son, "order_id": order.pk, "about": About.LATE, "at": AFTER}
    with pytest.raises(WordsNeeded):
        services.complain(words="  ", **given)
    row = services.complain(words="晚了一小时", **given)
    assert row.answer_by == date(2026, 12, 7)
    with pytest.raises(OpenAlready):
        services.complain(words="还有", **given)
    assert services.overdue(at=AFTER + timedelta(days=15)) == []
    assert services.overdue(at=AFTER + timedelta(days=16)) == [row]
    with pytest.raises(NotFound):
        services.answer_complaint(
            actor=centre.actor("liu"), complaint_id=row.pk, answer="x", at=AFTER
        )
    boss = organizations.make_user(at=BEFORE, login="boss", role="admin")
    actor = access.actor_for(boss, AFTER)
    with pytest.raises(WordsNeeded):
        services.answer_complaint(actor=actor, complaint_id=row.pk, answer="", at=AFTER)
    services.answer_complaint(actor=actor, complaint_id=row.pk, answer="对不起，已改班", at=AFTER)
    assert Complaint.objects.get().state == "answered"
    assert [n.kind for n in Notice.objects.filter(user=son.user_id)][-1:] == [
        "dispatch.complaint_answered"
    ]
