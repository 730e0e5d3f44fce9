"""Papers and facts of workers: entered once, sealed, counted by day, open to who keeps them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM, Actor
from songhe.base.accounts.testing import signed_in
from songhe.base.audit.models import AuditEntry
from songhe.domains.organizations import qualification_reads, selectors, services
from songhe.domains.organizations.models import Organization, Qualification, Staff, WorkerFacts
from songhe.domains.organizations.papers import all_qualifications, meet
from songhe.domains.organizations.services.employing import NotEmployed
from songhe.domains.organizations.services.qualifying import (
    EnteredAlready,
    NotInOrder,
    UnknownKind,
    UnknownLanguage,
)
from songhe.domains.organizations.testing import make_organization, make_user
from songhe.kernel.errors import Denied
from tests.access.test_wall import standing

NOW = datetime.now(UTC)
SINCE = NOW - timedelta(days=400)
TODAY = timezone.localdate(NOW)
NUMBER = "证字第 20260715 号"
pytestmark = pytest.mark.django_db


@pytest.fixture
def house(db: None) -> Organization:
    return make_organization(at=SINCE)


@pytest.fixture
def liu(house: Organization) -> Staff:
    user = make_user(at=SINCE, login="liu", name="小刘", role="worker", organization=house)
    return Staff.objects.get(user=user)


def actor(role: str, house: Organization | None = None, region: str = "990121") -> Actor:
    user = make_user(
        at=SINCE, login=f"a-{role}-{region}", role=role, region_prefix=region, organization=house
    )
    return access.actor_for(user, NOW)


def enter(
    who: Actor, staff: Staff, code: str, days: int | None = 100, **more: Any
) -> Qualification:
    given = {"issued_on": TODAY - timedelta(days=200), "number": NUMBER} | more
    until = None if days is None else TODAY + timedelta(days=days)
    return services.add_qualification(
        actor=who, staff_id=staff.pk, code=code, valid_until=until, at=NOW, **given
    )


def test_a_higher_level_meets_a_lower_one_and_no_other_ladder() -> None:
    assert meet({"carer-3"}, "carer-5")
    assert meet({"carer-5"}, "carer-5")
    assert not meet({"carer-5"}, "carer-4")
    assert not meet({"carer-1"}, "bathing")
    assert not meet({"unknown"}, "carer-5")
    assert len({one.zh for one in all_qualifications().values()}) == len(all_qualifications())


def test_who_is_qualified_on_which_day(liu: Staff) -> None:
    wanted, user = ["carer-5", "bathing"], liu.user_id
    assert selectors.qualified([user], [], NOW) == {user}
    enter(SYSTEM, liu, "carer-4", None)
    bathing = enter(SYSTEM, liu, "bathing", 10)
    assert selectors.qualified([user], wanted, NOW) == {user}
    last, after = NOW + timedelta(days=10), NOW + timedelta(days=11)
    assert selectors.qualified([user], wanted, last) == {user}
    assert selectors.lacking([user], wanted, after) == {user: {"bathing"}}
    assert selectors.lacking([user], wanted, NOW - timedelta(days=300)) == {user: set(wanted)}
    services.end_qualification(
        actor=SYSTEM, staff_id=liu.pk, qualification_id=bathing.pk, reason="录错", at=NOW
    )
    assert selectors.qualified([user], wanted, NOW) == set()
    assert Qualification.objects.count() == 2


def test_the_number_is_sealed_and_its_reading_is_audited(house: Organization, liu: Staff) -> None:
    row = enter(SYSTEM, liu, "bathing")
    assert NUMBER.encode() not in bytes(row.number_sealed or b"")
    manager = actor("provider_manager", house)
    found = qualification_reads.papers_of(manager, liu.pk, on=TODAY, at=NOW)
    assert found is not None
    assert [(one.number, one.state) for one in found.papers] == [(NUMBER, "good")]
    read = AuditEntry.objects.get(kind="read", user_id=manager.user_id)
    assert read.ref == f"organizations.Staff/{liu.pk}"
    far = actor("admin", region="990122")
    assert qualification_reads.papers_of(far, liu.pk, on=TODAY, at=NOW) is None


def test_what_cannot_be_entered(liu: Staff) -> None:
    enter(SYSTEM, liu, "bathing")
    for refusal, changes in (
        (UnknownKind, {"code": "magic"}),
        (NotInOrder, {"issued_on": TODAY + timedelta(days=1)}),
        (NotInOrder, {"days": -300}),
        (EnteredAlready, {}),
    ):
        with pytest.raises(refusal):
            enter(SYSTEM, liu, **({"code": "bathing"} | changes))
    assert Qualification.objects.count() == 1
    with pytest.raises(IntegrityError), transaction.atomic():
        Qualification.objects.update(period="empty")


def test_who_keeps_papers(house: Organization, liu: Staff) -> None:
    other = make_organization(at=SINCE, name="另一家")
    refused = [
        (actor("provider_manager", other), NotEmployed),
        (actor("admin", region="990122"), NotEmployed),
        (actor("operator"), Denied),
        (access.actor_for(liu.user, NOW), Denied),
        (actor(""), Denied),
    ]
    for who, refusal in refused:
        with pytest.raises(refusal):
            enter(who, liu, "bathing")
        with pytest.raises(refusal):
            services.set_worker_facts(
                actor=who, staff_id=liu.pk, gender="", languages=[], about_zh="", about_en="",
                at=NOW,
            )  # fmt: skip
    assert not Qualification.objects.exists()
    assert not WorkerFacts.objects.exists()
    enter(actor("admin"), liu, "bathing")
    services.end_employment(actor=SYSTEM, staff_id=liu.pk, close_account=False, at=NOW)
    with pytest.raises(NotEmployed):
        enter(SYSTEM, liu, "first-aid")


def test_what_an_elder_may_know_of_who_comes(house: Organization, liu: Staff) -> None:
    make_user(at=SINCE, login="desk", role="operator", organization=house)
    with pytest.raises(UnknownLanguage):
        services.set_worker_facts(
            actor=SYSTEM, staff_id=liu.pk, gender="female", languages=["klingon"], about_zh="",
            about_en="", at=NOW,
        )  # fmt: skip
    services.set_worker_facts(
        actor=SYSTEM, staff_id=liu.pk, gender="female", languages=["putonghua", "local"],
        about_zh="做护理六年，会做软饭", about_en="", at=NOW,
    )  # fmt: skip
    (line,) = selectors.workers_of(house.pk, NOW)
    assert (line.name, line.gender, line.languages) == ("小刘", "female", ("local", "putonghua"))
    assert line.about == "做护理六年，会做软饭"
    assert line.photo is None
    assert selectors.worker_lines([liu.user_id], at=NOW) == {liu.user_id: line}


def test_papers_that_end_soon_without_those_renewed(house: Organization, liu: Staff) -> None:
    enter(SYSTEM, liu, "health-certificate", 20)
    enter(SYSTEM, liu, "first-aid", -5)
    enter(SYSTEM, liu, "bathing", 61)
    enter(SYSTEM, liu, "driving", 30)
    enter(SYSTEM, liu, "driving", 700, issued_on=TODAY)
    enter(SYSTEM, liu, "carer-5", 10)
    enter(SYSTEM, liu, "carer-4", None, issued_on=TODAY)
    manager = actor("provider_manager", house)
    found = qualification_reads.ending_papers(manager, on=TODAY, at=NOW)
    assert [(one.state, one.until - TODAY) for one in found] == [
        ("over", timedelta(days=-5)),
        ("ends-soon", timedelta(days=20)),
    ]
    for who in (actor("admin", region="990122"), actor("worker")):
        assert qualification_reads.ending_papers(who, on=TODAY, at=NOW) == []


def test_the_wall(house: Organization, liu: Staff) -> None:
    enter(SYSTEM, liu, "bathing")
    services.set_worker_facts(
        actor=SYSTEM, staff_id=liu.pk, gender="", languages=[], about_zh="x", about_en="", at=NOW
    )
    other = make_organization(at=SINCE, name="另一家")
    for user, seen in (
        (liu.user, 1),
        (make_user(at=SINCE, login="m1", role="provider_manager", organization=house), 1),
        (make_user(at=SINCE, login="o1", role="operator"), 1),
        (make_user(at=SINCE, login="m2", role="provider_manager", organization=other), 0),
        (make_user(at=SINCE, login="w2", role="worker", organization=house), 0),
        (make_user(at=SINCE, login="f", role="family"), 0),
        (None, 0),
    ):
        with standing(user) as cursor:
            for table in ("organizations_qualification", "organizations_workerfacts"):
                cursor.execute(f"SELECT count(*) FROM {table}")
                assert cursor.fetchone() == (seen,), (user, table)


def test_a_provider_manager_keeps_papers_on_the_pages(house: Organization, liu: Staff) -> None:
    user = make_user(at=SINCE, login="m", role="provider_manager", organization=house)
    client = signed_in(Client(), user, at=NOW)
    page = f"/organizations/staff/{liu.pk}/"
    text = client.get(page).content.decode()
    assert "登记证件" in text
    assert "secret/" not in text, "no button that leads to a refusal"
    assert client.get(f"/organizations/{house.pk}/").status_code == 200
    data = {"code": "bathing", "issued_on": TODAY.isoformat(), "number": NUMBER, "valid_until": ""}
    wrong = client.post(f"{page}paper/", data | {"valid_until": "2001-01-01"})
    assert wrong.status_code == 422
    assert NUMBER in wrong.content.decode(), "what was entered is not lost"
    assert client.post(f"{page}paper/", data).status_code == 302
    facts = {"gender": "female", "languages": ["sign"], "about_zh": "爱聊天", "about_en": ""}
    assert client.post(f"{page}about/", facts).status_code == 302
    text = client.get(page).content.decode()
    for words in (NUMBER, "助浴培训合格证", "手语", "爱聊天"):
        assert words in text, words
    row = Qualification.objects.get()
    end = f"{page}paper/{row.pk}/end/"
    assert client.post(end, {"reason": ""}).status_code == 422
    assert client.post(end, {"reason": "录错了"}).status_code == 302
    assert "录错了" in client.get(page).content.decode()
    assert client.post(end, {"reason": "again"}).status_code == 404
    assert "本机构" in client.get("/organizations/qualifications/").content.decode()


def test_the_pages_of_papers_are_closed_to_others(house: Organization, liu: Staff) -> None:
    other = make_organization(at=SINCE, name="另一家")
    page = f"/organizations/staff/{liu.pk}/"
    stranger = make_user(at=SINCE, login="m", role="provider_manager", organization=other)
    client = signed_in(Client(), stranger, at=NOW)
    data = {"code": "bathing", "issued_on": TODAY.isoformat()}
    assert client.get(page).status_code == 404
    assert client.post(f"{page}paper/", data).status_code == 404
    assert client.post(f"{page}about/", {"gender": ""}).status_code == 404
    desk = signed_in(Client(), make_user(at=SINCE, login="o", role="operator"), at=NOW)
    assert desk.post(f"{page}paper/", data).status_code == 403
    assert desk.get("/organizations/qualifications/").status_code == 200
    assert not Qualification.objects.exists()
