"""What is entered on a bed's road."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from songhe.domains.homecare import equipment
from songhe.domains.homecare.road import PlanSheet
from songhe.domains.homecare.services import WantedGoal, WantedService
from songhe.domains.homecare.terms import AgreementForm, Basis, Next, Outcome, ReturnState, Signer
from songhe.domains.people.terms import CareLevel
from songhe.engines.booking.recurrence import parts_of
from songhe.engines.booking.words import WEEKDAYS, rule_of
from songhe.kit.forms import KitForm
from songhe.kit.signing import SignatureField

GOALS = SERVICES = 3


def _day(label: Any, **more: Any) -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, widget=widget, **more)


def _words(label: Any, **more: Any) -> forms.CharField:
    return forms.CharField(
        label=label, max_length=2000, widget=forms.Textarea(attrs={"rows": 3}), **more
    )


class ApplyForm(KitForm):
    """For whom a bed is applied for, and why."""

    person = forms.UUIDField(
        label=_("Whom it is for"),
        widget=forms.RadioSelect,
        error_messages=dict.fromkeys(("required", "invalid"), _("Find the person and choose her.")),
    )
    note = _words(_("Why a bed is wished for"), required=False)

    def __init__(self, *args: Any, choices: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["person"].widget.choices = choices


class AssessForm(KitForm):
    """What the home visit found."""

    visited_on = _day(
        _("Day of the home visit"),
        error_messages={"required": _("Fill in the day of the home visit.")},
    )
    level = forms.TypedChoiceField(
        label=_("Ability level"),
        choices=CareLevel,
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose the ability level.")},
    )
    basis = forms.ChoiceField(
        label=_("What the level rests on"),
        choices=Basis,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose what the level rests on.")},
    )
    needs = forms.MultipleChoiceField(
        label=_("What is needed at home"),
        help_text=_("Each chosen need lists the equipment that the home must have."),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    words = _words(
        _("What was seen, and what the level is reasoned by"),
        error_messages={"required": _("Write down what was seen, and the reasons of the level.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(one.code, one.name) for one in equipment.table().needs.values()]
        self.fields["needs"].choices = choices  # type: ignore[attr-defined]


class VisitForm(KitForm):
    """Who comes, on which day, from when."""

    visitor = forms.ChoiceField(label=_("Who comes"))
    day = _day(_("Day"))
    begins = forms.TimeField(
        label=_("Begins at"), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )

    def __init__(self, *args: Any, visitors: list[tuple[UUID, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.visitors = visitors
        choices = [(str(pk), name) for pk, name in visitors]
        self.fields["visitor"].choices = choices  # type: ignore[attr-defined]

    @property
    def begins_at(self) -> datetime:
        """Return the moment it begins."""
        zone = timezone.get_default_timezone()
        return datetime.combine(self.cleaned_data["day"], self.cleaned_data["begins"], zone)


class AgreeForm(KitForm):
    """A signed agreement with its paper or signature."""

    form = forms.ChoiceField(
        label=_("How it was signed"), choices=AgreementForm, widget=forms.RadioSelect
    )
    signature = SignatureField()
    text_digest = forms.RegexField(r"^[0-9a-f]{64}$", widget=forms.HiddenInput, required=False)
    typed = forms.BooleanField(required=False, widget=forms.HiddenInput)
    file = forms.FileField(
        label=_("The signed paper"),
        help_text=_("A photograph (JPEG, PNG) or a PDF."),
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,application/pdf"}),
        error_messages={"required": _("Add the paper.")},
    )
    signer = forms.ChoiceField(label=_("Who signed"), choices=Signer, widget=forms.RadioSelect)
    signed_by = forms.CharField(label=_("Name of who signed"), max_length=60)
    signed_on = _day(_("Signed on"))
    since = _day(_("Holds from"))
    until = _day(
        _("Holds until, without this day"), help_text=_("A year at most; then it is renewed.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        is_paper = not self.is_bound or self.data.get("form") == AgreementForm.PAPER
        for name in ("file", "signed_on"):
            self.fields[name].required = is_paper

    def clean(self) -> dict[str, Any]:
        """Ask for what belongs to the way it was signed; on the screen one signs today."""
        given = super().clean() or {}
        if given.get("form") == AgreementForm.SCREEN:
            given["signed_on"] = timezone.localdate()
            if not given.get("signature") and "signature" not in self.errors:
                self.add_error("signed_by", _("Nobody has signed yet. Sign in the field below."))
        return given

    @property
    def signed(self) -> dict[str, Any]:
        """Return what `sign_agreement` takes: the paper, or the signature with its text."""
        given = dict(self.cleaned_data)
        file, picture = given.pop("file"), given.pop("signature")
        digest, typed = given.pop("text_digest"), given.pop("typed")
        if given["form"] == AgreementForm.PAPER:
            return given | {"content": file.read(), "name": file.name}
        return given | {
            "content": picture,
            "name": "signature.png",
            "text_digest": bytes.fromhex(digest),
            "is_typed": typed,
        }


class PlanForm(KitForm):
    """The next version of a care plan: up to three goals and three services."""

    def __init__(self, *args: Any, items: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for at in range(GOALS):
            must = at == 0
            number = {"n": at + 1}
            self.fields[f"goal_{at}"] = forms.CharField(
                label=_("Goal %(n)d: what is to be reached") % number,
                max_length=200,
                required=must,
            )
            self.fields[f"measure_{at}"] = forms.CharField(
                label=_("Goal %(n)d: by what one sees it") % number, max_length=200, required=must
            )
            self.fields[f"reach_{at}"] = _day(_("Goal %(n)d: until") % number, required=must)
        for at in range(SERVICES):
            must = at == 0
            number = {"n": at + 1}
            self.fields[f"item_{at}"] = forms.ChoiceField(
                label=_("Service %(n)d") % number, choices=[("", "—"), *items], required=must
            )
            self.fields[f"days_{at}"] = forms.MultipleChoiceField(
                label=_("Service %(n)d: on which days") % number,
                choices=WEEKDAYS,
                widget=forms.CheckboxSelectMultiple,
                required=must,
            )
            for name, label in (
                ("begins", _("Service %(n)d: begins from")),
                ("ends", _("Service %(n)d: and before")),
            ):
                self.fields[f"{name}_{at}"] = forms.TimeField(
                    label=label % number,
                    widget=forms.TimeInput(attrs={"type": "time"}),
                    required=must,
                )
        for field in self.fields.values():
            field.error_messages["required"] = _("Fill this in.")

    def clean(self) -> dict[str, Any]:
        """Ask for the rest of a goal or a service that was begun."""
        given = super().clean() or {}
        for names in (("goal", "measure", "reach"), ("item", "days", "begins", "ends")):
            for at in range(1, GOALS):
                there = [bool(given.get(f"{name}_{at}")) for name in names]
                for name, one in zip(names, there, strict=True):
                    if any(there) and not one and f"{name}_{at}" not in self.errors:
                        self.add_error(f"{name}_{at}", _("Fill this in, or empty the others."))
        return given

    @property
    def goal_parts(self) -> list[list[forms.BoundField]]:
        """Return the fields goal by goal."""
        return self._parts("goal", "measure", "reach")

    @property
    def service_parts(self) -> list[list[forms.BoundField]]:
        """Return the fields service by service."""
        return self._parts("item", "days", "begins", "ends")

    def _parts(self, *names: str) -> list[list[forms.BoundField]]:
        return [[self[f"{name}_{at}"] for name in names] for at in range(GOALS)]

    @property
    def goals(self) -> list[WantedGoal]:
        """Return the goals that were written."""
        given = self.cleaned_data
        return [
            WantedGoal(given[f"goal_{at}"], given[f"measure_{at}"], given[f"reach_{at}"])
            for at in range(GOALS)
            if given[f"goal_{at}"]
        ]

    @property
    def services(self) -> list[WantedService]:
        """Return the services that were chosen."""
        given = self.cleaned_data
        return [
            WantedService(
                given[f"item_{at}"],
                rule_of(given[f"days_{at}"]),
                given[f"begins_{at}"],
                given[f"ends_{at}"],
            )
            for at in range(SERVICES)
            if given[f"item_{at}"]
        ]


class ReviewForm(KitForm):
    """The look at a month."""

    month = _day(_("A day of the month that is looked at"))
    goals_met = forms.MultipleChoiceField(
        label=_("Goals that are met"), required=False, widget=forms.CheckboxSelectMultiple
    )
    words = _words(_("How it went"))
    next_step = forms.ChoiceField(label=_("What follows"), choices=Next, widget=forms.RadioSelect)

    def __init__(self, *args: Any, goals: list[tuple[UUID, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["goals_met"].choices = [  # type: ignore[attr-defined]
            (str(pk), words) for pk, words in goals
        ]


class ReasonForm(KitForm):
    """Why a bed is refused, paused or ended."""

    reason = _words(_("Reason"), error_messages={"required": _("Please give a reason.")})


class PauseForm(ReasonForm):
    """Why a bed is paused, and when one looks whether it goes on."""

    look_on = _day(
        _("Look again by"),
        help_text=_("Then it is taken up again, paused further, or ended. You are told."),
    )


class ObjectionForm(KitForm):
    """The answer to an objection."""

    outcome = forms.ChoiceField(label=_("Outcome"), choices=Outcome, widget=forms.RadioSelect)
    answer = _words(
        _("Answer"),
        help_text=_("Who objected reads it as it stands here, and is told at once."),
        error_messages={"required": _("Please write what you found and what follows.")},
    )


class ReturnForm(forms.Form):
    """Whether a device came back."""

    state = forms.ChoiceField(
        choices=[(one.value, one.label) for one in (ReturnState.BACK, ReturnState.LOST)]
    )


def agreement_days(today: date) -> dict[str, date]:
    """Return the days an agreement usually has: from today for a year."""
    try:
        until = today.replace(year=today.year + 1)
    except ValueError:  # the 29th of February
        until = today.replace(year=today.year + 1, day=28)
    return {"signed_on": today, "since": today, "until": until}


def plan_initial(plan: PlanSheet | None) -> dict[str, Any]:
    """Return what a new version of a plan begins with: the one that counts now, else usual times.

    Goals whose words are not open to the reader are not carried over: she writes them anew.
    """
    found: dict[str, Any] = {"begins_0": "09:00", "ends_0": "11:00"}
    if plan is None:
        return found
    for at, goal in enumerate(plan.goals[:GOALS]):
        if goal.words is not None:
            found |= {
                f"goal_{at}": goal.words,
                f"measure_{at}": goal.measure,
                f"reach_{at}": goal.reach_on,
            }
    for at, one in enumerate(plan.services[:SERVICES]):
        found |= {
            f"item_{at}": one.row.item_code,
            f"days_{at}": days_of(one.row.rule),
            f"begins_{at}": f"{one.row.begins:%H:%M}",
            f"ends_{at}": f"{one.row.ends:%H:%M}",
        }
    return found


def days_of(rule: str) -> list[str]:
    """Return the days of the week that a rule made by this form names."""
    if rule == "FREQ=DAILY":
        return [code for code, _label in WEEKDAYS]
    parts = parts_of(rule)
    return parts.get("BYDAY", "").split(",") if parts.get("FREQ") == "WEEKLY" else []
