"""Forms of absences: short enough for a phone in a corridor."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from songhe.domains.monitoring.terms import AbsenceKind
from songhe.kit.forms import KitForm


class Moment(forms.DateTimeField):
    """A local day and time of day, by the browser's own field."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("error_messages", {"invalid": _("Give a day and a time.")})
        super().__init__(
            widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
            input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"],
            **kwargs,
        )


def local(at: datetime) -> datetime:
    """Return a moment as the field shows it: local, to the minute."""
    return timezone.localtime(at).replace(second=0, microsecond=0)


TOLD_BY = _("For example the daughter by phone, the ward, the person herself.")


class AbsenceForm(KitForm):
    """From when, until when, where, who said so."""

    title: ClassVar[Any] = _("Enter an absence")
    button: ClassVar[Any] = _("Enter")
    say: ClassVar[Any] = _(
        "Meanwhile the rules of bed, door, safe area and silent devices hold still. "
        "Smoke, gas, calls for help and measured values ring as ever."
    )
    kind = forms.ChoiceField(
        label=_("Where is the person?"), choices=AbsenceKind.choices, widget=forms.RadioSelect
    )
    since = Moment(label=_("Away since"), help_text=_("The true time, also when it is past."))
    until = Moment(
        label=_("Back at"), required=False, help_text=_("Empty: nobody knows yet.")
    )
    told_by = forms.CharField(
        label=_("Who said so"), max_length=60, help_text=TOLD_BY,
        error_messages={"required": _("Please write down who said so.")},
    )  # fmt: skip
    place = forms.CharField(
        label=_("Place"), max_length=80, required=False,
        help_text=_("Ward, or the family's address."),
    )  # fmt: skip
    contact_name = forms.CharField(label=_("Whom to reach there"), max_length=60, required=False)
    contact_phone = forms.CharField(
        label=_("Number there"), max_length=32, required=False,
        widget=forms.TextInput(attrs={"type": "tel"}),
    )  # fmt: skip
    note = forms.CharField(
        label=pgettext_lazy("absence", "Note"), max_length=400, required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )  # fmt: skip


class EndForm(KitForm):
    """When the person came or comes back."""

    title: ClassVar[Any] = _("Back, or another end")
    button: ClassVar[Any] = _("Set the end")
    say: ClassVar[Any] = _("From then on all rules judge again, and begin anew.")
    until = Moment(
        label=_("Back at"), required=False,
        help_text=_("Now, an earlier or a later time. Empty: nobody knows yet."),
    )  # fmt: skip
    told_by = forms.CharField(
        label=_("Who said so"), max_length=60, help_text=TOLD_BY,
        error_messages={"required": _("Please write down who said so.")},
    )  # fmt: skip


class WithdrawForm(KitForm):
    """Why an absence is taken back."""

    title: ClassVar[Any] = _("This absence was entered by mistake")
    button: ClassVar[Any] = _("Withdraw it")
    say: ClassVar[Any] = _("It stays in the history, and holds no rule still any more.")
    told_by = forms.CharField(
        label=_("What was wrong"), max_length=200,
        error_messages={"required": _("Please write what was wrong.")},
    )  # fmt: skip
