"""Forms of alarms and rules: they parse and check shapes, the services decide."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from songhe.domains.monitoring.terms import OutcomeWord, PriorityWord
from songhe.kit import formats
from songhe.kit.forms import KitForm

SHELF_MINUTES = (15, 30, 60, 120, 480, 1440)


class ActForm(KitForm):
    """Base of what is done with an alarm. The words of its button, and where it leads back to."""

    button: ClassVar[Any] = ""
    title: ClassVar[Any] = ""


class TakeForm(ActForm):
    """Taking an alarm asks nothing."""

    button = _("Take it")
    title = _("Take the alarm")


class CallForm(ActForm):
    """What a call gave."""

    title = _("Write down the call")
    button = _("Write down")
    called = forms.ChoiceField(label=_("Who was called"), widget=forms.RadioSelect)
    reached = forms.ChoiceField(
        label=_("Reached?"),
        choices=(("yes", _("Reached")), ("no", _("Nobody answered"))),
        widget=forms.RadioSelect,
    )
    text = forms.CharField(
        label=pgettext_lazy("a call", "What was said"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, choices: Sequence[tuple[str, str]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["called"].choices = list(choices)  # type: ignore[attr-defined]


class NoteForm(ActForm):
    """A line for the course."""

    title = _("Add a note")
    button = _("Add")
    text = forms.CharField(
        label=_("What happened"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": _("Please write what happened.")},
    )


class AssignForm(ActForm):
    """Who is sent."""

    title = _("Send somebody")
    button = pgettext_lazy("somebody to the person", "Send")
    user = forms.ChoiceField(
        label=_("Who goes"),
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": _("Choose somebody who works for the organisation.")},
    )

    def __init__(self, *args: Any, choices: Sequence[tuple[str, str]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["user"].choices = list(choices)  # type: ignore[attr-defined]


class ShelveForm(ActForm):
    """Set aside, with a reason and an end."""

    title = _("Set aside for a while")
    button = _("Set aside")
    minutes = forms.TypedChoiceField(
        label=pgettext_lazy("set aside", "Until"), coerce=int, widget=forms.RadioSelect
    )
    reason = forms.CharField(
        label=_("Why"),
        help_text=_("It rings again at the end. A reason is always asked for."),
        max_length=400,
        error_messages={"required": _("Please give a reason.")},
    )

    def __init__(self, *args: Any, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["minutes"].choices = [  # type: ignore[attr-defined]
            (minutes, _until(minutes, now)) for minutes in SHELF_MINUTES
        ]


def _until(minutes: int, now: datetime) -> str:
    end = now + timedelta(minutes=minutes)
    return gettext("%(length)s, until %(end)s") % {
        "length": formats.span(timedelta(minutes=minutes)),
        "end": formats.moment(end),
    }


class ResolveForm(ActForm):
    """What it turned out to be: this is what the rule is scored by."""

    title = _("Close the alarm")
    button = _("Close")
    outcome = forms.ChoiceField(
        label=_("What was it?"),
        choices=[
            (OutcomeWord.TRUE.value, _("Real: something was wrong")),
            (OutcomeWord.FALSE.value, _("False alarm: nothing was wrong")),
            (OutcomeWord.TEST.value, _("A test")),
            (OutcomeWord.UNKNOWN.value, _("Could not be found out")),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose what it turned out to be.")},
    )
    note = forms.CharField(
        label=_("How it ended"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class HistoryForm(KitForm):
    """What the history is narrowed by; every field may be left out."""

    since = forms.DateField(
        label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    until = forms.DateField(
        label=_("Until"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    rule = forms.ChoiceField(label=_("Rule"), required=False)
    priority = forms.ChoiceField(
        label=_("Priority"), required=False, choices=[("", _("all")), *PriorityWord.choices]
    )
    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[("", _("all")), ("open", _("open")), ("resolved", _("closed"))],
    )
    outcome = forms.ChoiceField(
        label=_("Outcome"), required=False, choices=[("", _("all")), *OutcomeWord.choices]
    )
    region = forms.ChoiceField(label=_("Town or community"), required=False)
    person = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(
        self,
        *args: Any,
        rules: Sequence[tuple[str, str]] = (),
        regions: Sequence[tuple[str, str]] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["rule"].choices = [("", _("all")), *rules]  # type: ignore[attr-defined]
        self.fields["region"].choices = [("", _("all")), *regions]  # type: ignore[attr-defined]


class PeriodForm(KitForm):
    """How far back statistics look."""

    DAYS = ((7, _("7 days")), (30, _("30 days")), (90, _("90 days")))
    days = forms.TypedChoiceField(label=_("Since"), choices=DAYS, coerce=int)
