"""Pages of requests about personal data: a person's own, and those of who handles them."""

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

from songhe.domains.people import selectors as people
from songhe.domains.security import copies, erasures, jobs, request_reads, services
from songhe.domains.security.request_forms import AnswerForm, AskForm, RecordForm, RefuseForm
from songhe.domains.security.terms import RequestKind
from songhe.domains.security.workflow import HANDLE, LIST, MAKE, RECORD
from songhe.kernel.errors import Conflict, Invalid, NotFound
from songhe.kit.asks import actor_of
from songhe.kit.forms import refuse


def _to(name: str, *args: Any) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse(f"security:{name}", args=args))


def _archive(body: bytes) -> HttpResponse:
    response = HttpResponse(body, content_type="application/zip")
    name = f"songhe-{timezone.localdate():%Y%m%d}.zip"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response


class OwnRequests(View):
    """What a person can ask about her own data, and what she has asked."""

    def get(self, request: HttpRequest) -> HttpResponse:
        actor = actor_of(request)
        context = {
            "lines": request_reads.own_requests(actor, at=timezone.now()),
            "persons": request_reads.own(actor),
        }
        return render(request, "security/requests/own.html", context)


class Ask(View):
    """One question: yes, and in her own words where words are needed."""

    def get(self, request: HttpRequest, person_id: UUID, request_kind: str) -> HttpResponse:
        return self._page(request, person_id, request_kind, AskForm())

    def post(self, request: HttpRequest, person_id: UUID, request_kind: str) -> HttpResponse:
        form = AskForm(request.POST)
        if not form.is_valid():
            return self._page(request, person_id, request_kind, form)
        try:
            row = services.make_request(
                actor=actor_of(request),
                person_id=person_id,
                kind=_kind(request_kind),
                words=form.cleaned_data["words"],
                at=timezone.now(),
            )
        except (Invalid, Conflict) as error:
            refuse(form, error)
            return self._page(request, person_id, request_kind, form)
        return _to("own_request", row.pk)

    def _page(
        self, request: HttpRequest, person_id: UUID, request_kind: str, form: AskForm
    ) -> HttpResponse:
        whom = [one for one in request_reads.own(actor_of(request)) if one.id == person_id]
        if not whom:
            raise services.NoSuchRequest
        context = {
            "form": form,
            "kind": _kind(request_kind),
            "person": whom[0],
            "needs_words": _kind(request_kind) in services.NEEDS_WORDS,
        }
        status = 422 if form.errors else 200
        return render(request, "security/requests/ask.html", context, status=status)


def _kind(text: str) -> RequestKind:
    try:
        return RequestKind(text)
    except ValueError:
        raise NotFound from None


class OwnRequest(View):
    """How far one's own request is, its answer, the way back."""

    def get(self, request: HttpRequest, request_id: UUID) -> HttpResponse:
        line = request_reads.request(actor_of(request), request_id, at=timezone.now(), action=MAKE)
        return render(request, "security/requests/own_one.html", {"line": line})


class TakeBack(View):
    """Take one's own request back."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, request_id: UUID) -> HttpResponse:
        services.take_back(actor=actor_of(request), request_id=request_id, at=timezone.now())
        messages.success(request, _("Your request is taken back. Nothing happens."))
        return _to("own_requests")


class OwnCopy(View):
    """Download one's own copy."""

    def get(self, request: HttpRequest, request_id: UUID) -> HttpResponse:
        return _archive(copies.copy_of(actor_of(request), request_id, MAKE, at=timezone.now()))


class RequestList(View):
    """What is to be handled, the most urgent first."""

    def get(self, request: HttpRequest) -> HttpResponse:
        actor, ended = actor_of(request), request.GET.get("ended") == "1"
        context = {
            "lines": request_reads.requests(actor, at=timezone.now(), ended=ended),
            "ended": ended,
        }
        return render(request, "security/requests/list.html", context)


class RequestPage(View):
    """One request: what is asked, by when, what was done."""

    def get(self, request: HttpRequest, request_id: UUID) -> HttpResponse:
        return _request_page(request, request_id, AnswerForm(), RefuseForm())


def _request_page(
    request: HttpRequest, request_id: UUID, answer: AnswerForm, no: RefuseForm
) -> HttpResponse:
    actor, now = actor_of(request), timezone.now()
    line = request_reads.request(actor, request_id, at=now)
    may = actor.may(HANDLE)
    erasure = line.erasure
    context = {
        "line": line,
        "answer": answer,
        "refuse": no,
        "may_handle": may,
        "plan": erasures.plan_of(actor, line.request, at=now)
        if may and line.is_open and line.request.kind == RequestKind.ERASURE
        else None,
        "certificate": erasures.certificate_of(erasure)
        if erasure is not None and erasure.certificate
        else None,
    }
    status = 422 if answer.errors or no.errors else 200
    return render(request, "security/requests/one.html", context, status=status)


class TakeRequest(View):
    """Begin to handle a request."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, request_id: UUID) -> HttpResponse:
        services.take(actor=actor_of(request), request_id=request_id, at=timezone.now())
        return _to("request", request_id)


class AnswerRequest(View):
    """Answer a request."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, request_id: UUID) -> HttpResponse:
        form = AnswerForm(request.POST)
        if form.is_valid():
            try:
                services.finish(
                    actor=actor_of(request),
                    request_id=request_id,
                    answer=form.cleaned_data["answer"],
                    at=timezone.now(),
                )
            except Invalid as error:
                refuse(form, error)
        if form.errors:
            return _request_page(request, request_id, form, RefuseForm())
        messages.success(request, _("The request is answered."))
        return _to("request", request_id)


class RefuseRequest(View):
    """Refuse a request, with the reason."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, request_id: UUID) -> HttpResponse:
        form = RefuseForm(request.POST)
        if form.is_valid():
            try:
                services.refuse(
                    actor=actor_of(request),
                    request_id=request_id,
                    reason=form.cleaned_data["reason"],
                    at=timezone.now(),
                )
            except Invalid as error:
                refuse(form, error)
        if form.errors:
            return _request_page(request, request_id, AnswerForm(), form)
        messages.success(request, _("The request is refused; the person reads the reason."))
        return _to("request", request_id)


class ErasePerson(View):
    """Let the data of a taken request be erased."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, request_id: UUID) -> HttpResponse:
        erasures.ask_erasure(
            actor=actor_of(request),
            request_id=request_id,
            at=timezone.now(),
            defer=lambda pk: jobs.erase.defer(erasure_id=str(pk)),
        )
        return _to("request", request_id)


class RequestCopy(View):
    """Download a copy to hand it to who asked on paper."""

    def get(self, request: HttpRequest, request_id: UUID) -> HttpResponse:
        return _archive(copies.copy_of(actor_of(request), request_id, HANDLE, at=timezone.now()))


class RecordRequest(View):
    """Enter a request that came on paper."""

    def get(self, request: HttpRequest, person_id: UUID) -> HttpResponse:
        return self._page(request, person_id, RecordForm())

    def post(self, request: HttpRequest, person_id: UUID) -> HttpResponse:
        form = RecordForm(request.POST)
        if form.is_valid():
            try:
                services.record_request(
                    actor=actor_of(request),
                    person_id=person_id,
                    at=timezone.now(),
                    **form.cleaned_data,
                )
            except (Invalid, Conflict) as error:
                refuse(form, error)
        if form.errors:
            return self._page(request, person_id, form)
        messages.success(request, _("The request is entered; who handles it is told."))
        return _to("request_list") if actor_of(request).may(LIST) else HttpResponseRedirect("/")

    def _page(self, request: HttpRequest, person_id: UUID, form: RecordForm) -> HttpResponse:
        context = {
            "form": form,
            "person": people.choose_person(actor_of(request), RECORD, person_id),
        }
        status = 422 if form.errors else 200
        return render(request, "security/requests/record.html", context, status=status)
