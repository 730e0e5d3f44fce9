"""What follows from a visit that went on: the alarm it came from says so."""

from __future__ import annotations

from django.utils import timezone

from songhe.base.events.bus import handles
from songhe.base.outside.events import MessageReceipt
from songhe.domains.dispatch import services
from songhe.domains.dispatch.events import OfferMissed, ProofKept, VisitMoved
from songhe.domains.monitoring.events import AlarmResolved


@handles(VisitMoved)
def on_visit_moved(event: VisitMoved) -> None:
    services.tell_alarm(visit_id=event.visit_id, state=event.state, at=timezone.now())


@handles(VisitMoved)
def on_visit_moved_tell_family(event: VisitMoved) -> None:
    services.tell_family(visit_id=event.visit_id, state=event.state, at=timezone.now())


@handles(VisitMoved)
def on_visit_moved_charge(event: VisitMoved) -> None:
    services.charge_visit(visit_id=event.visit_id, at=timezone.now())


@handles(VisitMoved)
def on_visit_moved_judge(event: VisitMoved) -> None:
    services.judge_crew(visit_id=event.visit_id, at=timezone.now())


@handles(ProofKept)
def on_proof_kept(event: ProofKept) -> None:
    """Files follow the records: what was judged without one is judged again."""
    services.judge_crew(visit_id=event.visit_id, at=timezone.now())


@handles(MessageReceipt)
def on_message_receipt(event: MessageReceipt) -> None:
    services.take_answer(key=event.key, state=event.state, at=timezone.now())


@handles(OfferMissed)
def on_offer_missed(event: OfferMissed) -> None:
    if event.is_last:
        services.tell_alarm_nobody(order_id=event.order_id, at=timezone.now())


@handles(AlarmResolved)
def on_alarm_resolved(event: AlarmResolved) -> None:
    services.withdraw_offers(alarm_id=event.alarm_id, at=timezone.now())
