"""The form of quiet hours and language."""

from __future__ import annotations

from datetime import time
from typing import Any

from django import forms
from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from songhe.base.notify import plans
from songhe.base.notify.models import Preference
from songhe.kit.forms import KitForm

LANGUAGES: list[tuple[str, Promise]] = [("zh-hans", _("Chinese")), ("en", _("English"))]
_TIME = forms.TimeInput(attrs={"type": "time", "step": "60"}, format="%H:%M")


class WishesForm(KitForm):
    """When nothing rings but what is urgent, and in which language messages come."""

    is_quiet = forms.BooleanField(
        label=_("Nothing rings at night but what is urgent"),
        help_text=_("What came meanwhile is told in the morning, all in one message."),
        required=False,
    )
    quiet_from = forms.TimeField(label=_("Quiet from"), widget=_TIME)
    quiet_until = forms.TimeField(label=_("Quiet until"), widget=_TIME)
    language = forms.ChoiceField(
        label=_("Language of messages"), choices=LANGUAGES, widget=forms.RadioSelect
    )

    @staticmethod
    def begin(wanted: Preference | None) -> dict[str, Any]:
        """Return what the form begins with: what was set, or what holds for everybody."""
        if wanted is None:
            start, end = plans.quiet_hours()
            language = settings.LANGUAGE_CODE
            return _first(True, start, end, language)
        return _first(wanted.is_quiet, wanted.quiet_from, wanted.quiet_until, wanted.language)


def _first(is_quiet: bool, start: time, end: time, language: str) -> dict[str, Any]:
    return {
        "is_quiet": is_quiet,
        "quiet_from": start,
        "quiet_until": end,
        "language": language,
    }
