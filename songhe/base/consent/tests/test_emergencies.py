"""Broken glass: by number only, with a reason, for hours, seldom, and somebody looks at it."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection

from songhe.base.access.actor import SYSTEM, Actor
from songhe.base.access.models import Grant
from songhe.base.audit.models import AuditEntry
from songhe.base.consent import emergencies, selectors
from songhe.base.consent.models import Emergency
from songhe.base.consent.terms import PERSON
from songhe.base.consent.tests.conftest import NOW, PLACE, ActorOf, make_user
from songhe.base.events.models import OutboxEvent
from songhe.kernel.errors import Denied
from songhe.kernel.ids import uuid7

REASON = "老人晕倒在门诊，需要知道过敏史"
pytestmark = pytest.mark.django_db


@pytest.fixture
def zhao(actor_of: ActorOf) -> Actor:
    make_user("zhao", "clinician")
    return actor_of("zhao")


@pytest.fixture
def officer(actor_of: ActorOf) -> Actor:
    make_user("officer", "privacy_officer")
    return actor_of("officer")


def look_up(actor: Actor, person: UUID, at=NOW) -> None:  # type: ignore[no-untyped-def]
    lookup = emergencies.begin_lookup(actor=actor, at=at)
    emergencies.found(actor=actor, lookup_id=lookup, person_id=person, at=at)


def break_glass(actor: Actor, person: UUID, **more: object) -> Emergency:
    wanted = {"kind": "rescue", "reason": REASON, "at": NOW, "region_code": PLACE} | more
    return emergencies.break_glass(actor=actor, person_id=person, **wanted)  # type: ignore[arg-type]


def test_opened_for_four_hours_and_shut_by_itself(zhao: Actor, actor_of: ActorOf) -> None:
    person = uuid7()
    look_up(zhao, person)
    row = break_glass(zhao, person)
    for minutes, opened in ((0, True), (239, True), (240, False)):
        at = NOW + timedelta(minutes=minutes)
        assert (person in actor_of("zhao", at).granted(PERSON)) is opened
        assert bool(selectors.open_emergency(actor_of("zhao", at), person, at=at)) is opened
    assert "health" in actor_of("zhao").granted(PERSON)[person]
    assert OutboxEvent.objects.filter(name="consent.EmergencyOpened").count() == 1
    entry = AuditEntry.objects.get(action="consent.break_glass")
    assert (entry.ref, entry.user_id) == (f"{PERSON}/{person}", zhao.user_id)
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(t::text, '') FROM consent_emergency t")
        assert "过敏" not in cursor.fetchone()[0]
    with pytest.raises(emergencies.OpenAlready):
        break_glass(zhao, person)
    assert Emergency.objects.get() == row


def test_never_without_the_exact_number(zhao: Actor, actor_of: ActorOf) -> None:
    person, other = uuid7(), uuid7()
    with pytest.raises(emergencies.NotLookedUp):
        break_glass(zhao, person)
    look_up(zhao, other)
    with pytest.raises(emergencies.NotLookedUp):
        break_glass(zhao, person)
    late = NOW + timedelta(hours=2)
    with pytest.raises(emergencies.NotLookedUp):
        break_glass(zhao, other, at=late)
    make_user("second", "clinician")
    with pytest.raises(emergencies.NotLookedUp):
        break_glass(actor_of("second"), other)
    assert not Emergency.objects.exists()
    assert not Grant.objects.exists()


def test_a_reason_in_words_and_a_kind(zhao: Actor) -> None:
    person = uuid7()
    look_up(zhao, person)
    for more in ({"reason": "急"}, {"reason": " " * 40}, {"kind": "curious"}):
        with pytest.raises(emergencies.ReasonTooShort):
            break_glass(zhao, person, **more)
    assert not Grant.objects.exists()


@pytest.mark.parametrize("role", ["worker", "family", "elder", "regulator", "registrar", ""])
def test_other_roles_break_nothing(role: str, actor_of: ActorOf) -> None:
    make_user("other", role)
    with pytest.raises(Denied):
        emergencies.begin_lookup(actor=actor_of("other"), at=NOW)
    with pytest.raises(Denied):
        break_glass(actor_of("other"), uuid7())


def test_searches_and_openings_are_limited(zhao: Actor) -> None:
    limits = emergencies.rules()
    for number in range(limits.lookups.count):
        emergencies.begin_lookup(actor=zhao, at=NOW + timedelta(seconds=number))
    with pytest.raises(emergencies.TooManyLookups):
        emergencies.begin_lookup(actor=zhao, at=NOW + timedelta(minutes=59))
    emergencies.begin_lookup(actor=zhao, at=NOW + timedelta(hours=1, minutes=1))
    later = NOW + timedelta(hours=3)
    for number in range(limits.openings.count):
        person = uuid7()
        at = later + timedelta(minutes=20 * number)
        look_up(zhao, person, at)
        break_glass(zhao, person, at=at)
    person, at = uuid7(), later + timedelta(hours=3)
    look_up(zhao, person, at)
    with pytest.raises(emergencies.TooManyOpenings):
        break_glass(zhao, person, at=at)
    assert Emergency.objects.count() == limits.openings.count


def test_the_officer_judges_once_and_an_unjustified_one_ends(
    zhao: Actor, officer: Actor, actor_of: ActorOf
) -> None:
    person = uuid7()
    look_up(zhao, person)
    row = break_glass(zhao, person)
    make_user("elsewhere", "privacy_officer", region="990122")
    for actor in (zhao, actor_of("elsewhere")):
        with pytest.raises(emergencies.NoSuchEmergency):
            emergencies.review(
                actor=actor, emergency_id=row.pk, verdict="justified", note="好", at=NOW
            )
    with pytest.raises(emergencies.NoteMissing):
        emergencies.review(
            actor=officer, emergency_id=row.pk, verdict="unjustified", note=" ", at=NOW
        )
    at = NOW + timedelta(minutes=5)
    emergencies.review(
        actor=officer, emergency_id=row.pk, verdict="unjustified", note="本人未就诊", at=at
    )
    assert person not in actor_of("zhao", at).granted(PERSON)
    with pytest.raises(emergencies.ReviewedAlready):
        emergencies.review(
            actor=officer, emergency_id=row.pk, verdict="justified", note="改", at=at
        )
    line = selectors.emergencies_of(person, at=at)[0]
    assert (line.verdict, line.note, line.is_open) == ("unjustified", "本人未就诊", False)


def test_nobody_reviews_the_own_emergency(zhao: Actor, actor_of: ActorOf) -> None:
    from songhe.base.access import services as access
    from songhe.base.accounts.models import User

    access.give_role(
        actor=SYSTEM,
        user=User.objects.get(login="zhao"),
        role="privacy_officer",
        region_prefix="990121",
        at=NOW - timedelta(days=1),
    )
    both, person = actor_of("zhao"), uuid7()
    look_up(both, person)
    row = break_glass(both, person)
    with pytest.raises(emergencies.OwnEmergency):
        emergencies.review(actor=both, emergency_id=row.pk, verdict="justified", note="好", at=NOW)


def test_who_does_not_review_is_reminded_once_a_day(zhao: Actor, officer: Actor) -> None:
    person = uuid7()
    look_up(zhao, person)
    row = break_glass(zhao, person)
    due = NOW + timedelta(hours=72)
    assert emergencies.remind(at=due - timedelta(seconds=1)) == 0
    assert emergencies.remind(at=due) == 1
    assert emergencies.remind(at=due + timedelta(hours=23)) == 0
    assert emergencies.remind(at=due + timedelta(hours=24)) == 1
    assert selectors.emergencies_for(officer, at=due)[0].is_late
    emergencies.review(actor=officer, emergency_id=row.pk, verdict="justified", note="好", at=due)
    assert emergencies.remind(at=due + timedelta(days=9)) == 0
    assert OutboxEvent.objects.filter(name="consent.EmergencyNotReviewed").count() == 2


def test_she_shuts_it_herself(zhao: Actor, officer: Actor, actor_of: ActorOf) -> None:
    person, at = uuid7(), NOW + timedelta(minutes=3)
    look_up(zhao, person)
    row = break_glass(zhao, person)
    with pytest.raises(emergencies.NoSuchEmergency):
        emergencies.end_emergency(actor=officer, emergency_id=row.pk, at=at)
    emergencies.end_emergency(actor=zhao, emergency_id=row.pk, at=at)
    assert person not in actor_of("zhao", at).granted(PERSON)
