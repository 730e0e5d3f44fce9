"""Roles, regions and grants: what an actor may, and that nothing is open by default."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from songhe.base.access import policies, services
from songhe.base.access.actor import ANONYMOUS, SYSTEM, Actor, HeldRole
from songhe.base.access.roles import all_roles
from songhe.base.accounts.models import User
from songhe.base.audit.models import AuditEntry
from songhe.kernel.ids import uuid7

NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def make_user(login: str = "sun") -> User:
    return User.objects.create_user(login=login, display_name=login, password="a long passphrase")


def test_every_role_has_a_reach_and_knows_no_unknown_fields() -> None:
    assert {role.reach for role in all_roles().values()} <= {"region", "organization", "grant"}


def test_a_role_holds_in_its_region_and_time_only() -> None:
    user = make_user()
    services.give_role(
        actor=SYSTEM,
        user=user,
        role="operator",
        region_prefix="990121001",
        at=NOW,
        until=NOW + timedelta(hours=8),
    )
    actor = services.actor_for(user, NOW)
    assert actor.covers("people.view_person", "990121001001")
    assert not actor.covers("people.view_person", "990121002001")
    assert not actor.covers("people.register_person", "990121001001")
    later = services.actor_for(user, NOW + timedelta(hours=8))
    assert not later.may("people.view_person")


def test_a_closed_account_is_nobody() -> None:
    user = make_user()
    services.give_role(actor=SYSTEM, user=user, role="admin", region_prefix="", at=NOW)
    user.is_active = False
    user.left_at = NOW
    user.save()
    assert not services.actor_for(user, NOW).is_authenticated


def test_who_left_cannot_stay_active() -> None:
    user = make_user()
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=user.pk).update(left_at=NOW)


def test_a_role_cannot_be_given_twice_for_one_time() -> None:
    user = make_user()
    services.give_role(actor=SYSTEM, user=user, role="operator", region_prefix="99", at=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        services.give_role(actor=SYSTEM, user=user, role="operator", region_prefix="99", at=NOW)


def test_a_grant_ends_with_its_source() -> None:
    user, person = make_user("wei"), uuid7()
    services.give_role(actor=SYSTEM, user=user, role="family", region_prefix="", at=NOW)
    services.grant(
        actor=SYSTEM,
        user=user,
        subject_type="people.Person",
        subject_id=person,
        purpose="family",
        field_classes=["identity", "health"],
        source="consent/1",
        at=NOW,
    )
    granted = services.actor_for(user, NOW).granted("people.Person")
    assert granted == {person: frozenset({"identity", "health"})}
    assert services.end_grants(actor=SYSTEM, source="consent/1", at=NOW + timedelta(days=1)) == 1
    after = services.actor_for(user, NOW + timedelta(days=1))
    assert after.granted("people.Person") == {}


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ({"role": "king"}, services.UnknownRole),
        ({"field_classes": ["soul"]}, services.UnknownFieldClass),
    ],
)
def test_refusals_change_nothing(call: dict[str, object], error: type[Exception]) -> None:
    user = make_user()
    before = AuditEntry.objects.count()
    with pytest.raises(error):  # noqa: PT012 (one of two calls)
        if "role" in call:
            services.give_role(actor=SYSTEM, user=user, region_prefix="", at=NOW, **call)
        else:
            services.grant(
                actor=SYSTEM,
                user=user,
                subject_type="people.Person",
                subject_id=uuid7(),
                purpose="x",
                source="x",
                at=NOW,
                **call,
            )
    assert AuditEntry.objects.count() == before


def test_a_model_without_policy_is_closed_to_everybody() -> None:
    make_user()
    actor = Actor(user_id=uuid7(), display_name="x", roles=(HeldRole("admin", ""),))
    assert not policies.scope(actor, User.objects.all(), "people.view_person").exists()
    assert not policies.can(actor, "people.view_person", User.objects.get())


def test_nobody_may_nothing() -> None:
    assert not ANONYMOUS.is_authenticated
    assert ANONYMOUS.prefixes("people.view_person") == ()
