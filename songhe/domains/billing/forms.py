"""Forms of billing: filters, a dispute and its answer, a reason, taking a settlement along."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from songhe.domains.billing.terms import DisputeReason, SettlementState
from songhe.engines.exchange.terms import Format
from songhe.kit.forms import KitForm


def _select() -> forms.Select:
    return forms.Select(attrs={"class": "input"})


def _month() -> forms.DateField:
    return forms.DateField(
        label=_("Month"),
        required=False,
        input_formats=["%Y-%m"],
        widget=forms.DateInput(attrs={"type": "month", "class": "input"}, format="%Y-%m"),
    )


class SettlementFilter(KitForm):
    month = _month()
    programme = forms.ChoiceField(label=_("Payer"), required=False, widget=_select())
    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[("", _("all")), *SettlementState.choices],
        widget=_select(),
    )

    def __init__(self, *args: Any, programmes: Iterable[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["programme"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
        field.choices = [("", _("all")), *programmes]

    @property
    def asked(self) -> dict[str, Any]:
        """Return what to narrow by; an impossible choice narrows nothing."""
        given = self.cleaned_data if self.is_valid() else {}
        month: date | None = given.get("month")
        return {
            "month": month,
            "programme": given.get("programme", ""),
            "state": given.get("state", ""),
        }


class ChargeFilter(KitForm):
    month = _month()
    open = forms.ChoiceField(
        label=_("Own share"),
        required=False,
        choices=[("", _("all")), ("1", _("to be paid or paid back"))],
        widget=_select(),
    )

    @property
    def asked(self) -> dict[str, Any]:
        """Return what to narrow by; an impossible choice narrows nothing."""
        self.is_valid()
        given = self.cleaned_data
        return {"month": given.get("month"), "open_only": given.get("open") == "1"}


class DisputeForm(KitForm):
    reason = forms.ChoiceField(
        label=pgettext_lazy("dispute", "What is wrong"),
        choices=DisputeReason.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Please choose what is wrong.")},
    )
    text = forms.CharField(
        label=_("In words"), required=False, max_length=200, widget=forms.Textarea
    )
    due_on = forms.DateField(
        label=_("Answer until"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": _("This is no date.")},
    )

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["due_on"].widget.attrs["min"] = today.isoformat()


class AnswerForm(KitForm):
    keep = forms.ChoiceField(
        label=pgettext_lazy("dispute", "Answer"),
        choices=(
            ("keep", _("The line is right")),
            ("withdraw", _("The line is wrong: its charge is taken back")),
        ),
        widget=forms.RadioSelect,
        error_messages={"required": _("Please choose whether the line is right.")},
    )
    answer = forms.CharField(
        label=_("What speaks for it"),
        max_length=200,
        widget=forms.Textarea,
        error_messages={"required": _("Please write what speaks for it.")},
    )


class ReasonForm(KitForm):
    reason = forms.CharField(
        label=pgettext_lazy("form", "Reason"),
        max_length=200,
        help_text=_("It stays with the charge."),
    )


class PaidForm(KitForm):
    note = forms.CharField(
        label=_("Reference of the bank"),
        max_length=80,
        help_text=_("It is on the statement; both sides find the payment by it."),
    )


class ExportForm(KitForm):
    """What a file is for, and of which kind."""

    reason = forms.CharField(
        label=_("What is it for?"),
        max_length=200,
        help_text=_("It is written into the audit with your name."),
    )
    format = forms.ChoiceField(label=_("File"), choices=Format.choices, widget=forms.RadioSelect)


class MonthExportForm(ExportForm):
    """The same of a whole month."""

    month = _month()
    field_order = ("month", "reason", "format")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["month"].required = True
