"""Signing in at the outside provider, and linking the own account with it."""

from __future__ import annotations

from dataclasses import asdict

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.generic import View

from songhe.base.access.sign_ins import link_identity, unlink_identity
from songhe.base.outside import identity
from songhe.kernel.errors import SongheError
from songhe.kit.errors import sentence
from songhe.portals.signin import services
from songhe.portals.signin.views.ways import address_of, enter, target_of, user_of

ENTRY = "asked_outside"
KEPT_S = 900
SIGN_IN, LINK = "sign_in", "link"


def _begin(request: HttpRequest, purpose: str, target: str) -> HttpResponse:
    if not settings.OIDC_ISSUER:
        return redirect("signin:account" if purpose == LINK else "signin:sign_in")
    asked = identity.Asked.new()
    address = identity.address_to_ask(asked=asked, back=_back(request), at=timezone.now())
    if not request.user.is_authenticated:
        request.session.set_expiry(KEPT_S)
    request.session[ENTRY] = {**asdict(asked), "purpose": purpose, "target": target}
    return HttpResponseRedirect(address)


def _back(request: HttpRequest) -> str:
    return request.build_absolute_uri(reverse("signin:outside_back"))


@method_decorator(never_cache, name="dispatch")
class OutsideSignIn(View):
    """Lead to the outside provider."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return _begin(request, SIGN_IN, target_of(request))


@method_decorator(never_cache, name="dispatch")
class OutsideBack(View):
    """Take the provider's answer; it counts once, for the browser that asked."""

    def get(self, request: HttpRequest) -> HttpResponse:
        kept = request.session.pop(ENTRY, None)
        if not kept or not settings.OIDC_ISSUER:
            return redirect(settings.LOGIN_URL)
        purpose, target = kept.pop("purpose"), kept.pop("target")
        now = timezone.now()
        try:
            subject = services.proven_outside(
                asked=identity.Asked(**kept),
                state=request.GET.get("state", ""),
                code=request.GET.get("code", ""),
                back=_back(request),
                address=address_of(request),
                at=now,
            )
            if purpose == LINK and request.user.is_authenticated:
                actor = request.actor  # type: ignore[attr-defined]
                link_identity(actor=actor, user=user_of(request), subject=subject, at=now)
                messages.success(request, _("Linked. You can sign in there from now on."))
                return redirect("signin:account")
            user = services.user_outside(subject=subject, address=address_of(request), at=now)
        except SongheError as error:
            context = {"trouble": sentence(error), "provider": settings.OIDC_NAME}
            return render(request, "signin/outside.html", context, status=error.status)
        return enter(request, user=user, proofs=(services.OUTSIDE,), target=target, at=now)


@method_decorator(never_cache, name="dispatch")
class OutsideLink(View):
    """Link the own account with the provider, or end that."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return _begin(request, LINK, "")

    def post(self, request: HttpRequest) -> HttpResponse:
        actor = request.actor  # type: ignore[attr-defined]
        unlink_identity(actor=actor, user=user_of(request), at=timezone.now())
        messages.success(request, _("The link is ended."))
        return redirect("signin:account")
