"""Words of billing: payments, settlements and what is disputed."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from songhe.domains.subsidies.terms import Payer as Payer
from songhe.domains.subsidies.terms import Share as Share

SERVED_DAYS = 62  # so long after a service its provider still knows whom it was for (own choice)
VIEW = "billing.view_charges"
VIEW_SETTLEMENTS = "billing.view_settlements"
SUBMIT = "billing.submit_settlements"
CHECK = "billing.check_settlements"
REVERSE = "billing.reverse_charge"
NOTE = "billing.note_payment"
PAY = "billing.pay_own"
EXPORT = "billing.export_settlements"
EXPORT_CHARGES = "billing.export_charges"


class Way(TextChoices):
    """How an own share was paid."""

    CASH = "cash", _("cash")
    ONLINE = "online", _("paid online")


class PaymentState(TextChoices):
    PENDING = "pending", _("not confirmed yet")
    PAID = "paid", pgettext_lazy("payment", "paid")
    FAILED = "failed", pgettext_lazy("payment", "failed")


class SettlementState(TextChoices):
    DRAFT = "draft", pgettext_lazy("settlement", "draft")
    SUBMITTED = "submitted", pgettext_lazy("settlement", "submitted")
    DISPUTED = "disputed", pgettext_lazy("settlement", "disputed")
    CONFIRMED = "confirmed", pgettext_lazy("settlement", "confirmed")
    PAID = "paid", pgettext_lazy("settlement", "paid")


# What a reversal still takes a line out of; behind them it goes into the next settlement.
CHANGEABLE = ("draft", "submitted", "disputed")


class DisputeReason(TextChoices):
    NOT_DONE = "not-done", _("the service is not proven")
    PRICE = "price", _("the price is wrong")
    TWICE = "twice", _("it is there twice")
    NOT_ENTITLED = "not-entitled", _("the person is not entitled")
    OTHER = "other", _("something else")


class DisputeState(TextChoices):
    OPEN = "open", pgettext_lazy("dispute", "waits for an answer")
    KEPT = "kept", pgettext_lazy("dispute", "kept, with a reason")
    WITHDRAWN = "withdrawn", pgettext_lazy("dispute", "withdrawn by the provider")
