"""Grandma Chen gives, narrows and ends on her own pages; staff record; a guardian likewise."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM
from songhe.base.access.models import Grant
from songhe.base.accounts.models import User
from songhe.base.accounts.testing import signed_in as fresh
from songhe.base.consent import guardians
from songhe.base.consent.models import Consent, Guardianship
from songhe.base.consent.tests.conftest import picture
from songhe.domains.organizations.testing import make_organization, make_user
from songhe.domains.people import services as people
from songhe.domains.people.testing import make_person

SINCE = datetime.now(UTC) - timedelta(days=30)
pytestmark = pytest.mark.django_db


def signed_in(user: User) -> Client:
    return fresh(Client(), user, at=datetime.now(UTC))


@pytest.fixture
def chen(db: None) -> UUID:
    person = make_person(at=SINCE)
    own = make_user(at=SINCE, login="chenxiulan", name="陈秀兰", role="elder")
    guardians.make_own(actor=SYSTEM, user=own, person_id=person.pk, at=SINCE)
    make_user(at=SINCE, login="chenwei", name="陈伟", role="family")
    return person.pk


@pytest.fixture
def elder(chen: UUID) -> Client:
    return signed_in(User.objects.get(login="chenxiulan"))


@pytest.fixture
def son(chen: UUID) -> Client:
    return signed_in(User.objects.get(login="chenwei"))


def allow(elder: Client, chen: UUID, *classes: str) -> str:
    """Act out the three pages of allowing; return the address of what the son may see."""
    named = elder.post(f"/my-data/{chen}/allow/", {"login": "ChenWei"})
    assert named.status_code == 302, named.content.decode()
    what = named["Location"]
    given = {"classes": classes, "length": "year"}
    sure = elder.post(what, given)
    text = sure.content.decode()
    assert "陈伟" in text
    assert "家人不在身边" in text, "the necessity is told"
    assert "报警" in text, "that refusing costs nothing is told"
    version = text.partition('name="version" value="')[2].partition('"')[0]
    done = elder.post(what, given | {"step": "sure", "version": version})
    assert done.status_code == 302, done.content.decode()
    return what.replace("/allow/", "/")


def test_her_son_sees_what_she_allows_until_she_ends_it(
    elder: Client, son: Client, chen: UUID
) -> None:
    page = f"/people/{chen}/"
    assert son.get(page).status_code == 404
    one = allow(elder, chen, "health", "home")
    seen = son.get(page).content.decode()
    assert "陈秀兰" in seen
    mine = son.get("/my-data/").content.decode()
    assert "陈秀兰" in mine
    assert "身体情况" in mine
    told = elder.get(f"/my-data/{chen}/").content.decode()
    assert "陈伟可以看：姓名和年龄、身体情况、家里的情况" in told
    less = elder.post(f"{one}less/", {"keep": ["home"]}).content.decode()
    assert "身体情况" in less
    elder.post(f"{one}less/", {"keep": ["home"], "step": "sure"})
    assert "身体情况" not in elder.get(one).content.decode()
    actor = access.actor_for(User.objects.get(login="chenwei"), datetime.now(UTC))
    assert actor.granted("people.Person")[chen] == {"identity", "home"}
    assert elder.get(f"{one}end/").status_code == 200
    assert son.get(page).status_code == 200, "asking alone ends nothing"
    elder.post(f"{one}end/")
    assert son.get(page).status_code == 404
    assert "还没有让任何人" in elder.get(f"/my-data/{chen}/").content.decode()
    assert elder.post(f"{one}end/").status_code == 409


def test_saying_no_is_kept_and_her_own_pages_stay(elder: Client, son: Client, chen: UUID) -> None:
    named = elder.post(f"/my-data/{chen}/allow/", {"login": "chenwei"})
    elder.post(named["Location"], {"step": "no"})
    assert {row.decision for row in Consent.objects.all()} == {"refused"}
    assert son.get(f"/people/{chen}/").status_code == 404
    assert elder.get(f"/people/{chen}/").status_code == 200
    assert "您不同意" in elder.get(f"/my-data/{chen}/").content.decode()


def test_nobody_else_reaches_her_decisions(elder: Client, son: Client, chen: UUID) -> None:
    one = allow(elder, chen, "health")
    stranger = signed_in(make_user(at=SINCE, login="other", role="elder"))
    before = list(Consent.objects.values_list("pk", "period"))
    for client in (son, stranger):
        for address in (f"/my-data/{chen}/", f"/my-data/{chen}/allow/", one, f"{one}less/"):
            assert client.get(address).status_code == 403
        assert client.post(f"{one}end/").status_code == 403
        assert client.post(f"{one}less/", {"keep": [], "step": "sure"}).status_code == 403
        wider = one.replace(f"/my-data/{chen}/", f"/my-data/{chen}/allow/")
        given = {"classes": ["location"], "length": "year", "step": "sure", "version": "2026-11"}
        assert client.post(wider, given).status_code == 403
    assert list(Consent.objects.values_list("pk", "period")) == before
    forged = f"/my-data/{chen}/allow/family/user.{chen}/"
    assert elder.get(forged).status_code == 422
    assert elder.get(f"/my-data/{chen}/allow/alarm/user.{chen}/").status_code == 422


def test_staff_record_a_signed_paper_and_read_it_again(chen: UUID, son: Client) -> None:
    make_organization(at=SINCE)
    clerk = signed_in(make_user(at=SINCE, login="clerk", role="registrar"))
    other = signed_in(make_user(at=SINCE, login="clerk2", role="registrar", region_prefix="990122"))
    base = f"/people/{chen}/consents/"
    given = {
        "channel": "paper",
        "giver": "self",
        "login": "chenwei",
        "classes": ["health"],
        "until": (datetime.now(UTC) + timedelta(days=100)).date().isoformat(),
    }
    bad = SimpleUploadedFile("scan.jpg", b"<script>alert(1)</script>", "image/jpeg")
    refused = clerk.post(f"{base}record/", given | {"paper": bad})
    assert refused.status_code == 422
    assert "这个文件不能用" in refused.content.decode()
    assert clerk.post(f"{base}record/", given).status_code == 422, "without the paper"
    assert not Consent.objects.exists()
    scan = SimpleUploadedFile("x.exe", picture(), "application/octet-stream")
    assert clerk.post(f"{base}record/", given | {"paper": scan}).status_code == 302
    assert son.get(f"/people/{chen}/").status_code == 200
    row = Consent.objects.filter(data_class="health").get()
    assert row.channel == "paper"
    address = f"/papers/{row.paper_id}/"
    answer = clerk.get(address)
    assert answer.content == picture()
    assert answer["Content-Type"] == "image/png"
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["Content-Security-Policy"] == "sandbox"
    assert other.get(address).status_code == 404
    assert son.get(address).status_code == 403
    for address in (base, f"{base}record/", f"{base}guardian/"):
        assert other.get(address).status_code == 404
        assert son.get(address).status_code == 403
    told = clerk.get(base).content.decode()
    assert "陈伟可以看" in told
    ended = clerk.post(
        f"{base}end/family/{row.recipient_key}/", {"channel": "in-person", "giver": "self"}
    )
    assert ended.status_code == 302
    assert son.get(f"/people/{chen}/").status_code == 404
    assert "撤回" in clerk.get(base).content.decode()


def test_her_guardian_does_the_same_for_her(chen: UUID, son: Client) -> None:
    clerk = signed_in(make_user(at=SINCE, login="clerk", role="registrar"))
    sister = make_user(at=SINCE, login="sister", name="陈敏", role="family")
    today = datetime.now(UTC).date()
    given = {
        "guardian": "chenwei",
        "paper_kind": "court",
        "paper_number": "（2026）示民特 17 号",
        "paper_from": (today - timedelta(days=40)).isoformat(),
        "paper_until": (today + timedelta(days=40)).isoformat(),
    }
    address = f"/people/{chen}/consents/guardian/"
    expired = given | {"paper_until": (today - timedelta(days=2)).isoformat()}
    scan = lambda: SimpleUploadedFile("a.png", picture())  # noqa: E731
    assert clerk.post(address, expired | {"paper": scan()}).status_code == 422
    assert son.get(f"/my-data/{chen}/").status_code == 403
    assert clerk.post(address, given | {"paper": scan()}).status_code == 302
    assert son.get("/my-data/")["Location"] == f"/my-data/{chen}/"
    named = son.post(f"/my-data/{chen}/allow/", {"login": "sister"})
    son.post(
        named["Location"],
        {"classes": ["health"], "length": "month", "step": "sure", "version": "2026-11"},
    )
    rows = Consent.objects.filter(recipient_user=sister)
    assert {row.giver for row in rows} == {"guardian"}
    assert signed_in(sister).get(f"/people/{chen}/").status_code == 200
    row = Guardianship.objects.get()
    assert clerk.post(f"{address}{row.pk}/end/").status_code == 302
    assert son.get(f"/my-data/{chen}/").status_code == 403
    assert son.get(f"/people/{chen}/").status_code == 404
    assert Grant.objects.filter(purpose="guardian", period__endswith=None).count() == 0


def test_staff_open_her_own_account_and_one_of_her_family(db: None) -> None:
    person = make_person(at=SINCE).pk
    clerk = signed_in(make_user(at=SINCE, login="clerk", role="registrar"))
    far = signed_in(make_user(at=SINCE, login="far", role="registrar", region_prefix="990122"))
    address = f"/people/{person}/consents/account/"
    given = {"whose": "own", "login": "xiulan", "phone": "15400000399"}
    assert far.post(address, given).status_code == 404
    text = clerk.post(address, given).content.decode()
    own = User.objects.get(login="xiulan")
    assert own.check_password(text.partition("<p><b>")[2].partition("</b>")[0])
    assert signed_in(own).get("/my-data/")["Location"] == f"/my-data/{person}/"
    assert clerk.post(address, given | {"login": "second", "phone": ""}).status_code == 409
    family = {"whose": "family", "login": "wei", "display_name": "陈伟"}
    assert clerk.post(address, family).status_code == 200
    son = signed_in(User.objects.get(login="wei"))
    assert son.get(f"/people/{person}/").status_code == 404
    assert son.get(f"/my-data/{person}/").status_code == 403
    assert User.objects.filter(login="second").count() == 0


def test_what_she_said_under_two_entries_ends_after_they_are_merged(
    elder: Client, son: Client, chen: UUID
) -> None:
    allow(elder, chen, "health")
    twin = make_person(at=SINCE).pk
    other = make_user(at=SINCE, login="other", role="elder")
    guardians.make_own(actor=SYSTEM, user=other, person_id=twin, at=SINCE)
    allow(signed_in(other), twin, "health", "location")
    people.merge_persons(
        actor=SYSTEM, kept_id=chen, gone_id=twin, reason="同一人", at=datetime.now(UTC)
    )
    seen = access.actor_for(User.objects.get(login="chenwei"), datetime.now(UTC))
    assert seen.granted("people.Person") == {chen: {"identity", "health", "location"}}
    key = Consent.objects.filter(person_id=chen)[0].recipient_key
    assert elder.post(f"/my-data/{chen}/family/{key}/end/").status_code == 302
    seen = access.actor_for(User.objects.get(login="chenwei"), datetime.now(UTC))
    assert seen.granted("people.Person") == {}
    assert son.get(f"/people/{chen}/").status_code == 404
