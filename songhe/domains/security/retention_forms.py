"""Forms of retention: a legal hold, why it is lifted, how long a class is kept."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from songhe.base.retention.holds import LONGEST_PAPER, LONGEST_REASON
from songhe.base.retention.periods import MOST_DAYS
from songhe.kit.forms import KitForm


def _why(label: object) -> forms.CharField:
    return forms.CharField(
        label=label,  # type: ignore[arg-type]
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": "3"}),
    )


class FindForm(KitForm):
    """Whom to hold."""

    q = forms.CharField(
        label=_("Full name or ID number"),
        required=False,
        max_length=60,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )


class HoldForm(KitForm):
    """By which paper something is held, why, and until when if that is known."""

    paper = forms.CharField(
        label=_("Number of the paper"),
        max_length=LONGEST_PAPER,
        help_text=_("Of the court, the police or the supervising authority."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    reason = _why(_("Why it is held"))
    since = forms.DateField(
        label=pgettext_lazy("a hold", "Since"),
        required=False,
        help_text=_("The day of the paper. Empty: from now on."),
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    until = forms.DateField(
        label=_("Last day"),
        required=False,
        help_text=_("Empty: until somebody lifts it."),
        widget=forms.DateInput(attrs={"type": "date"}),
    )

    def said(self, now: datetime) -> dict[str, Any]:
        """Return paper, reason, since and until: from now, or the first day's beginning, on."""
        said = self.cleaned_data
        since = said["since"] and timezone.make_aware(datetime.combine(said["since"], time()))
        until = said["until"] and timezone.make_aware(
            datetime.combine(said["until"] + timedelta(days=1), time())
        )
        return {
            "paper": said["paper"],
            "reason": said["reason"],
            "since": since or now,
            "until": until or None,
        }


class LiftForm(KitForm):
    """Why a hold is over."""

    reason = _why(_("Why it is lifted"))


class PeriodForm(KitForm):
    """How long a class is kept from now on."""

    days = forms.IntegerField(
        label=_("Days"),
        min_value=1,
        max_value=MOST_DAYS,
        widget=forms.NumberInput(attrs={"inputmode": "numeric", "size": "6"}),
    )
    reason = forms.CharField(label=_("Why"), max_length=200)
