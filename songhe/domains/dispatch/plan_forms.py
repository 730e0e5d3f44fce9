"""Forms of who plans: where a visit goes, who is away, what comes again and again."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from songhe.domains.dispatch.terms import LeaveKind
from songhe.domains.organizations.terms import Gender
from songhe.engines.booking.words import WEEKDAYS, rule_of
from songhe.kit.forms import KitForm


def clock_input() -> forms.TimeInput:
    return forms.TimeInput(attrs={"type": "time"}, format="%H:%M")


def day_input() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class PlaceForm(KitForm):
    """Who comes, on which day, from when."""

    day = forms.DateField(label=_("Day"), widget=day_input())
    begins = forms.TimeField(label=_("Begins at"), widget=clock_input())

    def __init__(
        self, *args: Any, workers: list[Any], crew: int = 1, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        own = dict(self.fields)
        self.fields.clear()
        for number in range(crew):
            self.fields[f"worker{number or ''}"] = forms.ChoiceField(
                label=_("Worker") if not number else _("Second worker"), choices=workers
            )
        self.fields.update(own)
        self._crew = crew

    @property
    def workers(self) -> list[str]:
        return [self.cleaned_data[f"worker{number or ''}"] for number in range(self._crew)]

    @property
    def begins_at(self) -> datetime:
        return moment(self.cleaned_data["day"], self.cleaned_data["begins"])


class AwayForm(KitForm):
    """Who is not there, why, and until when."""

    worker = forms.ChoiceField(label=_("Worker"))
    kind = forms.ChoiceField(label=_("Why"), choices=LeaveKind.choices, widget=forms.RadioSelect)
    since = forms.DateField(label=pgettext_lazy("leave", "First day"), widget=day_input())
    until = forms.DateField(label=pgettext_lazy("leave", "Last day"), widget=day_input())

    def __init__(self, *args: Any, workers: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["worker"].choices = workers  # type: ignore[attr-defined]


class HoursForm(KitForm):
    """When a worker works, weekday by weekday; both times empty: she is off."""

    since = forms.DateField(
        label=pgettext_lazy("hours", "From"),
        help_text=_("The first day on which it counts."),
        widget=day_input(),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for number, (_code, day) in enumerate(WEEKDAYS):
            for name, label in (("begins", _("%(day)s, from")), ("ends", _("%(day)s, until"))):
                self.fields[f"{name}{number}"] = forms.TimeField(
                    label=label % {"day": day}, required=False, widget=clock_input()
                )

    def clean(self) -> dict[str, Any]:
        """Refuse a day with one time alone."""
        given = super().clean() or self.cleaned_data
        for number in range(len(WEEKDAYS)):
            both = {f"begins{number}", f"ends{number}"}
            filled = [one for one in both if given.get(one) is not None]
            if len(filled) == 1 and not both & self.errors.keys():
                [missing] = both - set(filled)
                self.add_error(missing, _("Give both times, or neither for a day off."))
        return given

    @property
    def hours(self) -> dict[int, tuple[time, time] | None]:
        """Return what was said by weekday, None for a day off."""
        given = self.cleaned_data
        return {
            number: (given[f"begins{number}"], given[f"ends{number}"])
            if given[f"begins{number}"] is not None
            else None
            for number in range(len(WEEKDAYS))
        }

    @property
    def days(self) -> list[tuple[Any, Any]]:
        """Return the two fields of each weekday."""
        return [(self[f"begins{number}"], self[f"ends{number}"]) for number in range(len(WEEKDAYS))]


class BackForm(KitForm):
    """From which day on a worker is back."""

    back_on = forms.DateField(label=_("Back on"), widget=day_input())


class SeriesForm(KitForm):
    """What comes, on which days of the week, between which times, from when until when."""

    item = forms.ChoiceField(label=_("Service"))
    organization = forms.ChoiceField(label=_("Provider"))
    days = forms.MultipleChoiceField(
        label=_("Days of the week"), choices=WEEKDAYS, widget=forms.CheckboxSelectMultiple
    )
    every = forms.ChoiceField(
        label=_("How often"), choices=(("1", _("every week")), ("2", _("every second week")))
    )
    begins = forms.TimeField(
        label=_("Begins between"), help_text=_("The earliest time."), widget=clock_input()
    )
    ends = forms.TimeField(label=_("and"), help_text=_("The latest time."), widget=clock_input())
    since = forms.DateField(label=pgettext_lazy("series", "From"), widget=day_input())
    until = forms.DateField(
        label=pgettext_lazy("series", "Until"),
        help_text=_("The first day on which it does not come any more. Empty: without end."),
        required=False,
        widget=day_input(),
    )
    sex_wish = forms.ChoiceField(
        label=_("Who should come"),
        choices=(("", pgettext_lazy("wish", "no wish")), *Gender.choices),
        required=False,
    )
    rests = forms.BooleanField(label=_("Not on public holidays"), required=False)
    note = forms.CharField(
        label=_("What the worker must know"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(
        self,
        *args: Any,
        items: list[tuple[str, str]],
        providers: list[tuple[str, str]],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["item"].choices = items  # type: ignore[attr-defined]
        self.fields["organization"].choices = providers  # type: ignore[attr-defined]

    @property
    def rule(self) -> str:
        """Return the days as an RRULE of RFC 5545."""
        return rule_of(self.cleaned_data["days"], every=int(self.cleaned_data["every"]))


def moment(day: date, clock: time) -> datetime:
    """Return a local clock time of a day as a moment."""
    return datetime.combine(day, clock, timezone.get_default_timezone())
