"""What is done with an alarm: one form, one domain call each, in place or as a page of its own."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import View

from songhe.base.access.actor import Actor
from songhe.domains.monitoring import forms, opened, phrases, selectors, services
from songhe.domains.monitoring.selectors import AlarmLine
from songhe.kernel.errors import Conflict, Invalid
from songhe.kit.asks import safe_path, wants_fragment
from songhe.kit.forms import refuse

CHANGED = "songhe:alarm-changed"


class Act(View):
    """Asks (GET) and does (POST). A refusal is a sentence at its field; nothing entered is lost."""

    http_method_names = ["get", "post"]
    name: ClassVar[str] = ""
    done: ClassVar[Any] = ""

    def form(self, actor: Actor, line: AlarmLine, now: datetime, data: Any = None) -> forms.ActForm:
        """Return the form, with the choices that hold for this alarm."""
        raise NotImplementedError

    def do(self, actor: Actor, alarm_id: UUID, given: dict[str, Any], now: datetime) -> None:
        """Make the one domain call."""
        raise NotImplementedError

    def get(self, request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
        actor, now = request.actor, timezone.now()  # type: ignore[attr-defined]
        line = selectors.open_alarm(actor, id, at=now)
        return self._show(request, line, self.form(actor, line, now), now)

    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
        actor, now = request.actor, timezone.now()  # type: ignore[attr-defined]
        line = selectors.open_alarm(actor, id, at=now)
        form = self.form(actor, line, now, request.POST)
        if form.is_valid():
            try:
                self.do(actor, id, form.cleaned_data, now)
            except Conflict:
                line = selectors.open_alarm(actor, id, at=now)
                said = _("Not done, it stands differently now: %(state)s.")
                said %= {"state": phrases.state_words(line.alarm)}
                if not form.fields:  # nothing was entered that could be lost
                    return self._refused(request, id, said, now)
                form.add_error(None, said)
            except Invalid as error:
                refuse(form, error)
        if form.errors:
            return self._show(request, line, form, now, status=422)
        if wants_fragment(request):
            return self._fresh(request, id, now)
        messages.success(request, str(self.done))
        back = safe_path(request, request.POST.get("next", ""))
        return HttpResponseRedirect(back or reverse("monitoring:alarm", args=[id]))

    def _show(
        self,
        request: HttpRequest,
        line: AlarmLine,
        form: forms.ActForm,
        now: datetime,
        *,
        status: int = 200,
    ) -> HttpResponse:
        """Show the form in place for htmx, else on the alarm's own page."""
        actor = request.actor  # type: ignore[attr-defined]
        back = request.POST.get("next") or request.GET.get("next", "")
        asked = {"form": form, "act": self.name, "next": safe_path(request, back)}
        if wants_fragment(request):
            context = {"head": opened.head(actor, line, [], at=now), **asked}
            return render(request, "monitoring/alarm/do.html", context, status=status)
        context = opened.context(actor, line, at=now) | asked
        return render(request, "monitoring/alarm.html", context, status=status)

    def _refused(
        self, request: HttpRequest, alarm_id: UUID, said: str, now: datetime
    ) -> HttpResponse:
        """Say what stands now, with the page as it stands; no form is left that nobody can send."""
        if wants_fragment(request):
            return self._fresh(request, alarm_id, now, refused=said)
        messages.error(request, said)
        back = safe_path(request, request.POST.get("next", ""))
        return HttpResponseRedirect(back or reverse("monitoring:alarm", args=[alarm_id]))

    def _fresh(
        self, request: HttpRequest, alarm_id: UUID, now: datetime, *, refused: str = ""
    ) -> HttpResponse:
        """Return what the act has changed on the page, and tell the page that it did."""
        actor = request.actor  # type: ignore[attr-defined]
        line = selectors.open_alarm(actor, alarm_id, at=now)
        context = opened.fresh(actor, line, at=now) | {
            "done": refused or self.done,
            "kind": "unknown" if refused else "good",
            "next": safe_path(request, request.POST.get("next", "")),
        }
        response = render(request, "monitoring/alarm/done.html", context)
        response.headers["HX-Trigger"] = CHANGED
        return response


class Acknowledge(Act):
    """Take the alarm (接警)."""

    name = "acknowledge"
    done = gettext_lazy("You have it now.")

    def form(self, actor: Actor, line: AlarmLine, now: datetime, data: Any = None) -> forms.ActForm:
        return forms.TakeForm(data)

    def do(self, actor: Actor, alarm_id: UUID, given: dict[str, Any], now: datetime) -> None:
        services.acknowledge_alarm(actor=actor, alarm_id=alarm_id, at=now)


class Note(Act):
    name = "note"
    done = gettext_lazy("The note stands in the course.")

    def form(self, actor: Actor, line: AlarmLine, now: datetime, data: Any = None) -> forms.ActForm:
        return forms.NoteForm(data)

    def do(self, actor: Actor, alarm_id: UUID, given: dict[str, Any], now: datetime) -> None:
        services.note_alarm(actor=actor, alarm_id=alarm_id, text=given["text"], at=now)


class Call(Act):
    """Write down a call to the person, or to one of the contacts."""

    name = "call"
    done = gettext_lazy("The call stands in the course.")
    first = 0

    def form(self, actor: Actor, line: AlarmLine, now: datetime, data: Any = None) -> forms.ActForm:
        chosen = opened.callable_people(actor, line)
        choices = [(row.name, phrases.facts([row.words, row.phone or ""])) for row in chosen]
        whom = self.request.GET.get("to", "")
        asked = next((row.name for row in chosen if row.key == whom), None)
        first = choices[min(self.first, len(choices) - 1)][0] if choices else ""
        return forms.CallForm(data, choices=choices, initial={"called": asked or first})

    def do(self, actor: Actor, alarm_id: UUID, given: dict[str, Any], now: datetime) -> None:
        services.note_alarm(
            actor=actor,
            alarm_id=alarm_id,
            text=given["text"],
            called=given["called"],
            reached=given["reached"] == "yes",
            at=now,
        )


class Tell(Call):
    """The same, with the first contact chosen."""

    name = "tell"
    first = 1


class Assign(Act):
    name = "assign"
    done = gettext_lazy("Sent. It stands in the course.")

    def form(self, actor: Actor, line: AlarmLine, now: datetime, data: Any = None) -> forms.ActForm:
        choices = opened.staff_choices(actor, line.alarm, at=now)
        initial = {"user": choices[0][0]} if choices else {}
        return forms.AssignForm(data, choices=choices, initial=initial)

    def do(self, actor: Actor, alarm_id: UUID, given: dict[str, Any], now: datetime) -> None:
        user_id = UUID(given["user"])
        services.assign_alarm(actor=actor, alarm_id=alarm_id, user_id=user_id, at=now)


class Shelve(Act):
    name = "shelve"
    done = gettext_lazy("Set aside. It rings again at its end.")

    def form(self, actor: Actor, line: AlarmLine, now: datetime, data: Any = None) -> forms.ActForm:
        return forms.ShelveForm(data, now=now, initial={"minutes": 30})

    def do(self, actor: Actor, alarm_id: UUID, given: dict[str, Any], now: datetime) -> None:
        services.shelve_alarm(
            actor=actor,
            alarm_id=alarm_id,
            reason=given["reason"],
            until=now + timedelta(minutes=given["minutes"]),
            at=now,
        )


class Resolve(Act):
    name = "resolve"
    done = gettext_lazy("Closed. It counts for the rule's score.")

    def form(self, actor: Actor, line: AlarmLine, now: datetime, data: Any = None) -> forms.ActForm:
        return forms.ResolveForm(data)

    def do(self, actor: Actor, alarm_id: UUID, given: dict[str, Any], now: datetime) -> None:
        services.resolve_alarm(
            actor=actor, alarm_id=alarm_id, outcome=given["outcome"], note=given["note"], at=now
        )
