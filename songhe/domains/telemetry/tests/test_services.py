"""Voiding a reading and dealing with dead letters; a refusal changes nothing."""

from __future__ import annotations

import json
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.utils.timezone import now

from songhe.base.audit.models import AuditEntry
from songhe.domains.telemetry import selectors, services
from songhe.domains.telemetry.models import DeadLetter
from songhe.domains.telemetry.tests.cast import NOW, Cast, make_cast, put
from songhe.kernel.errors import Denied, NotFound
from songhe.kernel.ids import uuid7
from songhe.kernel.wire import CHANNEL_REPLAY, SubjectKind

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def counts() -> tuple[int, int, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM reading_hot), (SELECT count(*) FROM voided_reading),"
            " (SELECT count(*) FROM audit_auditentry WHERE kind = 'change')"
        )
        row = cursor.fetchone()
    return row[0], row[1], row[2]


def letter(cast: Cast, *, device: UUID | None = None, payload: bytes = b"{", **more: str) -> UUID:
    row = DeadLetter.objects.create(
        id=uuid7(),
        received_at=NOW,
        device=device,
        device_key="keybp",
        topic="songhe/1/keybp/x",
        payload=payload,
        reason=more.get("reason", "not-json"),
        detail="",
        state="new",
    )
    return row.pk


def test_a_voided_reading_is_kept_with_who_and_why(cast: Cast) -> None:
    key = put(cast.chen, cast.devices["bp"], NOW, sbp=300, dbp=112, flags=1)
    services.void_reading(actor=cast.actor("admin"), key=key, reason=" cuff slipped ", at=NOW)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT subject, vals, flags, voided_at, voided_by, reason FROM voided_reading"
        )
        rows = cursor.fetchall()
    assert rows == [(cast.chen, [300.0, 112.0], 1, NOW, cast.users["admin"].pk, "cuff slipped")]
    entry = AuditEntry.objects.get(action="telemetry.void_reading")
    assert entry.ref == f"telemetry.Reading/{cast.chen}"
    with pytest.raises(services.NoSuchReading):
        services.void_reading(actor=cast.actor("admin"), key=key, reason="again", at=NOW)


@pytest.mark.parametrize("who", ["sun", "zhao", "wei", "chen", "wu", "keeper", "qian", "far"])
def test_who_may_not_void_changes_nothing(cast: Cast, who: str) -> None:
    key = put(cast.chen, cast.devices["bp"], NOW, sbp=186, dbp=112)
    before = counts()
    with pytest.raises((Denied, NotFound)):
        services.void_reading(actor=cast.actor(who), key=key, reason="because", at=NOW)
    assert counts() == before


def test_voiding_needs_a_reason(cast: Cast) -> None:
    key = put(cast.chen, cast.devices["bp"], NOW, sbp=186, dbp=112)
    before = counts()
    with pytest.raises(services.ReasonNeeded):
        services.void_reading(actor=cast.actor("admin"), key=key, reason="  ", at=NOW)
    assert counts() == before


def test_a_room_without_a_known_person_follows_its_region(cast: Cast) -> None:
    key = put(cast.rooms["living"], cast.devices["pir"], NOW, kind=SubjectKind.PLACE, motion=1)
    services.void_reading(actor=cast.actor("admin"), key=key, reason="test of the sensor", at=NOW)
    assert counts()[:2] == (0, 1)


def test_letters_follow_the_region_of_their_device(cast: Cast) -> None:
    mine = letter(cast, device=cast.devices["bp"])
    unknown = letter(cast)
    assert {row.pk for row in selectors.list_letters(cast.actor("keeper"))} == {mine, unknown}
    for who in ("sun", "wu", "far", "qian"):
        assert list(selectors.list_letters(cast.actor(who))) == []
        with pytest.raises(NotFound):
            selectors.get_letter(cast.actor(who), mine, at=NOW)
    assert list(selectors.list_letters(cast.actor("keeper"), state="replay")) == []
    assert list(selectors.list_letters(cast.actor("keeper"), reason="future")) == []


def test_a_payload_is_shown_safely_and_without_values_to_who_sees_none(cast: Cast) -> None:
    body = {"at": "2026-11-21T08:00:00Z", "readings": [{"code": "8480-6", "value": 186}]}
    pk = letter(cast, device=cast.devices["bp"], payload=json.dumps(body).encode())
    keeper = selectors.get_letter(cast.actor("keeper"), pk, at=NOW)
    assert keeper.masked
    assert "186" not in keeper.text
    assert '"value": 000' in keeper.text
    admin = selectors.get_letter(cast.actor("admin"), pk, at=NOW)
    assert not admin.masked
    assert '"value": 186' in admin.text


def test_any_payload_becomes_text() -> None:
    from songhe.domains.telemetry.selectors.letters import readable

    assert readable(b"\xff\x00\x01") == "ff 00 01"
    assert readable(b"a\x00\x1b[31mb") == "a��[31mb"
    assert readable(b"[" * 5000).startswith("[[")
    assert readable('{"a": "\u202eb 𠮷"}'.encode()) == '{\n  "a": "�b 𠮷"\n}'


def test_replay_tells_the_gateway(cast: Cast) -> None:
    pk = letter(cast, device=cast.devices["bp"])
    services.replay_letter(actor=cast.actor("keeper"), letter_id=pk, at=NOW)
    row = DeadLetter.objects.get(pk=pk)
    assert (row.state, row.handled_by) == ("replay", cast.users["keeper"].pk)
    assert AuditEntry.objects.filter(action="telemetry.replay_dead_letter").count() == 1
    with pytest.raises(services.LetterHandled):
        services.replay_letter(actor=cast.actor("keeper"), letter_id=pk, at=NOW)


@pytest.mark.django_db(transaction=True)
def test_the_gateway_hears_of_a_replay_at_commit(test_database_url: str) -> None:
    import psycopg

    cast = make_cast()
    pk = letter(cast, device=cast.devices["bp"])
    with psycopg.connect(test_database_url, autocommit=True) as listening:
        listening.execute(f"LISTEN {CHANNEL_REPLAY}")
        services.replay_letter(actor=cast.actor("keeper"), letter_id=pk, at=NOW)
        heard = next(listening.notifies(timeout=10, stop_after=1))
    assert heard.payload == str(pk)


def test_putting_aside_needs_a_reason(cast: Cast) -> None:
    pk = letter(cast, device=cast.devices["bp"])
    keeper = cast.actor("keeper")
    before = counts()
    with pytest.raises(services.ReasonNeeded):
        services.dismiss_letter(actor=keeper, letter_id=pk, reason="", at=NOW)
    with pytest.raises(NotFound):
        services.dismiss_letter(actor=cast.actor("far"), letter_id=pk, reason="x", at=NOW)
    assert counts() == before
    services.dismiss_letter(actor=keeper, letter_id=pk, reason="a test device", at=NOW)
    row = DeadLetter.objects.get(pk=pk)
    assert (row.state, row.handled_note) == ("dismissed", "a test device")
    assert row.handled_at is not None
    assert row.handled_at < now() + timedelta(days=1)
