"""Forms of the catalogue: the filter, a price from a day on, retiring; the editor of a version."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from songhe.domains.catalog.terms import ItemKind, Unit
from songhe.kit.forms import KitForm


def select() -> forms.Select:
    """Return a select box in the kit's look."""
    return forms.Select(attrs={"class": "input"})


def day_input() -> forms.DateInput:
    """Return a field for a day."""
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


def choose(form: KitForm, name: str, choices: Iterable[tuple[str, Any]]) -> None:
    """Give a field its choices."""
    field = form.fields[name]
    assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared as one
    field.choices = list(choices)


class ItemFilter(KitForm):
    kind = forms.ChoiceField(
        label=_("Kind"),
        required=False,
        choices=[("", _("all")), *ItemKind.choices],
        widget=select(),
    )
    words = forms.CharField(
        label=_("Name or code"),
        required=False,
        max_length=40,
        widget=forms.TextInput(attrs={"class": "input"}),
    )
    retired = forms.BooleanField(label=_("Retired ones too"), required=False)

    @property
    def asked(self) -> dict[str, Any]:
        """Return what to narrow by; an impossible choice narrows nothing."""
        given = self.cleaned_data if self.is_valid() else {}
        return {
            "kind": given.get("kind", ""),
            "words": given.get("words", ""),
            "retired": given.get("retired", False),
        }


class PriceForm(KitForm):
    """A price from a day on. whose: "" for the guide price, else an organisation's id."""

    units = {"amount": _("yuan")}
    whose = forms.ChoiceField(label=_("Whose price"), widget=select(), required=False)
    region = forms.ChoiceField(
        label=_("Region"),
        widget=select(),
        required=False,
        help_text=_("The price holds there and in all below."),
    )
    ends = forms.BooleanField(
        label=_("No such price any more from that day on: the next wider one holds"), required=False
    )
    amount = forms.DecimalField(
        label=_("Amount"),
        max_digits=9,
        decimal_places=2,
        min_value=Decimal(0),
        required=False,
        error_messages={
            "max_digits": _("This amount is too large."),
            "max_whole_digits": _("This amount is too large."),
            "max_decimal_places": _("An amount has no more than two digits after the point."),
        },
    )
    per = forms.ChoiceField(label=_("Price for"), choices=Unit.choices, widget=forms.RadioSelect)
    from_on = forms.DateField(label=_("Holds from"), widget=day_input())

    def __init__(
        self,
        *args: Any,
        whose: Sequence[tuple[str, Any]],
        regions: Sequence[tuple[str, str]],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        choose(self, "whose", whose)
        choose(self, "region", regions)

    def clean(self) -> dict[str, Any]:
        """Return what was entered; an amount is needed unless the price ends."""
        given: dict[str, Any] = super().clean() or {}
        if not given.get("ends") and given.get("amount") is None and "amount" not in self.errors:
            self.add_error("amount", _("Give an amount."))
        return given

    @property
    def fen(self) -> int:
        """Return the amount in fen."""
        return int(self.cleaned_data["amount"] * 100)


class RetireForm(KitForm):
    retired_on = forms.DateField(
        label=_("The first day on which it is not offered any more"), widget=day_input()
    )
