"""Facts with their true dates: what holds follows from them, and mistakes stay readable."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from songhe.base.access.actor import SYSTEM
from songhe.base.audit.models import AuditEntry
from songhe.base.events.models import OutboxEvent
from songhe.base.regions import days
from songhe.base.regions.services import add_region
from songhe.domains.organizations.testing import make_actor
from songhe.domains.people import selectors, services
from songhe.domains.people.models import Contact, Person, PersonRecord, Residency
from songhe.domains.people.register_reads import register_of
from songhe.domains.people.services import Fact, recording
from songhe.domains.people.services.contacts import EndsBeforeItBegins, NoSuchContact
from songhe.domains.people.terms import check_digit
from songhe.domains.people.testing import make_home, make_person
from songhe.kernel.errors import Denied, NotFound

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
FIRST17 = "99012119440309002"
NUMBER = FIRST17 + check_digit(FIRST17)
pytestmark = pytest.mark.django_db


def day(text: str) -> datetime:
    return days.begin_of(date.fromisoformat(text))


@pytest.fixture
def chen() -> Person:
    for code in ("99", "9901", "990121"):
        add_region(code=code, name=code)
    home, _ = make_home(at=NOW - timedelta(days=400))
    return make_person(at=NOW - timedelta(days=400), home=home, phone="15401000000")


def record(person: Person, kind: str, value: str, since: str, actor=SYSTEM, **more):
    given = {"data": more.pop("data", {}), "sealed": more.pop("sealed", "")}
    return services.record_fact(
        actor=actor,
        person_id=person.pk,
        fact=Fact(kind, value, note=more.pop("note", ""), **given),
        since=day(since),
        at=NOW,
        **more,
    )


def recorded():
    """Records but that of the first home."""
    return PersonRecord.objects.exclude(kind="home")


def published(name: str) -> list[dict]:
    return [row.payload for row in OutboxEvent.objects.filter(name=name)]


def test_what_is_told_today_is_true_since_its_date(chen) -> None:
    record(chen, "living", "family", "2026-09-01", note="住到女儿家")
    chen.refresh_from_db()
    assert chen.living == "family"
    rows = PersonRecord.objects.filter(person=chen, kind="living").order_by("since_at")
    assert [row.value for row in rows] == ["alone", "family"]
    assert days.day_of(rows[1].since_at) == date(2026, 9, 1)
    assert rows[1].recorded_at == NOW
    assert "女儿".encode() not in bytes(rows[1].note_sealed)
    told = published("people.PersonRecordChanged")[-1]
    assert (told["kind"], told["since"][:10]) == ("living", "2026-09-01")


def test_a_later_entry_holds_and_is_told(chen) -> None:
    record(chen, "assistance", "minimum", "2026-09-01")
    with pytest.raises(recording.LaterEntry):
        record(chen, "assistance", "margin", "2026-06-01")
    assert recorded().count() == 1
    record(chen, "assistance", "margin", "2026-06-01", between=True)
    held = register_of(SYSTEM, chen.pk, at=NOW)["assistance"]
    assert [(row.value, row.since_on.month, row.until_on) for row in held.rows] == [
        ("minimum", 9, None),
        ("margin", 6, date(2026, 9, 1)),
    ]


@pytest.mark.parametrize(
    ("since", "error"),
    [("2026-11-23", recording.InTheFuture), ("1940-01-01", recording.BeforeBirth)],
)
def test_dates_that_cannot_be_are_refused(chen, since, error) -> None:
    with pytest.raises(error):
        record(chen, "insurance", "resident", since)
    assert not recorded().exists()


@pytest.mark.parametrize(
    ("kind", "value", "data"),
    [("living", "castle", {}), ("disability", "visual", {}), ("nonsense", "x", {}),
     ("disability", "visual", {"level": "9"})],
)  # fmt: skip
def test_only_what_the_register_knows_is_taken(chen, kind, value, data) -> None:
    before = AuditEntry.objects.count()
    with pytest.raises((services.NotAChoice, recording.LevelNeeded)):
        record(chen, kind, value, "2026-09-01", data=data)
    assert not recorded().exists()
    assert AuditEntry.objects.count() == before


def test_a_mistake_is_superseded_never_edited(chen) -> None:
    wrong = record(chen, "disability", "hearing", "2026-09-01", data={"level": "2"})
    with pytest.raises(recording.ReasonForCorrection):
        services.correct_record(
            actor=SYSTEM, record_id=wrong.pk, fact=Fact("disability", "none"),
            since=day("2026-09-01"), reason=" ", at=NOW,
        )  # fmt: skip
    better = services.correct_record(
        actor=SYSTEM, record_id=wrong.pk, reason="证件看错", since=day("2026-08-15"), at=NOW,
        fact=Fact("disability", "physical", data={"level": "3"}),
    )  # fmt: skip
    wrong.refresh_from_db()
    assert (wrong.value, wrong.superseded_by, wrong.superseded_reason) == (
        "hearing", better, "证件看错",
    )  # fmt: skip
    held = register_of(SYSTEM, chen.pk, at=NOW)["disability"]
    assert held.current is not None
    assert held.current.words == "肢体残疾 三级"
    with pytest.raises(NotFound):
        services.withdraw_record(actor=SYSTEM, record_id=wrong.pk, reason="x", at=NOW)
    services.withdraw_record(actor=SYSTEM, record_id=better.pk, reason="无此事", at=NOW)
    assert register_of(SYSTEM, chen.pk, at=NOW)["disability"].current is None
    assert recorded().count() == 2


def test_a_move_of_last_month_is_told_today(chen) -> None:
    old = Residency.objects.get(person=chen)
    new, _ = make_home(at=NOW, region_code="990121002001", address="望河村 1 号")
    services.move_in(actor=SYSTEM, person_id=chen.pk, home=new, since=day("2026-10-20"), at=NOW)
    chen.refresh_from_db()
    assert chen.region_code == "990121002001"
    assert selectors.home_of(chen.pk, at=day("2026-10-19")) == old.home
    assert selectors.home_of(chen.pk, at=day("2026-10-20")) == new
    told = published("people.PersonMoved")[-1]
    assert (told["home_id"], told["left_home_id"]) == (str(new.pk), str(old.home_id))
    assert told["since"].startswith("2026-10-20T00:00:00+08:00")
    assert told["recorded_at"].startswith("2026-11-22T08:00")
    row = PersonRecord.objects.get(person=chen, kind="home", value=str(new.pk))
    services.withdraw_record(actor=SYSTEM, record_id=row.pk, reason="没有搬", at=NOW)
    assert selectors.home_of(chen.pk, at=NOW) == old.home
    chen.refresh_from_db()
    assert chen.region_code == "990121001001"


def test_moving_away_leaves_no_home(chen) -> None:
    record(chen, "home", "elsewhere", "2026-11-01")
    assert selectors.home_of(chen.pk, at=NOW) is None
    assert selectors.home_of(chen.pk, at=day("2026-10-31")) is not None


def test_a_death_of_last_month_is_told_with_both_dates(chen) -> None:
    record(chen, "death", "died", "2026-10-05")
    chen.refresh_from_db()
    assert chen.died_on == date(2026, 10, 5)
    (told,) = published("people.PersonDied")
    assert (told["died_on"], told["recorded_at"][:10]) == ("2026-10-05", "2026-11-22")
    assert told["home_id"]
    assert selectors.home_of(chen.pk, at=day("2026-10-06")) is None
    assert selectors.home_of(chen.pk, at=day("2026-10-05")) is not None
    assert [row.died_on for row in selectors.find_persons(SYSTEM, "陈秀兰").persons]
    assert not selectors.list_persons(SYSTEM).exists()
    with pytest.raises(recording.AfterDeath):
        record(chen, "living", "family", "2026-11-01")
    with pytest.raises(recording.DiedAlready):
        record(chen, "death", "died", "2026-10-06")


def test_a_death_recorded_by_mistake_is_taken_back_whole(chen) -> None:
    before = list(Residency.objects.values_list("home", "period"))
    row = record(chen, "death", "died", "2026-10-05")
    services.withdraw_record(actor=SYSTEM, record_id=row.pk, reason="同名", at=NOW)
    chen.refresh_from_db()
    assert chen.died_on is None
    assert list(Residency.objects.values_list("home", "period")) == before
    assert len(published("people.PersonDeathWithdrawn")) == 1


def test_numbers_and_names_are_recorded_too(chen) -> None:
    record(chen, "phone", "", "2026-10-01", sealed="15401009999")
    record(chen, "name", "陈秀澜", "2026-10-02")
    chen.refresh_from_db()
    view = selectors.get_person(SYSTEM, chen.pk, at=NOW)
    assert (view.name, selectors.phone_of(view)) == ("陈秀澜", "15401009999")
    assert [row.pk for row in selectors.find_persons(SYSTEM, "9999").persons] == [chen.pk]
    assert not selectors.find_persons(SYSTEM, "0000").persons
    sealed = PersonRecord.objects.filter(kind="phone").values_list("value", "value_sealed")
    assert all(not value and b"1540" not in bytes(kept) for value, kept in sealed)


def test_whose_birthday_nobody_knows_has_it_from_her_id_number(chen) -> None:
    lost = services.register_person(
        actor=SYSTEM, name="不详", sex="unknown", birth_on=None, region_code="990121", at=NOW
    )
    assert selectors.get_person(SYSTEM, lost.pk, at=NOW).age(date(2026, 11, 22)) is None
    record(lost, "living", "alone", "2026-10-01")
    record(lost, "id_number", "", "2026-11-01", sealed=NUMBER)
    lost.refresh_from_db()
    assert (lost.birth_on, lost.sex) == (date(1944, 3, 9), "female")
    with pytest.raises(recording.BeforeBirth):
        record(lost, "living", "alone", "1940-01-01")


def test_a_registrar_records_what_is_hers_and_no_health(chen) -> None:
    by = make_actor(at=NOW, login="reg", role="registrar", region_prefix="990121001")
    record(chen, "living", "couple", "2026-09-01", actor=by)
    with pytest.raises(Denied):
        record(chen, "care_level", "3", "2026-09-01", actor=by)
    assert "care_level" not in register_of(by, chen.pk, at=NOW)
    far = make_actor(at=NOW, login="far", role="registrar", region_prefix="990122")
    for actor in (far, make_actor(at=NOW, login="op", role="operator", region_prefix="990121")):
        with pytest.raises(NotFound):
            record(chen, "living", "alone", "2026-09-02", actor=actor)
        with pytest.raises(NotFound):
            register_of(actor, chen.pk, at=NOW)
    assert PersonRecord.objects.filter(value="alone", superseded_at=None).count() == 1


def test_contacts_end_and_are_corrected_with_their_dates(chen) -> None:
    first = services.add_contact(
        actor=SYSTEM, person_id=chen.pk, name="陈伟", relation="son", phone="15401000001", at=NOW,
        since_on=date(2026, 1, 1),
    )  # fmt: skip
    better = services.change_contact(
        actor=SYSTEM, contact_id=first.pk, name="陈伟", relation="son", phone="15401000002", rank=1,
        since_on=None, at=NOW,
    )  # fmt: skip
    view = selectors.get_person(SYSTEM, chen.pk, at=NOW)
    assert [line.phone for line in selectors.contacts_of(SYSTEM, view)] == ["15401000002"]
    with pytest.raises(NoSuchContact):
        services.end_contact(actor=SYSTEM, contact_id=first.pk, until_on=date(2026, 2, 1), at=NOW)
    with pytest.raises(EndsBeforeItBegins):
        services.end_contact(actor=SYSTEM, contact_id=better.pk, until_on=date(2027, 1, 1), at=NOW)
    services.end_contact(actor=SYSTEM, contact_id=better.pk, until_on=date(2026, 11, 1), at=NOW)
    assert selectors.contacts_of(SYSTEM, view) == []
    assert Contact.objects.count() == 2
