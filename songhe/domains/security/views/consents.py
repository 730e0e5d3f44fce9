"""The person's own pages: who sees what of me, allow, less, no more. One task a page."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.generic import View

from songhe.base.access.actor import Actor
from songhe.base.consent import recipients, services, texts
from songhe.domains.security import consent_reads
from songhe.domains.security.consent_forms import IDENTITY, LessForm, LoginForm, WhatForm
from songhe.kernel.errors import Conflict, Invalid
from songhe.kit.forms import refuse


class Mine(View):
    """Lead to the own data; who acts for several chooses; who acts for nobody sees what is open."""

    def get(self, request: HttpRequest) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        acting = consent_reads.persons_acted_for(actor)
        allowed = consent_reads.allowed_to_me(actor)
        if len(acting) == 1 and not allowed:
            return HttpResponseRedirect(reverse("security:who_sees", args=[acting[0][0].id]))
        context = {"acting": acting, "allowed": allowed}
        return render(request, "security/consents/mine.html", context)


class WhoSees(View):
    """Tell who sees what of a person, as sentences."""

    def get(self, request: HttpRequest, person_id: UUID) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        shown = consent_reads.overview(actor, person_id, at=timezone.now())
        return render(request, "security/consents/who_sees.html", {"shown": shown})


class Recipient(View):
    """What one recipient sees, and the two things that can be done about it."""

    def get(
        self, request: HttpRequest, person_id: UUID, purpose: str, recipient: str
    ) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        found = consent_reads.standing_of(actor, person_id, purpose, recipient, at=timezone.now())
        if found is None:
            return _nothing_open(request, person_id)
        shown = texts.texts_at(timezone.now())
        context = {
            "person_id": person_id,
            "standing": found,
            "classes": [shown.classes[name].words for name in found.classes],
            "can_narrow": len(found.classes) > 2,
        }
        return render(request, "security/consents/recipient.html", context)


class Less(View):
    """Choose what stays open; then see it once more; then it is so."""

    def get(
        self, request: HttpRequest, person_id: UUID, purpose: str, recipient: str
    ) -> HttpResponse:
        return self._page(request, person_id, purpose, recipient, None)

    def post(
        self, request: HttpRequest, person_id: UUID, purpose: str, recipient: str
    ) -> HttpResponse:
        return self._page(request, person_id, purpose, recipient, request.POST)

    def _page(
        self, request: HttpRequest, person_id: UUID, purpose: str, recipient: str, data: Any
    ) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        at = timezone.now()
        found = consent_reads.standing_of(actor, person_id, purpose, recipient, at=at)
        if found is None:
            return _nothing_open(request, person_id)
        shown = texts.texts_at(at)
        initial = {"keep": list(found.classes)}
        form = LessForm(data, shown=shown, classes=found.classes, initial=initial)
        context = {"person_id": person_id, "standing": found, "form": form}
        if data is None or not form.is_valid():
            status = 200 if data is None else 422
            return render(request, "security/consents/less.html", context, status=status)
        kept = form.cleaned_data["keep"]
        ended = [one for one in found.classes if one not in {*kept, IDENTITY}]
        if not ended:
            form.add_error("keep", _("Untick what should not be seen any more."))
            return render(request, "security/consents/less.html", context, status=422)
        if not kept:
            address = reverse("security:end_consent", args=[person_id, purpose, recipient])
            return HttpResponseRedirect(address)
        if request.POST.get("step") == "sure":
            return _withdrawn(request, actor, person_id, purpose, recipient, ended)
        context |= {
            "kept": kept,
            "ends": consent_reads.class_words(ended),
            "stays": consent_reads.class_words([*kept, IDENTITY]),
        }
        return render(request, "security/consents/less_sure.html", context)


class End(View):
    """Ask once, then nothing is open to this recipient any more."""

    def get(
        self, request: HttpRequest, person_id: UUID, purpose: str, recipient: str
    ) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        at = timezone.now()
        found = consent_reads.standing_of(actor, person_id, purpose, recipient, at=at)
        if found is None:
            return _nothing_open(request, person_id)
        asked = texts.texts_at(at).purposes[purpose].words
        context = {"person_id": person_id, "standing": found, "asked": asked}
        return render(request, "security/consents/end.html", context)

    def post(
        self, request: HttpRequest, person_id: UUID, purpose: str, recipient: str
    ) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        return _withdrawn(request, actor, person_id, purpose, recipient, None)


class Allow(View):
    """Choose somebody: those near her, or family by the name of the account."""

    def get(self, request: HttpRequest, person_id: UUID) -> HttpResponse:
        return self._page(request, person_id, LoginForm())

    def post(self, request: HttpRequest, person_id: UUID) -> HttpResponse:
        form = LoginForm(request.POST)
        if form.is_valid():
            try:
                named = consent_reads.choice_by_login(form.cleaned_data["login"], at=timezone.now())
            except Invalid as error:
                refuse(form, error)
            else:
                address = reverse("security:allow_what", args=[person_id, named.purpose, named.key])
                return HttpResponseRedirect(address)
        return self._page(request, person_id, form, status=422)

    def _page(
        self, request: HttpRequest, person_id: UUID, form: LoginForm, status: int = 200
    ) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        at = timezone.now()
        person, _own = consent_reads.own_person(actor, person_id, at=at)
        near = consent_reads.choices(person, at=at)
        purposes = [one for one in texts.texts_at(at).purposes.values() if one.is_optional]
        context = {
            "person_id": person_id,
            "form": form,
            "groups": [
                (one.words, [choice for choice in near if choice.purpose == one.name])
                for one in purposes
                if one.name != "family"
            ],
        }
        return render(request, "security/consents/allow.html", context, status=status)


class AllowWhat(View):
    """Choose what and how long; read what it means; say yes or no."""

    def get(
        self, request: HttpRequest, person_id: UUID, purpose: str, recipient: str
    ) -> HttpResponse:
        return self._page(request, person_id, purpose, recipient, None)

    def post(
        self, request: HttpRequest, person_id: UUID, purpose: str, recipient: str
    ) -> HttpResponse:
        if request.POST.get("step") == "no":
            return self._refuse(request, person_id, purpose, recipient)
        return self._page(request, person_id, purpose, recipient, request.POST)

    def _page(
        self, request: HttpRequest, person_id: UUID, purpose: str, recipient: str, data: Any
    ) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        at = timezone.now()
        consent_reads.own_person(actor, person_id, at=at)
        choice = consent_reads.choice_of(person_id, purpose, recipient, at=at)
        shown = texts.texts_at(at)
        asked = shown.purposes[purpose]
        form = WhatForm(data, shown=shown, purpose=asked)
        context = {"person_id": person_id, "choice": choice, "asked": asked.words, "form": form}
        if data is None or not form.is_valid():
            status = 200 if data is None else 422
            return render(request, "security/consents/allow_what.html", context, status=status)
        context |= {
            "version": shown.version,
            "classes": [
                shown.classes[name]
                for name in asked.classes
                if name in {*form.cleaned_data["classes"], IDENTITY}
            ],
            "chosen": form.cleaned_data["classes"],
            "length": form.cleaned_data["length"],
            "until": timezone.localdate(form.until(at)),
        }
        if data.get("step") != "sure":
            return render(request, "security/consents/allow_sure.html", context)
        try:
            services.give(
                actor=actor,
                person_id=person_id,
                purpose=purpose,
                classes=form.cleaned_data["classes"],
                recipient=recipients.from_key(recipient),
                text_version=data.get("version", ""),
                until=form.until(at),
                at=at,
            )
        except (Invalid, Conflict) as error:
            refuse(form, error)
            return render(
                request, "security/consents/allow_what.html", context, status=error.status
            )
        messages.success(request, _("Done. %(who)s may see it now.") % {"who": choice.name})
        return HttpResponseRedirect(reverse("security:who_sees", args=[person_id]))

    def _refuse(
        self, request: HttpRequest, person_id: UUID, purpose: str, recipient: str
    ) -> HttpResponse:
        at = timezone.now()
        services.refuse(
            actor=request.actor,  # type: ignore[attr-defined]
            person_id=person_id,
            purpose=purpose,
            recipient=recipients.from_key(recipient),
            text_version=texts.texts_at(at).version,
            at=at,
        )
        messages.success(request, _("You said no. Everything else stays as it was."))
        return HttpResponseRedirect(reverse("security:who_sees", args=[person_id]))


def _withdrawn(
    request: HttpRequest,
    actor: Actor,
    person_id: UUID,
    purpose: str,
    recipient: str,
    classes: list[str] | None,
) -> HttpResponse:
    services.withdraw(
        actor=actor,
        person_id=person_id,
        purpose=purpose,
        recipient=recipients.from_key(recipient),
        classes=classes,
        at=timezone.now(),
    )
    messages.success(request, _("Done. From this moment it cannot be seen any more."))
    return HttpResponseRedirect(reverse("security:who_sees", args=[person_id]))


def _nothing_open(request: HttpRequest, person_id: UUID) -> HttpResponse:
    messages.success(request, _("Nothing is open to this recipient any more."))
    return HttpResponseRedirect(reverse("security:who_sees", args=[person_id]))
