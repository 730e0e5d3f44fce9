"""Who can see what, and why; nobody learns it beyond the region."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM
from songhe.base.accounts.models import User
from songhe.base.accounts.testing import signed_in
from songhe.base.consent import guardians, texts
from songhe.base.consent import services as consent
from songhe.base.consent.recipients import Recipient
from songhe.domains.organizations import access_reads
from songhe.domains.organizations.testing import make_organization, make_user
from songhe.domains.people.testing import make_person

SINCE = datetime.now(UTC) - timedelta(days=30)
pytestmark = pytest.mark.django_db


@pytest.fixture
def chen(db: None):  # type: ignore[no-untyped-def]
    centre = make_organization(at=SINCE)
    person = make_person(at=SINCE)
    own = make_user(at=SINCE, login="chenxiulan", name="秀兰账号", role="elder")
    guardians.make_own(actor=SYSTEM, user=own, person_id=person.pk, at=SINCE)
    son = make_user(at=SINCE, login="chenwei", name="陈伟", role="family")
    make_user(at=SINCE, login="sun", name="小孙", role="operator", organization=centre)
    make_user(at=SINCE, login="far", name="远处", role="operator", region_prefix="990122")
    consent.give(
        actor=access.actor_for(own, SINCE),
        person_id=person.pk,
        purpose="family",
        classes=["health"],
        recipient=Recipient(user_id=son.pk),
        text_version=texts.texts_at(SINCE).version,
        at=SINCE,
    )
    return person


def client_of(login: str, role: str, **more: str) -> Client:
    user = make_user(at=SINCE, login=login, role=role, **more)  # type: ignore[arg-type]
    return signed_in(Client(), user, at=datetime.now(UTC))


@pytest.mark.parametrize("role", ["admin", "auditor", "privacy_officer"])
def test_everybody_who_sees_her_is_named_with_the_reason(chen, role: str) -> None:  # type: ignore[no-untyped-def]
    text = client_of("asks", role).get(f"/access/people/{chen.pk}/").content.decode()
    for word in (
        "陈伟",
        "本人同意：让家人看",
        "姓名和年龄、身体情况",
        "小孙",
        "值班员",
        "秀兰账号",
    ):
        assert word in text, word
    assert "远处" not in text
    assert ("陈秀兰" in text) is (role == "admin"), "who reviews reads no name"


def test_what_an_account_sees(chen) -> None:  # type: ignore[no-untyped-def]
    client = client_of("asks", "admin")
    son = User.objects.get(login="chenwei")
    text = client.get(f"/access/accounts/{son.pk}/").content.decode()
    assert "陈秀兰" in text
    assert "本人同意" in text
    sun = User.objects.get(login="sun")
    assert "值班员" in client.get(f"/access/accounts/{sun.pk}/").content.decode()
    far = User.objects.get(login="far")
    assert client.get(f"/access/accounts/{far.pk}/").status_code == 404


def test_it_is_closed_to_others(chen) -> None:  # type: ignore[no-untyped-def]
    other = client_of("elsewhere", "auditor", region_prefix="990122")
    assert other.get(f"/access/people/{chen.pk}/").status_code == 404
    for role in ("operator", "clinician", "registrar", "family"):
        client = client_of(f"x-{role}".replace("_", "-"), role)
        assert client.get(f"/access/people/{chen.pk}/").status_code == 403
        assert client.get("/access/review/").status_code == 403


def test_roles_that_end_soon_and_accounts_nobody_uses(chen) -> None:  # type: ignore[no-untyped-def]
    now = datetime.now(UTC)
    soon = make_user(at=SINCE, login="soon", name="快到期")
    for days, prefix in ((10, "990121"), (90, "990121001")):
        access.give_role(
            actor=SYSTEM,
            user=soon,
            role="worker",
            region_prefix=prefix,
            at=SINCE,
            until=now + timedelta(days=days),
        )
    old, used = User.objects.get(login="sun"), User.objects.get(login="chenwei")
    User.objects.filter(pk__in=[old.pk, used.pk]).update(created_at=now - timedelta(days=200))
    User.objects.filter(pk=used.pk).update(last_login=now - timedelta(days=80))
    user = make_user(at=SINCE, login="asks", role="privacy_officer")
    actor = access.actor_for(user, now)
    assert [line.region_prefix for line in access_reads.ending_soon(actor, at=now)] == ["990121"]
    assert [row.login for row in access_reads.idle(actor, at=now)] == ["sun"]
    client = signed_in(Client(), user, at=now)
    text = client.get("/access/review/").content.decode()
    assert "快到期" in text
    assert "小孙" in text
