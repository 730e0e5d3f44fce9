"""Settlements: drafted a month, submitted, disputed and answered, confirmed, paid."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q

from songhe.base.access import policies
from songhe.base.access.actor import Actor
from songhe.base.access.wall import lifted
from songhe.base.events import bus
from songhe.base.regions.days import day_of
from songhe.domains.billing import books, events, notices
from songhe.domains.billing.days import month_after, month_of
from songhe.domains.billing.models import ChargeShare, Dispute, Settlement, SettlementLine
from songhe.domains.billing.selectors import NoSuchSettlement
from songhe.domains.billing.services.charging import reverse_charge
from songhe.domains.billing.services.lines import collect, drop_reversed, follow
from songhe.domains.billing.terms import (
    CHANGEABLE,
    CHECK,
    SUBMIT,
    DisputeReason,
    DisputeState,
    SettlementState,
)
from songhe.domains.billing.workflow import SETTLEMENT_LIFE
from songhe.domains.organizations import selectors as organizations
from songhe.domains.subsidies import selectors as subsidies
from songhe.engines.ledger import services as ledger
from songhe.engines.ledger.terms import Unit
from songhe.engines.workflow.engine import ReasonNeeded, WrongState
from songhe.kernel.errors import Conflict, Invalid

ANSWER_DAYS = 10


class NothingToSettle(Invalid):
    code = "billing.nothing_to_settle"
    message = "There is nothing to settle."


class MonthNotOver(Conflict):
    code = "billing.month_not_over"
    message = "The month is not over yet."


class StillDisputed(Conflict):
    code = "billing.still_disputed"
    message = "A line is disputed and not answered yet."


class DisputedAlready(Conflict):
    code = "billing.disputed_already"
    message = "This line is disputed already."


class TakenBackAlready(Conflict):
    code = "billing.taken_back_already"
    message = "The charge of this line is taken back already: there is nothing to dispute."


class DayPassed(Invalid):
    code = "billing.day_passed"
    message = "This day has passed. Choose a day until which the provider can answer."


def draft_settlements(*, at: datetime) -> int:
    """Draft what is to be settled by the end of last month, for every provider and programme.

    Standing drafts are brought up to date; repeating changes nothing. Returns how many have lines.
    """
    month = month_of(day_of(at) - timedelta(days=day_of(at).day))
    back = SettlementLine.objects.filter(is_back=True).values("share")
    open_shares = ChargeShare.objects.exclude(programme="").filter(
        Q(charge__reversed_at=None, settled_in=None, charge__on__lt=month_after(month))
        | Q(charge__reversed_at__isnull=False, settled_in__is_back=False) & ~Q(pk__in=back)
    )
    pairs = set(open_shares.values_list("charge__organization", "programme"))
    drafts = Settlement.objects.filter(state=SettlementState.DRAFT, month=month)
    pairs |= set(drafts.values_list("organization", "programme"))
    done = 0
    for organization_id, programme in sorted(pairs, key=str):
        done += (
            draft_settlement(
                organization_id=organization_id, programme=programme, month=month, at=at
            )
            is not None
        )
    return done


@transaction.atomic
def draft_settlement(
    *, organization_id: UUID, programme: str, month: date, at: datetime
) -> UUID | None:
    """Make or renew the draft of a month; None where there is nothing, or it went on already."""
    with lifted():
        row = _draft(organization_id, programme, month, at)
        if row.state != SettlementState.DRAFT:
            return None
        drop_reversed(row)
        collect(row)
        if not row.lines.exists():
            row.delete()
            return None
        return row.pk


def _draft(organization_id: UUID, programme: str, month: date, at: datetime) -> Settlement:
    rows = Settlement.objects.select_for_update(of=("self",)).filter(
        organization=organization_id, programme=programme, month=month
    )
    standing = rows.first()
    if standing is not None:
        return standing
    rule = subsidies.programmes_by_code([programme])[programme]
    try:
        with transaction.atomic():
            return Settlement.objects.create(
                organization_id=organization_id,
                funder_id=rule.funder_id,
                region_code=organizations.get_organization(organization_id).region_code,
                payer=rule.payer,
                programme=programme,
                month=month,
                made_at=at,
            )
    except IntegrityError:
        return rows.get()  # another drafts the same at this moment


def _locked(actor: Actor, action: str, settlement_id: UUID) -> Settlement:
    rows = Settlement.objects.select_for_update(of=("self",))
    row = policies.scope(actor, rows, action).filter(pk=settlement_id).first()
    if row is None:
        raise NoSuchSettlement
    return row


@transaction.atomic
def submit_settlement(*, actor: Actor, settlement_id: UUID, at: datetime) -> None:
    """Hand a draft, brought up to date, to the payer. Raises MonthNotOver, NothingToSettle."""
    with lifted():
        row = _locked(actor, SUBMIT, settlement_id)
        if row.state == SettlementState.DRAFT:
            if day_of(at) < month_after(row.month):
                raise MonthNotOver
            drop_reversed(row)
            collect(row)
            if not row.lines.exists():
                raise NothingToSettle
        SETTLEMENT_LIFE.advance(row, "submit", actor=actor, at=at, changes={"submitted_at": at})
        notices.tell_submitted(row, at=at)


@transaction.atomic
def dispute_line(
    *,
    actor: Actor,
    settlement_id: UUID,
    line_id: UUID,
    reason: DisputeReason,
    at: datetime,
    text: str = "",
    due_on: date | None = None,
) -> UUID:
    """Dispute a line; the provider answers by due_on (by default in ANSWER_DAYS).

    Who answers is told. Raises NoSuchSettlement, WrongState, DisputedAlready, TakenBackAlready;
    DayPassed where due_on lies before today; ReasonNeeded where it is something else and nothing
    is said.
    """
    until = due_on or day_of(at) + timedelta(days=ANSWER_DAYS)
    if until < day_of(at):
        raise DayPassed(field="due_on")
    with lifted():
        row = _locked(actor, CHECK, settlement_id)
        line = row.lines.select_related("share__charge").filter(pk=line_id).first()
        if line is None:
            raise NoSuchSettlement
        if line.share.charge.reversed_at is not None:
            raise TakenBackAlready
        if reason == DisputeReason.OTHER and not text.strip():
            raise ReasonNeeded(field="text")
        SETTLEMENT_LIFE.advance(row, "dispute", actor=actor, at=at, note=text)
        made = Dispute(
            settlement=row,
            share_id=line.share_id,
            reason=reason,
            text=text.strip()[:200],
            due_on=until,
            made_at=at,
            made_by=actor.user_id,
            made_by_name=actor.display_name,
        )
        try:
            with transaction.atomic():
                made.save(force_insert=True)
        except IntegrityError:
            raise DisputedAlready from None
        notices.tell_disputed(row, until, at=at)
        return made.pk


def not_disputable(row: Settlement, line_id: UUID) -> Conflict | None:
    """Return why a line of an opened settlement cannot be disputed now, None where it can.

    Raises NoSuchSettlement where it has no such line.
    """
    with lifted():
        line = row.lines.select_related("share__charge").filter(pk=line_id).first()
        if line is None:
            raise NoSuchSettlement
        if line.share.charge.reversed_at is not None:
            return TakenBackAlready()
        if row.disputes.filter(share=line.share_id, state=DisputeState.OPEN).exists():
            return DisputedAlready()
    if "dispute" not in {one.name for one in SETTLEMENT_LIFE.allowed(row.state)}:
        return WrongState(state=SettlementState(row.state).label)
    return None


@transaction.atomic
def answer_dispute(
    *, actor: Actor, dispute_id: UUID, keep: bool, answer: str, at: datetime
) -> None:
    """Keep a disputed line, with what speaks for it, or withdraw it: its charge is reversed.

    Who disputed it is told. Raises NoSuchSettlement, WrongState (answered already), ReasonNeeded.
    """
    if not answer.strip():
        raise ReasonNeeded(field="answer")
    with lifted():
        found = Dispute.objects.filter(pk=dispute_id).values_list("settlement", flat=True).first()
        if found is None:
            raise NoSuchSettlement
        row = _locked(actor, SUBMIT, found)
        dispute = Dispute.objects.select_for_update(of=("self",)).get(pk=dispute_id)
        if dispute.state != DisputeState.OPEN:
            raise WrongState(state=dispute.state, step="answer")
        dispute.state = DisputeState.KEPT if keep else DisputeState.WITHDRAWN
        dispute.answer, dispute.answered_at = answer.strip()[:200], at
        dispute.answered_by_name = actor.display_name
        dispute.save(update_fields=["state", "answer", "answered_at", "answered_by_name"])
        notices.tell_answered(row, at=at)
        charge = dispute.share.charge
        if not keep and charge.reversed_at is None:
            reverse_charge(actor=actor, ref=charge.ref, reason=answer, at=at)
            row.refresh_from_db()
        follow(row, at=at)


@transaction.atomic
def confirm_settlement(*, actor: Actor, settlement_id: UUID, at: datetime) -> None:
    """Agree to a settlement. Raises WrongState, StillDisputed, NoSuchSettlement."""
    with lifted():
        row = _locked(actor, CHECK, settlement_id)
        if row.state in CHANGEABLE:
            drop_reversed(row)
        if row.disputes.filter(state=DisputeState.OPEN).exists():
            raise StillDisputed
        SETTLEMENT_LIFE.advance(row, "confirm", actor=actor, at=at, changes={"confirmed_at": at})
        bus.publish(
            events.SettlementConfirmed(
                settlement_id=row.pk,
                organization_id=row.organization_id,
                programme=row.programme,
                month=f"{row.month:%Y-%m}",
                total_fen=row.total_fen,
            )
        )


@transaction.atomic
def pay_settlement(*, actor: Actor, settlement_id: UUID, note: str, at: datetime) -> None:
    """Note that a confirmed settlement was paid (note: the bank's reference); once.

    Of a negative total the provider has paid back. Raises WrongState, NoSuchSettlement.
    """
    with lifted():
        row = _locked(actor, CHECK, settlement_id)
        changes = {"paid_at": at, "paid_note": note.strip()[:80]}
        SETTLEMENT_LIFE.advance(row, "pay", actor=actor, at=at, note=note, changes=changes)
        if row.total_fen:
            row.entry_id = ledger.post(
                actor=actor,
                key=f"billing.Settlement/{row.pk}/pay",
                kind="settlement",
                ref=f"billing.Settlement/{row.pk}",
                unit=Unit.FEN,
                amounts={
                    books.earned(row.organization_id, at): -row.total_fen,
                    books.budget(row.programme, at): row.total_fen,
                },
                on=day_of(at),
                at=at,
            )
            row.save(update_fields=["entry_id"])
        notices.tell_paid(row, at=at)
