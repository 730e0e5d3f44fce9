"""Pages of staff who record what people said: words of a person, papers, guardians."""

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
from songhe.base.consent import texts
from songhe.base.consent.terms import Giver, GuardianPaper
from songhe.domains.people import panels as people_panels
from songhe.domains.security import consent_acts, consent_reads, consent_record_reads
from songhe.domains.security.consent_forms import (
    AccountForm,
    EndForm,
    GuardianForm,
    RecordForm,
    end_of,
)
from songhe.kernel.errors import Conflict, Denied, Invalid
from songhe.kit.forms import KitForm, refuse

SELF = Giver.SELF.value


class Records(View):
    """What a person said, now and before, and who acts for her."""

    def get(self, request: HttpRequest, person_id: UUID) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        at = timezone.now()
        person, now, before, guardians = consent_record_reads.records(actor, person_id, at=at)
        context = {
            "frame": people_panels.frame(request, person_id, "consents"),
            "person": person,
            "now": now,
            "before": before,
            "guardians": [(line, GuardianPaper(line.paper_kind).label) for line in guardians],
        }
        return render(request, "security/consents/records.html", context)


class Record(View):
    """Enter what a person said."""

    def get(self, request: HttpRequest, person_id: UUID) -> HttpResponse:
        return self._page(request, person_id, self._form(request, person_id, None))

    def post(self, request: HttpRequest, person_id: UUID) -> HttpResponse:
        form = self._form(request, person_id, request.POST)
        if not form.is_valid():
            return self._page(request, person_id, form, status=422)
        given = form.cleaned_data
        try:
            consent_acts.record(
                actor=request.actor,  # type: ignore[attr-defined]
                person_id=person_id,
                choice=given["recipient"],
                login=given["login"],
                classes=given["classes"],
                until=end_of(given["until"]),
                channel=given["channel"],
                guardianship_id=_guardianship(given["giver"]),
                paper=given["paper"].read() if given["paper"] else None,
                witness=given["witness"],
                at=timezone.now(),
            )
        except (Invalid, Conflict, Denied) as error:
            refuse(form, error)
            return self._page(request, person_id, form, status=error.status)
        messages.success(request, _("Recorded. It holds from now on."))
        return HttpResponseRedirect(reverse("security:consent_records", args=[person_id]))

    def _form(self, request: HttpRequest, person_id: UUID, data: Any) -> RecordForm:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        at = timezone.now()
        person, _now, _before, _guardians = consent_record_reads.records(actor, person_id, at=at)
        shown = texts.texts_at(at)
        near = [
            (
                f"{one.purpose}/{one.key}",
                f"{shown.purposes[one.purpose].words.name} · {one.name} {one.second}".strip(),
            )
            for one in consent_reads.choices(person, at=at)
        ]
        return RecordForm(
            data,
            request.FILES or None,
            shown=shown,
            recipients=near,
            givers=_givers(request, person_id),
            initial={"giver": SELF},
        )

    def _page(
        self, request: HttpRequest, person_id: UUID, form: RecordForm, status: int = 200
    ) -> HttpResponse:
        shown = texts.texts_at(timezone.now())
        context = {
            "frame": people_panels.frame(request, person_id, "consents"),
            "form": form,
            "asked": [one.words for one in shown.purposes.values() if one.is_optional],
            "version": shown.version,
        }
        return render(request, "security/consents/record.html", context, status=status)


class RecordEnd(View):
    """Enter that a person withdrew what a recipient may see."""

    def get(
        self, request: HttpRequest, person_id: UUID, purpose: str, recipient: str
    ) -> HttpResponse:
        form = EndForm(givers=_givers(request, person_id), initial={"giver": SELF})
        return self._page(request, person_id, purpose, recipient, form)

    def post(
        self, request: HttpRequest, person_id: UUID, purpose: str, recipient: str
    ) -> HttpResponse:
        givers = _givers(request, person_id)
        form = EndForm(request.POST, request.FILES or None, givers=givers)
        if not form.is_valid():
            return self._page(request, person_id, purpose, recipient, form, status=422)
        given = form.cleaned_data
        try:
            consent_acts.record_end(
                actor=request.actor,  # type: ignore[attr-defined]
                person_id=person_id,
                purpose=purpose,
                key=recipient,
                channel=given["channel"],
                guardianship_id=_guardianship(given["giver"]),
                paper=given["paper"].read() if given["paper"] else None,
                witness=given["witness"],
                at=timezone.now(),
            )
        except (Invalid, Conflict, Denied) as error:
            refuse(form, error)
            return self._page(request, person_id, purpose, recipient, form, status=error.status)
        messages.success(request, _("Done. From this moment it cannot be seen any more."))
        return HttpResponseRedirect(reverse("security:consent_records", args=[person_id]))

    def _page(
        self,
        request: HttpRequest,
        person_id: UUID,
        purpose: str,
        recipient: str,
        form: KitForm,
        status: int = 200,
    ) -> HttpResponse:
        standing = consent_reads.given_to(person_id, purpose, recipient, at=timezone.now())
        if standing is None:
            messages.success(request, _("Nothing is open to this recipient any more."))
            return HttpResponseRedirect(reverse("security:consent_records", args=[person_id]))
        context = {
            "frame": people_panels.frame(request, person_id, "consents"),
            "form": form,
            "standing": standing,
        }
        return render(request, "security/consents/record_end.html", context, status=status)


class Guardian(View):
    """Enter who acts for a person, with the paper."""

    def get(self, request: HttpRequest, person_id: UUID) -> HttpResponse:
        return self._page(request, person_id, GuardianForm())

    def post(self, request: HttpRequest, person_id: UUID) -> HttpResponse:
        form = GuardianForm(request.POST, request.FILES or None)
        if not form.is_valid():
            return self._page(request, person_id, form, status=422)
        given = form.cleaned_data
        try:
            consent_acts.appoint_guardian(
                actor=request.actor,  # type: ignore[attr-defined]
                person_id=person_id,
                login=given["guardian"],
                paper_kind=given["paper_kind"],
                paper_number=given["paper_number"],
                paper_from=given["paper_from"],
                paper_until=given["paper_until"],
                paper=given["paper"].read(),
                at=timezone.now(),
            )
        except (Invalid, Conflict, Denied) as error:
            refuse(form, error)
            return self._page(request, person_id, form, status=error.status)
        messages.success(request, _("The guardian can act from now on."))
        return HttpResponseRedirect(reverse("security:consent_records", args=[person_id]))

    def _page(
        self, request: HttpRequest, person_id: UUID, form: GuardianForm, status: int = 200
    ) -> HttpResponse:
        consent_record_reads.records(request.actor, person_id, at=timezone.now())  # type: ignore[attr-defined]
        context = {"frame": people_panels.frame(request, person_id, "consents"), "form": form}
        return render(request, "security/consents/guardian.html", context, status=status)


class Account(View):
    """Open an account for a person herself or for one of her family; the secret is told once."""

    def get(self, request: HttpRequest, person_id: UUID) -> HttpResponse:
        return self._page(request, person_id, {"form": AccountForm()})

    def post(self, request: HttpRequest, person_id: UUID) -> HttpResponse:
        form = AccountForm(request.POST)
        if not form.is_valid():
            return self._page(request, person_id, {"form": form}, status=422)
        given = form.cleaned_data
        try:
            secret = consent_acts.open_own_account(
                actor=request.actor,  # type: ignore[attr-defined]
                person_id=person_id,
                is_own=given["whose"] == "own",
                login=given["login"],
                display_name=given["display_name"],
                phone=given["phone"],
                at=timezone.now(),
            )
        except (Invalid, Conflict, Denied) as error:
            refuse(form, error)
            return self._page(request, person_id, {"form": form}, status=error.status)
        told = {"secret": secret, "login": given["login"].strip().lower()}
        return self._page(request, person_id, told)

    def _page(
        self, request: HttpRequest, person_id: UUID, more: dict[str, Any], status: int = 200
    ) -> HttpResponse:
        consent_record_reads.records(request.actor, person_id, at=timezone.now())  # type: ignore[attr-defined]
        context = {"frame": people_panels.frame(request, person_id, "consents"), **more}
        return render(request, "security/consents/account.html", context, status=status)


class EndGuardian(View):
    """End what a guardian does."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, person_id: UUID, guardianship_id: UUID) -> HttpResponse:
        consent_acts.end_guardian(
            actor=request.actor,  # type: ignore[attr-defined]
            person_id=person_id,
            guardianship_id=guardianship_id,
            at=timezone.now(),
        )
        messages.success(request, _("The guardian acts no more."))
        return HttpResponseRedirect(reverse("security:consent_records", args=[person_id]))


class Paper(View):
    """Hand out a scanned paper; it is never drawn inside a page of ours."""

    def get(self, request: HttpRequest, paper_id: UUID) -> HttpResponse:
        media_type, body = consent_acts.read_paper(
            actor=request.actor,  # type: ignore[attr-defined]
            paper_id=paper_id,
            at=timezone.now(),
        )
        ending = media_type.rpartition("/")[2].replace("jpeg", "jpg")
        response = HttpResponse(body, content_type=media_type)
        response["Content-Disposition"] = f'attachment; filename="paper-{paper_id}.{ending}"'
        response["Content-Security-Policy"] = "sandbox"
        response["Cache-Control"] = "no-store"
        return response


def _givers(request: HttpRequest, person_id: UUID) -> list[tuple[str, str]]:
    """Return whose word it can be: her own, or that of who acts for her now."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    _person, _now, _before, guardians = consent_record_reads.records(
        actor, person_id, at=timezone.now()
    )
    acting = [(str(line.id), line.name) for line in guardians if line.is_acting]
    named = [(pk, _("%(name)s, guardian") % {"name": name}) for pk, name in acting]
    return [(SELF, _("the person herself")), *named]


def _guardianship(giver: str) -> UUID | None:
    return None if giver == SELF else UUID(giver)
