"""Forms of requests about personal data."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from songhe.domains.security.services import LONGEST
from songhe.domains.security.terms import RequestChannel, RequestKind
from songhe.kit.forms import KitForm


def _text(label: object, rows: int = 4) -> forms.CharField:
    return forms.CharField(
        label=label,  # type: ignore[arg-type]
        required=False,
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": str(rows)}),
    )


class AskForm(KitForm):
    """What a person says to her request, in her own words."""

    words = _text(_("In your own words"), 5)


class RecordForm(KitForm):
    """A request that came on paper, in person or by telephone."""

    kind = forms.ChoiceField(
        label=_("What is asked"), choices=RequestKind.choices, widget=forms.RadioSelect
    )
    channel = forms.ChoiceField(
        label=_("How it came"),
        choices=[one for one in RequestChannel.choices if one[0] != RequestChannel.APP],
        widget=forms.RadioSelect,
    )
    words = _text(_("What was said or written"))


class AnswerForm(KitForm):
    """The answer that the person reads."""

    answer = _text(_("Answer"))


class RefuseForm(KitForm):
    """Why a request is refused; the person reads it."""

    reason = _text(_("Reason"))
