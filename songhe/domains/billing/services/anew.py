"""Charging a service anew where others pay more of it now: a reversal and a new charge."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from songhe.base.access import policies
from songhe.base.access.actor import Actor
from songhe.base.access.wall import lifted
from songhe.domains.billing.anew_reads import given_of
from songhe.domains.billing.models import Charge
from songhe.domains.billing.selectors import NoSuchCharge, with_shares
from songhe.domains.billing.services.charging import charge, reverse_charge
from songhe.domains.billing.terms import REVERSE
from songhe.domains.subsidies import services as subsidies
from songhe.kernel.errors import Conflict


class NothingLess(Conflict):
    """Somebody used the room meanwhile, or the programme has ended."""

    code = "billing.nothing_less"
    message = "Charged anew the person would pay no less. Nothing was changed."


@transaction.atomic
def charge_anew(*, actor: Actor, charge_id: UUID, at: datetime) -> UUID:
    """Take a charge back and charge the same service by what its month has room for now.

    What the person paid of the old one goes back to her as of any reversal; the new own share is
    to be paid. Returns the new charge's id. Raises NoSuchCharge (taken back already), NothingLess.
    """
    with lifted():
        locked = Charge.objects.select_for_update().filter(pk=charge_id, reversed_at=None)
        row = with_shares(locked).first()
        if row is None or not policies.can(actor, REVERSE, row):
            raise NoSuchCharge
        given = given_of(row)
        reason = _("The limit of the month has room again: charged anew.")
        reverse_charge(actor=actor, ref=row.ref, reason=reason, at=at)
        said = subsidies.hold(
            actor=actor,
            ref=row.hold_ref,
            person_id=row.person_id,
            item_kind=given.item_kind,
            gross_fen=row.gross_fen,
            on=row.on,
            at=at,
        )
        if said.own_fen >= given.own_fen:
            raise NothingLess
        return charge(
            actor=actor,
            ref=row.ref,
            person_id=row.person_id,
            organization_id=row.organization_id,
            item_code=row.item_code,
            item_number=row.item_number,
            gross_fen=row.gross_fen,
            shares=said.shares,
            on=row.on,
            at=at,
            hold_ref=row.hold_ref,
        )
