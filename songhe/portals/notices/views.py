"""One's own notices: the list, one of them, what one wishes, the browsers in which one is told."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.staticfiles import finders
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import View

from songhe.base.notify import proofs, selectors, services, subscriptions
from songhe.kernel.errors import Invalid, NotFound
from songhe.kit.asks import actor_of
from songhe.kit.errors import sentence
from songhe.kit.forms import refuse
from songhe.kit.hardening import BARE_POLICY
from songhe.portals.family.views import is_elder
from songhe.portals.notices import bell
from songhe.portals.notices.forms import WishesForm
from songhe.portals.notices.rows import TellingTable, row_of, telling_of
from songhe.portals.signin.agents import words_of

PER_PAGE = 30
_WORKER = "kit/push_worker.js"
_TOKEN_BYTES = 300


def _show(request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
    """Return a page as it fits the reader: large and still for an older person."""
    for_elder = is_elder(request, actor_of(request))
    file = f"notices/{'elder_' if for_elder else ''}{name}.html"
    return render(request, file, context | {"is_elder": for_elder})


class NoticeList(View):
    """The actor's notices, newest first; unread ones say so."""

    def get(self, request: HttpRequest) -> HttpResponse:
        actor = actor_of(request)
        only_unread = request.GET.get("show") == "unread"
        rows = selectors.notices_of(actor, only_unread=only_unread)
        page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
        context = {
            "page_obj": page,
            "rows": [row_of(notice, actor) for notice in page],
            "tabs": [
                (_("All"), reverse("notices:list"), not only_unread),
                (_("Unread"), reverse("notices:list") + "?show=unread", only_unread),
            ],
            "only_unread": only_unread,
            "unread": selectors.unread_count(actor),
            "until": timezone.now().isoformat(),
        }
        return _show(request, "list", context)


class OpenNotice(View):
    """One notice in full; opening it is the proof that its user was reached."""

    def get(self, request: HttpRequest, notice_id: UUID) -> HttpResponse:
        actor, now = actor_of(request), timezone.now()
        notice = services.open_notice(actor=actor, notice_id=notice_id, at=now)
        told = [telling_of(one, at=now) for one in selectors.deliveries_of_notice(notice)]
        context = {
            "row": row_of(notice, actor),
            "table": TellingTable(request, told),
            "crumbs": [(_("Notices"), reverse("notices:list")), (_("Notice"), "")],
            "back": reverse("notices:list"),
        }
        return _show(request, "open", context)


class ReadAll(View):
    """Mark everything that the page showed as read; what came since stays unread."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        now = timezone.now()
        until = _moment(request.POST.get("until", "")) or now
        services.read_all(actor=actor_of(request), until=min(until, now), at=now)
        return redirect("notices:list")


class Bell(View):
    """The bell alone, for an open page."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse(bell.panel(request))


class Wishes(View):
    """Quiet hours, language, and the browsers in which one is told."""

    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest) -> HttpResponse:
        wanted = selectors.preference_of(actor_of(request))
        return self._page(request, WishesForm(initial=WishesForm.begin(wanted)))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = WishesForm(request.POST)
        if not form.is_valid():
            return self._page(request, form, status=422)
        try:
            services.set_preference(
                actor=actor_of(request),
                is_quiet=form.cleaned_data["is_quiet"],
                start=form.cleaned_data["quiet_from"],
                end=form.cleaned_data["quiet_until"],
                language=form.cleaned_data["language"],
                at=timezone.now(),
            )
        except Invalid as error:
            refuse(form, error)
            return self._page(request, form, status=error.status)
        messages.success(request, _("Your wishes are kept."))
        return redirect("notices:wishes")

    def _page(self, request: HttpRequest, form: WishesForm, status: int = 200) -> HttpResponse:
        context = {
            "form": form,
            "browsers": [
                (one, words_of(one.agent)) for one in selectors.browsers_of(actor_of(request))
            ],
            "push_key": subscriptions.public_key(at=timezone.now()),
            "crumbs": [(_("Notices"), reverse("notices:list")), (_("How I am told"), "")],
        }
        return render(request, "notices/wishes.html", context, status=status)


class Subscribe(View):
    """Tell the actor in this browser from now on."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        try:
            subscriptions.subscribe(
                actor=actor_of(request),
                endpoint=request.POST.get("endpoint", ""),
                p256dh=request.POST.get("p256dh", ""),
                auth=request.POST.get("auth", ""),
                agent=request.headers.get("User-Agent", ""),
                at=timezone.now(),
            )
        except Invalid as error:
            messages.error(request, sentence(error))
        else:
            messages.success(request, _("This browser tells you from now on."))
        return redirect("notices:wishes")


class Unsubscribe(View):
    """Tell the actor in one browser no more."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, browser_id: UUID) -> HttpResponse:
        subscriptions.unsubscribe(
            actor=actor_of(request), subscription_id=browser_id, at=timezone.now()
        )
        messages.success(request, _("That browser tells you no more."))
        return HttpResponseRedirect(reverse("notices:wishes"))


@method_decorator(csrf_exempt, name="dispatch")
class Seen(View):
    """Take the word of a service worker that it showed a notice; the signed token is the proof.

    Public: a browser may show a notice while nobody is signed in.
    """

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        if request.content_type != "text/plain":  # a form's body would be read already
            raise proofs.BadToken
        proofs.take(request.body[:_TOKEN_BYTES].decode("ascii", "replace"), at=timezone.now())
        return HttpResponse(status=204)


class Worker(View):
    """The service worker that shows notices; served here, for static files may ask for nothing."""

    def get(self, request: HttpRequest) -> HttpResponse:
        path = finders.find(_WORKER)
        if path is None:
            raise NotFound
        with open(path, "rb") as script:
            body = script.read()
        return HttpResponse(
            body,
            content_type="text/javascript; charset=utf-8",
            headers={
                "Content-Security-Policy": f"{BARE_POLICY}; connect-src 'self'",
                "Cache-Control": "no-cache",
            },
        )


def _moment(text: str) -> datetime | None:
    try:
        found = parse_datetime(text)
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None
