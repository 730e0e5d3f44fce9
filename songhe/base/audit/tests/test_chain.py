"""Whatever is done to the trail in PostgreSQL, with triggers off, is found and named."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, transaction

from songhe.base.access.actor import SYSTEM, Actor
from songhe.base.audit import proof, sealing, services, signing, walking
from songhe.base.audit.models import AuditCheckpoint, AuditEntry, AuditLink, ChainCheck, Pending
from songhe.kernel import merkle
from songhe.kernel.ids import uuid7

DAY = datetime(2026, 11, 20, 8, tzinfo=UTC)
READER = Actor(user_id=uuid7(), display_name="x", request_id="r1")
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_state")]


def write(count: int, at: datetime) -> list[UUID]:
    """Write reads and a change; return their ids in the order of the chain."""
    refs = [f"people.Person/{uuid7()}" for _ in range(count - 1)]
    services.record_reads(actor=READER, action="people.view_person", refs=refs, at=at)
    services.record_change(
        actor=SYSTEM, action="people.add_fact", ref="x/1", at=at, detail={"n": 1.50, "字": "值"}
    )
    sealing.seal_all(at=at)
    return list(AuditLink.objects.order_by("-position").values_list("entry", flat=True)[:count])


@pytest.fixture
def chain() -> list[UUID]:
    """Three days of six entries; the first two are closed."""
    found: list[UUID] = []
    for day in range(3):
        found += reversed(write(6, DAY + timedelta(days=day)))
    sealing.close_days(at=DAY + timedelta(days=2))
    return found


def by_hand(statement: str, *values: object) -> None:
    """Do what only the owner of the tables can: with triggers off."""
    table = next(word for word in statement.split() if word.startswith("audit_"))
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(statement, values)
        assert cursor.rowcount > 0
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def codes() -> set[str]:
    return {finding.code for finding in walking.check_here().findings}


def sentences() -> str:
    return "\n".join(finding.sentence() for finding in walking.check_here().findings)


def test_a_chain_that_nobody_touched_is_whole(chain: list[UUID]) -> None:
    check = walking.check_here()
    assert (check.findings, check.links) == ([], 18)
    assert AuditCheckpoint.objects.count() == 2
    assert Pending.objects.count() == 0


def test_the_root_of_a_day_is_that_of_rfc_6962() -> None:
    a, b, c = b"a", b"b", b"c"

    def h(data: bytes) -> bytes:
        return hashlib.sha256(data).digest()

    two = h(b"\x01" + h(b"\x00a") + h(b"\x00b"))
    assert merkle.root([]) == h(b"")
    assert merkle.root([a]) == h(b"\x00a")
    assert merkle.root([a, b]) == two
    assert merkle.root([a, b, c]) == h(b"\x01" + two + h(b"\x00c"))


def test_an_altered_entry_is_named(chain: list[UUID]) -> None:
    by_hand("UPDATE audit_auditentry SET ref = 'people.Person/x' WHERE id = %s", chain[7])
    assert str(chain[7]) in sentences()
    assert codes() == {"entry_altered"}


def test_a_removed_entry_is_named(chain: list[UUID]) -> None:
    by_hand("DELETE FROM audit_auditentry WHERE id = %s", chain[3])
    assert str(chain[3]) in sentences()
    assert codes() == {"entry_removed"}


def test_an_inserted_entry_is_named(chain: list[UUID]) -> None:
    extra = uuid7()
    by_hand(
        "INSERT INTO audit_auditentry SELECT %s, at, kind, user_id, action, ref, purpose,"
        " request_id, detail FROM audit_auditentry WHERE id = %s",
        extra,
        chain[0],
    )
    assert str(extra) in sentences()
    assert codes() == {"entry_inserted"}


def test_an_entry_removed_with_its_link_is_named_by_position(chain: list[UUID]) -> None:
    by_hand("DELETE FROM audit_auditentry WHERE id = %s", chain[8])
    by_hand("DELETE FROM audit_auditlink WHERE entry = %s", chain[8])
    assert "positions 9 to 9" in sentences()
    assert {"link_missing", "day_rewritten"} <= codes()


def test_two_links_that_changed_places_are_named(chain: list[UUID]) -> None:
    by_hand("UPDATE audit_auditlink SET position = -position WHERE position IN (4, 5)")
    by_hand("UPDATE audit_auditlink SET position = 9 + position WHERE position < 0")
    said = sentences()
    assert str(chain[3]) in said
    assert str(chain[4]) in said
    assert "link_altered" in codes()


@pytest.mark.parametrize("keep", [15, 9, 0])
def test_a_cut_tail_is_found_by_the_signed_end_and_the_checkpoints(
    chain: list[UUID], keep: int, own_state: Path
) -> None:
    by_hand("DELETE FROM audit_auditlink WHERE position > %s", keep)
    by_hand("DELETE FROM audit_auditentry WHERE id = ANY(%s)", chain[keep:])
    assert f"ends at position {keep}" in sentences()
    assert "reached 18" in sentences()
    if keep < 12:
        (own_state / "audit.head").unlink()
        assert "tail_cut" in codes()  # the checkpoints alone tell


def test_a_chain_written_anew_does_not_fit_its_signed_checkpoint(chain: list[UUID]) -> None:
    by_hand("UPDATE audit_auditentry SET user_id = %s WHERE id = %s", uuid7(), chain[2])
    previous = proof.GENESIS
    for link, record in list(walking.walk(1, 18)):
        assert record is not None
        digest = proof.digest(record)
        previous = proof.link_after(
            previous, link.position, link.source, link.entry, digest, link.sealed_at
        )
        by_hand(
            "UPDATE audit_auditlink SET digest = %s, link = %s WHERE position = %s",
            digest,
            previous,
            link.position,
        )
    assert {"day_rewritten", "witness_differs"} == codes()
    assert "2026-11-20" in sentences()


def test_a_checkpoint_of_another_key_is_forged(chain: list[UUID], own_state: Path) -> None:
    by_hand("UPDATE audit_auditcheckpoint SET signature = %s WHERE day = '2026-11-21'", "00" * 64)
    assert "checkpoint_forged" in codes()
    by_hand("DELETE FROM audit_auditcheckpoint WHERE day = '2026-11-20'")
    assert "checkpoint_missing" in codes()
    (own_state / "audit.key").unlink()
    assert {"checkpoint_forged", "head_forged"} <= codes()


def test_links_and_checkpoints_cannot_be_changed_without_turning_triggers_off(
    chain: list[UUID],
) -> None:
    for table in ("audit_auditlink", "audit_auditcheckpoint"):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            connection.cursor().execute(f"DELETE FROM {table}")


def test_an_entry_taken_away_before_it_was_sealed_is_named() -> None:
    services.record_change(actor=SYSTEM, action="a.b", ref="x/1", at=DAY)
    entry = AuditEntry.objects.get().pk
    by_hand("DELETE FROM audit_auditentry WHERE id = %s", entry)
    sealing.seal_all(at=DAY)
    assert f"Record {entry} at position 1 was removed" in sentences()


def test_a_clock_set_back_makes_no_older_day() -> None:
    write(2, DAY)
    write(2, DAY - timedelta(days=3))
    assert len(set(AuditLink.objects.values_list("sealed_at", flat=True))) == 1
    assert walking.check_here().findings == []


def test_a_key_that_others_may_read_is_refused(own_state: Path) -> None:
    key = signing.public_key()
    file = own_state / "audit.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.chmod(0o644)
    with pytest.raises(signing.KeyClosed, match="chmod 600"):
        signing.sign(b"x")
    file.chmod(0o600)
    assert signing.public_key() == key


def test_a_check_that_was_asked_for_says_what_it_found(chain: list[UUID]) -> None:
    by_hand("DELETE FROM audit_auditentry WHERE id = %s", chain[3])
    asked = ChainCheck.objects.create(asked_at=DAY)
    done = walking.run_check(check_id=asked.pk, clock=lambda: DAY)
    assert (done.state, done.wrong, done.done, done.total) == ("wrong", 1, 18, 18)
    assert done.findings[0]["params"]["entry"] == str(chain[3])


@pytest.mark.django_db(transaction=True)
def test_an_entry_that_commits_late_gets_its_link_then(
    own_state: Path, second: Callable[[], None]
) -> None:
    """`second` writes in another connection's open transaction, and commits when called."""
    write(2, DAY)
    assert AuditLink.objects.count() == 2
    second()
    sealing.seal_all(at=DAY)
    assert AuditLink.objects.count() == 3
    assert walking.check_here().findings == []


@pytest.fixture
def second(transactional_db: None) -> Callable[[], None]:
    other = connection.copy()
    other.set_autocommit(False)
    with other.cursor() as cursor:
        cursor.execute(
            "INSERT INTO audit_auditentry VALUES (%s, %s, 'change', NULL, 'a.late', 'x/9', '', '',"
            " '{}')",
            [uuid7(), DAY],
        )

    def commit() -> None:
        other.commit()
        other.close()

    return commit
