"""Files are kept once, sealed, opened by the policy of what they are of, gone with the person."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from songhe.base import vault
from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM, Actor
from songhe.base.accounts.testing import signed_in
from songhe.base.audit.models import AuditEntry
from songhe.base.files import kinds, sealing, selectors, services
from songhe.base.files.kinds import FileKind
from songhe.base.files.media import NotTaken
from songhe.base.files.models import FilePart, StoredFile
from songhe.base.files.testing import PHOTO, moment, opened, pdf, photograph, scene
from songhe.base.subjects import collecting, erasing
from songhe.base.vault import rotation
from songhe.kernel.errors import NotFound
from songhe.kernel.ids import uuid7
from tests.access.world import World, make_world

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)


@pytest.fixture
def world(db: None) -> World:
    made = make_world(NOW)
    FilePart.objects.all().delete()  # only what a test keeps
    StoredFile.objects.all().delete()
    return made


def actor_of(world: World, who: str) -> Actor:
    return access.actor_for(world.users[who], NOW)


def ref_of(world: World, town: str = "a") -> str:
    return f"people.Person/{world.towns[town].person}"


def keep(world: World, content: bytes | None = None, **given: object) -> StoredFile:
    values: dict[str, object] = {
        "content": photograph() if content is None else content,
        "kind": PHOTO,
        "name": "IMG_陈秀兰.jpg",
        "ref": ref_of(world),
        "by": actor_of(world, "operator"),
        "at": NOW,
    }
    return services.keep(**values | given)  # type: ignore[arg-type]


def client_of(world: World, who: str) -> Client:
    client = Client()
    signed_in(client, world.users[who], at=NOW)
    return client


def test_a_photograph_is_kept_sealed_with_what_it_said(world: World) -> None:
    file = keep(world)
    assert file.person_id == world.towns["a"].person
    assert file.taken_at == moment("2026-11-22 14:30:05")
    facts = selectors.facts_of(file)
    assert (facts["lat"], facts["lon"], facts["device"]) == (30.5, 120.25, "HUAWEI NOH-AN00")
    assert facts["name"] == "IMG_陈秀兰.jpg"
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM files_storedfile")
        row = b"|".join(
            bytes(one) if isinstance(one, bytes | memoryview) else str(one).encode()
            for one in cursor.fetchone()
        )
        cursor.execute("SELECT body_under FROM files_filepart ORDER BY number")
        parts = [bytes(body) for (body,) in cursor.fetchall()]
    assert "陈秀兰".encode() not in row
    assert b"HUAWEI" not in row
    assert all(b"JFIF" not in body for body in parts)
    shown = selectors.open_file(actor_of(world, "operator"), file.pk, at=NOW)
    assert opened(shown.body).size == (640, 480)
    assert len(shown.body) == file.size_bytes


def test_parts_come_in_their_order_and_no_other(world: World) -> None:
    big = keep(world, pdf(bytes(range(256)) * 3000))
    assert big.parts == 3
    assert selectors.open_file(SYSTEM, big.pk, at=NOW).body == pdf(bytes(range(256)) * 3000)
    first, second = FilePart.objects.filter(file=big, number__in=(0, 1)).order_by("number")
    first.body_under, second.body_under = second.body_under, first.body_under
    first.save()
    second.save()
    with pytest.raises(vault.VaultClosed):
        selectors.open_file(SYSTEM, big.pk, at=NOW)


def test_sent_twice_it_is_kept_once(world: World) -> None:
    number, content = uuid7(), photograph()
    first = keep(world, content, file_id=number)
    assert keep(world, content, file_id=number).pk == first.pk == number
    assert keep(world, content).pk == first.pk  # the same bytes of the same thing, without a number
    assert StoredFile.objects.count() == 1
    with pytest.raises(services.OtherContent):
        keep(world, photograph(scene(5)), file_id=number)
    with pytest.raises(services.OtherContent):
        keep(world, content, file_id=number, ref=ref_of(world, "b"))
    assert StoredFile.objects.count() == 1
    other = keep(world, content, ref=ref_of(world, "b"), by=SYSTEM)
    assert other.pk != first.pk
    assert keep(world, content, ref=ref_of(world, "b"), by=SYSTEM).pk == other.pk


def test_the_same_bytes_under_another_number_are_found_under_both(world: World) -> None:
    """What points to a file by its number finds it, also where the same was sent before."""
    content, numbers = photograph(), [uuid7(), uuid7()]
    for number in (*numbers, *numbers):
        assert keep(world, content, file_id=number).pk == number
    bodies = {selectors.open_file(SYSTEM, number, at=NOW).body for number in numbers}
    assert len(bodies) == 1
    assert StoredFile.objects.count() == 2
    [alike] = selectors.look_alikes(numbers[1])
    assert (alike.file_id, alike.is_same) == (numbers[0], True)


def test_what_is_refused_leaves_nothing(world: World) -> None:
    for content in (b"<html>", photograph()[:300]):
        with pytest.raises(NotTaken):
            keep(world, content)
    with pytest.raises(ValueError, match="not of"):
        keep(world, ref="devices.Device/x")
    with pytest.raises(KeyError):
        keep(world, kind="tests.unknown")
    with pytest.raises(ValueError, match="declared already"):
        kinds.declare(FileKind(PHOTO, ref="people.Person", views=("people.view_person",), needs=""))
    assert not StoredFile.objects.exists()
    assert not FilePart.objects.exists()


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("operator", 200),
        ("worker", 200),  # who was told that she is to go there
        ("operator_b", 404),
        ("wu", 403),
        ("family", 200),
        ("regulator", 403),
    ],
)
def test_who_may_see_her_may_open_it(world: World, who: str, status: int) -> None:
    file = keep(world)
    before = AuditEntry.objects.filter(action=selectors.OPEN, kind="read").count()
    for name in ("kit:file", "kit:file_small"):
        answer = client_of(world, who).get(reverse(name, args=[file.pk]))
        assert answer.status_code == status
    looks = AuditEntry.objects.filter(action=selectors.OPEN, kind="read")
    assert looks.count() - before == (2 if status == 200 else 0)
    if status == 200:
        assert looks.first().ref == ref_of(world)  # type: ignore[union-attr]


def test_how_it_is_handed_out(world: World) -> None:
    client, photo, paper = client_of(world, "operator"), keep(world), keep(world, pdf())
    answer = client.get(reverse("kit:file", args=[photo.pk]))
    assert answer["Content-Type"] == "image/jpeg"
    assert answer["Content-Disposition"].startswith("inline; filename=")
    assert "陈" not in answer["Content-Disposition"]
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert answer["Cache-Control"] == "private, no-store"
    answer = client.get(reverse("kit:file", args=[paper.pk]))
    assert answer["Content-Disposition"].startswith("attachment; filename=")
    assert client.get(reverse("kit:file_small", args=[paper.pk])).status_code == 404
    assert client.get(reverse("kit:file", args=[uuid7()])).status_code == 404
    assert Client().get(reverse("kit:file", args=[photo.pk])).status_code == 302


def test_the_wall_shows_files_to_whom_the_person_is_open(world: World) -> None:
    from tests.access.test_wall import standing

    file = keep(world, by=SYSTEM)
    for who, count in (("operator", 1), ("operator_b", 0), ("wu", 0), ("family", 1)):
        with standing(world.users[who]) as cursor:
            cursor.execute("SELECT count(*) FROM files_storedfile WHERE id = %s", [file.pk])
            assert cursor.fetchone() == (count,), who
            cursor.execute("SELECT count(*) FROM files_filepart WHERE file_id = %s", [file.pk])
            assert (cursor.fetchone()[0] > 0) == bool(count), who


def test_erasing_her_leaves_nothing_to_open(world: World) -> None:
    person = world.towns["a"].person
    file, other = keep(world), keep(world, ref=ref_of(world, "b"), by=SYSTEM)
    parts = {str(row.pk): bytes(row.body_under) for row in FilePart.objects.filter(file=file)}
    key_under = bytes(file.key_under or b"")
    assert collecting.collect(person)["files_storedfile"]
    assert [one.pk for one, _ in selectors.of_person(person)] == [file.pk]
    erasing.erase(person, erasing.words_of(person), at=NOW)
    file.refresh_from_db()
    assert (file.key_under, file.facts_under, file.fingerprint) == (None, None, None)
    assert not FilePart.objects.filter(file=file).exists()
    with pytest.raises(sealing.Gone):
        selectors.open_file(SYSTEM, file.pk, at=NOW)
    # What a thief kept of the rows does not open either: her key is destroyed.
    file.key_under = key_under
    file.save()
    with pytest.raises(sealing.Gone):
        sealing.key_of(file)
    assert parts
    assert selectors.open_file(SYSTEM, other.pk, at=NOW).body
    with pytest.raises(sealing.Gone):
        keep(world, photograph(scene(9)), by=SYSTEM)


def test_a_file_of_nobody_bears_a_change_of_keys(world: World) -> None:
    from songhe.base.files.media import Media

    if kinds.known("tests.device_photo") is None:
        kinds.declare(
            FileKind(
                "tests.device_photo",
                ref="devices.Device",
                views=("devices.view_device",),
                needs="",
                media=frozenset(Media),
            )
        )
    file = keep(
        world, kind="tests.device_photo", ref=f"devices.Device/{world.towns['a'].device}", by=SYSTEM
    )
    assert file.key_under is None
    before = vault.key_of(file.key_sealed or b"")
    rotation.begin_rotation(actor=SYSTEM, at=NOW)
    rotation.go_on(clock=lambda: NOW, should_stop=lambda: False)
    file.refresh_from_db()
    assert vault.key_of(file.key_sealed or b"") == before + 1
    assert opened(selectors.open_file(SYSTEM, file.pk, at=NOW).body).size == (640, 480)


def test_pictures_used_before_are_found_by_the_index(world: World) -> None:
    first = keep(world, photograph(scene(1)))
    again = keep(world, photograph(scene(1).resize((400, 300)), quality=50), ref=ref_of(world, "b"))
    other = keep(world, photograph(scene(7)))
    found = selectors.look_alikes(first.pk, distance=6)
    assert [one.file_id for one in found] == [again.pk]
    assert found[0].ref == ref_of(world, "b")
    assert not found[0].is_same
    assert selectors.look_alikes(other.pk, distance=11) == []
    same = keep(world, photograph(scene(7)), ref=ref_of(world, "b"), by=SYSTEM)
    (copy,) = selectors.look_alikes(other.pk, distance=0)
    assert (copy.file_id, copy.distance, copy.is_same) == (same.pk, 0, True)
    for wrong in (-1, 12):
        with pytest.raises(ValueError, match="0 to 11"):
            selectors.look_alikes(first.pk, distance=wrong)
    with pytest.raises(NotFound):
        selectors.look_alikes(UUID(int=1))


def test_the_search_among_many_asks_the_bands(world: World) -> None:
    keep(world)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO files_storedfile (id, kind, ref, media, size_bytes, parts, sha256,"
            " fingerprint, band_a, band_b, band_c, band_d, kept_at)"
            " SELECT gen_random_uuid(), 'tests.photo', 'x/' || n, 'image/jpeg', 1, 1,"
            " sha256(n::text::bytea), r, (r & 65535), (r >> 16) & 65535, (r >> 32) & 65535,"
            " (r >> 48) & 65535, now() FROM (SELECT n, (random() * 9e18)::bigint AS r"
            " FROM generate_series(1, 20000) n) x"
        )
        cursor.execute("ANALYZE files_storedfile")
    (file,) = StoredFile.objects.filter(ref=ref_of(world))
    values = selectors.near_of(file, 6)
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (FORMAT JSON) " + selectors.NEAR, values)
        plan = json.dumps(cursor.fetchone()[0])
    assert "Seq Scan" not in plan
    assert plan.count("Bitmap Index Scan") == 4
