"""Forms of telemetry: why a reading is voided, why a message is put aside, filters."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from songhe.domains.telemetry.terms import REASON_WORDS, LetterState
from songhe.kit.forms import KitForm


class ReasonForm(KitForm):
    reason = forms.CharField(
        label=_("Reason"),
        help_text=_("One sentence. It stays with the record."),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


def _select() -> forms.Select:
    return forms.Select(attrs={"class": "input"})


class LetterFilter(KitForm):
    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[("", _("all")), *LetterState.choices],
        widget=_select(),
    )
    reason = forms.ChoiceField(
        label=_("Why it was not taken"),
        required=False,
        choices=[("", _("all")), *REASON_WORDS.items()],
        widget=_select(),
    )
    words = forms.CharField(
        label=_("Device key"),
        required=False,
        max_length=24,
        widget=forms.TextInput(attrs={"class": "input"}),
    )

    @property
    def asked(self) -> dict[str, str]:
        """Return what to narrow by; an impossible choice narrows nothing."""
        self.is_valid()
        given = self.cleaned_data if hasattr(self, "cleaned_data") else {}
        return {name: str(given.get(name, "")) for name in ("state", "reason", "words")}
