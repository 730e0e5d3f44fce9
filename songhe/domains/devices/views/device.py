"""One device: state, what was last heard, whom it served, its steps, commands and secrets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.views.generic import View

from songhe.base.access.actor import Actor
from songhe.domains.devices import selectors, services, types
from songhe.domains.devices.forms import CommandForm, MountingForm, SettingsForm, StepForm
from songhe.domains.devices.terms import CommandState, DeviceState
from songhe.domains.devices.words import (
    MOUNTING_WORDS,
    command_word,
    mounting_value,
    setting_word,
    step_word,
)
from songhe.domains.devices.workflow import COMMISSIONING
from songhe.domains.people import selectors as people
from songhe.engines.workflow.engine import Step, history
from songhe.kernel.errors import Conflict, Invalid
from songhe.kit.forms import refuse


@dataclass(frozen=True, slots=True)
class Served:
    """Whom or what a device served in a period, in words."""

    words: str
    since: Any
    until: Any


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: what we want, what the device says; same tells whether they agree."""

    name: str
    desired: Any
    reported: Any
    same: bool


class DevicePage(View):
    """Show one device."""

    def get(self, request: HttpRequest, device_id: UUID) -> HttpResponse:
        return show(request, device_id)


def show(
    request: HttpRequest,
    device_id: UUID,
    *,
    form: StepForm | None = None,
    wishes: SettingsForm | None = None,
    mounting: MountingForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """Return the page of a device; `form`, `wishes`, `mounting`: what was refused."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    now = timezone.now()
    device = selectors.get_device(actor, device_id)
    line = selectors.lines([device], at=now)[0]
    steps = [s for s in COMMISSIONING.allowed(device.state) if actor.may(s.action)]
    may_command = actor.covers("devices.command_device", device.region_code)
    is_retired = device.state == DeviceState.RETIRED
    context = {
        "device": device,
        "line": line,
        "now": now,
        "state": DeviceState(device.state).label,
        "steps": _step_forms(steps, form),
        "course": [
            (row, str(DeviceState(row.target).label), row.user_name if row.user_id else "")
            for row in history(device)
        ],
        "served": _served(actor, device),
        "commands": [_command(row) for row in selectors.commands_of(actor, device)],
        "can_send": [
            (name, command_word(name), bool(arguments))
            for name, arguments in line.type.commands.items()
            if may_command and not is_retired
        ],
        "wishes": _wishes(device, line.type, wishes) if may_command and not is_retired else None,
        "hangs": _hangs(device, line.type),
        "mounting": _mounting(actor, device, line.type, mounting),
        "settings": _settings(device.desired, line.seen.reported if line.seen else None),
        "may_bind": actor.covers("devices.bind_device", device.region_code) and not is_retired,
        "may_rotate": actor.covers("devices.rotate_secret", device.region_code),
        "may_revoke": actor.covers("devices.revoke_secrets", device.region_code),
        "carrier": selectors.carrier_of(actor, device),
        "carried": selectors.carried_by(actor, device, at=now) if line.type.carries else [],
        "topics": [
            "readings",
            "events",
            "positions",
            "waveforms",
            "sightings",
            "gatt",
            "openmhealth",
            "status",
            "acks",
        ],
        "crumbs": [(_("Devices"), reverse("devices:device_list")), (device.key, "")],
    }
    return render(request, "devices/device.html", context, status=status)


def _step_forms(steps: list[Step], refused: StepForm | None) -> list[dict[str, Any]]:
    found = []
    for step in steps:
        is_refused = refused is not None and refused.data.get("step") == step.name
        form = (
            refused
            if is_refused
            else StepForm(
                initial={"step": step.name},
                auto_id=f"{step.name}_%s",
                needs_note=step.needs_note,
            )
        )
        found.append(
            {
                "name": step.name,
                "word": step_word(step.name),
                "form": form,
                "needs_note": step.needs_note,
                "is_end": step.target == DeviceState.RETIRED,
            }
        )
    return found


def _served(actor: Actor, device: Any) -> list[Served]:
    rows = selectors.history_of(actor, device)
    persons = people.person_views(actor, [row.person_id for row in rows if row.person_id])
    found = []
    for row in rows:
        name = persons[row.person_id].name if row.person_id else ""
        room = row.room.name if row.room else ""
        found.append(
            Served(" ".join(p for p in (name, room) if p), row.period.lower, row.period.upper)
        )
    return found


def _command(row: Any) -> dict[str, Any]:
    kind = {"done": "done", "refused": "alarm", "failed": "alarm", "expired": "unknown"}
    return {
        "time": row.issued_at,
        "text": command_word(row.name),
        "args": ", ".join(str(value) for value in row.args.values()),
        "state": CommandState(row.state).label,
        "detail": row.detail,
        "kind": kind.get(row.state, ""),
    }


def _settings(desired: dict[str, Any], reported: dict[str, Any] | None) -> list[Setting]:
    says = reported or {}
    return [
        Setting(
            name=setting_word(name),
            desired=desired.get(name),
            reported=says.get(name),
            same=name not in desired or desired[name] == says.get(name),
        )
        for name in sorted({*desired, *says})
    ]


def _wishes(device: Any, kind: types.DeviceType, refused: SettingsForm | None) -> Any:
    """Return the form of what is wished; None for a type without settings."""
    if refused is not None or not kind.settings:
        return refused
    return SettingsForm(kind=kind, initial=device.desired)


def _hangs(device: Any, kind: types.DeviceType) -> list[tuple[str, str, bool]]:
    """Return how a device hangs: word, value, and whether somebody has said so."""
    return [
        (
            str(MOUNTING_WORDS[name]),
            mounting_value(name, device.mounting.get(name, fact.usual)),
            name in device.mounting,
        )
        for name, fact in kind.mounting.items()
    ]


def _mounting(
    actor: Actor, device: Any, kind: types.DeviceType, refused: MountingForm | None
) -> MountingForm | None:
    """Return the form of how a device hangs; None where it changes nothing or who may not."""
    may = actor.covers("devices.commission_device", device.region_code)
    if not kind.mounting or not may or device.state == DeviceState.RETIRED:
        return None
    return refused or MountingForm(kind=kind, initial=dict(device.mounting))


class Mounting(View):
    """Write down how a device hangs."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, device_id: UUID) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        device = selectors.get_device(actor, device_id)
        form = MountingForm(request.POST, kind=types.get_type(device.type))
        if form.is_valid():
            try:
                services.set_mounting(
                    actor=actor,
                    device_id=device_id,
                    mounting=form.cleaned_data,
                    at=timezone.now(),
                )
            except (Invalid, Conflict) as error:
                refuse(form, error)
            else:
                messages.success(request, _("Written down: it is judged by this from now on."))
                return HttpResponseRedirect(reverse("devices:device", args=[device_id]))
        return show(request, device_id, mounting=form, status=422)


class Settings(View):
    """Wish settings of a device; what it reports afterwards stands beside them."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, device_id: UUID) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        device = selectors.get_device(actor, device_id)
        form = SettingsForm(request.POST, kind=types.get_type(device.type))
        if form.is_valid():
            try:
                services.set_desired(
                    actor=actor,
                    device_id=device_id,
                    settings=form.cleaned_data,
                    at=timezone.now(),
                )
            except (Invalid, Conflict) as error:
                refuse(form, error)
            else:
                messages.success(request, _("The wish is sent; the device says when it holds."))
                return HttpResponseRedirect(reverse("devices:device", args=[device_id]))
        return show(request, device_id, wishes=form, status=422)


class Commission(View):
    """Take one step of commissioning, with its proof."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, device_id: UUID) -> HttpResponse:
        step = COMMISSIONING.steps.get(request.POST.get("step", ""))
        form = StepForm(request.POST, needs_note=step is not None and step.needs_note)
        if step is None:
            form.add_error(None, _("There is no such step."))
        if not form.is_valid():
            return show(request, device_id, form=form, status=422)
        try:
            services.commission(
                actor=request.actor,  # type: ignore[attr-defined]
                device_id=device_id,
                step=form.cleaned_data["step"],
                proof=form.cleaned_data["note"],
                at=timezone.now(),
            )
        except (Invalid, Conflict) as error:
            refuse(form, error)
            return show(request, device_id, form=form, status=error.status)
        messages.success(request, _("The step is recorded."))
        return HttpResponseRedirect(reverse("devices:device", args=[device_id]))


class Command(View):
    """Send a command down; the device itself says when it is done."""

    def get(self, request: HttpRequest, device_id: UUID) -> HttpResponse:
        return self._page(request, device_id, request.GET.get("name", ""), None)

    def post(self, request: HttpRequest, device_id: UUID) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        device = selectors.get_device(actor, device_id)
        name = request.POST.get("name", "")
        kind = types.get_type(device.type)
        form = CommandForm(request.POST, kind=kind, command=name)
        if not form.is_valid():
            return self._page(request, device_id, name, form, status=422)
        try:
            services.issue_command(
                actor=actor, device_id=device_id, name=name, args=form.args, at=timezone.now()
            )
        except (Invalid, Conflict) as error:
            refuse(form, error)
            return self._page(request, device_id, name, form, status=error.status)
        messages.success(
            request, _("The command is on its way. It is done when the device says so.")
        )
        return HttpResponseRedirect(reverse("devices:device", args=[device_id]))

    def _page(
        self,
        request: HttpRequest,
        device_id: UUID,
        name: str,
        form: CommandForm | None,
        status: int = 200,
    ) -> HttpResponse:
        device = selectors.get_device(request.actor, device_id)  # type: ignore[attr-defined]
        kind = types.get_type(device.type)
        if name not in kind.commands and form is None:
            name = next(iter(kind.commands), "")
        shown = form or CommandForm(kind=kind, command=name)
        context = {
            "device": device,
            "kind": kind,
            "name": name,
            "word": command_word(name),
            "form": shown,
            "others": [(one, command_word(one), one == name) for one in kind.commands],
            "crumbs": _crumbs(device.key, device_id, _("Send a command")),
        }
        return render(request, "devices/command.html", context, status=status)


def _crumbs(key: str, device_id: UUID, here: str) -> list[tuple[str, str]]:
    return [
        (_("Devices"), reverse("devices:device_list")),
        (key, reverse("devices:device", args=[device_id])),
        (here, ""),
    ]


class RotateSecret(View):
    """Give a device a new secret, shown this once; the old one ends after a day."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, device_id: UUID) -> HttpResponse:
        secret = services.rotate_secret(
            actor=request.actor,  # type: ignore[attr-defined]
            device_id=device_id,
            at=timezone.now(),
        )
        device = selectors.get_device(request.actor, device_id)  # type: ignore[attr-defined]
        return secret_page(request, device, secret, is_new=False)


def secret_page(
    request: HttpRequest, device: Any, secret: str, *, is_new: bool, serves: str = ""
) -> HttpResponse:
    """Show a secret once; no cache keeps the page. serves: the id of whom it is meant for."""
    context = {
        "device": device,
        "kind": types.get_type(device.type),
        "secret": secret,
        "is_new": is_new,
        "serves": serves,
        "crumbs": _crumbs(device.key, device.pk, _("Secret")),
    }
    response = render(request, "devices/secret.html", context)
    add_never_cache_headers(response)
    return response


class RevokeSecrets(View):
    """End every secret of a device at once."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, device_id: UUID) -> HttpResponse:
        services.revoke_secrets(
            actor=request.actor,  # type: ignore[attr-defined]
            device_id=device_id,
            at=timezone.now(),
        )
        messages.success(request, _("Every secret of this device has ended; it is cut off."))
        return HttpResponseRedirect(reverse("devices:device", args=[device_id]))
