"""The own account: where it is signed in, its password, and proving it once more."""

from __future__ import annotations

import json

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import View

from songhe.base.access.sign_ins import end_other_sign_ins, end_sign_in, sign_ins
from songhe.base.accounts import factors
from songhe.base.accounts import proofs as proving
from songhe.base.accounts.outside import identity_of
from songhe.kernel.errors import Invalid
from songhe.kit.errors import sentence
from songhe.kit.forms import KitForm, refuse
from songhe.portals.signin import services
from songhe.portals.signin.agents import words_of
from songhe.portals.signin.forms import ChangePasswordForm, ProveForm, SecondStepForm
from songhe.portals.signin.views.ways import address_of, credential_of, target_of, user_of


class Account(View):
    """Show the own account: who it is, and where it is signed in."""

    def get(self, request: HttpRequest) -> HttpResponse:
        now = timezone.now()
        rows = sign_ins(user_of(request).pk, this_key=request.session.session_key, at=now)
        user = user_of(request)
        context = {
            "account": user,
            "shown": [(row, words_of(row.agent)) for row in rows],
            "factors": factors.factors_of(user),
            "provider": settings.OIDC_NAME if settings.OIDC_ISSUER else "",
            "identity": identity_of(user),
        }
        return render(request, "signin/account.html", context)


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
        user = user_of(request)
        try:
            changed = services.change_password(
                actor=request.actor,  # type: ignore[attr-defined]
                user=user,
                current=form.cleaned_data["current"],
                new=form.cleaned_data["new"],
                address=address_of(request),
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


@method_decorator([never_cache, sensitive_post_parameters()], name="dispatch")
class Prove(View):
    """Ask once more who it is, before something sensitive; one of the ways is enough."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page(request, ProveForm(), SecondStepForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        credential = credential_of(request)
        by_code = "code" in request.POST
        password = ProveForm(None if by_code or credential else request.POST)
        code = SecondStepForm(request.POST if by_code else None)
        form: KitForm = code if by_code else password
        if not credential and not form.is_valid():
            return self._page(request, password, code, status=422)
        try:
            self._prove(request, credential, form)
        except Invalid as error:
            if credential:
                return self._page(request, password, code, error.status, sentence(error))
            refuse(form, error)
            return self._page(request, password, code, error.status)
        proving.mark(request.session, at=timezone.now())
        return HttpResponseRedirect(target_of(request) or reverse("signin:account"))

    def _prove(self, request: HttpRequest, credential: dict[str, object], form: KitForm) -> None:
        user, now, address = user_of(request), timezone.now(), address_of(request)
        if credential:
            services.use_passkey(
                user=user, response=credential, address=address, at=now, action=services.PROVE
            )
        elif "code" in form.fields:
            code = form.cleaned_data["code"]
            services.use_code(user=user, code=code, address=address, at=now, action=services.PROVE)
        else:
            services.prove_password(
                user=user, password=form.cleaned_data["password"], address=address, at=now
            )

    def _page(
        self,
        request: HttpRequest,
        password: ProveForm,
        code: SecondStepForm,
        status: int = 200,
        trouble: str = "",
    ) -> HttpResponse:
        kinds = factors.kinds_of(user_of(request))
        options = factors.ask_passkey(user_of(request)) if factors.PASSKEY in kinds else None
        context = {
            "password": password,
            "code": code,
            "has_code": bool(kinds - {factors.PASSKEY}),
            "options": json.dumps(options) if options else "",
            "next": target_of(request),
            "trouble": trouble,
        }
        return render(request, "signin/prove.html", context, status=status)
