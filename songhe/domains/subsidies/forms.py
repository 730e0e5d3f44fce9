"""Forms of subsidies: giving an entitlement, a reason, beginning with what ships."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from songhe.domains.subsidies.terms import FUNDED, Payer
from songhe.kit.forms import KitForm


def _select() -> forms.Select:
    return forms.Select(attrs={"class": "input"})


def _day(label: Any, *, required: bool = True, hint: Any = "") -> forms.DateField:
    return forms.DateField(
        label=label,
        required=required,
        help_text=hint,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": _("This is no date.")},
    )


def choose(form: forms.Form, name: str, choices: Iterable[tuple[str, Any]]) -> None:
    """Give a field its choices."""
    field = form.fields[name]
    assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared as one
    field.choices = list(choices)


class GiveForm(KitForm):
    """An entitlement from a day on."""

    units = {"cap": _("yuan")}
    programme = forms.ChoiceField(label=_("Programme"), widget=_select())
    since = _day(pgettext_lazy("entitlement", "From"))
    until = _day(
        pgettext_lazy("entitlement", "First day without it"),
        required=False,
        hint=_("Empty: until it is ended."),
    )
    cap = forms.DecimalField(
        label=_("A limit of her own a month"),
        required=False,
        max_digits=8,
        decimal_places=2,
        min_value=Decimal("0.01"),
        help_text=_("Empty: the limit of the programme."),
    )

    @property
    def cap_fen(self) -> int | None:
        """Return her own limit in fen."""
        cap: Decimal | None = self.cleaned_data.get("cap")
        return None if cap is None else int(cap * 100)


class ReasonForm(KitForm):
    """Why an entitlement rests or ends."""

    note = forms.CharField(
        label=pgettext_lazy("form", "Reason"),
        max_length=200,
        help_text=_("It stays with the entitlement."),
    )


class LoadForm(KitForm):
    """Who pays for which kind of programme."""

    subsidy = forms.ChoiceField(label=Payer.SUBSIDY.label, widget=_select(), required=False)
    purchase = forms.ChoiceField(label=Payer.PURCHASE.label, widget=_select(), required=False)
    insurance = forms.ChoiceField(label=Payer.INSURANCE.label, widget=_select(), required=False)

    def __init__(self, *args: Any, organizations: Iterable[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in FUNDED:
            choose(self, name, [("", _("not offered here")), *organizations])
