"""Lists: devices, the devices of a person, the types of devices."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.generic import View

from songhe.base.access.actor import Actor
from songhe.domains.devices import selectors, types
from songhe.domains.devices.forms import DeviceFilter
from songhe.domains.devices.tables import DeviceRows, DeviceTable, device_rows
from songhe.domains.people import panels as people
from songhe.domains.people import selectors as people_selectors
from songhe.kernel.errors import NotFound


class DeviceList(View):
    """List devices by type, state, silence and key."""

    def get(self, request: HttpRequest) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        now = timezone.now()
        form = DeviceFilter(request.GET or None)
        asked = form.asked
        found = selectors.list_devices(
            actor,
            words=asked["words"],
            type=asked["type"],
            state=asked["state"],
            silent_at=now if asked["silent"] else None,
        )
        context = {
            "form": form,
            "table": DeviceTable(request, DeviceRows(actor, found, now)),
            "narrowed": any(asked.values()),
            "may_register": bool(actor.prefixes("devices.register_device")),
        }
        return render(request, "devices/device_list.html", context)


class DevicesOfPerson(View):
    """List the devices that serve a person or her home."""

    def get(self, request: HttpRequest, person_id: UUID) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        frame = people.frame(request, person_id, "devices")
        person = frame.person
        if "devices" not in person.fields:
            raise NotFound
        now = timezone.now()
        home = people_selectors.home_of(person.id, at=now) if "home" in person.fields else None
        home_id = home.pk if home is not None else None
        lines = selectors.devices_of(person_id=person.id, home_id=home_id, at=now)
        rows = device_rows(actor, lines, persons={person.id: person})
        table = DeviceTable(request, rows, empty=_("No device serves this person"))
        context = {"frame": frame, "person": person, "table": table}
        return render(request, "devices/of_person.html", context)


class TypeList(View):
    """Show what each type of device measures, how often it speaks, what it can be told."""

    def get(self, request: HttpRequest) -> HttpResponse:
        kinds = sorted(types.all_types().values(), key=lambda kind: (kind.klass, kind.code))
        return render(request, "devices/type_list.html", {"kinds": kinds})
