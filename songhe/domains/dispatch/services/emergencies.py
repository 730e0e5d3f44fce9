"""Telling the emergency centre (120), with the summary card."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import override

from songhe.base import vault
from songhe.base.access.actor import Actor
from songhe.base.audit import services as audit
from songhe.base.outside import emergency
from songhe.domains.dispatch import card, telling, terms
from songhe.domains.dispatch.models import EmergencyReport
from songhe.domains.dispatch.services import orders
from songhe.domains.dispatch.services.telling_alarms import alarm_of
from songhe.domains.monitoring import services as monitoring
from songhe.domains.monitoring.terms import HelpStep
from songhe.kernel.errors import Conflict


class AlreadyTold(Conflict):
    code = "dispatch.already_told"
    message = "The emergency centre has been told already."


@transaction.atomic
def tell_emergency(
    *, actor: Actor, order_id: UUID, at: datetime, by_phone: bool = False
) -> EmergencyReport:
    """Tell the emergency centre of an order, or note that it was told by phone.

    Raises NoSuchOrder, AlreadyTold, NoGateway (then one calls, and reads the card).
    """
    order = orders.locked(actor, terms.EMERGENCY, order_id)
    if EmergencyReport.objects.filter(order=order).exists():
        raise AlreadyTold
    row = EmergencyReport(
        order=order, told_at=at, told_by=actor.user_id, told_by_name=actor.display_name
    )
    alarm_id = alarm_of(order)
    with override("zh-hans"):
        text = card.card_of(actor, order, alarm_id=alarm_id, at=at).text()
    row.card_sealed = vault.seal(text, field=EmergencyReport.CARD, pk=row.pk)
    if not by_phone:
        row.case_number = emergency.report(card=text, ref=str(order.pk), at=at)
    row.save(force_insert=True)
    audit.record_change(
        actor=actor,
        action=terms.EMERGENCY,
        ref=f"dispatch.Order/{order.pk}",
        at=at,
        detail={"case": row.case_number, "by_phone": by_phone},
    )
    if alarm_id is not None:
        step = HelpStep.EMERGENCY if row.case_number else HelpStep.EMERGENCY_CALLED
        who, case = actor.display_name, row.case_number
        monitoring.tell_help(alarm_id=alarm_id, step=step, who=who, case=case, at=at)
    telling.announce(order, at=at)
    return row
