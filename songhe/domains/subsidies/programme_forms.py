"""The form in which a programme is defined, or given another rule from a day on."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from songhe.domains.catalog.terms import ItemKind
from songhe.domains.subsidies.forms import choose
from songhe.domains.subsidies.services import Draft
from songhe.domains.subsidies.terms import FUNDED, Payer
from songhe.kit.forms import KitForm

YUAN: dict[str, Any] = {
    "max_digits": 8,
    "decimal_places": 2,
    "min_value": Decimal("0.01"),
    "required": False,
}


class Way(TextChoices):
    """How a programme pays."""

    SHARE = "share", _("a share of the price")
    FIXED = "fixed", _("an amount for each service")


def _number(label: Any, most: int, *, hint: Any = "", least: int = 1) -> forms.IntegerField:
    return forms.IntegerField(
        label=label, required=False, min_value=least, max_value=most, help_text=hint
    )


def _day(label: Any, *, required: bool, hint: Any) -> forms.DateField:
    return forms.DateField(
        label=label,
        required=required,
        help_text=hint,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": _("This is no date.")},
    )


class RuleForm(KitForm):
    """What a programme pays from a day on. Amounts are entered in yuan and kept in fen."""

    units = {"fixed": _("yuan"), "cap": _("yuan"), "share_pct": "%"}
    name_zh = forms.CharField(label=_("Name in Chinese"), max_length=40)
    name_en = forms.CharField(label=_("Name in English"), max_length=80)
    payer = forms.ChoiceField(
        label=_("Kind of payer"), choices=[(one, Payer(one).label) for one in FUNDED]
    )
    funder = forms.ChoiceField(label=_("Who pays"))
    item_kinds = forms.MultipleChoiceField(
        label=_("For which services"),
        choices=ItemKind.choices,
        widget=forms.CheckboxSelectMultiple,
    )
    way = forms.ChoiceField(label=_("It pays"), choices=Way.choices, widget=forms.RadioSelect)
    share_pct = _number(_("Share of the price"), 100)
    fixed = forms.DecimalField(label=_("Amount for each service"), **YUAN)
    cap = forms.DecimalField(
        label=_("At most a month, for one person"),
        help_text=_("An amount, a number of services, or both."),
        **YUAN,
    )
    cap_visits = _number(_("At most so many services a month"), 999)
    least_age = _number(_("From which age on"), 120, hint=_("Empty: for every age."), least=0)
    least_level = _number(
        _("From which ability level on"), 4, hint=_("By GB/T 42195. Empty: for every level.")
    )
    rank = forms.IntegerField(
        label=_("Turn among the programmes"),
        min_value=1,
        max_value=999,
        help_text=_("The lowest number pays first."),
    )
    from_on = _day(
        pgettext_lazy("a rule", "In force from"), required=True, hint=_("Today or later.")
    )
    until = _day(
        pgettext_lazy("a rule", "First day without it"),
        required=False,
        hint=_("Empty: until it is changed."),
    )
    source = forms.CharField(
        label=_("Document that says so"),
        max_length=200,
        help_text=_("Its name, number and date."),
    )

    def __init__(self, *args: Any, organizations: Iterable[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choose(self, "funder", organizations)

    def clean(self) -> dict[str, Any]:
        """Check that the amount of the chosen way is there, and a limit."""
        given = dict(super().clean() or {})
        needed = "share_pct" if given.get("way") == Way.SHARE else "fixed"
        if given.get("way") and given.get(needed) is None and needed not in self.errors:
            self.add_error(needed, _("Fill this in."))
        wrong = {"cap", "cap_visits"} & self.errors.keys()
        if given.get("cap") is None and given.get("cap_visits") is None and not wrong:
            self.add_error("cap", _("A programme needs a limit a month."))
        return given

    def draft(self, code: str) -> Draft:
        """Return what was entered, checked by the form."""
        given = self.cleaned_data
        share = given["way"] == Way.SHARE
        return Draft(
            code=code,
            payer=given["payer"],
            name_zh=given["name_zh"],
            name_en=given["name_en"],
            item_kinds=tuple(given["item_kinds"]),
            rank=given["rank"],
            source=given["source"],
            status="M",
            share_pct=given["share_pct"] if share else None,
            fixed_fen=None if share else _fen(given["fixed"]),
            cap_fen=_fen(given["cap"]),
            cap_visits=given["cap_visits"],
            least_age=given["least_age"],
            least_level=given["least_level"],
        )


class NewForm(RuleForm):
    """A new programme: the same with its code."""

    code = forms.CharField(
        label=pgettext_lazy("a programme", "Code"),
        max_length=20,
        help_text=_("Small letters, digits and hyphens, such as bath-2027. It stays as it is."),
        validators=[
            RegexValidator(r"^[a-z0-9]+(-[a-z0-9]+)*$", _("Use small letters, digits and hyphens."))
        ],
    )
    field_order = ("code",)


def _fen(yuan: Decimal | None) -> int | None:
    return None if yuan is None else int(yuan * 100)
