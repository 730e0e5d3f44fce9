"""Forms of the audit: what is looked for, and why something is exported."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from songhe.base.audit.models import AuditEntry
from songhe.domains.security.audit_reads import Search, kind_words
from songhe.domains.security.audit_words import known_actions
from songhe.kit.forms import KitForm

EARLIEST, LATEST = date(2000, 1, 1), date(2200, 1, 1)
REASONS = (
    ("complaint", _("A complaint")),
    ("incident", _("An incident is looked into")),
    ("inspection", _("An inspection by the authority")),
    ("routine", _("The regular audit")),
)


def _day(label: Any) -> forms.DateField:
    return forms.DateField(
        label=label,
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        validators=[MinValueValidator(EARLIEST), MaxValueValidator(LATEST)],
    )


class SearchForm(KitForm):
    """Narrow the audit. person and user are ids, chosen by name beside the form."""

    kind = forms.ChoiceField(label=_("Kind"), required=False)
    action = forms.ChoiceField(label=pgettext_lazy("audit", "What"), required=False)
    since = _day(_("From"))
    until = _day(_("Until"))
    person = forms.UUIDField(required=False, widget=forms.HiddenInput)
    user = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = [(kind, kind_words(kind)) for kind in AuditEntry.Kind.values]
        self.fields["kind"].choices = [("", _("all")), *kinds]  # type: ignore[attr-defined]
        self.fields["action"].choices = [  # type: ignore[attr-defined]
            ("", _("everything")),
            *known_actions(),
        ]

    @property
    def asked(self) -> Search:
        """Return what is looked for; nothing of it where the form is wrong."""
        if not self.is_valid():
            return Search()
        given = self.cleaned_data
        return Search(
            person=given["person"],
            user=given["user"],
            kind=given["kind"],
            action=given["action"],
            since=_midnight(given["since"]),
            until=_midnight(given["until"], days=1),
        )


class ChooseForm(KitForm):
    """Find a person of the region, or somebody of the staff, by name."""

    person_words = forms.CharField(
        label=_("About whom"),
        help_text=_("Full name or ID number"),
        required=False,
        max_length=40,
    )
    user_words = forms.CharField(
        label=_("By whom"), help_text=_("Name or login of staff"), required=False, max_length=40
    )


class ExportForm(KitForm):
    """Why records leave the platform; it is written into the audit."""

    reason = forms.ChoiceField(label=_("What for"), choices=REASONS, widget=forms.RadioSelect)


def _midnight(day: Any, days: int = 0) -> datetime | None:
    if day is None:
        return None
    return timezone.make_aware(datetime.combine(day + timedelta(days=days), datetime.min.time()))
