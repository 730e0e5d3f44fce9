"""A hub and the devices that it speaks for: carry one more, release one."""

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
from songhe.domains.devices import selectors, services, types
from songhe.domains.devices.forms import CarryForm
from songhe.kernel.errors import Conflict, Invalid
from songhe.kit.forms import refuse


class Carry(View):
    """Let a hub speak for a device, under the hub's own names for it."""

    def get(self, request: HttpRequest, device_id: UUID) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        key = request.GET.get("key", "")
        names: list[str] = []
        if key:
            known = selectors.carrier_of(actor, selectors.find_device(actor, key))
            names = known[1] if known is not None and known[0].pk == device_id else []
        needed = _needs_names(actor, device_id)
        form = CarryForm(initial={"key": key, "names": "\n".join(names)}, needs_names=needed)
        return self._page(request, device_id, form)

    def post(self, request: HttpRequest, device_id: UUID) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        form = CarryForm(request.POST, needs_names=_needs_names(actor, device_id))
        if not form.is_valid():
            return self._page(request, device_id, form, status=422)
        try:
            services.carry_device(
                actor=actor,
                gateway_id=device_id,
                device_id=selectors.find_device(actor, form.cleaned_data["key"].strip()).pk,
                names=form.cleaned_data["names"],
                at=timezone.now(),
            )
        except selectors.NoSuchDevice:
            form.add_error("key", _("There is no such device, or it is not open to you."))
            return self._page(request, device_id, form, status=422)
        except (Invalid, Conflict) as error:
            refuse(form, error)
            return self._page(request, device_id, form, status=error.status)
        messages.success(request, _("The hub speaks for this device from now on."))
        return HttpResponseRedirect(reverse("devices:device", args=[device_id]))

    def _page(
        self, request: HttpRequest, device_id: UUID, form: CarryForm, status: int = 200
    ) -> HttpResponse:
        hub = selectors.get_device(request.actor, device_id)  # type: ignore[attr-defined]
        context = {
            "device": hub,
            "kind": types.get_type(hub.type),
            "form": form,
            "crumbs": [
                (_("Devices"), reverse("devices:device_list")),
                (hub.key, reverse("devices:device", args=[device_id])),
                (_("Carry a device"), ""),
            ],
        }
        return render(request, "devices/carry.html", context, status=status)


def _needs_names(actor: Actor, device_id: UUID) -> bool:
    """Tell whether a hub speaks a language that knows no keys of ours."""
    return types.get_type(selectors.get_device(actor, device_id).type).format != "songhe"


class Release(View):
    """Let no hub speak for a device any more."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, device_id: UUID) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        hub_id = selectors.get_device(actor, device_id).gateway_id
        services.release_device(actor=actor, device_id=device_id, at=timezone.now())
        messages.success(request, _("No hub speaks for this device any more."))
        return HttpResponseRedirect(reverse("devices:device", args=[hub_id or device_id]))
