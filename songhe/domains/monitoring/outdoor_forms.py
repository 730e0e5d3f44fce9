"""The form of what is watched of a person outside: one page, no map to be drawn on."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from songhe.domains.monitoring.outdoor_reads import Outdoors
from songhe.domains.monitoring.services import Watched
from songhe.domains.monitoring.terms import LEAST_RADIUS_M, MOST_RADIUS_M
from songhe.kernel import geo
from songhe.kit.forms import KitForm

USUAL_RADIUS_M = 300


class OutdoorForm(KitForm):
    """The safe area, the time of coming home, wandering, and why."""

    centre = forms.ChoiceField(label=_("Middle of the safe area"), widget=forms.RadioSelect)
    radius_m = forms.IntegerField(
        label=_("How far one may go from there"),
        help_text=_(
            "50 m to 20 km. Trackers are often 20 m off: below 200 m it may ring for nothing."
        ),
        min_value=LEAST_RADIUS_M,
        max_value=MOST_RADIUS_M,
        widget=forms.NumberInput(attrs={"data-unit": "m"}),
    )
    back_by = forms.TimeField(
        label=_("Home by"),
        required=False,
        help_text=_("It rings for who is still outside the safe area then. Empty: not watched."),
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )
    wandering = forms.BooleanField(
        label=_("Watch for wandering"),
        required=False,
        help_text=_(
            "Walking to and fro, round and round or without direction outside the safe area. Not "
            "measured on people yet: agree on it with a doctor."
        ),
    )
    reason = forms.CharField(
        label=_("Why, and with whom it was agreed"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, known: Outdoors, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._points: dict[str, geo.Point | None] = {}
        choices: list[tuple[str, str]] = []
        circle = known.circle
        if circle is not None:
            self._points["kept"] = (circle["lat"], circle["lon"])
            choices.append(("kept", str(_("where it is now"))))
        if known.home is not None:
            self._points["home"] = known.home
            choices.append(("home", str(_("the home"))))
        if known.fixes:
            last = known.fixes[-1]
            self._points["last"] = (last.lat, last.lon)
            choices.append(("last", str(_("the last position, %(time)s")) % {"time": last.words}))
        self._points["none"] = None
        choices.append(("none", str(_("no safe area"))))
        field = self.fields["centre"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared as one
        field.choices = choices
        usual = {
            "centre": choices[0][0] if circle is not None else "none",
            "radius_m": USUAL_RADIUS_M if circle is None else round(circle["radius_m"]),
            "back_by": known.back_by,
            "wandering": known.wandering,
        }
        for name, value in usual.items():
            self.initial.setdefault(name, value)

    @property
    def watched(self) -> Watched:
        """Return what was asked for."""
        given = self.cleaned_data
        centre = self._points[given["centre"]]
        return Watched(centre, given["radius_m"], given["back_by"], given["wandering"])
