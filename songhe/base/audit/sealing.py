"""Sealing: what was committed gets its link, a day that is over gets its signed checkpoint.

One sealer at a time, by an advisory lock that nobody else waits for. Pages only append; an entry
that commits late is still pending and gets its link then.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from uuid import UUID

from django.db import connection, transaction

from songhe.base.audit import proof, signing, sources
from songhe.base.audit.models import AuditCheckpoint, AuditLink, Pending
from songhe.base.audit.proof import Checkpoint, DayTree
from songhe.base.audit.sources import Record

AT_ONCE = 5000
SETTLED = timedelta(minutes=2)


def _is_alone() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext('audit.seal'))")
        row = cursor.fetchone()
    return bool(row and row[0])


@transaction.atomic
def seal(*, at: datetime) -> int:
    """Append links for up to AT_ONCE pending records; return how many. 0 while another seals."""
    if not _is_alone():
        return 0
    pending = list(Pending.objects.order_by("id")[:AT_ONCE])
    if not pending:
        return 0
    last = AuditLink.objects.order_by("-position").first()
    position, previous = (last.position, bytes(last.link)) if last else (0, proof.GENESIS)
    sealed_at = max(at, last.sealed_at) if last else at  # a clock set back makes no older day
    records = _records(pending)
    links = []
    for row in pending:
        position += 1
        record = records.get(row.entry)
        digest = proof.GONE if record is None else proof.digest(record)
        previous = proof.link_after(
            previous, position, row.source, row.entry, digest, proof.moment(sealed_at)
        )
        links.append(
            AuditLink(
                position=position,
                source=row.source,
                entry=row.entry,
                digest=digest,
                link=previous,
                sealed_at=sealed_at,
            )
        )
    AuditLink.objects.bulk_create(links)
    Pending.objects.filter(pk__in=[row.pk for row in pending]).delete()
    return len(links)


def _records(pending: list[Pending]) -> dict[UUID, Record]:
    found: dict[UUID, Record] = {}
    for name, rows in groupby(sorted(pending, key=lambda row: row.source), lambda row: row.source):
        found |= sources.source(name).records([row.entry for row in rows])
    return found


def seal_all(*, at: datetime) -> int:
    """Seal until nothing is pending, then sign the end of the chain; return how many links."""
    total = 0
    for kind in sources.all_sources():
        if kind.gather is not None:
            kind.gather(at)
    while done := seal(at=at):
        total += done
    if total or signing.read_head() is None:
        sign_head(at=at)
    return total


def sign_head(*, at: datetime) -> None:
    """Keep the signed end of the chain beside the key; nothing while the chain is empty."""
    last = AuditLink.objects.order_by("-position").first()
    if last is not None:
        signing.write_head(last.position, bytes(last.link), proof.moment(at))


@transaction.atomic
def close_days(*, at: datetime) -> list[date]:
    """Make the checkpoint of every UTC day that is over and has none; return the days."""
    if not _is_alone():
        return []
    today = (at - SETTLED).astimezone(UTC).date()
    before = newest_checkpoint()
    first = before.last + 1 if before else 1
    midnight = datetime.combine(today, time(), UTC)
    rows = AuditLink.objects.filter(position__gte=first, sealed_at__lt=midnight)
    mark = _kept(before).mark() if before else ""
    days = []
    ordered = rows.order_by("position").values_list("position", "link", "sealed_at")
    for day, links in groupby(ordered.iterator(), lambda row: row[2].astimezone(UTC).date()):
        tree: DayTree | None = None
        for position, link, _ in links:
            tree = tree or DayTree(day.isoformat(), position)
            tree.add_link(position, bytes(link))
        if tree is None:
            continue
        kept = Checkpoint(tree.day, tree.first, tree.last, tree.root().hex(), tree.link.hex(), mark)
        AuditCheckpoint.objects.create(
            day=day,
            first=kept.first,
            last=kept.last,
            root=kept.root,
            link=kept.link,
            previous=kept.previous,
            key=signing.public_key(),
            signature=signing.sign(kept.message()),
            made_at=at,
        )
        mark = kept.mark()
        days.append(day)
    return days


def newest_checkpoint() -> AuditCheckpoint | None:
    """Return the last checkpoint, None before the first day is over."""
    return AuditCheckpoint.objects.order_by("-day").first()


def _kept(row: AuditCheckpoint) -> Checkpoint:
    return Checkpoint(
        row.day.isoformat(), row.first, row.last, row.root, row.link, row.previous, row.signature
    )


def checkpoints(*, first: int, last: int) -> list[Checkpoint]:
    """Return the checkpoints of days that lie within these positions, the oldest first."""
    rows = AuditCheckpoint.objects.filter(last__gte=first, first__lte=last)
    return [_kept(row) for row in rows.order_by("day") if row.first >= first]
