"""Rows taken together leave what they leave one by one: rows, search, audit, events, history."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import models, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from songhe.base.access.actor import SYSTEM, Actor
from songhe.base.audit.models import AuditEntry
from songhe.base.events.models import OutboxEvent
from songhe.base.history.models import Queued
from songhe.base.regions.services import add_region
from songhe.domains.organizations.testing import make_actor
from songhe.domains.people import sealing, services, taking
from songhe.domains.people.idnumber import check_digit
from songhe.domains.people.importing import PersonImport
from songhe.domains.people.models import Contact, Home, Person, PersonRecord, Residency
from songhe.engines.exchange.declaring import Taken
from songhe.engines.exchange.terms import Outcome
from songhe.engines.search.models import SearchEntry
from songhe.kernel.errors import SongheError

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
HERE, OTHER, OUTSIDE = "990121001001", "990121001002", "990122001001"
IMPORT = PersonImport()
pytestmark = pytest.mark.django_db


@pytest.fixture
def actor(db: None) -> Actor:
    for code in ("99", "9901", "990121", "990122", "990121001", "990122001", HERE, OTHER, OUTSIDE):
        add_region(code=code, name=code)
    return make_actor(at=NOW, login="reg", role="registrar", region_prefix="990121")


def number(born: date, order: int = 2) -> str:
    first = f"990121{born:%Y%m%d}{order:03d}"
    return first + check_digit(first)


def row(name: str = "陈秀兰", **given: Any) -> dict[str, str]:
    values = {"name": name, "community": HERE}
    return {key: str(text) for key, text in (values | given).items()}


def taken(actor: Actor, rows: Sequence[dict[str, str]], size: int) -> list[str]:
    """Take rows some at a time, as a run does, and return what it would say of each."""
    read, told = IMPORT.reader(), []
    for begin in range(0, len(rows), size):
        right = []
        for index, values in enumerate(rows[begin : begin + size], begin):
            empty = dict.fromkeys(IMPORT.form.base_fields, "")
            data, mistakes = read(empty | values)
            assert not mistakes, mistakes
            right.append(Taken(index, data))
        found = IMPORT.take(actor, right, NOW)
        told += [one.code if isinstance(one, SongheError) else str(one) for one in found]
    return told


class _Names:
    """Names for ids, by what they are the id of: two runs have other ids of the same things."""

    def __init__(self) -> None:
        self.of: dict[str, str] = {}

    def put(self, pk: object, *what: object) -> None:
        self.of[str(pk)] = "/".join(str(one) for one in what)

    def __call__(self, value: Any) -> Any:
        text = str(value)
        for pk, name in self.of.items():
            text = text.replace(pk, f"<{name}>")
        return text


def everything(names: _Names) -> dict[str, list[str]]:
    """Return every row that an import leaves, opened where it is sealed, without its own id."""
    for home in Home.objects.all():
        names.put(home.pk, "home", home.region_code, home.address, _residents(home))
    for one in Person.objects.all():
        names.put(one.pk, "person", one.name, one.birth_on, sealing.id_number_of(one),
                  sealing.phone_of(one))  # fmt: skip
    for record in PersonRecord.objects.select_related("person"):
        names.put(record.pk, "record", names(record.person_id), record.kind, record.since_at,
                  record.value, sealing.value_of(record))  # fmt: skip
    found = {
        "numbers": [
            f"{one.name} {sealing.phone_of(one)} {sealing.id_number_of(one)}"
            for one in Person.objects.all()
        ],
        "calls": [f"{one.name} {sealing.call_of(one)}" for one in Contact.objects.all()],
        "values": [sealing.value_of(one) for one in PersonRecord.objects.all()],
    }
    kept: list[type[models.Model]] = [
        Person, Home, Residency, PersonRecord, Contact, SearchEntry, AuditEntry, OutboxEvent, Queued
    ]  # fmt: skip
    for model in kept:
        found[model.__name__] = [names(_told(one)) for one in model._default_manager.all()]
    return {key: sorted(rows) for key, rows in found.items()}


def _residents(home: Home) -> list[str]:
    """Return who lives in a dwelling: what tells two without an address apart."""
    stays = Residency.objects.filter(home=home).select_related("person")
    return sorted(f"{one.person.name} {one.person.birth_on}" for one in stays)


def _told(one: models.Model) -> dict[str, Any]:
    own = isinstance(one, Person | Home | SearchEntry | PersonRecord)
    skipped = {"created_at", "published_at"} | (set() if own else {"id"})
    skipped |= {"at", "row", "old", "new"} if isinstance(one, Queued) else set()
    return {
        field.attname: [bytes(mark).hex() for mark in value]
        if field.attname == "marks"
        else "as registered"  # what the row said before is recorded as of her registration
        if field.attname == "recorded_at" and value != NOW
        else bytes(value).hex()
        if isinstance(value, memoryview | bytes)
        else value
        for field in one._meta.concrete_fields
        if field.attname not in skipped and not field.attname.endswith("_sealed")
        for value in [getattr(one, field.attname)]
    }


DAYS = [date(1944, 3, 9), date(1950, 1, 2)]
ROWS = st.builds(
    lambda name, born, order, own, phone, **more: row(
        name,
        birth_on=born,
        id_number=number(born, order) if own else "",
        phone=phone,
        **more,
    ),
    st.sampled_from(["陈秀兰", "王芳", " 王芳"]),
    st.sampled_from(DAYS),
    st.sampled_from([2, 4]),
    st.booleans(),
    st.sampled_from(["", "15401001234", "15401001235"]),
    sex=st.just("female"),
    community=st.sampled_from([HERE, HERE, OTHER, OUTSIDE]),
    address=st.sampled_from(["", "桂花里 3 号", "桂花里 4 号"]),
    living=st.sampled_from(["", "alone", "family"]),
    assistance=st.sampled_from(["", "none", "minimum"]),
    since_on=st.sampled_from(["", "1940-01-01", "2026-01-01", "2027-01-01"]),
    contact_name=st.just(""),
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=st.lists(ROWS, min_size=2, max_size=7))
def test_rows_taken_together_leave_what_they_leave_one_by_one(actor, rows) -> None:
    left = []
    for size in (1, len(rows)):
        with transaction.atomic():
            told = taken(actor, rows, size)
            left.append((told, everything(_Names())))
            transaction.set_rollback(True)
    (one_by_one, rows_of_one), (together, rows_of_all) = left
    assert one_by_one == together
    for name, found in rows_of_one.items():
        assert found == rows_of_all[name], name


def test_a_batch_leaves_what_the_service_leaves_of_one_person(actor) -> None:
    born = DAYS[0]
    given_row = row(birth_on=born, id_number=number(born), phone="15401001234", address="桂花里 3")
    left = []
    for way in ("import", "service"):
        with transaction.atomic():
            if way == "import":
                assert taken(actor, [given_row], 400) == [Outcome.CREATED]
            else:
                services.register_resident(
                    actor=actor, name="陈秀兰", sex="female", birth_on=born, region_code=HERE,
                    address="桂花里 3", at=NOW, id_number=number(born), phone="15401001234",
                )  # fmt: skip
            found = everything(_Names())
            left.append([found[name] for name in ("Person", "Home", "SearchEntry", "numbers")])
            transaction.set_rollback(True)
    assert left[0] == left[1]


def test_the_same_person_twice_in_one_file_is_one(actor) -> None:
    rows = [row(birth_on="1944-03-09", sex="female", phone=phone) for phone in ("", "", "1540100")]
    assert taken(actor, rows, 400) == ["created", "unchanged", "people.import_perhaps_there"]
    assert Person.objects.count() == 1


def test_one_wrong_row_does_not_slow_down_the_others(actor, django_assert_max_num_queries) -> None:
    rows = [row(f"陈{chr(0x4E00 + n)}", birth_on="1944-03-09", sex="female") for n in range(60)]
    rows[7] |= {"since_on": "2027-01-01"}
    rows[20] |= {"community": OUTSIDE}
    rows[30] |= {"birth_on": "2027-01-01"}
    with django_assert_max_num_queries(20):
        told = taken(actor, rows, 60)
    assert told.count("created") == 57
    assert [told[7], told[30]] == ["people.in_the_future", "songhe.invalid"]


def test_who_was_registered_meanwhile_stops_nobody_else(actor, monkeypatch) -> None:
    """Somebody registers a person between the question who is there and the writing."""
    born = DAYS[0]
    rows = [
        row(f"陈{chr(0x4E00 + order)}", birth_on=born, id_number=number(born, order))
        for order in range(2, 22, 2)
    ]
    find = taking._known
    done: list[bool] = []

    def meanwhile(some: Any, at: datetime) -> Any:
        found = find(some, at)
        if not done:
            done.append(True)
            services.register_person(
                actor=SYSTEM, name=rows[3]["name"], sex="female", birth_on=born, region_code=HERE,
                at=NOW, id_number=rows[3]["id_number"],
            )  # fmt: skip
        return found

    monkeypatch.setattr(taking, "_known", meanwhile)
    told = taken(actor, rows, 400)
    assert told.count("created") == 9
    assert told[3] == "unchanged"
