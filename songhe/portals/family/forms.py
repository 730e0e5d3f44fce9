"""What older people and families answer: wishes, why not, a face, a complaint."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from songhe.domains.dispatch.terms import About, Face
from songhe.domains.organizations.terms import Gender
from songhe.kit.forms import KitForm


class WishForm(KitForm):
    """What one may wish; all of it may be left out. same: whoever came last is to come again."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    same = forms.BooleanField(required=False)
    sex = forms.ChoiceField(
        label=_("Who should come"),
        required=False,
        widget=forms.RadioSelect,
        choices=(
            ("", pgettext_lazy("who should come", "No matter")),
            (Gender.FEMALE.value, Gender.FEMALE.label),
            (Gender.MALE.value, Gender.MALE.label),
        ),
    )
    note = forms.CharField(
        label=_("Something the worker should know"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, same: str = "", keep: str, **kwargs: Any) -> None:
        """same: the words for the one who came last, "" where there is none.

        keep: under which name the page keeps the note while somebody looks for another time.
        """
        super().__init__(*args, **kwargs)
        self.fields["note"].widget.attrs["data-keep"] = keep
        if same:
            self.fields["same"].label = same
        else:
            del self.fields["same"]

    @property
    def key_sent(self) -> UUID | None:
        """Return the key that the page sent, None where it sent none that is one."""
        try:
            return UUID(str(self.data.get("key", "")))
        except ValueError:
            return None


class CallOffForm(KitForm):
    """Why a service is not wanted after all."""

    reason = forms.ChoiceField(
        label=_("Why?"),
        widget=forms.RadioSelect,
        choices=(
            ("time", _("The time does not suit")),
            ("family", _("Somebody of the family does it")),
            ("well", _("It is not needed any more")),
            ("away", _("Nobody is at home then")),
            ("other", _("Another reason")),
        ),
        error_messages={"required": _("Please choose why.")},
    )
    words = forms.CharField(
        label=_("Would you like to say more?"),
        required=False,
        max_length=200,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def said(self) -> str:
        """Return the reason in words."""
        chosen = dict(self.fields["reason"].choices)  # type: ignore[attr-defined]
        words = str(self.cleaned_data["words"]).strip()
        label = str(chosen[self.cleaned_data["reason"]])
        return f"{label} ({words})" if words else label


class RateForm(KitForm):
    """A face, and words if one likes."""

    face = forms.TypedChoiceField(
        label=_("How was it?"),
        coerce=lambda value: Face(int(value)),
        choices=[(str(one.value), one.label) for one in reversed(Face)],
        widget=forms.RadioSelect,
        error_messages={
            "required": _("Please choose a face."), "invalid_choice": _("Please choose a face."),
        },
    )  # fmt: skip
    words = forms.CharField(
        label=_("Would you like to say something?"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class ComplainForm(KitForm):
    """What was wrong."""

    about = forms.ChoiceField(
        label=_("What is it about?"),
        choices=About.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Please choose what it is about.")},
    )
    words = forms.CharField(
        label=_("What happened?"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": _("Please say in a few words what was wrong.")},
    )


class BedForm(KitForm):
    """For whom a home care bed is applied for, and why."""

    person = forms.ChoiceField(label=_("For"), widget=forms.RadioSelect)
    note = forms.CharField(
        label=_("How are things at home? What is hard?"),
        help_text=_("It helps who comes to see the home."),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def __init__(self, *args: Any, choices: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["person"].choices = choices  # type: ignore[attr-defined]
        if len(choices) == 1:
            self.fields["person"].widget = forms.HiddenInput()


class ObjectForm(KitForm):
    """Why a refusal is not accepted."""

    words = forms.CharField(
        label=_("Why do you not accept it?"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 5}),
        error_messages={"required": _("Please say in a few words why.")},
    )
