"""Changing the key: everything is sealed anew, whatever stops it; nothing is lost on the way."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from django.conf import settings

from songhe.base import vault
from songhe.base.access.actor import SYSTEM
from songhe.base.audit.models import AuditEntry
from songhe.base.vault import keyring, rotation
from songhe.base.vault.fields import sealed_fields
from songhe.base.vault.models import Rotation
from songhe.domains.people import selectors, services
from songhe.domains.people.idnumber import check_digit
from songhe.domains.people.models import Contact, Home, Person
from songhe.kernel.ids import uuid7

NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)
FIRST17 = "99012119440309002"
NUMBER = FIRST17 + check_digit(FIRST17)
PHONE, CALL, STREET = "19900000001", "19900000002", "桂花里 3 号"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def ring_put_back() -> Iterator[None]:
    path = keyring.path()
    vault.key_id()
    before = path.read_text()
    yield
    path.write_text(before)
    keyring.forget()
    vault._tell_missing.cache_clear()


@pytest.fixture
def chen() -> UUID:
    person = services.register_person(
        actor=SYSTEM,
        name="陈秀兰",
        sex="female",
        birth_on=date(1944, 3, 5),
        region_code="990121001001",
        id_number=NUMBER,
        phone=PHONE,
        at=NOW,
    )
    home = services.add_home(actor=SYSTEM, region_code="990121001001", address=STREET, at=NOW)
    services.move_in(actor=SYSTEM, person_id=person.pk, home=home, at=NOW)
    services.add_contact(
        actor=SYSTEM, person_id=person.pk, name="陈伟", relation="child", phone=CALL, at=NOW
    )
    return person.pk


def go_on(enough: int = 1000) -> Rotation:
    sealed = [0]
    done = rotation.go_on(
        clock=lambda: NOW,
        should_stop=lambda: sealed[-1] >= enough,
        told=lambda rotation: sealed.append(rotation.done),
    )
    assert done is not None
    return done


def read(person_id: UUID) -> tuple[str | None, ...]:
    """Return what is sealed of her, opened."""
    view = selectors.choose_person(SYSTEM, "people.view_person", person_id)
    home = selectors.home_of(person_id, at=NOW)
    (contact,) = selectors.contacts_of(SYSTEM, view)
    return selectors.phone_of(view), contact.phone, home and home.address


def keys(person_id: UUID) -> set[int]:
    person = Person.objects.get(pk=person_id)
    sealed = [person.id_number_sealed, person.phone_sealed]
    sealed += [row.phone_sealed for row in Contact.objects.filter(person=person_id)]
    sealed += [row.address_sealed for row in Home.objects.filter(residencies__person=person_id)]
    return {vault.key_of(one) for one in sealed if one is not None}


def test_every_sealed_column_of_the_house_is_known() -> None:
    known = {field.field: field.index for field in sealed_fields()}
    assert known.items() >= {
        "consent.Consent.witness": "",
        "consent.Emergency.note": "",
        "consent.Emergency.reason": "",
        "consent.Guardianship.paper_number": "",
        "consent.PaperPart.body": "",
        "monitoring.Absence.contact_phone": "",
        "organizations.Staff.phone": "",
        "people.Contact.phone": "",
        "people.Home.address": "address_index",
        "people.Person.id_number": "id_number_index",
        "people.Person.phone": "",
        "vault.SubjectKey.key": "",
    }.items()


def test_everything_is_sealed_under_the_new_key_and_opens(chen: UUID) -> None:
    before = max(keyring.ring().keys)
    begun = rotation.begin_rotation(actor=SYSTEM, at=NOW)
    assert (begun.key, begun.total) == (before + 1, 4)
    assert keys(chen) == {before}
    assert read(chen) == (PHONE, CALL, STREET)
    done = go_on()
    assert (done.state, done.done, done.unreadable) == ("ended", 4, 0)
    assert keys(chen) == {before + 1}
    assert read(chen) == (PHONE, CALL, STREET)
    assert rotation.go_on(clock=lambda: NOW, should_stop=lambda: False) is None
    assert AuditEntry.objects.filter(action="vault.rotate").count() == 1


def test_she_is_found_and_not_registered_twice_at_any_moment(chen: UUID) -> None:
    def is_known() -> bool:
        found = selectors.find_by_id_number(SYSTEM, NUMBER.lower(), at=NOW)
        with pytest.raises(services.AlreadyRegistered):
            services.register_person(
                actor=SYSTEM,
                name="另一个",
                sex="female",
                birth_on=date(1944, 3, 5),
                region_code="990121001001",
                id_number=NUMBER,
                at=NOW,
            )
        return found is not None and found.id == chen

    assert is_known()
    rotation.begin_rotation(actor=SYSTEM, at=NOW)
    assert is_known()
    go_on()
    assert is_known()


def test_one_that_was_stopped_goes_on(chen: UUID) -> None:
    rotation.begin_rotation(actor=SYSTEM, at=NOW)
    assert go_on(enough=0).state == "running"
    with pytest.raises(rotation.RotationRuns):
        rotation.begin_rotation(actor=SYSTEM, at=NOW)
    half = go_on(enough=1)
    assert half.state == "running"
    assert 0 < half.done < 4
    done = go_on()
    assert (done.state, done.done) == ("ended", 4)


def test_what_somebody_stored_under_the_old_key_meanwhile_is_found_too(chen: UUID) -> None:
    begun = rotation.begin_rotation(actor=SYSTEM, at=NOW)
    ring = keyring.ring()
    pk = uuid7()
    keyring.path().write_text(
        "".join(f"{n} {k.hex()}\n" for n, k in ring.keys.items() if n < begun.key)
    )
    keyring.forget()
    late = vault.seal("19900000009", field="people.Person.phone", pk=pk)
    keyring.path().write_text("".join(f"{n} {k.hex()}\n" for n, k in ring.keys.items()))
    keyring.forget()
    Person.objects.create(
        id=pk,
        name="李",
        pinyin="li",
        sex="male",
        birth_on=NOW.date(),
        region_code="990121001001",
        phone_sealed=late,
    )
    assert go_on().state == "ended"
    assert keys(pk) == {begun.key}


def test_a_value_that_does_not_open_is_kept_and_holds_its_key(chen: UUID) -> None:
    other = vault.seal("19900000007", field="people.Person.phone", pk=uuid7())
    Person.objects.filter(pk=chen).update(phone_sealed=other)
    rotation.begin_rotation(actor=SYSTEM, at=NOW)
    done = go_on()
    assert (done.state, done.done, done.unreadable) == ("incomplete", 3, 1)
    sealed = Person.objects.values_list("phone_sealed", flat=True).get(pk=chen)
    assert bytes(sealed or b"") == other
    with pytest.raises(rotation.StillInUse):
        rotation.retire(actor=SYSTEM, at=NOW + timedelta(hours=1))


def test_older_keys_go_only_when_nothing_needs_them(chen: UUID) -> None:
    older = set(keyring.ring().keys)
    begun = rotation.begin_rotation(actor=SYSTEM, at=NOW)
    later = NOW + timedelta(minutes=11)
    with pytest.raises(rotation.StillInUse):
        rotation.retire(actor=SYSTEM, at=later)
    go_on()
    with pytest.raises(rotation.TooSoon):
        rotation.retire(actor=SYSTEM, at=NOW + timedelta(minutes=9))
    assert rotation.retire(actor=SYSTEM, at=later) == older
    assert set(keyring.ring().keys) == {begun.key}
    assert read(chen) == (PHONE, CALL, STREET)
    assert rotation.retire(actor=SYSTEM, at=later) == set()
    (use,) = [one for one in rotation.uses() if one.values]
    assert (use.number, use.is_newest, use.values) == (begun.key, True, 4)


def test_another_process_sees_the_new_key_at_once() -> None:
    begun = rotation.begin_rotation(actor=SYSTEM, at=NOW)
    code = (
        "import django; django.setup(); from uuid import UUID; from songhe.base import vault;"
        "print(vault.key_of(vault.seal('x', field='f', pk=UUID(int=0))), vault.key_id())"
    )
    told = subprocess.run(
        [sys.executable, "-c", code],
        env={
            "DJANGO_SETTINGS_MODULE": "songhe.config.settings",
            "SONGHE_MODE": "test",
            "SONGHE_STATE": str(settings.ENV.state),
            "SONGHE_SECRET_KEY": "x",
        },
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    assert told.stdout.split() == [str(begun.key), vault.key_id()]
