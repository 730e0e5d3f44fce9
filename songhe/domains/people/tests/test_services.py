"""Registering, housing, masking: what is refused changes nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM, Actor
from songhe.base.accounts.models import User
from songhe.base.audit.models import AuditEntry
from songhe.domains.people import idnumber, indexing, selectors, services
from songhe.domains.people.models import Person, Residency
from songhe.kernel.errors import Denied

NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)
COMMUNITY = "990121001001"
REFERENCE = Path(__file__).parents[5] / "shared/reference/10_interoperability.yaml"


def actor(role: str, prefix: str = "990121") -> Actor:
    user = User.objects.create_user(login=role, display_name=role, password="a long phrase")
    access.give_role(actor=SYSTEM, user=user, role=role, region_prefix=prefix, at=NOW)
    return access.actor_for(user, NOW)


def register(by: Actor = SYSTEM, **more: object) -> Person:
    values = {
        "name": "陈秀兰",
        "sex": "female",
        "birth_on": date(1944, 3, 5),
        "region_code": COMMUNITY,
        "at": NOW,
    }
    return services.register_person(actor=by, **(values | more))


@given(st.dates(date(1900, 1, 1), date(2026, 1, 1)), st.integers(0, 999))
def test_one_wrong_digit_is_always_noticed(born: date, sequence: int) -> None:
    first = f"990121{born:%Y%m%d}{sequence:03d}"
    number = first + idnumber.check_digit(first)
    assert idnumber.parse(number, today=date(2026, 11, 21))[1] == born
    last = "0" if number[16] != "0" else "1"
    with pytest.raises(idnumber.BadIdNumber):
        idnumber.parse(number[:16] + last + number[17], today=date(2026, 11, 21))


def test_id_numbers_of_the_reference() -> None:
    if not REFERENCE.exists():
        pytest.skip("the reference is not beside this checkout")
    facts = yaml.safe_load(REFERENCE.read_text("utf-8"))["identity"]["resident_id"]
    for number in facts["valid"]:
        assert idnumber.parse(number, today=date(2026, 11, 21))[0] == number
    for number in facts["invalid"]:
        with pytest.raises(idnumber.BadIdNumber):
            idnumber.parse(number, today=date(2026, 11, 21))


@pytest.mark.django_db
def test_an_id_number_is_sealed_found_exactly_and_unique() -> None:
    number = "99012119440305002"
    number += idnumber.check_digit(number)
    person = register(id_number=number, phone="19900000001")
    stored = Person.objects.get()
    assert number.encode() not in bytes(stored.id_number_sealed)
    found = selectors.find_by_id_number(actor("admin"), number.lower(), at=NOW)
    assert found is not None
    assert found.id == person.pk
    with pytest.raises(services.AlreadyRegistered):
        register(id_number=number)
    assert Person.objects.count() == 1


@pytest.mark.django_db
def test_registering_outside_the_region_is_refused_and_leaves_nothing() -> None:
    before = AuditEntry.objects.count()
    for role, prefix in (("admin", "990122"), ("operator", "990121")):
        by = actor(role, prefix)
        made = AuditEntry.objects.count()
        with pytest.raises(Denied):
            register(by)
        assert AuditEntry.objects.count() == made
    assert not Person.objects.exists()
    assert AuditEntry.objects.count() == before + 2


@pytest.mark.django_db
def test_moving_ends_the_residency_before_and_moves_the_region() -> None:
    person = register()
    old = services.add_home(actor=SYSTEM, region_code=COMMUNITY, address="旧", at=NOW)
    new = services.add_home(actor=SYSTEM, region_code="990121002001", address="新", at=NOW)
    later = NOW + timedelta(days=3)
    services.move_in(actor=SYSTEM, person_id=person.pk, home=old, at=NOW)
    services.move_in(actor=SYSTEM, person_id=person.pk, home=new, at=later)
    assert Residency.objects.filter(person=person).count() == 2
    assert selectors.home_of(person.pk, at=later - timedelta(seconds=1)) == old
    assert selectors.home_of(person.pk, at=later) == new
    person.refresh_from_db()
    assert person.region_code == "990121002001"


@pytest.mark.django_db
def test_a_plan_grows_with_its_rooms() -> None:
    home = services.add_home(actor=SYSTEM, region_code=COMMUNITY, address="x", at=NOW)
    services.add_room(actor=SYSTEM, home=home, kind="bedroom", name="卧室", rectangle=(0, 0, 4, 3))
    services.add_room(actor=SYSTEM, home=home, kind="kitchen", name="厨房", rectangle=(4, 0, 2, 5))
    home.refresh_from_db()
    assert (home.plan["width"], home.plan["height"], len(home.plan["rooms"])) == (6, 5, 2)


@pytest.mark.django_db
def test_names_and_numbers_open_only_with_their_class_of_fields() -> None:
    person = register(phone="19900000001")
    services.add_contact(
        actor=SYSTEM, person_id=person.pk, name="陈伟", relation="son", phone="19900000002", at=NOW
    )
    operator = selectors.get_person(actor("operator"), person.pk, at=NOW)
    assert operator.name == "陈秀兰"
    assert selectors.phone_of(operator) == "19900000001"
    son = User.objects.create_user(login="wei", display_name="陈伟", password="a long phrase")
    access.give_role(actor=SYSTEM, user=son, role="family", region_prefix="", at=NOW)
    access.grant(
        actor=SYSTEM,
        user=son,
        subject_type="people.Person",
        subject_id=person.pk,
        purpose="family",
        field_classes=["identity"],
        source="x",
        at=NOW,
    )
    family_actor = access.actor_for(son, NOW)
    family = selectors.get_person(family_actor, person.pk, at=NOW)
    assert family.name == "陈秀兰"
    assert selectors.phone_of(family) is None
    [contact] = selectors.contacts_of(family_actor, family)
    assert contact.phone is None
    masked = selectors.person_views(actor("regulator"), [person.pk])[person.pk]
    assert masked.name == "陈＊＊"


@pytest.mark.django_db
def test_every_read_of_a_person_is_audited() -> None:
    person, by = register(), actor("operator")
    selectors.get_person(by, person.pk, at=NOW)
    row = AuditEntry.objects.get(kind="read")
    assert (row.user_id, row.ref) == (by.user_id, f"people.Person/{person.pk}")


@pytest.fixture
def county(db: None) -> None:
    """Many persons, and a planner that does not read all of them."""
    born = date(1944, 3, 5)
    rows = Person.objects.bulk_create(
        Person(name=f"王{n}", pinyin=f"wang{n}", sex="male", birth_on=born, region_code=COMMUNITY)
        for n in range(3000)
    )
    indexing.put(rows)
    register()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE people_person, search_entry")
        cursor.execute("SET LOCAL enable_seqscan = off")


def test_a_page_of_the_list_is_read_in_the_order_of_its_index(county: None) -> None:
    plan = selectors.list_persons(SYSTEM)[:50].explain()
    assert "person_alphabet" in plan
    assert "Sort" not in plan
