"""Signing in and out, and the own account."""

from __future__ import annotations

from ipaddress import ip_address
from typing import cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout, update_session_auth_hash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import View

from songhe.base.access.sign_ins import (
    NOTE,
    end_other_sign_ins,
    end_sign_in,
    note_of,
    sign_ins,
)
from songhe.base.accounts.models import User
from songhe.kernel.errors import Invalid
from songhe.kit.asks import safe_path
from songhe.kit.forms import refuse
from songhe.portals.signin import services
from songhe.portals.signin.agents import words_of
from songhe.portals.signin.forms import ChangePasswordForm, SignInForm


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
        request.session[NOTE] = note_of(
            at=timezone.now(),
            address=_address(request),
            agent=request.headers.get("User-Agent", ""),
        )
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


class Account(View):
    """Show the own account: who it is, and where it is signed in."""

    def get(self, request: HttpRequest) -> HttpResponse:
        now = timezone.now()
        rows = sign_ins(cast(User, request.user).pk, this_key=request.session.session_key, at=now)
        shown = [(row, words_of(row.agent)) for row in rows]
        return render(request, "signin/account.html", {"account": request.user, "shown": shown})


class EndSignIns(View):
    """End one of the own sign-ins, or all but this."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        actor, now = request.actor, timezone.now()  # type: ignore[attr-defined]
        which = request.POST.get("which", "")
        if which:
            end_sign_in(actor=actor, sign_in_id=which, at=now)
        else:
            end_other_sign_ins(actor=actor, this_key=request.session.session_key, at=now)
        messages.success(request, _("Signed out there."))
        return redirect("signin:account")


@method_decorator([never_cache, sensitive_post_parameters()], name="dispatch")
class ChangePassword(View):
    """Change the own password; whoever is signed in elsewhere is out."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page(request, ChangePasswordForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = ChangePasswordForm(request.POST)
        if not form.is_valid():
            return self._page(request, form, status=422)
        user = cast(User, request.user)
        try:
            changed = services.change_password(
                actor=request.actor,  # type: ignore[attr-defined]
                user=user,
                current=form.cleaned_data["current"],
                new=form.cleaned_data["new"],
                address=_address(request),
                this_key=request.session.session_key,
                at=timezone.now(),
            )
        except Invalid as error:
            refuse(form, error)
            return self._page(request, form, status=error.status)
        update_session_auth_hash(request, changed)
        messages.success(request, _("Your password is changed. Other browsers are signed out."))
        return redirect("signin:account")

    def _page(
        self, request: HttpRequest, form: ChangePasswordForm, status: int = 200
    ) -> HttpResponse:
        crumbs = [(_("My account"), reverse("signin:account")), (_("Change password"), "")]
        context = {"form": form, "crumbs": crumbs}
        return render(request, "signin/password.html", context, status=status)


def _address(request: HttpRequest) -> str:
    """Return the peer's address; one that is none (a Unix socket) counts as one and the same."""
    try:
        return str(ip_address(str(request.META.get("REMOTE_ADDR", "")).partition("%")[0]))
    except ValueError:
        return "::"


def _back(request: HttpRequest, target: str) -> str:
    return safe_path(request, target) or settings.LOGIN_REDIRECT_URL
