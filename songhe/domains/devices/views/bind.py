"""Binding a device: first the person, then the person herself or a room of her home."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.generic import View

from songhe.base.access.actor import Actor
from songhe.base.regions import selectors as regions
from songhe.domains.devices import selectors, services, types
from songhe.domains.devices.forms import BindForm, PersonSearch
from songhe.domains.people import panels as people_panels
from songhe.domains.people import selectors as people
from songhe.domains.people.selectors import NoSuchPerson, PersonView
from songhe.kernel.errors import Conflict, Invalid
from songhe.kit.forms import refuse

BIND = "devices.bind_device"


class Bind(View):
    """Choose whom a device serves from now on."""

    def get(self, request: HttpRequest, device_id: UUID) -> HttpResponse:
        if "person" in request.GET:
            person = _person(request, request.GET["person"])
            places = _places(person, device_id, request)
            first = next((key for key, _words in places), "")
            form = BindForm(places=places, initial={"place": first})
            return self._place_page(request, device_id, person, form)
        return self._search_page(request, device_id)

    def post(self, request: HttpRequest, device_id: UUID) -> HttpResponse:
        person = _person(request, request.POST.get("person", ""))
        form = BindForm(request.POST, places=_places(person, device_id, request))
        if not form.is_valid():
            return self._place_page(request, device_id, person, form, status=422)
        place = form.cleaned_data["place"]
        is_person = place == BindForm.PERSON
        try:
            services.bind_device(
                actor=request.actor,  # type: ignore[attr-defined]
                device_id=device_id,
                person_id=person.id if is_person else None,
                room_id=None if is_person else UUID(place),
                at=timezone.now(),
            )
        except (Invalid, Conflict) as error:
            refuse(form, error)
            return self._place_page(request, device_id, person, form, status=error.status)
        messages.success(
            request, _("From now on its readings are stored there; earlier ones stay.")
        )
        return HttpResponseRedirect(reverse("devices:device", args=[device_id]))

    def _search_page(self, request: HttpRequest, device_id: UUID) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        device = selectors.get_device(actor, device_id)
        form = PersonSearch(request.GET if "words" in request.GET else None)
        found: list[PersonView] | None = None
        if form.is_bound and form.is_valid():
            found = people.choose_persons(actor, BIND, form.cleaned_data["words"])
        context = {
            "device": device,
            "kind": types.get_type(device.type),
            "form": form,
            "found": None if found is None else _choices(found),
            "crumbs": _crumbs(device.key, device_id),
        }
        return render(request, "devices/bind_person.html", context)

    def _place_page(
        self,
        request: HttpRequest,
        device_id: UUID,
        person: PersonView,
        form: BindForm,
        status: int = 200,
    ) -> HttpResponse:
        device = selectors.get_device(request.actor, device_id)  # type: ignore[attr-defined]
        context = {
            "device": device,
            "kind": types.get_type(device.type),
            "form": form,
            "person": person,
            "age": people_panels.age_words(person, timezone.now()),
            "crumbs": _crumbs(device.key, device_id),
        }
        return render(request, "devices/bind_place.html", context, status=status)


def _person(request: HttpRequest, asked: str) -> PersonView:
    """Return the chosen person; raises NoSuchPerson for anybody out of reach."""
    try:
        person_id = UUID(asked)
    except ValueError:
        raise NoSuchPerson from None
    return people.choose_person(request.actor, BIND, person_id)  # type: ignore[attr-defined]


def _places(person: PersonView, device_id: UUID, request: HttpRequest) -> list[tuple[str, str]]:
    device = selectors.get_device(request.actor, device_id)  # type: ignore[attr-defined]
    home = people.home_of(person.id, at=timezone.now())
    rooms = people.rooms_in(home.pk) if home is not None else []
    own = [(BindForm.PERSON, _("Worn, carried or used by the person"))]
    theirs = [(str(room.pk), room.name) for room in rooms]
    return [*own, *theirs] if types.get_type(device.type).on == "person" else [*theirs, *own]


def _choices(found: list[PersonView]) -> list[tuple[str, str, str]]:
    """Return (id, name, age and place) of persons to choose from."""
    now = timezone.now()
    names = regions.names(sorted({person.region_code for person in found}))
    return [
        (
            str(person.id),
            person.name,
            f"{people_panels.age_words(person, now)} {names.get(person.region_code, '')}".strip(),
        )
        for person in found
    ]


def _crumbs(key: str, device_id: UUID) -> list[tuple[str, str]]:
    return [
        (_("Devices"), reverse("devices:device_list")),
        (key, reverse("devices:device", args=[device_id])),
        (_("Bind"), ""),
    ]


class Unbind(View):
    """End a device's binding."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, device_id: UUID) -> HttpResponse:
        services.unbind_device(
            actor=request.actor,  # type: ignore[attr-defined]
            device_id=device_id,
            at=timezone.now(),
        )
        messages.success(request, _("The device serves nobody from now on."))
        return HttpResponseRedirect(reverse("devices:device", args=[device_id]))
