"""Her family applies, is told where it stands, and objects to a refusal that others look into."""

from __future__ import annotations

from datetime import timedelta

import pytest

from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM, Actor
from songhe.base.audit.models import AuditEntry
from songhe.base.notify import words
from songhe.base.notify.models import Notice
from songhe.domains.homecare import own_reads, selectors, services, testing
from songhe.domains.homecare.models import HomeBed, Objection
from songhe.domains.homecare.services.beds import BedThereAlready
from songhe.domains.homecare.services.common import WordsNeeded
from songhe.domains.homecare.services.fitting import NoSuchNeed
from songhe.domains.homecare.services.objecting import (
    NothingToAnswer,
    NotRefused,
    ObjectedAlready,
    RefusedIt,
)
from songhe.domains.homecare.terms import Basis, Outcome, Purpose, ReturnState
from songhe.domains.homecare.tests.conftest import BEFORE, NOW, County
from songhe.domains.organizations import testing as organizations
from songhe.domains.people import testing as people
from songhe.kernel.errors import Denied, NotFound

DAY = timedelta(days=1)


@pytest.fixture
def wei(county: County) -> Actor:
    """Return her son, to whom nothing but her name is open."""
    user = organizations.make_user(at=BEFORE, login="wei", role="family")
    county.users["wei"] = user
    access.grant(
        actor=SYSTEM,
        user=user,
        subject_type="people.Person",
        subject_id=county.chen.pk,
        purpose="family",
        field_classes=["identity"],
        source="test",
        at=BEFORE,
    )
    return county.actor("wei")


def refused(county: County, wei: Actor) -> HomeBed:
    bed = services.apply_for_bed(actor=wei, person_id=county.chen.pk, note="一个人住", at=NOW)
    return services.refuse_bed(actor=county.actor("boss"), bed_id=bed.pk, reason="材料不全", at=NOW)


def told(county: County, login: str) -> list[str]:
    found = Notice.objects.filter(user_id=county.users[login].pk).order_by("made_at", "id")
    return [one.kind for one in found]


def test_her_son_applies_and_who_assesses_is_told(county: County, wei: Actor) -> None:
    bed = services.apply_for_bed(actor=wei, person_id=county.chen.pk, note="一个人住", at=NOW)
    assert bed.applied_by == county.users["wei"].pk
    assert told(county, "manager") == ["homecare.applied"]
    assert told(county, "wei") == []
    [mine] = own_reads.own_beds(wei, at=NOW)
    assert [one.state for one in mine.steps][:3] == ["done", "now", "later"]
    assert (mine.may_apply, mine.may_object) == (False, False)
    with pytest.raises(BedThereAlready):
        services.apply_for_bed(actor=wei, person_id=county.chen.pk, at=NOW)


def test_nobody_applies_or_objects_for_somebody_elses_people(county: County, wei: Actor) -> None:
    other = people.make_person(at=BEFORE, home=people.make_home(at=BEFORE)[0], name="李桂芳")
    with pytest.raises((Denied, NotFound)):
        services.apply_for_bed(actor=wei, person_id=other.pk, at=NOW)
    theirs = county.bed("applied", person_id=other.pk)
    services.refuse_bed(actor=SYSTEM, bed_id=theirs.pk, reason="x", at=NOW)
    for actor in (wei, county.actor("boss"), county.actor("sun")):
        with pytest.raises((Denied, NotFound)):
            services.object_to_refusal(actor=actor, bed_id=theirs.pk, words="x", at=NOW)
    assert HomeBed.objects.count() == 1
    assert not Objection.objects.exists()
    with pytest.raises(selectors.NoSuchBed):
        own_reads.refusal(wei, theirs.pk, at=NOW)


def test_a_refusal_is_read_objected_to_and_answered_by_somebody_else(
    county: County, wei: Actor
) -> None:
    bed = county.bed("assessed")
    services.refuse_bed(actor=county.actor("boss"), bed_id=bed.pk, reason="材料不全", at=NOW)
    [mine] = own_reads.own_beds(wei, at=NOW)
    assert (mine.reason, mine.may_object, mine.may_apply) == ("材料不全", True, True)
    with pytest.raises(WordsNeeded):
        services.object_to_refusal(actor=wei, bed_id=bed.pk, words=" ", at=NOW)
    row = services.object_to_refusal(actor=wei, bed_id=bed.pk, words="材料早已交齐", at=NOW)
    assert (row.answer_by - NOW.date()).days == 15
    assert "材料".encode() not in bytes(row.words_sealed)
    with pytest.raises(ObjectedAlready):
        services.object_to_refusal(actor=wei, bed_id=bed.pk, words="再说一次", at=NOW)
    [mine] = own_reads.own_beds(wei, at=NOW)
    assert (mine.may_apply, mine.may_object) == (False, False)
    assert "homecare.objection" in told(county, "qian")
    assert "homecare.objection" not in told(county, "boss")  # who refused
    due = selectors.due_beds(county.actor("qian"), today=NOW.date(), renewal_by=NOW.date(),
                             review_by=NOW.date())  # fmt: skip
    assert [one.pk for one in due] == [bed.pk]

    def answer(login: str, outcome: Outcome = Outcome.REOPENED, words: str = "已核实") -> Objection:
        return services.answer_objection(
            actor=county.actor(login), bed_id=bed.pk, outcome=outcome, answer=words, at=NOW + DAY
        )

    with pytest.raises(RefusedIt):
        answer("boss")
    for login in ("manager", "leader", "sun", "wei"):
        with pytest.raises((Denied, NotFound)):
            answer(login)
    with pytest.raises(WordsNeeded):
        answer("qian", words=" ")
    bed.refresh_from_db()
    assert bed.state == "refused"
    answer("qian")
    bed.refresh_from_db()
    assert (bed.state, bed.ended_at) == ("applied", None)
    [mine] = own_reads.own_beds(wei, at=NOW + DAY)
    assert [one.answer for one in mine.objections] == ["已核实"]
    # Somebody comes once more: what was found before the refusal does not count.
    assert [one.state for one in mine.steps][:3] == ["done", "now", "later"]
    assert told(county, "wei") == ["homecare.moved"] * 2
    with pytest.raises(NothingToAnswer):
        answer("qian")
    with pytest.raises(NotRefused):
        services.object_to_refusal(actor=wei, bed_id=bed.pk, words="x", at=NOW)
    said = AuditEntry.objects.filter(action="homecare.answer_objection", kind="change")
    assert said.exists()


def test_a_refusal_that_stands_can_be_objected_to_once_more_or_applied_again(
    county: County, wei: Actor
) -> None:
    bed = refused(county, wei)
    services.object_to_refusal(actor=wei, bed_id=bed.pk, words="不同意", at=NOW)
    services.answer_objection(
        actor=county.actor("qian"), bed_id=bed.pk, outcome=Outcome.STANDS, answer="缺证明", at=NOW
    )
    [mine] = own_reads.own_beds(wei, at=NOW)
    assert (mine.may_object, mine.may_apply) == (True, True)
    services.object_to_refusal(actor=wei, bed_id=bed.pk, words="证明在此", at=NOW)
    again = services.apply_for_bed(actor=SYSTEM, person_id=county.chen.pk, at=NOW)
    with pytest.raises(BedThereAlready):
        services.answer_objection(
            actor=county.actor("qian"), bed_id=bed.pk, outcome=Outcome.REOPENED, answer="可", at=NOW
        )
    assert again.state == "applied"
    assert Objection.objects.filter(answered_at=None).count() == 1


def test_a_day_without_an_answer_is_told_once_to_who_answers_and_who_waits(
    county: County, wei: Actor
) -> None:
    bed = refused(county, wei)
    row = services.object_to_refusal(actor=wei, bed_id=bed.pk, words="不同意", at=NOW)
    assert services.remind_of_objections(at=NOW + 15 * DAY) == 0
    assert services.remind_of_objections(at=NOW + 16 * DAY) == 1
    assert services.remind_of_objections(at=NOW + 17 * DAY) == 0
    assert told(county, "qian").count("homecare.objection_overdue") == 1
    assert told(county, "wei")[-1] == "homecare.moved"
    [mine] = own_reads.own_beds(wei, at=NOW + 16 * DAY)
    assert mine.is_late
    assert mine.objections[0].row.pk == row.pk


def test_she_is_told_when_somebody_comes(county: County, wei: Actor) -> None:
    bed = services.apply_for_bed(actor=wei, person_id=county.chen.pk, at=NOW)
    begins = NOW + DAY  # a working day, at 10:12 in the county
    services.arrange_visit(
        actor=county.actor("manager"), bed_id=bed.pk, purpose=Purpose.ASSESS,
        visitor_id=county.users["manager"].pk, begins_at=begins, at=NOW,
    )  # fmt: skip
    assert told(county, "wei") == ["homecare.moved"]
    title = words.title_of(Notice.objects.get(user_id=county.users["wei"].pk), wei)
    assert title.startswith("陈秀兰的家庭养老床位：")  # a son may have two parents
    assert "11-23 10:12" in title
    [mine] = own_reads.own_beds(wei, at=NOW)
    assert mine.visit is not None
    assert mine.visit.who == county.users["manager"].display_name
    assert "10:12–11:12" in mine.visit.when


def test_what_was_to_come_back_stays_for_the_next_bed(county: County) -> None:
    first = county.bed("active")
    services.end_bed(actor=SYSTEM, bed_id=first.pk, reason="短住女儿家", at=NOW + DAY)
    due = first.returns.values_list("device", flat=True)
    assert len(due) > 0
    again = county.bed("applied", at=NOW + 2 * DAY)
    services.assess(
        actor=SYSTEM, bed_id=again.pk, visited_on=(NOW + 2 * DAY).date(), level=2,
        basis=Basis.VISIT, needs=["alone", "falls"], words="看过", at=NOW + 2 * DAY,
    )  # fmt: skip
    services.start_fitting(actor=SYSTEM, bed_id=again.pk, at=NOW + 2 * DAY)
    testing.fit_home(again, at=NOW + 2 * DAY)
    assert {one.state for one in first.returns.all()} == {"stays"}
    with pytest.raises(NoSuchNeed):  # and nobody takes it from the bed in use
        services.close_return(
            actor=SYSTEM, bed_id=first.pk, return_id=first.returns.first().pk,
            state=ReturnState.BACK, at=NOW + 3 * DAY,
        )  # fmt: skip
    services.finish_fitting(actor=SYSTEM, bed_id=again.pk, at=NOW + 3 * DAY)
