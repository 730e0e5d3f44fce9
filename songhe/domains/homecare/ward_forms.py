"""What is entered at the ward."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from songhe.domains.homecare.terms import Found
from songhe.kit.forms import KitForm


class RoundForm(KitForm):
    """What a look at one bed found."""

    found = forms.ChoiceField(label=_("What you found"), choices=Found, widget=forms.RadioSelect)
    words = forms.CharField(
        label=_("In words"),
        help_text=_("Needed where not all is well."),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class RiskForm(KitForm):
    """What the next hours should mind at one bed."""

    risk = forms.CharField(
        label=_("What to mind"), max_length=500, widget=forms.Textarea(attrs={"rows": 2})
    )
    hours = forms.TypedChoiceField(
        label=_("For how long"),
        coerce=int,
        choices=[(12, _("12 hours")), (24, _("24 hours")), (72, _("3 days"))],
    )


class HandoverForm(KitForm):
    """What the next shift must know."""

    area = forms.ChoiceField(label=_("Area"))
    words = forms.CharField(
        label=_("What the next shift must know"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def __init__(self, *args: Any, areas: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["area"].choices = areas  # type: ignore[attr-defined]
