"""A guardian acts while the paper is valid, and not a second longer; papers are what they are."""

from __future__ import annotations

import zlib
from datetime import date, timedelta
from uuid import UUID

import pytest
from django.db import connection

from songhe.base import vault
from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM
from songhe.base.access.models import Grant
from songhe.base.accounts.models import User
from songhe.base.consent import guardians, papers, selectors, services, texts
from songhe.base.consent.acting import NoPaper, NotHers, PapersEnded, Told
from songhe.base.consent.models import Consent, Guardianship
from songhe.base.consent.recipients import NoSuchRecipient, Recipient
from songhe.base.consent.terms import PERSON, Channel, PaperKind
from songhe.base.consent.tests.conftest import NOW, PLACE, ActorOf, make_user, picture
from songhe.base.vault import VaultClosed
from songhe.kernel.errors import Denied
from songhe.kernel.ids import uuid7

UNTIL = date(2026, 11, 30)
LAST = NOW + timedelta(days=8)  # 30 November, 16:00 in Shanghai
AFTER = NOW + timedelta(days=8, hours=8)  # midnight after the last day


@pytest.fixture
def clerk(db: None) -> User:
    return make_user("registrar", "registrar")


def appoint(person: UUID, login: str = "chenwei", **more: object) -> Guardianship:
    clerk = access.actor_for(User.objects.get(login="registrar"), NOW)
    paper = papers.keep_paper(
        actor=clerk, person_id=person, kind=PaperKind.GUARDIANSHIP, body=picture(), at=NOW
    )
    wanted: dict[str, object] = {
        "paper_kind": "court",
        "paper_number": "（2026）示民特 17 号",
        "paper_from": date(2026, 10, 1),
        "paper_until": UNTIL,
        "paper_id": paper.pk,
        "at": NOW,
        "region_code": PLACE,
    } | more
    return guardians.appoint(
        actor=clerk, person_id=person, guardian=User.objects.get(login=login), **wanted
    )  # type: ignore[arg-type]


def test_she_acts_until_the_last_day_of_the_paper(
    chen: UUID, clerk: User, actor_of: ActorOf
) -> None:
    make_user("chenwei", "family")
    sister = Recipient(user_id=make_user("sister", "family").pk)
    row = appoint(chen)
    assert selectors.acts_for(actor_of("chenwei")) == {chen: "guardian"}
    given = services.give(
        actor=actor_of("chenwei", LAST),
        person_id=chen,
        purpose="family",
        classes=["health"],
        recipient=sister,
        text_version=texts.texts_at(LAST).version,
        at=LAST,
    )
    assert {(one.giver, one.guardianship_id) for one in given} == {("guardian", row.pk)}
    stale = actor_of("chenwei", LAST)  # a request that began before midnight
    for actor in (stale, actor_of("chenwei", AFTER)):
        with pytest.raises(PapersEnded):
            services.withdraw(
                actor=actor, person_id=chen, purpose="family", recipient=sister, at=AFTER
            )
    assert not selectors.acts_for(actor_of("chenwei", AFTER))
    assert chen not in actor_of("chenwei", AFTER).granted(PERSON)
    assert "health" in actor_of("sister", AFTER).granted(PERSON)[chen]
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(t::text, '') FROM consent_guardianship t")
        assert "示民特" not in cursor.fetchone()[0]
    assert selectors.guardians_of(chen, at=NOW)[0].paper_number == "（2026）示民特 17 号"


def test_ended_by_staff_it_ends_at_once(chen: UUID, clerk: User, actor_of: ActorOf) -> None:
    make_user("chenwei", "family")
    make_user("elsewhere", "registrar", region="990122")
    row = appoint(chen)
    with pytest.raises(Denied):
        guardians.end_guardianship(
            actor=actor_of("elsewhere"),
            person_id=chen,
            region_code=PLACE,
            guardianship_id=row.pk,
            at=NOW,
        )
    assert actor_of("chenwei").granted(PERSON)
    at = NOW + timedelta(minutes=1)
    guardians.end_guardianship(
        actor=actor_of("registrar"),
        person_id=chen,
        region_code=PLACE,
        guardianship_id=row.pk,
        at=at,
    )
    assert not actor_of("chenwei", at).granted(PERSON)
    with pytest.raises(PapersEnded):
        services.give(
            actor=actor_of("chenwei"),
            person_id=chen,
            purpose="family",
            classes=["health"],
            recipient=Recipient(user_id=make_user("sister", "family").pk),
            text_version=texts.texts_at(NOW).version,
            at=at,
        )
    assert not Consent.objects.exists()


@pytest.mark.parametrize(
    ("more", "refusal"),
    [
        ({"paper_from": date(2026, 12, 1)}, guardians.PaperNotValid),
        ({"paper_until": date(2026, 11, 21)}, guardians.PaperNotValid),
        ({"paper_kind": "word"}, guardians.PaperNotValid),
        ({"paper_number": " "}, guardians.NumberMissing),
        ({"paper_id": None}, NoPaper),
        ({"region_code": "990122001001"}, Denied),
        ({"login": "wu"}, NoSuchRecipient),
        ({"login": "chenxiulan"}, NoSuchRecipient),
    ],
)
def test_papers_that_do_not_hold(
    chen: UUID, clerk: User, more: dict[str, object], refusal: type[Exception]
) -> None:
    make_user("chenwei", "family")
    make_user("wu")
    with pytest.raises(refusal):
        appoint(chen, **more)  # type: ignore[arg-type]
    assert not Guardianship.objects.exists()
    assert not Grant.objects.filter(purpose="guardian").exists()


def test_the_word_of_a_guardian_is_recorded_with_the_guardianship(
    chen: UUID, clerk: User, actor_of: ActorOf
) -> None:
    make_user("chenwei", "family")
    sister = Recipient(user_id=make_user("sister", "family").pk)
    row = appoint(chen)
    told = Told(Channel.IN_PERSON, PLACE, guardianship_id=row.pk)
    common = {"person_id": chen, "purpose": "family", "recipient": sister}
    with pytest.raises(PapersEnded):
        services.give(
            actor=actor_of("registrar"),
            classes=["home"],
            text_version=texts.texts_at(AFTER).version,
            told=told,
            at=AFTER,
            **common,  # type: ignore[arg-type]
        )
    rows = services.give(
        actor=actor_of("registrar"),
        classes=["home"],
        text_version=texts.texts_at(NOW).version,
        told=told,
        at=NOW,
        **common,  # type: ignore[arg-type]
    )
    assert {one.giver for one in rows} == {"guardian"}


def test_nobody_becomes_a_guardian_by_a_grant_for_something_else(
    chen: UUID, actor_of: ActorOf
) -> None:
    user = make_user("chenwei", "family")
    access.grant(
        actor=SYSTEM,
        user=user,
        subject_type=PERSON,
        subject_id=chen,
        purpose="family",
        field_classes=["identity", "health"],
        source="test",
        at=NOW,
    )
    assert selectors.acts_for(actor_of("chenwei")) == {}
    with pytest.raises(NotHers):
        services.withdraw(
            actor=actor_of("chenwei"),
            person_id=chen,
            purpose="family",
            recipient=Recipient(user_id=user.pk),
            at=NOW,
        )


def test_a_paper_is_sealed_in_parts_and_comes_back_whole(clerk: User, actor_of: ActorOf) -> None:
    body = b"%PDF-1.7\n" + zlib.compress(bytes(range(256)) * 900, 0) + b"\n%%EOF\n"
    person = uuid7()
    paper = papers.keep_paper(
        actor=actor_of("registrar"), person_id=person, kind=PaperKind.CONSENT, body=body, at=NOW
    )
    assert paper.parts.count() == -(-len(body) // papers.PART_BYTES) > 1
    opened = papers.open_paper(actor=actor_of("registrar"), paper_id=paper.pk, at=NOW)
    assert opened == ("application/pdf", body)
    first, second = paper.parts.order_by("number")[:2]
    first.body_sealed = second.body_sealed
    first.save(update_fields=["body_sealed"])
    with pytest.raises(VaultClosed):
        papers.open_paper(actor=actor_of("registrar"), paper_id=paper.pk, at=NOW)


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        (b"", papers.NotAPaper),
        (b"MZ\x90\x00 a program", papers.NotAPaper),
        (b"<html><script>alert(1)</script></html>", papers.NotAPaper),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='x()'/>", papers.NotAPaper),
        (b"GIF89a" + b"\x00" * 40, papers.NotAPaper),
        (b"\xff\xd8\xff", papers.NotAPaper),
        (b"\xff\xd8\xff\xe0\x00\x01", papers.NotAPaper),
        (b"\x89PNG\r\n\x1a\n", papers.NotAPaper),
        (picture()[:-12], papers.NotAPaper),
        (picture().replace(b"\x00\x00\x00\x04\x00\x00\x00\x04", b"\x00\x01\x00\x00" * 2, 1),
         papers.PaperTooLarge),
        (picture() + b"\x00" * papers.MOST_BYTES, papers.PaperTooLarge),
        (b"%PDF-1.7\n1 0 obj <</S /JavaScript /JS (x)>> endobj\n%%EOF", papers.ActivePaper),
        (b"%PDF-1.7 without an end", papers.NotAPaper),
    ],
)  # fmt: skip
def test_hostile_files_are_refused(body: bytes, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        papers.media_type_of(body)


def test_pictures_are_known_by_their_content() -> None:
    frame = b"\xff\xc0\x00\x0b\x08\x00\x10\x00\x10\x01\x01\x11\x00"
    jpeg = b"\xff\xd8\xff\xe0\x00\x04JF" + frame + b"\xff\xda\x00\x02\x00\xff\xd9"
    assert papers.media_type_of(jpeg) == "image/jpeg"
    assert papers.media_type_of(picture()) == "image/png"


def test_staff_told_something_of_the_persons_channel_cannot_skip_the_region() -> None:
    assert Told().channel == Channel.APP
    assert Told(Channel.PAPER).region_code == "", "an empty region is covered by nobody regional"


def test_death_ends_it_and_a_death_by_mistake_does_not(
    chen: UUID, clerk: User, actor_of: ActorOf
) -> None:
    make_user("chenwei", "family")
    make_user("sister", "family")
    row, dismissed = appoint(chen), appoint(chen, "sister")
    staff = access.actor_for(clerk, NOW)
    hour = timedelta(hours=1)
    guardians.end_guardianship(
        actor=staff, person_id=chen, region_code=PLACE, guardianship_id=dismissed.pk, at=NOW + hour
    )
    assert guardians.end_with_death(person_id=chen, at=NOW + 2 * hour) == 1
    assert chen not in actor_of("chenwei", NOW + 3 * hour).granted(PERSON)
    assert guardians.begin_again(person_id=chen, at=NOW + 4 * hour) == 1
    assert guardians.begin_again(person_id=chen, at=NOW + 5 * hour) == 0
    assert chen in actor_of("chenwei", NOW + 5 * hour).granted(PERSON)
    assert chen not in actor_of("sister", NOW + 5 * hour).granted(PERSON)
    again = Guardianship.objects.get(period__contains=NOW + 5 * hour)
    assert again.period.upper == row.period.upper == AFTER
    number = vault.unseal(again.paper_number_sealed or b"", field=guardians.NUMBER, pk=again.pk)
    assert number == "（2026）示民特 17 号"
    assert guardians.end_with_death(person_id=chen, at=NOW + 6 * hour) == 1
    assert guardians.begin_again(person_id=chen, at=AFTER) == 0  # the paper is over as well
