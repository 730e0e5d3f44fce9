"""What billing tells: a line is disputed and waits for its provider; the provider has answered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from songhe.base.access import giving
from songhe.base.access.actor import Actor
from songhe.base.access.wall import lifted
from songhe.base.notify import services as notify
from songhe.base.notify.kinds import NoticeKind, declare
from songhe.base.notify.terms import Channel
from songhe.domains.billing import words
from songhe.domains.billing.models import Settlement
from songhe.domains.billing.terms import CHECK, SUBMIT
from songhe.kit import formats

SUBMITTED, PAID = "billing.submitted", "billing.settlement_paid"
DISPUTED = "billing.disputed"
ANSWERED = "billing.dispute_answered"
_REF = "billing.Settlement"


def _in_words(_actor: Actor, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the params with month and day as the reader writes them, and the programme's name."""
    day = params.get("day")
    return {
        **params,
        "month": words.month_words(date.fromisoformat(str(params["month"]))),
        "payer": words.programme_names([str(params["programme"])])[str(params["programme"])],
        "day": formats.short_date(date.fromisoformat(str(day))) if day else "",
    }


def register() -> None:
    """Called when the app is ready."""
    declare(
        NoticeKind(
            SUBMITTED,
            title=_("A settlement waits for your check: %(payer)s, %(month)s"),
            glance=_("A settlement waits for your check"),
            message=_("A settlement waits for your check. Open Songhe to see it."),
            channels=(Channel.PAGE, Channel.PUSH),
            ref=_REF,
            resolve=_in_words,
        )
    )
    declare(
        NoticeKind(
            PAID,
            title=_("A settlement was paid: %(payer)s, %(month)s"),
            glance=_("A settlement was paid"),
            message=_("A settlement was paid. Open Songhe to see it."),
            channels=(Channel.PAGE, Channel.PUSH),
            ref=_REF,
            resolve=_in_words,
        )
    )
    declare(
        NoticeKind(
            DISPUTED,
            title=_("A line of a settlement is disputed: answer until %(day)s"),
            body=_("%(payer)s, %(month)s. The settlement waits for your answer."),
            glance=_("A settlement is disputed"),
            message=_("A line of a settlement is disputed. Open Songhe to answer."),
            channels=(Channel.PAGE, Channel.PUSH),
            ref=_REF,
            resolve=_in_words,
        )
    )
    declare(
        NoticeKind(
            ANSWERED,
            title=_("A dispute was answered: %(payer)s, %(month)s"),
            glance=_("A dispute was answered"),
            message=_("A dispute about a settlement was answered. Open Songhe to see it."),
            channels=(Channel.PAGE, Channel.PUSH),
            ref=_REF,
            resolve=_in_words,
        )
    )


def tell_submitted(row: Settlement, *, at: datetime) -> None:
    """Tell those who check settlements for the payer that one waits for them."""
    _tell(row, SUBMITTED, CHECK, row.funder_id, at)


def tell_paid(row: Settlement, *, at: datetime) -> None:
    """Tell the provider's managers that the payment was noted."""
    _tell(row, PAID, SUBMIT, row.organization_id, at)


def tell_disputed(row: Settlement, until: date, *, at: datetime) -> None:
    """Tell the provider's managers that a line is disputed, and until when they answer."""
    _tell(row, DISPUTED, SUBMIT, row.organization_id, at, day=until.isoformat())


def tell_answered(row: Settlement, *, at: datetime) -> None:
    """Tell those who check settlements for the payer that the provider has answered."""
    _tell(row, ANSWERED, CHECK, row.funder_id, at)


def _tell(
    row: Settlement, kind: str, action: str, organization_id: UUID, at: datetime, **params: str
) -> None:
    with lifted():
        notify.notify(
            user_ids=giving.who_may(
                action, region_code=row.region_code, organization_id=organization_id, at=at
            ),
            kind=kind,
            params={"month": row.month.isoformat(), "programme": row.programme, **params},
            ref=f"{_REF}/{row.pk}",
            at=at,
            url=f"/billing/settlements/{row.pk}/",
        )
