"""The course of a notice: proofs, what is spared, and the outcome. The caller has locked it."""

from __future__ import annotations

from datetime import datetime

from songhe.base.events import bus
from songhe.base.notify import plans
from songhe.base.notify.events import NoticeDelivered, NoticeFailed
from songhe.base.notify.models import Delivery, Notice
from songhe.base.notify.terms import ENDED, OPEN_STATES, Channel, Outcome, Proof, State


def prove(notice: Notice, channel: str, proof: Proof, *, at: datetime) -> None:
    """Write the first proof of a channel, and announce that the user was reached."""
    proven = Delivery.objects.filter(notice=notice, channel=channel, proven_at=None)
    changed = proven.exclude(state=State.SPARED).update(
        state=State.DELIVERED, proof=proof, proven_at=at, due_at=None, reason=""
    )
    if changed and notice.outcome != Outcome.REACHED:
        _settle(notice, Outcome.REACHED, at)
        bus.publish(
            NoticeDelivered(
                notice_id=notice.pk,
                user_id=notice.user_id,
                kind=notice.kind,
                ref=notice.ref,
                channel=channel,
                proof=proof,
            )
        )


def spare_waiting(notice: Notice) -> None:
    """Let nothing more go out for a notice that was opened, but what carries others."""
    waiting = Delivery.objects.filter(notice=notice, state__in=(State.QUEUED, State.HELD))
    carried = Delivery.objects.filter(joined_id__isnull=False).values("joined_id")
    waiting.exclude(pk__in=carried).update(
        state=State.SPARED, due_at=None, reason=Proof.OPENED.value
    )


def is_needless(notice: Notice, delivery: Delivery) -> str:
    """Return the proof that makes a step of the chain needless, "" while it is needed."""
    if notice.read_at is not None:
        return Proof.OPENED.value
    unless = plans.step_of(notice.chain, delivery.channel).unless
    proofs = Delivery.objects.filter(notice=notice, proof__in=list(unless)) if unless else None
    found = proofs.values_list("proof", flat=True).first() if proofs is not None else None
    return found or ""


def judge(notice: Notice, *, at: datetime) -> None:
    """Announce that nobody was reached where the time is up, or nothing is left to be tried.

    Only chains with a time say so: what is not urgent waits in the page.
    """
    if notice.outcome != Outcome.WAITING or notice.give_up_at is None:
        return
    others = Delivery.objects.filter(notice=notice).exclude(channel=Channel.PAGE)
    states = list(others.values_list("channel", "state", "reason"))
    nothing_left = bool(states) and all(state in ENDED for _, state, _ in states)
    if at < notice.give_up_at and not nothing_left:
        return
    _settle(notice, Outcome.FAILED, at)
    bus.publish(
        NoticeFailed(
            notice_id=notice.pk,
            user_id=notice.user_id,
            kind=notice.kind,
            ref=notice.ref,
            reasons={channel: reason for channel, _, reason in states},
        )
    )


def fail(notice: Notice, delivery: Delivery, reason: str, *, at: datetime) -> None:
    """End a delivery that cannot succeed any more."""
    delivery.state, delivery.reason, delivery.due_at = State.FAILED, reason, None
    delivery.save(update_fields=["state", "reason", "due_at"])
    judge(notice, at=at)


def is_open(delivery: Delivery) -> bool:
    """Tell whether a delivery is still to be sent."""
    return delivery.state in OPEN_STATES


def _settle(notice: Notice, outcome: Outcome, at: datetime) -> None:
    notice.outcome, notice.settled_at = outcome, at
    notice.save(update_fields=["outcome", "settled_at"])
