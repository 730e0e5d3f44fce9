"""What one must know of a person: told in known words or one's own, ended, and who may."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone, translation

from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM
from songhe.base.regions import days
from songhe.config.demo import health
from songhe.domains.people import fact_reads, known, sealing, selectors, services
from songhe.domains.people.models import Person, PersonFact
from songhe.domains.people.terms import FactKind
from songhe.domains.people.testing import make_fact
from songhe.domains.telemetry.tests.cast import Cast, make_cast
from songhe.kernel.errors import Denied

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def client_of(cast: Cast, name: str, language: str = "en") -> Client:
    client = Client()
    client.force_login(cast.users[name])
    client.cookies["songhe_language"] = language
    return client


def texts(cast: Cast) -> list[str]:
    return [line.text for line in selectors.facts_of([cast.chen], at=timezone.now())[cast.chen]]


def tell(cast: Cast, who: str, status: int, **given: str) -> str:
    answer = client_of(cast, who).post(f"/people/{cast.chen}/facts/add/", given)
    assert answer.status_code == status, answer.content.decode()[:400]
    return answer.content.decode()


def test_every_known_fact_has_a_kind_its_words_fit_and_no_code_comes_twice() -> None:
    facts = known.facts()
    assert {one.kind for one in facts} == set(FactKind.values)
    assert len({one.code for one in facts}) == len(facts)
    assert all(len(one.zh) <= 40 and len(one.en) <= 60 and len(one.code) <= 40 for one in facts)


def test_the_demo_county_says_the_same_words() -> None:
    words = {one.code: (one.kind, one.zh, one.en) for one in known.facts()}
    rows = [row for part in ("conditions", "allergies", "needs") for row in health.table()[part]]
    shared = [row for row in rows if row["code"] in words]
    assert len(shared) > 15
    assert all(words[row["code"]] == (row["kind"], row["zh"], row["en"]) for row in shared)


def test_known_words_of_either_language_bring_the_other(cast: Cast) -> None:
    tell(cast, "sun", 302, kind="medicine", words=" warfarin (thins the blood)")
    row = PersonFact.objects.get(person=cast.chen, kind="medicine")
    assert (row.code, row.rank) == ("warfarin", 35)
    assert sealing.fact_texts(row)[0] == "华法林（抗凝）"
    assert "华法林".encode() not in bytes(row.text_sealed)
    text = tell(cast, "sun", 409, kind="medicine", words="华法林（抗凝）")
    assert "This is noted already" in text
    assert "华法林（抗凝）" in text


def test_own_words_stand_as_they_were_said(cast: Cast) -> None:
    tell(cast, "sun", 302, kind="medicine", words="华法林 2.5 mg 每晚")
    assert "华法林 2.5 mg 每晚" in texts(cast)
    with translation.override("en"):
        assert "华法林 2.5 mg 每晚" in texts(cast)
    tell(cast, "sun", 302, kind="need", words="门铃坏了", in_english="The bell is broken")
    with translation.override("en"):
        assert "The bell is broken" in texts(cast)
    tell(cast, "sun", 409, kind="need", words="门铃坏了")


def test_what_holds_until_a_day_ends_with_it(cast: Cast) -> None:
    now = timezone.now()
    today = days.day_of(now)
    tell(
        cast, "sun", 422, kind="medicine", words="阿莫西林", until_on=str(today - timedelta(days=1))
    )
    tell(cast, "sun", 302, kind="medicine", words="阿莫西林", until_on=str(today))
    person = selectors.get_person(SYSTEM, cast.chen, at=now)
    holds, was = fact_reads.told_of(person, at=timezone.now())
    [line] = [line for line in holds if line.text == "阿莫西林"]
    assert line.until_on == today
    assert not was
    holds, was = fact_reads.told_of(person, at=days.end_of(today))
    assert [line.text for line in was] == ["阿莫西林"]
    assert was[0].until_on == today


def test_no_longer_so_is_kept_with_its_days(cast: Cast) -> None:
    person = Person.objects.get(pk=cast.chen)
    begun = timezone.now() - timedelta(days=3)
    make_fact(
        person=person, at=begun, code="latex", text_zh="乳胶过敏", text_en="Allergic to latex"
    )
    row = PersonFact.objects.get(person=cast.chen, code="latex")
    sun = client_of(cast, "sun")
    assert sun.post(f"/people/facts/{row.pk}/end/").status_code == 302
    text = sun.get(f"/people/{cast.chen}/facts/").content.decode()
    assert "What was so before" in text
    assert "Allergic to latex" in text
    assert "乳胶过敏" not in texts(cast)
    assert sun.post(f"/people/facts/{row.pk}/end/").status_code == 404  # ended already


def test_what_a_rule_reads_is_not_ended_here(cast: Cast) -> None:
    person = Person.objects.get(pk=cast.chen)
    make_fact(person=person, at=timezone.now(), code="scale", kind="condition",
              text_zh="血氧目标", text_en="Oxygen target", data={"spo2_scale": 2})  # fmt: skip
    row = PersonFact.objects.get(person=cast.chen, code="scale")
    sun = client_of(cast, "sun")
    page = sun.get(f"/people/{cast.chen}/facts/").content.decode()
    assert "a rule reads it" in page
    assert str(row.pk) not in page
    assert sun.post(f"/people/facts/{row.pk}/end/").status_code == 404
    assert "血氧目标" in texts(cast)


def test_who_may_not_see_health_neither_reads_nor_writes(cast: Cast) -> None:
    page = client_of(cast, "wei").get(f"/people/{cast.chen}/facts/").content.decode()
    assert "Note something" not in page  # her son reads what is open to him and writes nothing
    tell(cast, "wei", 403, kind="allergy", words="花生过敏")
    tell(cast, "far", 404, kind="allergy", words="花生过敏")
    assert "花生过敏" not in texts(cast)


def test_the_service_itself_asks_for_health(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    actor = access.actor_for(cast.users["sun"], timezone.now())
    monkeypatch.setattr("songhe.base.access.policies.fields", lambda *_: frozenset({"identity"}))
    with pytest.raises(Denied):
        services.tell_fact(
            actor=actor, person_id=cast.chen, kind="allergy", words="乳胶过敏", at=timezone.now()
        )
