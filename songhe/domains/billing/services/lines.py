"""Lines of settlements: what goes in, what a reversal takes out, and what comes of disputes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Sum

from songhe.base.access.actor import SYSTEM, Actor
from songhe.domains.billing import notices
from songhe.domains.billing.days import month_after
from songhe.domains.billing.models import ChargeShare, Dispute, Settlement, SettlementLine
from songhe.domains.billing.terms import CHANGEABLE, DisputeState, SettlementState
from songhe.domains.billing.workflow import SETTLEMENT_LIFE


def add_up(row: Settlement) -> None:
    """Bring a settlement's total, whose row the caller has locked, to its lines."""
    total = row.lines.aggregate(total=Sum("fen"))["total"] or 0
    if total != row.total_fen:
        row.total_fen = total
        row.save(update_fields=["total_fen"])


def drop_reversed(row: Settlement) -> None:
    """Take back, in a settlement locked and not confirmed, the lines whose charge stands no more.

    Out of a draft they go. What was submitted was read and taken along by its payer: there a line
    stays with its reversal beside it, so that nothing vanishes and the sum is right.
    """
    gone = row.lines.filter(is_back=False, share__charge__reversed_at__isnull=False)
    if row.state == SettlementState.DRAFT:
        gone.delete()
    else:
        told = SettlementLine.objects.filter(is_back=True, share__in=gone.values("share"))
        _take_back(row, gone.exclude(share__in=told.values("share")))
    add_up(row)


def _take_back(row: Settlement, lines: Iterable[SettlementLine]) -> None:
    SettlementLine.objects.bulk_create(
        SettlementLine(settlement=row, share_id=one.share_id, is_back=True, fen=-one.fen)
        for one in lines
    )


def collect(row: Settlement) -> None:
    """Put into a draft, which the caller has locked, all that is to be settled by its month's end.

    Shares of charges that stand and are in no settlement; and what was settled and confirmed, and
    whose charge was reversed since, with the sign turned. What another transaction settles at this
    moment is refused by the database.
    """
    of = ChargeShare.objects.filter(
        programme=row.programme, charge__organization=row.organization_id
    )
    new = of.filter(
        charge__reversed_at=None, charge__on__lt=month_after(row.month), settled_in=None
    )
    lines = [SettlementLine(settlement=row, share=one, fen=one.fen) for one in new]
    settled = SettlementLine.objects.filter(
        is_back=False,
        share__in=of.filter(charge__reversed_at__isnull=False),
        settlement__state__in=(SettlementState.CONFIRMED, SettlementState.PAID),
    ).exclude(
        share__in=SettlementLine.objects.filter(is_back=True).values("share"),
    )
    SettlementLine.objects.bulk_create(lines)
    _take_back(row, settled)
    add_up(row)


def take_out(actor: Actor, shares: Iterable[ChargeShare], *, reason: str, at: datetime) -> None:
    """Take a charge, reversed a moment ago, back in settlements that are not confirmed yet."""
    ids = [one.pk for one in shares]
    touched = Settlement.objects.filter(lines__share__in=ids, state__in=CHANGEABLE).values("pk")
    rows = Settlement.objects.select_for_update().filter(pk__in=touched).order_by("pk")
    for row in rows:
        if row.state not in CHANGEABLE:
            continue  # it was confirmed while we waited
        drop_reversed(row)
        answered = Dispute.objects.filter(
            settlement=row, share__in=ids, state=DisputeState.OPEN
        ).update(
            state=DisputeState.WITHDRAWN,
            answer=reason[:200],
            answered_at=at,
            answered_by_name="" if actor.is_system else actor.display_name,
        )
        if answered:
            notices.tell_answered(row, at=at)
        follow(row, at=at)


def follow(row: Settlement, *, at: datetime) -> None:
    """Lead a settlement, which the caller has locked, back to the payer once all is answered."""
    if row.state != SettlementState.DISPUTED:
        return
    if not row.disputes.filter(state=DisputeState.OPEN).exists():
        SETTLEMENT_LIFE.advance(row, "answer", actor=SYSTEM, at=at)
