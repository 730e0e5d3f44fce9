"""Signing in and out."""

from __future__ import annotations

from ipaddress import ip_address

from django.conf import settings
from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import View

from songhe.kernel.errors import Invalid
from songhe.kit.asks import safe_path
from songhe.kit.forms import refuse
from songhe.portals.signin import services
from songhe.portals.signin.forms import SignInForm


@method_decorator([never_cache, sensitive_post_parameters("password")], name="dispatch")
class SignIn(View):
    """Let a person in; the session gets a new key, whatever it was before."""

    def get(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            return HttpResponseRedirect(_back(request, request.GET.get("next", "")))
        return self._page(request, SignInForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = SignInForm(request.POST)
        if not form.is_valid():
            return self._page(request, form, status=422)
        try:
            user = services.sign_in(
                login=form.cleaned_data["login"],
                password=form.cleaned_data["password"],
                address=_address(request),
                at=timezone.now(),
            )
        except Invalid as error:
            refuse(form, error)
            return self._page(request, form, status=error.status)
        login(request, user)
        return HttpResponseRedirect(_back(request, request.POST.get("next", "")))

    def _page(self, request: HttpRequest, form: SignInForm, status: int = 200) -> HttpResponse:
        asked = request.POST.get("next") or request.GET.get("next", "")
        context = {"form": form, "next": safe_path(request, asked)}
        return render(request, "signin/sign_in.html", context, status=status)


class SignOut(View):
    """End the session; a link cannot do it, only a form."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        services.sign_out(actor=request.actor, at=timezone.now())  # type: ignore[attr-defined]
        logout(request)
        return HttpResponseRedirect(settings.LOGIN_URL)


def _address(request: HttpRequest) -> str:
    """Return the peer's address; one that is none (a Unix socket) counts as one and the same."""
    try:
        return str(ip_address(str(request.META.get("REMOTE_ADDR", "")).partition("%")[0]))
    except ValueError:
        return "::"


def _back(request: HttpRequest, target: str) -> str:
    return safe_path(request, target) or settings.LOGIN_REDIRECT_URL
