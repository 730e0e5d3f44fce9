"""The form in which one says for what one looks at persons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from songhe.kit.forms import KitForm


class PurposeForm(KitForm):
    """What for, and why now."""

    purpose = forms.ChoiceField(
        label=_("What for"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose what you need the names for.")},
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        widget=forms.Textarea(attrs={"rows": "3"}),
        help_text=_("Which complaint, which inspection. The auditor reads it."),
    )

    def __init__(self, *args: Any, choices: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["purpose"].choices = list(choices)  # type: ignore[attr-defined]
        if [name for name, _words in choices] == ["funds"]:
            self.fields["reason"].help_text = _(
                "Which settlement, which line. The auditor reads it."
            )
