"""Reading charges, receipts and settlements, actor first; looks at a person's money are audited."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet, Sum

from songhe.base.access import policies
from songhe.base.access.actor import SYSTEM, Actor
from songhe.base.access.wall import lifted
from songhe.base.audit import services as audit
from songhe.domains.billing.days import month_after
from songhe.domains.billing.models import (
    Charge,
    ChargeShare,
    PaymentLine,
    Receipt,
)
from songhe.domains.billing.models import Dispute as Dispute
from songhe.domains.billing.models import Settlement as Settlement
from songhe.domains.billing.terms import (
    VIEW,
    VIEW_SETTLEMENTS,
    Payer,
    PaymentState,
    Share,
)
from songhe.domains.people import selectors as people
from songhe.kernel.errors import NotFound


class NoSuchCharge(NotFound):
    code = "billing.no_such_charge"
    message = "This charge does not exist, or is not open to you."


class NoSuchSettlement(NotFound):
    code = "billing.no_such_settlement"
    message = "This settlement does not exist, or is not open to you."


@dataclass(frozen=True, slots=True)
class ChargeLine:
    """A charge with its shares. own: how the own share stands: none, open, pending, paid, back.

    back: it was paid and the charge was reversed, so it goes back to her. receipt_id, receipt: of
    the own share, once it is paid, and its number. person: her name as the actor may see it.
    """

    id: UUID
    ref: str
    person_id: UUID
    person: str
    organization_id: UUID
    region_code: str
    item_code: str
    item_number: int
    gross_fen: int
    own_fen: int
    on: date
    made_at: datetime
    shares: tuple[Share, ...]
    own: str
    receipt_id: UUID | None
    receipt: str
    reversed_at: datetime | None
    reversed_reason: str


def _names(actor: Actor, ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return persons' names as the actor may see them: masked for who only shares the bill."""
    with lifted():
        return {pk: view.name for pk, view in people.person_views(actor, ids).items()}


def fields_of(actor: Actor, row: Settlement) -> frozenset[str]:
    """Return the classes that a settlement opens to the actor, of those whom its lines are for."""
    return policies.fields(actor, row)


def with_shares(rows: QuerySet[Charge]) -> QuerySet[Charge]:
    """Return charges read with their shares and what was paid of them, for `charge_lines`."""
    paid = PaymentLine.objects.filter(is_void=False).select_related("payment__receipt")
    shares = ChargeShare.objects.order_by("rank").prefetch_related(
        Prefetch("paid_by", queryset=paid)
    )
    return rows.prefetch_related(Prefetch("shares", queryset=shares))


def charge_lines(
    actor: Actor, rows: Iterable[Charge], *, opens: Collection[str] = ()
) -> list[ChargeLine]:
    """Return charges as the actor may see them, in their order; 1 query and the rows'.

    opens: the classes that a settlement in which they stand opens to the actor.
    """
    some = list(rows)
    reader = SYSTEM if "identity" in opens else actor
    names = _names(reader, {row.person_id for row in some})
    return [_line(row, names.get(row.person_id, "＊")) for row in some]


def _line(row: Charge, name: str) -> ChargeLine:
    shares = list(row.shares.all())
    own_share = next((one for one in shares if one.payer == Payer.PERSON), None)
    own, receipt = _own(row, own_share)
    return ChargeLine(
        id=row.pk,
        ref=row.ref,
        person_id=row.person_id,
        person=name,
        organization_id=row.organization_id,
        region_code=row.region_code,
        item_code=row.item_code,
        item_number=row.item_number,
        gross_fen=row.gross_fen,
        own_fen=own_share.fen if own_share else 0,
        on=row.on,
        made_at=row.made_at,
        shares=tuple(share_of(one) for one in shares),
        own=own,
        receipt_id=receipt.pk if receipt else None,
        receipt=str(receipt or ""),
        reversed_at=row.reversed_at,
        reversed_reason=row.reversed_reason,
    )


def share_of(row: ChargeShare) -> Share:
    """Return a share as subsidies knows it, for its words."""
    return Share(row.payer, row.programme, row.fen, row.why, dict(row.detail))


def _own(row: Charge, share: ChargeShare | None) -> tuple[str, Receipt | None]:
    if share is None or not share.fen:
        return "none", None
    paid = {one.is_back: one.payment for one in share.paid_by.all()}
    first = paid.get(False)
    if first is None:
        return ("none" if row.reversed_at else "open"), None
    if first.state == PaymentState.PENDING:
        return "pending", None
    if row.reversed_at and True not in paid:
        return "back", first.receipt
    return "paid", paid.get(True, first).receipt


def charges_of(
    actor: Actor, person: people.PersonView, *, month: date, at: datetime
) -> list[ChargeLine]:
    """Return a person's charges of a month, and of others those of which money is open.

    Newest first; audited. Nothing where her money is not open.
    """
    if "finance" not in person.fields:
        return []
    rows = policies.scope(actor, Charge.objects.filter(person__in=person.ids), VIEW)
    in_month = Q(on__gte=month, on__lt=month_after(month))
    rows = rows.filter(in_month | _open()).distinct()
    audit.record_reads(actor=actor, action=VIEW, refs=[f"people.Person/{person.id}"], at=at)
    return charge_lines(actor, with_shares(rows).order_by("-on", "-id"))


def _owed() -> QuerySet[ChargeShare]:
    """Return the own shares that nobody pays or has paid."""
    return ChargeShare.objects.filter(payer=Payer.PERSON, fen__gt=0).exclude(
        paid_by__in=PaymentLine.objects.filter(is_void=False)
    )


def _open() -> Q:
    """Return of which charges an own share is to be paid, or to be paid back."""
    lines = PaymentLine.objects.filter(is_void=False)
    paid = lines.filter(is_back=False, payment__state=PaymentState.PAID).values("share")
    back = ChargeShare.objects.filter(pk__in=paid).exclude(
        pk__in=lines.filter(is_back=True).values("share")
    )
    return Q(reversed_at=None, shares__in=_owed()) | Q(reversed_at__isnull=False, shares__in=back)


class ChargePages:
    """Charges of providers one works for, or of one's regions; read and audited page by page."""

    def __init__(self, actor: Actor, rows: QuerySet[Charge], at: datetime) -> None:
        self._actor, self._rows, self._at = actor, rows, at

    def __len__(self) -> int:
        return self._rows.count()

    def __getitem__(self, page: slice) -> list[ChargeLine]:
        found = charge_lines(self._actor, with_shares(self._rows)[page])
        looked_at(self._actor, (one.person_id for one in found), self._at)
        return found


def list_charges(
    actor: Actor, *, action: str, open_only: bool, at: datetime, month: date | None = None
) -> ChargePages:
    """Return charges for an action, newest first.

    open_only: where an own share is to be paid, or to be paid back. month: its first day.
    """
    rows = policies.scope(actor, Charge.objects.all(), action)
    if open_only:
        rows = rows.filter(_open()).distinct()
    if month is not None:
        rows = rows.filter(on__gte=month, on__lt=month_after(month))
    return ChargePages(actor, rows.order_by("-on", "-id"), at)


def own_shares(actor: Actor, *, organization_id: UUID, month: date) -> tuple[int, int]:
    """Return what persons themselves owe a provider of a month, and how much of it is open (fen).

    Of charges that stand and are open to the actor; 2 queries.
    """
    charges = policies.scope(actor, Charge.objects.all(), VIEW).filter(
        organization=organization_id, reversed_at=None, on__gte=month, on__lt=month_after(month)
    )
    rows = ChargeShare.objects.filter(payer=Payer.PERSON, charge__in=charges)
    whole = rows.aggregate(fen=Sum("fen"))["fen"] or 0
    left = _owed().filter(charge__in=charges).aggregate(fen=Sum("fen"))["fen"] or 0
    return whole, left


def get_charge(actor: Actor, charge_id: UUID, *, at: datetime) -> ChargeLine:
    """Return one charge; audited. Raises NoSuchCharge."""
    rows = policies.scope(actor, Charge.objects.filter(pk=charge_id), VIEW)
    row = with_shares(rows).first()
    if row is None:
        raise NoSuchCharge
    looked_at(actor, [row.person_id], at)
    return charge_lines(actor, [row])[0]


def charge_of(actor: Actor, ref: str) -> Charge | None:
    """Return the charge that stands for a ref, for a link; None where none is open to the actor."""
    return policies.scope(actor, Charge.objects.filter(ref=ref, reversed_at=None), VIEW).first()


def may(actor: Actor, action: str, charge_id: UUID) -> bool:
    """Tell whether an actor may do something with a charge, for buttons."""
    return policies.scope(actor, Charge.objects.filter(pk=charge_id), action).exists()


def looked_at(actor: Actor, ids: Iterable[UUID], at: datetime) -> None:
    """Write into the audit that somebody looked at the money of persons."""
    refs = sorted({f"people.Person/{pk}" for pk in ids})
    if refs:
        audit.record_reads(actor=actor, action=VIEW, refs=refs, at=at)


@dataclass(frozen=True, slots=True)
class ReceiptView:
    """A receipt with what it is for. number: such as 2026-000017."""

    id: UUID
    number: str
    organization_id: UUID
    person_id: UUID
    person: str
    fen: int
    way: str
    made_at: datetime
    by_name: str
    charges: tuple[ChargeLine, ...]


def get_receipt(actor: Actor, receipt_id: UUID, *, at: datetime) -> ReceiptView:
    """Return a receipt; audited. Raises NoSuchCharge where it is not open to the actor."""
    row = Receipt.objects.filter(pk=receipt_id).select_related("payment").first()
    if row is None or not policies.can(actor, VIEW, row.payment):
        raise NoSuchCharge
    charges = Charge.objects.filter(shares__paid_by__payment=row.payment).order_by("on", "id")
    looked_at(actor, [row.payment.person_id], at)
    names = _names(actor, [row.payment.person_id])
    return ReceiptView(
        id=row.pk,
        number=str(row),
        organization_id=row.organization_id,
        person_id=row.payment.person_id,
        person=names.get(row.payment.person_id, "＊"),
        fen=row.fen,
        way=row.payment.way,
        made_at=row.made_at,
        by_name=row.payment.by_name,
        charges=tuple(charge_lines(actor, with_shares(charges))),
    )


def settlements(
    actor: Actor,
    *,
    month: date | None = None,
    state: str = "",
    organization_id: UUID | None = None,
    programme: str = "",
) -> QuerySet[Settlement]:
    """Return the settlements the actor may see, the newest month first."""
    rows = policies.scope(actor, Settlement.objects.all(), VIEW_SETTLEMENTS)
    if month is not None:
        rows = rows.filter(month=month)
    if state:
        rows = rows.filter(state=state)
    if organization_id is not None:
        rows = rows.filter(organization=organization_id)
    if programme:
        rows = rows.filter(programme=programme)
    return rows.select_related("organization", "funder").order_by("-month", "organization", "id")


def get_settlement(
    actor: Actor, settlement_id: UUID, *, action: str = VIEW_SETTLEMENTS
) -> Settlement:
    """Return one settlement. Raises NoSuchSettlement."""
    rows = Settlement.objects.filter(pk=settlement_id).select_related("organization", "funder")
    row = policies.scope(actor, rows, action).first()
    if row is None:
        raise NoSuchSettlement
    return row


def may_settle(actor: Actor, action: str, row: Settlement) -> bool:
    """Tell whether an actor may do an action on a settlement, for buttons."""
    return policies.can(actor, action, row)


def disputes_of(row: Settlement) -> list[Dispute]:
    """Return what was disputed of a settlement, oldest first; 1 query."""
    return list(row.disputes.order_by("made_at"))


def get_dispute(row: Settlement, dispute_id: UUID) -> Dispute:
    """Return a dispute of a settlement that was opened to the actor; 1 query."""
    return row.disputes.get(pk=dispute_id)


def settlement_of_dispute(actor: Actor, dispute_id: UUID, *, action: str) -> Settlement:
    """Return the settlement of a dispute. Raises NoSuchSettlement."""
    found = Dispute.objects.filter(pk=dispute_id).values_list("settlement", flat=True).first()
    if found is None:
        raise NoSuchSettlement
    return get_settlement(actor, found, action=action)
