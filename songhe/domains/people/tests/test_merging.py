"""Two entries of one person become one, and two again exactly as they were."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM
from songhe.base.accounts.models import User
from songhe.base.audit.models import AuditEntry
from songhe.base.events import bus
from songhe.base.events.models import OutboxEvent
from songhe.base.regions import days
from songhe.base.regions.services import add_region
from songhe.domains.devices import services as devices
from songhe.domains.devices.models import GatewayDevice
from songhe.domains.monitoring import services as monitoring
from songhe.domains.monitoring.models import Absence
from songhe.domains.organizations import services as organizations
from songhe.domains.organizations.testing import make_actor
from songhe.domains.people import idnumber, selectors, services
from songhe.domains.people.models import Contact, Person, PersonMerge
from songhe.domains.people.services import Fact, merging, pointers
from songhe.domains.people.testing import make_fact, make_home, make_person
from songhe.kernel.errors import Conflict, Invalid, NotFound

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
PAST = NOW - timedelta(days=100)
# What grows with every act, or only tells of it; and what a job writes anew from the rest.
GROWS = (
    "audit", "history", "events_", "procrastinate", "people_personmerge", "gateway_", "django_",
    "accounts_",
)  # fmt: skip
pytestmark = pytest.mark.django_db


def number(sequence: int) -> str:
    first = f"99012119440305{sequence:03d}"
    return first + idnumber.check_digit(first)


def rows() -> dict[str, list[str]]:
    """Return every row of every table as text."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
        )
        found = {}
        for (name,) in cursor.fetchall():
            if not name.startswith(GROWS):
                cursor.execute(f'SELECT t::text FROM "{name}" t ORDER BY 1')
                found[name] = [row[0] for row in cursor.fetchall()]
    return found


def merge(kept: Person, gone: Person, actor=SYSTEM, **more) -> PersonMerge:
    given = {"reason": "同一人", "at": NOW} | more
    return services.merge_persons(actor=actor, kept_id=kept.pk, gone_id=gone.pk, **given)


def undo(made: PersonMerge, actor=SYSTEM) -> PersonMerge:
    return services.undo_merge(actor=actor, merge_id=made.pk, at=NOW)


@pytest.fixture(autouse=True)
def county(db: None):
    for code in ("99", "9901", "990121"):
        add_region(code=code, name=code)
    return organizations.found_organization(
        actor=SYSTEM, name="中心", kind="service-centre", region_code="990121", at=PAST
    )


def furnish(person: Person, centre, *, gifts: set[str]) -> None:
    """Give a person what the other rooms keep of her."""
    if "device" in gifts:
        device, _ = devices.register_device(
            actor=SYSTEM, type="bp-monitor", organization_id=centre.pk, at=PAST
        )
        devices.bind_device(actor=SYSTEM, device_id=device.pk, at=PAST, person_id=person.pk)
    if "contact" in gifts:
        services.add_contact(
            actor=SYSTEM, person_id=person.pk, name="陈伟", relation="son", phone="1540100", at=PAST
        )
    if "fact" in gifts:
        make_fact(person=person, at=PAST)
    if "absence" in gifts:
        monitoring.make_absence(
            actor=SYSTEM, person_id=person.pk, kind="family", since=NOW - timedelta(days=3),
            until=NOW - timedelta(days=1), told_by="x", at=NOW,
        )  # fmt: skip
    if "grant" in gifts:
        user, _ = User.objects.get_or_create(login="wei", defaults={"display_name": "陈伟"})
        access.grant(
            actor=SYSTEM, user=user, subject_type="people.Person", subject_id=person.pk,
            purpose="family", field_classes=["identity"], source="x", at=PAST,
        )  # fmt: skip
    for kind, value, data in (
        ("insurance", "resident", {}),
        ("disability", "visual", {"level": "2"}),
        ("living", "couple", {}),
    ):
        if kind in gifts:
            services.record_fact(
                actor=SYSTEM, person_id=person.pk, at=NOW, fact=Fact(kind, value, data=data),
                since=days.begin_of(date(2026, 9, 1)),
            )  # fmt: skip


GIFTS = ("home", "phone", "number", "care", "device", "contact", "fact", "absence", "grant",
         "insurance", "disability", "living")  # fmt: skip


def make(name: str, gifts: set[str], sequence: int, centre) -> Person:
    home = make_home(at=PAST)[0] if "home" in gifts else None
    person = make_person(
        at=PAST, name=name, home=home, care_level=2 if "care" in gifts else None,
        phone=f"1540100000{sequence}" if "phone" in gifts else "",
        id_number=number(sequence) if "number" in gifts else "",
    )  # fmt: skip
    furnish(person, centre, gifts=gifts)
    return person


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.sets(st.sampled_from(GIFTS)), st.sets(st.sampled_from(GIFTS)))
def test_undone_a_merge_leaves_every_row_as_it_was(county, one, other) -> None:
    with _rolled_back():
        kept, gone = make("陈秀兰", one, 1, county), make("陈秀澜", other, 2, county)
        before = rows()
        made = merge(kept, gone)
        assert rows()["people_person"] != before["people_person"]
        undo(made)
        after = rows()
        assert after.keys() == before.keys()
        for table, was in before.items():
            assert after[table] == was, table


class _rolled_back:  # noqa: N801 - reads as a statement
    """Each example of a property begins with the same tables."""

    def __enter__(self) -> None:
        from django.db import transaction

        self._atomic = transaction.atomic()
        self._atomic.__enter__()

    def __exit__(self, *told) -> None:
        from django.db import transaction

        transaction.set_rollback(True)
        self._atomic.__exit__(*told)


def test_what_pointed_at_the_one_points_at_the_other(county) -> None:
    kept = make("陈秀兰", {"number"}, 1, county)
    gone = make("陈秀澜", set(GIFTS), 2, county)
    home = selectors.home_of(gone.pk, at=NOW)
    made = merge(kept, gone)
    view = selectors.get_person(SYSTEM, gone.pk, at=NOW)
    assert (view.id, view.name, view.care_level) == (kept.pk, "陈秀兰", 2)
    assert selectors.phone_of(view) == "15401000002"
    assert [line.name for line in selectors.contacts_of(SYSTEM, view)] == ["陈伟"]
    assert selectors.home_of(kept.pk, at=NOW) == home
    assert selectors.home_of(gone.pk, at=NOW) is None
    assert selectors.facts_of([kept.pk], at=NOW)[kept.pk]
    assert Absence.objects.get().person_id == kept.pk
    grants = access.actor_for(User.objects.get(login="wei"), NOW).granted("people.Person")
    assert set(grants) == {kept.pk}
    assert made.stayed == []
    for words in ("陈秀澜", "chenxiulan", "0002", number(2)):
        assert [row.pk for row in selectors.find_persons(SYSTEM, words).persons] == [kept.pk], words
    assert [row.pk for row in selectors.list_persons(SYSTEM)] == [kept.pk]
    (event,) = OutboxEvent.objects.filter(name="people.PersonsMerged")
    assert UUID(event.payload["gone_id"]) == gone.pk
    for row in OutboxEvent.objects.filter(name="people.PersonsMerged"):
        for handler in [
            name for name, one in bus._handlers.items() if one.event.event_name == row.name
        ]:
            bus.hear(str(row.pk), handler)
    bodies = str([row.body["bindings"] for row in GatewayDevice.objects.all()])
    assert str(kept.pk) in bodies
    assert str(gone.pk) not in bodies


def test_what_a_constraint_forbids_stays_and_is_told(county) -> None:
    kept, gone = (make("陈秀兰", {"absence"}, n, county) for n in (1, 2))
    made = merge(kept, gone)
    assert [step["table"] for step in made.stayed] == ["monitoring_absence"]
    assert Absence.objects.filter(person=gone).count() == 1
    undo(made)
    assert Absence.objects.filter(person=gone).count() == 1


def test_what_is_written_after_a_merge_stays_with_who_was_kept(county) -> None:
    kept, gone = make("陈秀兰", set(), 1, county), make("陈秀澜", {"contact"}, 2, county)
    made = merge(kept, gone)
    later = services.add_contact(
        actor=SYSTEM, person_id=kept.pk, name="陈丽", relation="daughter", phone="1540", at=NOW
    )
    undo(made)
    assert list(Contact.objects.filter(person=kept)) == [later]
    assert Contact.objects.filter(person=gone).count() == 1


def test_chains_are_undone_from_their_end(county) -> None:
    a, b, c = (make("陈秀兰", set(), n, county) for n in (1, 2, 3))
    first, second = merge(b, a), merge(c, b)
    assert selectors.get_person(SYSTEM, a.pk, at=NOW).id == c.pk
    with pytest.raises(merging.LaterMerge):
        undo(first)
    undo(second)
    undo(first)
    assert not Person.objects.filter(merged_into__isnull=False).exists()
    with pytest.raises(merging.UndoneAlready):
        undo(first)


def test_refused_merges_change_nothing(county) -> None:
    kept, gone = make("陈秀兰", {"home"}, 1, county), make("陈秀兰", {"contact"}, 2, county)
    dead = make("陈秀兰", set(), 3, county)
    services.record_fact(
        actor=SYSTEM, person_id=dead.pk, fact=Fact("death", "died"), at=NOW,
        since=days.begin_of(date(2026, 10, 1)),
    )  # fmt: skip
    far = make_actor(at=NOW, login="far", role="registrar", region_prefix="990122")
    operator = make_actor(at=NOW, login="op", role="operator", region_prefix="990121")
    before = rows()
    for error, what in (
        (Invalid, lambda: merge(kept, kept)),
        (Invalid, lambda: merge(kept, gone, reason="  ")),
        (Conflict, lambda: merge(kept, dead)),
        (NotFound, lambda: merge(kept, gone, actor=far)),
        (NotFound, lambda: merge(kept, gone, actor=operator)),
    ):
        with pytest.raises(error):
            what()
    assert rows() == before
    made = merge(kept, gone)
    with pytest.raises(merging.MergedAlready):
        merge(kept, gone)
    with pytest.raises(NotFound):
        undo(made, actor=far)
    assert AuditEntry.objects.filter(action="people.merge_persons").count() == 2


def test_every_foreign_key_to_a_person_moves_or_is_said_to_stay() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.conrelid::regclass::text, a.attname FROM pg_constraint c"
            " JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)"
            " WHERE c.confrelid = 'people_person'::regclass AND c.contype = 'f'"
        )
        there = {row for row in cursor.fetchall() if row[0] not in pointers.OWN}
    known = {(one.table, one.column) for one in pointers.pointers()} | pointers._stays
    assert there
    assert there <= known
