"""Sending what is due: claimed in one transaction, sent outside of any, written in another.

A job that runs twice finds the claim of the first. What was claimed and never ended (the process
was killed) is begun again: gateways know a message by its key, push services by its topic.
Locks are taken notice first, then its deliveries.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import F, Q

from songhe.base.notify import course, plans
from songhe.base.notify.models import Delivery, Notice, Preference
from songhe.base.notify.quiet import quiet_until
from songhe.base.notify.terms import Outcome, Proof, State
from songhe.base.notify.transports import Failed, Letter, transport_of

log = structlog.get_logger(__name__)
AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Claimed:
    """What was claimed to be sent: the delivery and the letter that goes out."""

    delivery_id: UUID
    channel: str
    tries: int
    letter: Letter


def order(delivery: Delivery) -> None:
    """Order the job of a delivery, within the caller's transaction."""
    from songhe.base.notify.jobs import send

    send.defer(delivery_id=str(delivery.pk), tries=delivery.tries)


def send(*, delivery_id: UUID, tries: int, clock: Callable[[], datetime]) -> bool:
    """Send one delivery that was tried so often; False where it is not to be sent (any more)."""
    claimed = _claim(delivery_id, tries, clock())
    if claimed is None:
        return False
    failed: Failed | None = None
    try:
        transport_of(claimed.channel)(claimed.letter, at=clock())
    except Failed as error:
        failed = error
    _write(claimed, failed, clock())
    return failed is None


@transaction.atomic
def _claim(delivery_id: UUID, tries: int, at: datetime) -> Claimed | None:
    found = Delivery.objects.filter(pk=delivery_id).values_list("notice_id", flat=True).first()
    if found is None:
        return None
    notice = Notice.objects.select_for_update(of=("self",)).select_related("user").get(pk=found)
    delivery = Delivery.objects.select_for_update().get(pk=delivery_id)
    if delivery.tries != tries or not _may_be_taken(delivery, at):
        return None
    others = Delivery.objects.filter(joined_id=delivery.pk).count()
    needless = "" if others else course.is_needless(notice, delivery)
    if needless:
        delivery.state, delivery.reason, delivery.due_at = State.SPARED, needless, None
        delivery.save(update_fields=["state", "reason", "due_at"])
        course.judge(notice, at=at)
        return None
    if not notice.user.is_active:
        course.fail(notice, delivery, "account_closed", at=at)
        return None
    wanted = Preference.objects.filter(user_id=notice.user_id).first()
    until = quiet_until(wanted, at) if notice.chain == plans.NORMAL else None
    if until is not None:
        delivery.state, delivery.due_at = State.HELD, until
        delivery.save(update_fields=["state", "due_at"])
        return None
    delivery.state, delivery.tries, delivery.due_at = State.SENDING, tries + 1, at + plans.retake()
    delivery.save(update_fields=["state", "tries", "due_at"])
    letter = Letter.of(notice, delivery, wanted, others=others)
    return Claimed(delivery.pk, delivery.channel, delivery.tries, letter)


def _may_be_taken(delivery: Delivery, at: datetime) -> bool:
    """Tell whether a job may begin; one that is being sent only when its time has run out."""
    due = delivery.due_at is not None and delivery.due_at <= at
    return delivery.state == State.QUEUED or (due and course.is_open(delivery))


@transaction.atomic
def _write(claimed: Claimed, failed: Failed | None, at: datetime) -> None:
    """Write what came of a try, on the delivery and on those that went out within it."""
    whole = Q(pk=claimed.delivery_id) | Q(joined_id=claimed.delivery_id)
    ids = list(Delivery.objects.filter(whole).values_list("notice_id", flat=True))
    notices = {
        one.pk: one for one in Notice.objects.select_for_update().filter(pk__in=ids).order_by("pk")
    }
    rows = list(Delivery.objects.select_for_update().filter(whole).order_by("pk"))
    carrier = next(row for row in rows if row.pk == claimed.delivery_id)
    if carrier.tries != claimed.tries or carrier.state != State.SENDING:
        return  # proven meanwhile, or taken by another
    wait = None if failed is None or failed.is_permanent else plans.wait_after(claimed.tries)
    for row in rows:
        if failed is None:
            row.state, row.sent_at, row.due_at, row.reason = State.SENT, at, None, ""
        elif wait is not None:
            if row.pk != carrier.pk:
                continue
            row.state, row.due_at, row.reason = State.QUEUED, at + wait, failed.reason
        else:
            course.fail(notices[row.notice_id], row, failed.reason, at=at)
            continue
        row.save(update_fields=["state", "sent_at", "due_at", "reason"])
    if failed is not None:
        log.info("notice_not_sent", channel=claimed.channel, reason=failed.reason, again=bool(wait))


def prove(*, delivery_id: UUID, proof: Proof, at: datetime) -> None:
    """Write a proof of a delivery, and of those that went out within it."""
    whole = Q(pk=delivery_id) | Q(joined_id=delivery_id)
    with transaction.atomic():
        rows = list(Delivery.objects.filter(whole).values_list("notice_id", "channel"))
        found = Notice.objects.select_for_update().filter(pk__in=[pk for pk, _ in rows])
        notices = {one.pk: one for one in found.order_by("pk")}
        for notice_id, channel in rows:
            course.prove(notices[notice_id], channel, proof, at=at)


def refuse(*, delivery_id: UUID, reason: str, at: datetime) -> None:
    """Write that a delivery did not arrive after all, and those that went out within it."""
    whole = Q(pk=delivery_id) | Q(joined_id=delivery_id)
    with transaction.atomic():
        ids = list(Delivery.objects.filter(whole).values_list("notice_id", flat=True))
        found = Notice.objects.select_for_update().filter(pk__in=ids)
        notices = {one.pk: one for one in found.order_by("pk")}
        for row in Delivery.objects.select_for_update().filter(whole, proven_at=None):
            course.fail(notices[row.notice_id], row, reason, at=at)


def run_due(at: datetime) -> int:
    """Order the jobs of all deliveries that are due, and give up what is over; return how many."""
    _bring_forward(at)
    with transaction.atomic():
        rows = list(
            Delivery.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(due_at__lte=at)
            .select_related("notice")
            .order_by("due_at")[:AT_ONCE]
        )
        held = [row for row in rows if row.state == State.HELD]
        joined = _join(held)
        for row in rows:
            if row.pk not in joined:
                _order_again(row, at)
    return len(rows) + _give_up(at)


def _order_again(row: Delivery, at: datetime) -> None:
    """Order a job; should it get lost, another is ordered after a while."""
    order(row)
    if row.state == State.QUEUED:
        row.due_at = at + plans.stale()
        row.save(update_fields=["due_at"])


def _join(held: list[Delivery]) -> set[UUID]:
    """Let one delivery carry the others that were held for the same user and channel.

    Those that were opened meanwhile carry nobody and are carried by none.
    """
    carriers: dict[tuple[UUID, str], Delivery] = {}
    joined = set()
    for row in sorted(held, key=lambda one: one.notice.made_at):
        if row.notice.read_at is not None:
            continue
        key = (row.notice.user_id, row.channel)
        carrier = carriers.setdefault(key, row)
        if carrier is not row:
            row.state, row.joined_id, row.due_at = State.JOINED, carrier.pk, None
            row.save(update_fields=["state", "joined_id", "due_at"])
            joined.add(row.pk)
    return joined


def _bring_forward(at: datetime) -> None:
    """Bring urgent timers as far forward as the clock was set back: nobody waits longer for it.

    A clock set ahead needs nothing: what rings early is safe.
    """
    for name in plans.names():
        give_up = plans.chain(name).give_up
        if give_up is None:
            continue
        with transaction.atomic():
            late = Notice.objects.select_for_update(skip_locked=True).filter(
                outcome=Outcome.WAITING, chain=name, give_up_at__gt=at + give_up
            )
            for notice in late.order_by("pk")[:AT_ONCE]:
                back = notice.give_up_at - (at + give_up)  # type: ignore[operator]
                waiting = Delivery.objects.filter(notice=notice, due_at__isnull=False)
                waiting.update(due_at=F("due_at") - back)
                notice.give_up_at = at + give_up
                notice.save(update_fields=["give_up_at"])


def _give_up(at: datetime) -> int:
    over = Notice.objects.filter(outcome=Outcome.WAITING, give_up_at__lte=at)
    ids = list(over.values_list("pk", flat=True)[:AT_ONCE])
    for pk in ids:
        with transaction.atomic():
            course.judge(Notice.objects.select_for_update().get(pk=pk), at=at)
    return len(ids)
