"""Forms of emergencies: the number, the reason, the review."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy

from songhe.base.consent.terms import EmergencyKind, Verdict
from songhe.kit.forms import KitForm


class NumberForm(KitForm):
    number = forms.CharField(
        label=gettext_lazy("ID number or telephone, complete"),
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "text"}),
    )


class ReasonForm(KitForm):
    kind = forms.ChoiceField(
        label=gettext_lazy("What kind of emergency?"),
        widget=forms.RadioSelect,
        choices=EmergencyKind.choices,
    )
    reason = forms.CharField(
        label=gettext_lazy("What has happened, and what do you need to know?"),
        max_length=400,
        widget=forms.Textarea,
    )


class ReviewForm(KitForm):
    verdict = forms.ChoiceField(
        label=gettext_lazy("Was it right?"), widget=forms.RadioSelect, choices=Verdict.choices
    )
    note = forms.CharField(label=gettext_lazy("Why"), max_length=400, widget=forms.Textarea)
