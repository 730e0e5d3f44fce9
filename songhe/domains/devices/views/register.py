"""Registering a device; its secret is shown once."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.generic import View

from songhe.base.access.actor import Actor
from songhe.domains.devices import services
from songhe.domains.devices.forms import RegisterForm
from songhe.domains.devices.views.device import secret_page
from songhe.domains.organizations import selectors as organizations
from songhe.kernel.errors import Conflict, Invalid
from songhe.kit.forms import refuse

REGISTER = "devices.register_device"


class Register(View):
    """Register a device for an organisation."""

    def get(self, request: HttpRequest) -> HttpResponse:
        asked = {"type": request.GET.get("type", "")}
        return self._page(request, RegisterForm(organizations=_choices(request), initial=asked))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = RegisterForm(request.POST, organizations=_choices(request))
        if not form.is_valid():
            return self._page(request, form, status=422)
        given = form.cleaned_data
        try:
            device, secret = services.register_device(
                actor=request.actor,  # type: ignore[attr-defined]
                type=given["type"],
                organization_id=UUID(given["organization_id"]),
                serial=given["serial"],
                model=given["model"],
                at=timezone.now(),
            )
        except (Invalid, Conflict) as error:
            refuse(form, error)
            return self._page(request, form, status=error.status)
        return secret_page(
            request, device, secret, is_new=True, serves=request.GET.get("person", "")
        )

    def _page(self, request: HttpRequest, form: RegisterForm, status: int = 200) -> HttpResponse:
        crumbs = [(_("Devices"), reverse("devices:device_list")), (_("Register a device"), "")]
        context = {"form": form, "crumbs": crumbs}
        return render(request, "devices/register.html", context, status=status)


def _choices(request: HttpRequest) -> list[tuple[str, str]]:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    english = (get_language() or "").startswith("en")
    return [
        (str(row.pk), row.name_en if english and row.name_en else row.name)
        for row in organizations.organizations_for(actor, REGISTER)
    ]
