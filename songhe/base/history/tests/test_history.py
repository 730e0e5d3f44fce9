"""Every change of a person's rows is noted, whoever makes it; only her key opens it."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, models, transaction

from songhe.base.access import policies
from songhe.base.access.actor import SYSTEM
from songhe.base.audit import sealing as chain
from songhe.base.audit import walking
from songhe.base.audit.models import AuditLink
from songhe.base.history import held, triggers
from songhe.base.history.models import Change, Queued
from songhe.base.history.sealing import gather
from songhe.base.history.selectors import ChangeLine, history_of
from songhe.base.vault import rotation, subject_keys
from songhe.base.vault.fields import sealed_fields
from songhe.base.vault.models import SubjectKey
from songhe.domains.people import services as people
from songhe.domains.people.models import Person
from songhe.kernel.ids import uuid7

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
pytestmark = pytest.mark.django_db
CALL = "19911112222"


@pytest.fixture
def person() -> Person:
    return people.register_person(
        actor=SYSTEM,
        name="陈秀兰",
        sex="female",
        birth_on=date(1944, 3, 5),
        region_code="990121001001",
        phone=CALL,
        at=NOW,
    )


def lines(holder: UUID) -> list[ChangeLine]:
    gather(NOW)
    return history_of(holder).lines


def as_user(user: UUID, request: str) -> None:
    """Say who acts, as the web's connection does."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('songhe.actor', %s, true), set_config('songhe.request', %s, true)",
            [str(user), request],
        )


def test_a_change_says_what_by_whom_and_when(person: Person) -> None:
    user = uuid7()
    as_user(user, "r-7")
    Person.objects.filter(pk=person.pk).update(name="陈秀蘭", living="alone")  # bulk, no service
    newest, first = lines(person.pk)
    assert (first.operation, first.values) == ("I", {})
    assert (newest.operation, newest.user_id, newest.columns) == ("U", user, ("living", "name"))
    assert newest.values == {"living": ("family", "alone"), "name": ("陈秀兰", "陈秀蘭")}
    assert Change.objects.get(pk=newest.id).request_id == "r-7"


def test_raw_sql_is_noted_too_and_no_actor_is_nobody(person: Person) -> None:
    as_user(uuid7(), "")
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('songhe.actor', 'no uuid; DROP', true)")
        cursor.execute("UPDATE people_person SET died_on = '2026-11-01' WHERE id = %s", [person.pk])
    newest = lines(person.pk)[0]
    assert newest.values == {"died_on": (None, "2026-11-01")}
    assert newest.user_id is None


def test_a_deleted_row_keeps_all_that_it_was(person: Person) -> None:
    contact = people.add_contact(
        actor=SYSTEM, person_id=person.pk, name="陈伟", relation="son", phone=CALL, at=NOW
    )
    contact.delete()
    newest = lines(person.pk)[0]
    assert newest.operation == "D"
    assert newest.values is not None
    assert newest.values["name"] == ("陈伟", None)
    assert newest.values["phone_sealed"] == (CALL, None)  # opened by the vault, under her key now


def test_what_did_not_change_is_no_change_and_noise_is_none(person: Person) -> None:
    Person.objects.filter(pk=person.pk).update(name="陈秀兰")
    Person.objects.filter(pk=person.pk).update(pinyin="x")
    assert [line.operation for line in lines(person.pk)] == ["I"]


def test_of_a_password_only_that_it_changed_is_noted() -> None:
    from songhe.base.accounts.models import User

    user = User.objects.create_user(login="x", display_name="x", password="a long phrase")
    user.set_password("another long phrase")
    user.save()
    newest = lines(user.pk)[0]
    assert (newest.columns, newest.values) == (("password",), {})


def test_a_dump_shows_nothing_of_what_was_before(person: Person) -> None:
    Person.objects.filter(pk=person.pk).update(name="新名字")
    gather(NOW)
    assert Queued.objects.count() == 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(c::text, ' ') FROM history_change c")
        text = cursor.fetchone()[0]
    assert text
    for word in ("陈秀兰", "新名字"):
        assert word not in text
        assert word.encode().hex() not in text


def test_after_her_key_is_destroyed_nothing_opens_and_every_digest_stands(
    person: Person, own_state: object
) -> None:
    Person.objects.filter(pk=person.pk).update(name="新名字")
    chain.seal_all(at=NOW)
    assert AuditLink.objects.filter(source="change").count() == 2
    assert subject_keys.destroy([person.pk], at=NOW) == 1
    after = history_of(person.pk)
    assert after.is_destroyed
    assert after.lines[0].values is None
    assert after.lines[0].columns == ("name",)
    assert walking.check_here().findings == []
    Person.objects.filter(pk=person.pk).update(name="＊")  # erasing her makes changes of its own
    chain.seal_all(at=NOW)
    assert Change.objects.filter(holder=person.pk, body=None, operation="U").count() == 1
    assert SubjectKey.objects.get(pk=person.pk).key_sealed is None
    assert walking.check_here().findings == []


def test_an_altered_ciphertext_is_found(person: Person, own_state: object) -> None:
    Person.objects.filter(pk=person.pk).update(name="新名字")
    chain.seal_all(at=NOW)
    change = Change.objects.get(operation="U")
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE history_change DISABLE TRIGGER USER")
        cursor.execute("UPDATE history_change SET body = '\\x01' WHERE id = %s", [change.pk])
    [finding] = walking.check_here().findings
    assert (finding.code, finding.params["entry"]) == ("entry_altered", str(change.pk))


def test_a_change_of_the_vaults_keys_is_no_history_and_does_not_end_it(person: Person) -> None:
    people.add_contact(
        actor=SYSTEM, person_id=person.pk, name="陈伟", relation="son", phone=CALL, at=NOW
    ).delete()
    gather(NOW)
    before = Change.objects.count()
    rotation.begin_rotation(actor=SYSTEM, at=NOW - timedelta(hours=1))
    rotation.go_on(clock=lambda: NOW, should_stop=lambda: False)
    assert Queued.objects.count() == 0
    rotation.retire(actor=SYSTEM, at=NOW)
    assert Change.objects.count() == before
    newest = lines(person.pk)[0]
    assert newest.values is not None
    assert newest.values["phone_sealed"] == (CALL, None)


def test_history_is_append_only(person: Person) -> None:
    gather(NOW)
    for statement in ("UPDATE history_change SET columns = '{}'", "DELETE FROM history_change"):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            connection.cursor().execute(statement)


def test_a_long_history_is_read_piece_by_piece(person: Person) -> None:
    for number in range(7):
        Person.objects.filter(pk=person.pk).update(care_level=number % 3)
    gather(NOW)
    seen: list[Any] = []
    place = None
    while True:
        piece = history_of(person.pk, before=place, limit=3)
        seen += piece.lines
        if piece.more is None:
            break
        place = piece.more
    assert len(seen) == len({line.id for line in seen}) == Change.objects.count()
    assert [line.at for line in seen] == sorted((line.at for line in seen), reverse=True)


def test_triggers_stand_once_and_a_changed_line_replaces_them() -> None:
    assert triggers.install() == []
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TRIGGER history_insert_old AFTER INSERT ON people_person"
            " REFERENCING NEW TABLE AS fresh"
            " FOR EACH STATEMENT EXECUTE FUNCTION history_note('id', '{}', '{}')"
        )
    assert triggers.install() == ["history_insert_old"]


def is_of_people(model: type[models.Model]) -> bool:
    """Tell whether a model has a policy, refers to a person, or has a sealed column."""
    names = {field.attname for field in model._meta.concrete_fields}
    sealed = {field.table for field in sealed_fields()}
    refers = any(
        field.is_relation and field.related_model._meta.label == "people.Person"
        for field in model._meta.concrete_fields
    )
    return (
        refers
        or "person_id" in names
        or model._meta.label in policies.registered()
        or model._meta.db_table in sealed
    )


def test_no_table_of_people_is_forgotten() -> None:
    """A new model belongs into base/history/data/held.yaml: under tables, or exempt and why."""
    known = set(held.tables())
    exempt = held.exempt()
    forgotten = [
        model._meta.label
        for model in apps.get_models()
        if is_of_people(model)
        and model._meta.db_table not in known
        and model._meta.label not in exempt
    ]
    assert forgotten == [], "not in songhe/base/history/data/held.yaml"
    by_table = {model._meta.db_table: model for model in apps.get_models()}
    for name in held.tables().keys() & by_table.keys():
        table = held.tables()[name]
        columns = {field.column for field in by_table[name]._meta.concrete_fields}
        assert {table.holder, "id", *table.noise, *table.secret} <= columns, name
    assert all(exempt.values())


def test_bodies_are_bound_to_their_row(person: Person) -> None:
    Person.objects.filter(pk=person.pk).update(name="一")
    Person.objects.filter(pk=person.pk).update(name="二")
    gather(NOW)
    one, two = Change.objects.filter(operation="U").order_by("at")
    [key] = subject_keys.keys([person.pk], at=NOW).values()
    assert key is not None
    assert two.body is not None
    with pytest.raises(subject_keys.VaultClosed):
        subject_keys.open_under(key, bytes(two.body), place=f"history.Change:{one.pk}")
    opened = subject_keys.open_under(key, bytes(two.body), place=f"history.Change:{two.pk}")
    assert json.loads(opened)["new"] == {"name": "二"}
