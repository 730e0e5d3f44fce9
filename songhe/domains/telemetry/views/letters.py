"""Messages that were not taken: list, one message, replay, put aside."""

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
from songhe.domains.telemetry import selectors, services
from songhe.domains.telemetry.forms import LetterFilter, ReasonForm
from songhe.domains.telemetry.tables import LetterTable
from songhe.domains.telemetry.terms import HANDLE_LETTER, LetterState, reason_word
from songhe.kernel.errors import Invalid
from songhe.kit.forms import refuse


class LetterList(View):
    """List the messages that were not taken, newest first."""

    def get(self, request: HttpRequest) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        form = LetterFilter(request.GET or None)
        asked = form.asked
        table = LetterTable(request, selectors.list_letters(actor, **asked))
        context = {"form": form, "table": table, "narrowed": any(asked.values())}
        return render(request, "telemetry/letter_list.html", context)


class Letter(View):
    """Show one message: why it was not taken, and its payload as plain text."""

    def get(self, request: HttpRequest, letter_id: UUID) -> HttpResponse:
        return show(request, letter_id, ReasonForm())


def show(
    request: HttpRequest, letter_id: UUID, form: ReasonForm, status: int = 200
) -> HttpResponse:
    """Return the page of one message; the look is audited."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    view = selectors.get_letter(actor, letter_id, at=timezone.now())
    state = view.letter.state
    can = actor.may(HANDLE_LETTER)
    context = {
        "view": view,
        "letter": view.letter,
        "reason": reason_word(view.letter.reason),
        "state": LetterState(state).label,
        "form": form,
        "can_replay": can and state in {LetterState.NEW, LetterState.DISMISSED},
        "can_dismiss": can and state == LetterState.NEW,
        "crumbs": [
            (_("Messages not taken"), reverse("telemetry:letter_list")),
            (reason_word(view.letter.reason), ""),
        ],
    }
    return render(request, "telemetry/letter.html", context, status=status)


class Replay(View):
    """Ask the gateway to take a message again."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, letter_id: UUID) -> HttpResponse:
        services.replay_letter(
            actor=request.actor,  # type: ignore[attr-defined]
            letter_id=letter_id,
            at=timezone.now(),
        )
        messages.success(request, _("The gateway was asked to take the message again."))
        return HttpResponseRedirect(reverse("telemetry:letter", args=[letter_id]))


class Dismiss(View):
    """Put a message aside, with the reason."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, letter_id: UUID) -> HttpResponse:
        form = ReasonForm(request.POST)
        if form.is_valid():
            try:
                services.dismiss_letter(
                    actor=request.actor,  # type: ignore[attr-defined]
                    letter_id=letter_id,
                    reason=form.cleaned_data["reason"],
                    at=timezone.now(),
                )
            except Invalid as error:
                refuse(form, error)
            else:
                messages.success(request, _("The message is put aside."))
                return HttpResponseRedirect(reverse("telemetry:letter_list"))
        return show(request, letter_id, form, status=422)
