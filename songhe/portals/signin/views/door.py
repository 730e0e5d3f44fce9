"""The way in: login and password, and what may still be asked before the door opens."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import View

from songhe.base.accounts import factors
from songhe.base.accounts.sessions import OVER
from songhe.base.outside import services as outside
from songhe.kernel.errors import Invalid
from songhe.kit.errors import sentence
from songhe.kit.forms import refuse
from songhe.portals.signin import pending, services
from songhe.portals.signin.forms import CodeForm, FirstPasswordForm, SecondStepForm, SignInForm
from songhe.portals.signin.pending import Pending
from songhe.portals.signin.pictures import square_of
from songhe.portals.signin.views.ways import address_of, credential_of, enter, target_of

ENROL_KEY = "code_app_key"  # the entry of a session with the key that is being set up


@method_decorator([never_cache, sensitive_post_parameters("password")], name="dispatch")
class SignIn(View):
    """Let a person in; the session gets a new key, whatever it was before."""

    def get(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            return HttpResponseRedirect(target_of(request) or settings.LOGIN_REDIRECT_URL)
        is_over = bool(request.session.pop(OVER, False))
        return self._page(request, SignInForm(), is_over=is_over)

    def post(self, request: HttpRequest) -> HttpResponse:
        form = SignInForm(request.POST)
        if not form.is_valid():
            return self._page(request, form, status=422)
        now = timezone.now()
        try:
            user = services.sign_in(
                login=form.cleaned_data["login"],
                password=form.cleaned_data["password"],
                address=address_of(request),
                at=now,
            )
        except Invalid as error:
            refuse(form, error)
            return self._page(request, form, status=error.status)
        return enter(
            request, user=user, proofs=(services.PASSWORD,), target=target_of(request), at=now
        )

    def _page(
        self, request: HttpRequest, form: SignInForm, status: int = 200, *, is_over: bool = False
    ) -> HttpResponse:
        context = {
            "form": form,
            "is_over": is_over,
            "next": target_of(request),
            "can_text": outside.can_send(),
            "provider": settings.OIDC_NAME if settings.OIDC_ISSUER else "",
        }
        return render(request, "signin/sign_in.html", context, status=status)


class SignOut(View):
    """End the session; a link cannot do it, only a form."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        services.sign_out(actor=request.actor, at=timezone.now())  # type: ignore[attr-defined]
        logout(request)
        return HttpResponseRedirect(settings.LOGIN_URL)


@method_decorator([never_cache, sensitive_post_parameters()], name="dispatch")
class InTheDoor(View):
    """A page that only who stands in the door can use, and only when its step is asked."""

    step: services.Step
    http_method_names = ["get", "post"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        now = timezone.now()
        found = pending.current(request.session, at=now)
        if found is None:
            return redirect(settings.LOGIN_URL)
        asked = services.next_step(user=found.user, proofs=found.proofs, at=now)
        if asked is not self.step:
            return enter(request, user=found.user, proofs=found.proofs, target=found.target, at=now)
        self.found = found
        return super().dispatch(request, *args, **kwargs)

    def go_on(self, request: HttpRequest, found: Pending, proof: str = "") -> HttpResponse:
        """Lead to the next step, or let in, with one more proof."""
        proofs = (*found.proofs, proof) if proof else found.proofs
        return enter(
            request, user=found.user, proofs=proofs, target=found.target, at=timezone.now()
        )


class OwnPassword(InTheDoor):
    """Ask who came with a first secret for a password of their own."""

    step = services.Step.PASSWORD

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page(request, FirstPasswordForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = FirstPasswordForm(request.POST)
        if not form.is_valid():
            return self._page(request, form, status=422)
        try:
            user = services.set_first_password(
                user=self.found.user, password=form.cleaned_data["new"], at=timezone.now()
            )
        except Invalid as error:
            refuse(form, error)
            return self._page(request, form, status=error.status)
        return self.go_on(request, Pending(user, self.found.proofs, self.found.target))

    def _page(
        self, request: HttpRequest, form: FirstPasswordForm, status: int = 200
    ) -> HttpResponse:
        context = {"form": form, "account": self.found.user}
        return render(request, "signin/own_password.html", context, status=status)


class SecondStep(InTheDoor):
    """Ask for a code of the app, a recovery code or a passkey."""

    step = services.Step.FACTOR

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page(request, SecondStepForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        now, user, address = timezone.now(), self.found.user, address_of(request)
        credential = credential_of(request)
        form = SecondStepForm(None if credential else request.POST)
        if not credential and not form.is_valid():
            return self._page(request, form, status=422)
        try:
            if credential:
                services.use_passkey(
                    user=user, response=credential, address=address, at=now, action=services.SIGN_IN
                )
            else:
                services.use_code(
                    user=user,
                    code=form.cleaned_data["code"],
                    address=address,
                    at=now,
                    action=services.SIGN_IN,
                )
        except Invalid as error:
            if credential:
                return self._page(request, form, status=error.status, trouble=sentence(error))
            refuse(form, error)
            return self._page(request, form, status=error.status)
        return self.go_on(request, self.found, services.PASSKEY if credential else services.CODE)

    def _page(
        self, request: HttpRequest, form: SecondStepForm, status: int = 200, trouble: str = ""
    ) -> HttpResponse:
        kinds = factors.kinds_of(self.found.user)
        options = factors.ask_passkey(self.found.user) if factors.PASSKEY in kinds else None
        context = {
            "form": form,
            "has_code": bool(kinds - {factors.PASSKEY}),
            "options": json.dumps(options) if options else "",
            "trouble": trouble,
        }
        return render(request, "signin/second_step.html", context, status=status)


class SetUp(InTheDoor):
    """Lead who must have a second factor through setting up a code app."""

    step = services.Step.ENROL

    def get(self, request: HttpRequest) -> HttpResponse:
        request.session[ENROL_KEY] = str(factors.new_key(user=self.found.user))
        return self._page(request, CodeForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form, user, now = CodeForm(request.POST), self.found.user, timezone.now()
        if not form.is_valid():
            return self._page(request, form, status=422)
        try:
            key = request.session.get(ENROL_KEY, "")
            services.add_code_app(user=user, key=key, code=form.cleaned_data["code"], at=now)
        except Invalid as error:
            refuse(form, error)
            return self._page(request, form, status=error.status)
        request.session.pop(ENROL_KEY, None)
        shown = reverse("signin:recovery_codes")
        if self.found.target:
            shown = f"{shown}?{urlencode({'next': self.found.target})}"
        return self.go_on(request, Pending(user, self.found.proofs, shown), services.CODE)

    def _page(self, request: HttpRequest, form: CodeForm, status: int = 200) -> HttpResponse:
        user = self.found.user
        kept = request.session.get(ENROL_KEY, "")
        secret = factors.key_of(user=user, key=UUID(kept)) if kept else None
        if secret is None:
            return redirect("signin:set_up")
        context = {"form": form, "account": user, **square_of(user, secret)}
        return render(request, "signin/set_up.html", context, status=status)
