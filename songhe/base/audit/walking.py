"""Reading the chain from the database, piece by piece: for an export, and to check it here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db.models import Max, Min

from songhe.base.audit import cuts, proof, sealing, signing, sources
from songhe.base.audit.checking import Check
from songhe.base.audit.models import AuditLink, ChainCheck, Pending
from songhe.base.audit.proof import Link
from songhe.base.audit.sources import Record

PIECE = 5000


def span(*, since: date | None = None, until: date | None = None) -> tuple[int, int]:
    """Return the first and last position sealed in these UTC days, both included; (1, 0): none."""
    rows = AuditLink.objects.all()
    if since is not None:
        rows = rows.filter(sealed_at__gte=datetime.combine(since, time(), UTC))
    if until is not None:
        end = datetime.combine(until + timedelta(days=1), time(), UTC)
        rows = rows.filter(sealed_at__lt=end)
    found = rows.aggregate(first=Min("position"), last=Max("position"))
    if found["first"] is None:
        return 1, 0
    return (1 if since is None else found["first"]), found["last"]


def previous_of(position: int) -> bytes:
    """Return the link before a position; the chain's beginning before the first."""
    row = AuditLink.objects.filter(position__lt=position).order_by("-position").first()
    return bytes(row.link) if row else proof.GENESIS


def walk(first: int, last: int) -> Iterator[tuple[Link, Record | None]]:
    """Yield links in order with what they seal, None where that is gone."""
    after = first - 1
    while after < last:
        rows = AuditLink.objects.filter(position__gt=after, position__lte=last)
        piece = [
            Link(
                row.position,
                row.source,
                row.entry,
                bytes(row.digest),
                proof.moment(row.sealed_at),
                bytes(row.link),
            )
            for row in rows.order_by("position")[:PIECE]
        ]
        if not piece:
            return
        records = _records(piece)
        for link in piece:
            yield link, records.get(link.entry)
        after = piece[-1].position


def _records(piece: list[Link]) -> dict[UUID, Record]:
    found: dict[UUID, Record] = {}
    by_source = sorted(piece, key=lambda link: link.source)
    for name, links in groupby(by_source, key=lambda link: link.source):
        found |= sources.source(name).records([link.entry for link in links])
    return found


def check_here(*, told: Callable[[int], None] = lambda done: None) -> Check:
    """Check the whole chain in the database against its records, checkpoints and signed end."""
    head = signing.read_head()
    first, last = span()
    check = Check(previous=proof.GENESIS, position=1, key=signing.public_key())
    if head is not None:
        check.head(**head)
    elif last:
        check.found("head_missing")
    destroyed = cuts.newest()
    if destroyed is not None:
        check.cut(**cuts.said(destroyed))
    for kind in sources.all_sources():
        for record in sources.loose(kind):
            check.loose(record)
    for link, sealed in walk(first, last):
        check.link(link, sealed)
        if check.links % PIECE == 0:
            told(check.links)
    newest = sealing.newest_checkpoint()  # a chain that was cut must not hide its checkpoints
    for kept in sealing.checkpoints(first=1, last=max(last, newest.last if newest else 0)):
        check.checkpoint(kept)
    check.end()
    told(check.links)
    return check


def run_check(*, check_id: UUID, clock: Callable[[], datetime]) -> ChainCheck:
    """Do a check that was asked for, writing down how far it is."""
    rows = ChainCheck.objects.filter(pk=check_id)
    _, last = span()
    rows.update(state=ChainCheck.State.RUNNING, total=last, done=0)

    def told(done: int) -> None:
        rows.update(done=done)

    check = check_here(told=told)
    rows.update(
        state=ChainCheck.State.WRONG if check.wrong else ChainCheck.State.GOOD,
        wrong=check.wrong,
        findings=[asdict(finding) for finding in check.findings],
        done=check.links,
        ended_at=clock(),
    )
    return rows.get()


def state() -> dict[str, Any]:
    """Return how far the chain is: its last link, what waits, the last checkpoint; 3 queries."""
    last = AuditLink.objects.order_by("-position").first()
    checkpoint = sealing.newest_checkpoint()
    return {"last": last, "pending": Pending.objects.count(), "checkpoint": checkpoint}
