"""A call without a device: who is it, and what is needed: help at once, or a service at a time."""

from __future__ import annotations

from datetime import date, datetime
from os.path import commonprefix
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.generic import View

from songhe.base.access.actor import Actor
from songhe.base.regions import selectors as regions
from songhe.domains.catalog import selectors as catalog
from songhe.domains.dispatch import ordering, rescue_reads, services, terms
from songhe.domains.dispatch.ordering import PartOfDay
from songhe.domains.dispatch.terms import OrderKind, Source
from songhe.domains.monitoring.panels import facts, local_name
from songhe.domains.people import selectors as people
from songhe.domains.people.selectors import PersonView
from songhe.domains.people.terms import Sex
from songhe.kernel.errors import Conflict, Invalid, NotFound
from songhe.kernel.ids import uuid7
from songhe.kit import formats
from songhe.kit.forms import KitForm, refuse

COMMUNITY = 12
MOST = 20


class CallForm(KitForm):
    """Who called for whom, and what was said."""

    person = forms.UUIDField(
        label=_("Whom it is about"),
        widget=forms.RadioSelect,
        error_messages=dict.fromkeys(("required", "invalid"), _("Find the person and choose her.")),
    )
    note = forms.CharField(
        label=pgettext_lazy("a call", "What was said"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, choices: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["person"].widget.choices = choices


class StrangerForm(KitForm):
    """Somebody whom nobody knows: where to go is needed, the rest as far as it was said.

    key: of this page, so that pressed twice it is one call.
    """

    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid7, required=False)
    region = forms.ChoiceField(
        label=pgettext_lazy("a place", "Community"),
        error_messages=dict.fromkeys(
            ("required", "invalid_choice"), _("Choose the community where somebody should go.")
        ),
    )
    address = forms.CharField(
        label=_("Address, to the door"),
        max_length=120,
        error_messages={"required": _("Write where somebody should go: house, floor, door.")},
    )
    name = forms.CharField(label=_("Name, if it was said"), max_length=40, required=False)
    sex = forms.ChoiceField(
        label=pgettext_lazy("of a person", "Sex"), choices=Sex.choices, initial=Sex.UNKNOWN,
        required=False,
    )  # fmt: skip
    age = forms.IntegerField(
        label=_("Age, about"), min_value=0, max_value=120, required=False,
        error_messages=dict.fromkeys(
            ("invalid", "min_value", "max_value"), _("Please give the age in years, from 0 to 120.")
        ),
    )  # fmt: skip
    phone = forms.RegexField(
        r"^[0-9+ -]{3,20}$", label=_("Number to call back"), required=False,
        error_messages={"invalid": _("Only digits, please.")},
    )  # fmt: skip
    note = forms.CharField(
        label=pgettext_lazy("a call", "What was said"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, prefix="new", **kwargs)
        places = [
            place
            for prefix in actor.prefixes(terms.MAKE)
            for place in regions.below(prefix, COMMUNITY)
        ]
        named = [(one.code, local_name(one.name, one.name_en)) for one in places]
        self.fields["region"].choices = [("", ""), *named]  # type: ignore[attr-defined]


class ServiceForm(KitForm):
    """What is ordered by telephone: an item of the catalogue, a day, a part of it."""

    item = forms.ChoiceField(
        label=_("Service"),
        error_messages=dict.fromkeys(("required", "invalid_choice"), _("Choose the service.")),
    )
    day = forms.ChoiceField(
        label=_("Day"),
        error_messages=dict.fromkeys(("required", "invalid_choice"), _("Choose the day.")),
    )
    part = forms.ChoiceField(
        label=_("Time of the day"),
        choices=PartOfDay.choices,
        widget=forms.RadioSelect,
        error_messages=dict.fromkeys(("required", "invalid_choice"), _("Choose the time.")),
    )

    def __init__(self, *args: Any, region: str, at: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        today = timezone.localdate(at)
        items = [one for one in catalog.items(today, region) if one.version is not None]
        named = [(one.code, one.version.name) for one in items if one.version is not None]
        days = [(day.isoformat(), formats.long_date(day)) for day in ordering.days(at=at)]
        self.fields["item"].choices = [("", ""), *named]  # type: ignore[attr-defined]
        self.fields["day"].choices = days  # type: ignore[attr-defined]

    def window(self, at: datetime) -> tuple[datetime, datetime]:
        """Return between when and when it may begin. Raises NotOffered."""
        given = self.cleaned_data
        return ordering.window(date.fromisoformat(given["day"]), given["part"], at=at)


class CallIn(View):
    """Find the person by name, number, card or address; one press, and the same chain begins.

    Somebody whom nobody knows is registered with what was said."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._show(request, request.GET.get("words", ""))

    def post(self, request: HttpRequest) -> HttpResponse:
        actor, now = request.actor, timezone.now()  # type: ignore[attr-defined]
        need, words = request.POST.get("need", ""), request.POST.get("words", "")
        if need == "stranger":
            return self._stranger(request, words, now)
        found = self._found(request, words, now)
        form = CallForm(request.POST, choices=_named(actor, found, now))
        service = None
        if need == "service":
            service = ServiceForm(request.POST, region=_region(found), at=now)
        if form.is_valid() and (service is None or service.is_valid()):
            person_id, note = UUID(str(form.cleaned_data["person"])), form.cleaned_data["note"]
            try:
                if service is None:
                    called = services.take_call(actor=actor, person_id=person_id, note=note, at=now)
                    return self._taken(request, called)
                order = services.make_order(
                    actor=actor,
                    kind=OrderKind.SERVICE,
                    source=Source.CALL,
                    person_id=person_id,
                    note=note,
                    item_code=service.cleaned_data["item"],
                    window=service.window(now),
                    at=now,
                )
                return HttpResponseRedirect(reverse("dispatch:order", args=[order.pk]))
            except (Conflict, Invalid, NotFound) as error:
                refuse(form if service is None else service, error)
        return self._show(request, words, form, service, status=422)

    def _stranger(self, request: HttpRequest, words: str, now: datetime) -> HttpResponse:
        actor = request.actor  # type: ignore[attr-defined]
        form = StrangerForm(request.POST, actor=actor)
        if form.is_valid():
            given = dict(form.cleaned_data)
            region, key = given.pop("region"), given.pop("key") or uuid7()
            try:
                called = services.take_call_of_stranger(
                    actor=actor, region_code=region, key=key, at=now, **given
                )
                return self._taken(request, called)
            except (Conflict, Invalid, NotFound) as error:
                refuse(form, error)
        return self._show(request, words, stranger=form, status=422)

    def _taken(self, request: HttpRequest, called: services.Called) -> HttpResponse:
        if called.has_joined:
            messages.success(request, _("Help for her runs already: what was said stands with it."))
        if called.order is None:
            return HttpResponseRedirect(reverse("desk:alarm", args=[called.alarm_id]))
        return HttpResponseRedirect(reverse("dispatch:order", args=[called.order.pk]))

    def _found(self, request: HttpRequest, words: str, now: datetime) -> list[PersonView]:
        """Return whom the words fit: by name or number, else by address."""
        if not words.strip():
            return []
        actor = request.actor  # type: ignore[attr-defined]
        most = MOST + 1
        found = people.choose_persons(actor, terms.VIEW_PERSON, words, limit=most)
        return found or people.choose_at_address(
            actor, terms.VIEW_PERSON, words, at=now, limit=most
        )

    def _show(
        self,
        request: HttpRequest,
        words: str,
        form: CallForm | None = None,
        service: ServiceForm | None = None,
        stranger: StrangerForm | None = None,
        *,
        status: int = 200,
    ) -> HttpResponse:
        actor, now = request.actor, timezone.now()  # type: ignore[attr-defined]
        found = self._found(request, words, now)
        choices = _named(actor, found[:MOST], now)
        context = {
            "are_more": len(found) > MOST,
            "words": words,
            "choices": choices,
            "form": form
            or CallForm(
                choices=choices, initial={"person": choices[0][0]} if len(choices) == 1 else {}
            ),
            "service": service or ServiceForm(region=_region(found), at=now),
            "wants_service": service is not None,
            "stranger": stranger or StrangerForm(actor=actor),
            "is_stranger": stranger is not None,
            "asked": bool(words.strip()),
        }
        return render(request, "dispatch/call.html", context, status=status)


def _named(actor: Actor, found: list[PersonView], now: datetime) -> list[tuple[str, str]]:
    """Return whom one may choose: name, age, address, and what runs for her already."""
    today = timezone.localdate(now)
    homes = people.homes_by_person([one.id for one in found], at=now)
    running = {
        one.order.person_id: one.stage.words
        for one in (rescue_reads.running(actor, at=now) if found else [])
    }
    named = []
    for one in found:
        age, home = one.age(today), homes.get(one.id)
        address = home.address if home is not None and "contact" in one.fields else ""
        said = [one.name, str(age) if age is not None else "", address, running.get(one.id, "")]
        named.append((str(one.id), facts(part for part in said if part)))
    return named


def _region(found: list[PersonView]) -> str:
    """Return the region in which all that were found live."""
    return commonprefix([one.region_code for one in found])  # noqa: RUF071 - no paths
