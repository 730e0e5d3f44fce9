"""Help at once: sending from an alarm or an order, the board, one order, the emergency card."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _
from django.views.generic import View

from songhe.base.access import policies
from songhe.base.outside import emergency
from songhe.domains.dispatch import (
    card,
    map_reads,
    own_calls,
    own_reads,
    own_words,
    panels,
    proof_reads,
    rescue_reads,
    selectors,
    services,
    terms,
)
from songhe.domains.dispatch.selectors import Order
from songhe.domains.dispatch.services.doors import kept_homes
from songhe.domains.dispatch.services.telling_alarms import alarm_of
from songhe.domains.monitoring import panels as alarm_panels
from songhe.domains.monitoring import selectors as alarms
from songhe.domains.people import selectors as people
from songhe.domains.people.selectors import PersonView
from songhe.engines.workflow.engine import ReasonNeeded
from songhe.kernel.errors import Conflict, Invalid, NotFound, SongheError, Unavailable
from songhe.kit.asks import wants_fragment


def _words(error: SongheError) -> str:
    return _(error.message) % error.params


class Help(View):
    """Who helps at an alarm, alone: asked for again whenever something of it changes."""

    def get(self, request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
        return self.piece(request, id)

    def piece(self, request: HttpRequest, pk: UUID, error: str = "") -> HttpResponse:
        context = self.context(request, pk)
        if context is None:
            return HttpResponse(status=204)
        context |= {"error": error}
        status = 422 if error else 200
        return render(request, "dispatch/panels/help.html", context, status=status)

    def context(self, request: HttpRequest, pk: UUID) -> dict[str, Any] | None:
        return panels.help_context(request.actor, pk, at=timezone.now())  # type: ignore[attr-defined]


class Send(Help):
    """Ask a worker to go to the person of an alarm, now."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
        error = ""
        self.context(request, id)  # what is not open is as if absent, whatever is sent
        try:
            self.send(request, id, UUID(request.POST.get("worker", "")))
        except (Conflict, Invalid) as refused:
            error = _words(refused)
        except ValueError:
            error = _("Please choose whom to send.")
        if wants_fragment(request):
            return self.piece(request, id, error)
        if error:
            messages.error(request, error)
        else:
            messages.success(request, _("Asked. Without an answer the next one is."))
        return HttpResponseRedirect(self.back(id))

    def send(self, request: HttpRequest, pk: UUID, worker: UUID) -> None:
        services.send_to_alarm(
            actor=request.actor,  # type: ignore[attr-defined]
            alarm_id=pk,
            worker_id=worker,
            at=timezone.now(),
        )

    def back(self, pk: UUID) -> str:
        return reverse("desk:alarm", args=[pk])


class OrderHelp(Help):
    """The same of an order that came from no alarm."""

    def context(self, request: HttpRequest, pk: UUID) -> dict[str, Any] | None:
        actor, now = request.actor, timezone.now()  # type: ignore[attr-defined]
        return panels.order_context(actor, selectors.get_order(actor, pk, at=now), at=now)


class SendOrder(OrderHelp, Send):
    """Ask a worker to go on an order, now."""

    http_method_names = ["post"]

    def send(self, request: HttpRequest, pk: UUID, worker: UUID) -> None:
        services.send(
            actor=request.actor,  # type: ignore[attr-defined]
            order_id=pk,
            worker_id=worker,
            at=timezone.now(),
        )

    def back(self, pk: UUID) -> str:
        return reverse("dispatch:order", args=[pk])


class CallBack(OrderHelp):
    """Tell a helper who is not there yet that she need not go."""

    http_method_names = ["post"]

    def context(self, request: HttpRequest, pk: UUID) -> dict[str, Any] | None:
        """Return the panel of the page where it was pressed: the alarm's, or the order's."""
        actor, now = request.actor, timezone.now()  # type: ignore[attr-defined]
        alarm_id = alarm_of(selectors.get_order(actor, pk, at=now))
        if alarm_id is not None and request.POST.get("on") == "alarm":
            return panels.help_context(actor, alarm_id, at=now)
        return super().context(request, pk)

    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
        error, now = "", timezone.now()
        self.context(request, id)  # what is not open is as if absent, whatever is sent
        try:
            services.call_back(
                actor=request.actor,  # type: ignore[attr-defined]
                order_id=id,
                worker_id=UUID(request.POST.get("worker", "")),
                at=now,
            )
        except (Conflict, Invalid) as refused:
            error = _words(refused)
        except ValueError:
            error = _("Please choose whom to call back.")
        if wants_fragment(request):
            return self.piece(request, id, error)
        if error:
            messages.error(request, error)
        return HttpResponseRedirect(reverse("dispatch:order", args=[id]))


class CallOff(View):
    """End a help that nobody needs any more, with a reason."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
        actor, now = request.actor, timezone.now()  # type: ignore[attr-defined]
        reason = request.POST.get("reason", "").strip()
        selectors.get_order(actor, id, at=now)  # what is not open is as if absent
        try:
            if not reason:
                raise ReasonNeeded
            services.call_off_rescue(actor=actor, order_id=id, reason=reason[:200], at=now)
        except (Conflict, Invalid) as refused:
            messages.error(request, _words(refused))
        return HttpResponseRedirect(reverse("dispatch:order", args=[id]))


class Board(View):
    """Every rescue that runs, with its clock; of all communities or of one, and where they are."""

    def get(self, request: HttpRequest) -> HttpResponse:
        actor, now = request.actor, timezone.now()  # type: ignore[attr-defined]
        place = request.GET.get("place", "")
        every = rescue_reads.running(actor, at=now)
        shown = [one for one in every if one.order.region_code.startswith(place)]
        context = {
            "rescues": shown,
            "own_calls": own_calls.standing(actor, at=now),
            "total": len(every),
            "places": rescue_reads.by_place(every),
            "place": place,
            "may_call": actor.may(terms.MAKE),
            "now": now,
        }
        piece = request.GET.get("piece") if wants_fragment(request) else None
        if piece == "list":
            return render(request, "dispatch/rescue_list.html", context)
        persons = people.person_views(actor, [one.order.person_id for one in shown])
        context["map"] = map_reads.board_map(actor, shown, persons, at=now)
        name = "dispatch/rescue_side.html" if piece else "dispatch/rescues.html"
        return render(request, name, context)


class OrderPage(View):
    """One order: whom it is for, who goes, what happened."""

    def get(self, request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
        actor, now = request.actor, timezone.now()  # type: ignore[attr-defined]
        order = selectors.get_order(actor, id, at=now)
        persons = people.person_views(actor, [order.person_id])
        context = {
            "order": order,
            "person": persons.get(order.person_id),
            "course": rescue_reads.course(order, at=now),
            "address": card.address_of(order, persons[order.person_id])
            if order.person_id in persons
            else "",
            "emergency": selectors.emergency_of(order),
            "told": proof_reads.told_of(
                order, fields=_fields(persons.get(order.person_id)), at=now
            ),
            "alarm_id": alarm_of(order),
            "note": own_reads.opened(order.note_sealed, Order.NOTE, order.pk)
            if "notes" in _fields(persons.get(order.person_id))
            else "",
            "may_door": order.home_id
            in kept_homes(actor, [order.home_id] if order.home_id else []),
            "what": own_words.title(order) if order.item_id else "",
            "is_open": order.state in terms.OPEN_ORDERS,
            "may_card": actor.may(terms.EMERGENCY) and order.kind == terms.OrderKind.RESCUE,
        }
        context |= panels.order_context(actor, order, at=now)
        if order.kind == terms.OrderKind.RESCUE and order.state in terms.OPEN_ORDERS:
            context["may_call_off"] = actor.may(terms.SEND) and policies.can(
                actor, terms.CANCEL, order
            )
            if context["person"] is not None and actor.may(terms.VIEW_PERSON):
                with suppress(NotFound):
                    context["about"] = _about(actor, order.person_id, at=now)
            context["plan"] = _plan(actor, order, persons.get(order.person_id), at=now)
        return render(request, "dispatch/order.html", context)


def _about(actor: Any, person_id: UUID, *, at: datetime) -> dict[str, Any]:
    """Return what one must know of who called, as far as it is open; the read is audited."""
    person = people.get_person(actor, person_id, at=at)
    age = person.age(timezone.localdate(at))
    who = [alarm_panels.sex_words(person), str(age) if age is not None else "",
           alarm_panels.living_words(person)]  # fmt: skip
    sees = "health" in person.fields
    return {
        "who": alarm_panels.facts(filter(None, who)),
        "phone": people.phone_of(person),
        "facts": people.facts_of([person.id], at=at).get(person.id, []) if sees else [],
        "contacts": people.contacts_of(actor, person)[:4],
    }


def _plan(actor: Any, order: Any, person: PersonView | None, *, at: datetime) -> SafeString:
    """Draw the home of an order with the room of its alarm; empty where it is not open."""
    pk, room_id = alarm_of(order), None
    if person is None:
        return SafeString("")
    if pk is not None:
        with suppress(NotFound):
            room_id = alarms.get_alarm(actor, pk).room_id
    return alarm_panels.home_picture(order.home, [person], room_id=room_id, at=at)


def _fields(person: PersonView | None) -> frozenset[str]:
    """Return the classes of fields of a person that are open."""
    return person.fields if person is not None else frozenset()


def _html(language: str | None) -> str:
    return "zh-Hans" if (language or "").startswith("zh") else "en"


class CardOfAlarm(Help):
    """The card of an alarm to which nobody was sent yet: the order for help is made with it."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
        actor, now = request.actor, timezone.now()  # type: ignore[attr-defined]
        try:
            order = services.order_of_alarm(actor=actor, alarm_id=id, at=now)
        except (Conflict, Invalid) as refused:
            messages.error(request, _words(refused))
            return HttpResponseRedirect(reverse("desk:alarm", args=[id]))
        return HttpResponseRedirect(reverse("dispatch:card", args=[order.pk]))


class Card(View):
    """The summary card for an emergency crew, to send or to read aloud."""

    def get(self, request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
        return self._show(request, id)

    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
        actor, now = request.actor, timezone.now()  # type: ignore[attr-defined]
        try:
            services.tell_emergency(
                actor=actor, order_id=id, at=now, by_phone=request.POST.get("how") == "phone"
            )
        except (Conflict, Unavailable) as error:
            return self._show(request, id, error=_words(error))
        messages.success(request, _("Written down: the emergency centre knows."))
        return HttpResponseRedirect(reverse("dispatch:order", args=[id]))

    def _show(self, request: HttpRequest, pk: UUID, *, error: str = "") -> HttpResponse:
        actor, now = request.actor, timezone.now()  # type: ignore[attr-defined]
        order = selectors.get_order(actor, pk, at=now)
        asked = request.GET.get("in", "")
        language = asked if asked in dict(settings.LANGUAGES) else get_language()
        with override(language):
            made = card.card_of(actor, order, alarm_id=alarm_of(order), at=now)
            text, shown = made.text(), {"card": made, "lang": _html(language)}
            sheet = render_to_string("dispatch/card_sheet.html", shown)
        context = {
            "order": order,
            "text": text,
            "sheet": sheet,
            "language": language,
            "languages": [(code, name) for code, name in settings.LANGUAGES if code != language],
            "told": selectors.emergency_of(order),
            "can_report": emergency.can_report(),
            "error": error,
        }
        return render(request, "dispatch/card.html", context, status=409 if error else 200)
