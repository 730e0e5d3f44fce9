"""Old records go by a signed cut: the chain is verified from its beginning all the same."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from songhe.base.access.actor import SYSTEM
from songhe.base.audit import cutting, exporting, proof, sealing, services, signing, verify, walking
from songhe.base.audit.models import AuditCut, AuditEntry, AuditLink
from songhe.base.audit.tests.test_chain import DAY, by_hand, write
from songhe.kernel.ids import uuid7

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_state")]
HELD = uuid7()


@pytest.fixture
def chain() -> list[UUID]:
    """Four days of four records, the first three closed; one a day is about HELD."""
    found: list[UUID] = []
    for day in range(4):
        at = DAY + timedelta(days=day)
        services.record_change(actor=SYSTEM, action="x.y", ref=f"people.Person/{HELD}", at=at)
        write(3, at)
        found = list(AuditLink.objects.order_by("position").values_list("entry", flat=True))
    sealing.close_days(at=DAY + timedelta(days=3))
    return found


def cut_before(day: int, holders: tuple[UUID, ...] = ()) -> int:
    at = DAY + timedelta(days=9)
    pieces = cutting.due(DAY.replace(hour=0) + timedelta(days=day))
    return sum(cutting.cut(piece, holders=holders, at=at) for piece in pieces)


def wrong() -> list[str]:
    return [finding.sentence() for finding in walking.check_here().findings]


def test_old_records_go_and_the_chain_is_whole(chain: list[UUID]) -> None:
    assert cutting.count_due(DAY + timedelta(days=2))[0] == 8
    assert cut_before(2) == 8
    assert AuditEntry.objects.count() == 8
    assert AuditLink.objects.count() == 16
    check = walking.check_here()
    assert (check.findings, check.links, check.destroyed) == ([], 16, 8)
    assert cut_before(2) == 0  # nothing is destroyed twice
    assert cut_before(99) == 4  # the open day stays
    check = walking.check_here()
    assert (check.findings, check.destroyed) == ([], 12)
    newest = AuditCut.objects.latest("id")
    assert (newest.last, newest.destroyed, newest.kept) == (12, 12, [])


def test_an_export_of_a_cut_chain_is_verified_elsewhere(chain: list[UUID], tmp_path: Path) -> None:
    before, after = tmp_path / "before.jsonl", tmp_path / "after.jsonl"
    exporting.export(before, actor=SYSTEM, at=DAY + timedelta(days=3))
    cut_before(2)
    exporting.export(after, actor=SYSTEM, at=DAY + timedelta(days=3, hours=1))
    _, check = verify.check_file(after, key=signing.public_key(), witness=before)
    assert (check.findings, check.destroyed) == ([], 8)
    lines = [json.loads(text) for text in after.read_text("utf-8").splitlines()]
    forged = tmp_path / "forged.jsonl"
    for line in lines:
        if "cut" in line:
            line["cut"]["last"] = 12
    forged.write_bytes(b"".join(proof.canonical(line) + b"\n" for line in lines))
    _, check = verify.check_file(forged, key=signing.public_key())
    assert "cut_forged" in {finding.code for finding in check.findings}


def test_what_is_held_stays_and_is_missed_when_it_goes(chain: list[UUID]) -> None:
    assert cut_before(3, (HELD,)) == 9
    held = list(AuditEntry.objects.filter(ref=f"people.Person/{HELD}").order_by("at"))
    assert len(held) == 4
    assert wrong() == []
    assert cutting.cut_again(holders=[HELD], at=DAY + timedelta(days=9)) == 0
    by_hand("DELETE FROM audit_auditentry WHERE id = %s", held[1].pk)
    assert [str(held[1].pk) in sentence for sentence in wrong()] == [True]
    # the hold ends: the two that are left go, and what was removed by hand is still named
    assert cutting.cut_again(holders=[], at=DAY + timedelta(days=9)) == 2
    assert [str(held[1].pk) in sentence for sentence in wrong()] == [True]


def test_what_was_altered_before_does_not_go_with_the_rest(chain: list[UUID]) -> None:
    by_hand("UPDATE audit_auditentry SET ref = 'x/2' WHERE id = %s", chain[1])
    by_hand("DELETE FROM audit_auditentry WHERE id = %s", chain[2])
    before = wrong()
    assert len(before) == 2
    assert cut_before(3) == 10
    assert wrong() == before


def test_only_what_a_cut_covers_may_be_deleted(chain: list[UUID]) -> None:
    cut_before(2, (HELD,))
    for statement in (
        "DELETE FROM audit_auditentry WHERE at > '2026-11-22'",
        "DELETE FROM audit_auditlink",
        "DELETE FROM audit_auditcut",
        "UPDATE audit_auditcut SET last = 16",
        "UPDATE audit_auditentry SET ref = ''",
    ):
        with (
            pytest.raises(DatabaseError, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


def test_a_forged_cut_allows_nothing(chain: list[UUID]) -> None:
    cut_before(2)
    by_hand("UPDATE audit_auditcut SET last = 12 WHERE last = 8")
    by_hand("DELETE FROM audit_auditentry WHERE id = %s", chain[10])
    codes = {finding.code for finding in walking.check_here().findings}
    assert codes == {"cut_forged", "entry_removed"}


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    holders=st.lists(st.lists(st.booleans(), min_size=3, max_size=3), min_size=3, max_size=3),
)
def test_whatever_is_held_when_the_chain_stays_whole(holders: list[list[bool]]) -> None:
    """holders[night][person]: who is held on which night; each night a day more is cut."""
    persons, at = [uuid7() for _ in range(3)], datetime(2026, 11, 1, 8, tzinfo=UTC)
    sid = transaction.savepoint()
    for day in range(4):
        for person in persons:
            services.record_change(
                actor=SYSTEM, action="x.y", ref=f"p/{person}", at=at + timedelta(days=day)
            )
        sealing.seal_all(at=at + timedelta(days=day))
    sealing.close_days(at=at + timedelta(days=4))
    for night, row in enumerate(holders):
        held = [person for person, is_held in zip(persons, row, strict=True) if is_held]
        cutting.cut_again(holders=held, at=at + timedelta(days=5))
        for piece in cutting.due((at + timedelta(days=night + 1)).replace(hour=0)):
            cutting.cut(piece, holders=held, at=at + timedelta(days=5))
        assert wrong() == []
        for person in persons:
            left = AuditEntry.objects.filter(ref=f"p/{person}").count()
            always = all(row[persons.index(person)] for row in holders[: night + 1])
            assert person in held or left == 3 - night
            assert not always or left == 4
    transaction.savepoint_rollback(sid)
    signing._state().joinpath("audit.head").unlink()
