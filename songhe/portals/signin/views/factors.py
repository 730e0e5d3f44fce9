"""The second step of the own account: code app, recovery codes, passkeys."""

from __future__ import annotations

import json
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import View

from songhe.base.accounts import factors
from songhe.base.accounts.models import User
from songhe.kernel.errors import Invalid
from songhe.kit.errors import sentence
from songhe.kit.forms import refuse
from songhe.portals.signin import services
from songhe.portals.signin.agents import words_of
from songhe.portals.signin.forms import CodeForm, PasskeyNameForm
from songhe.portals.signin.pictures import square_of
from songhe.portals.signin.views.door import ENROL_KEY
from songhe.portals.signin.views.ways import address_of, credential_of, enter, target_of, user_of

KEPT_S = 900  # how long the challenge for a stranger is kept


def _crumbs(title: str) -> list[tuple[str, str]]:
    return [(_("My account"), reverse("signin:account")), (title, "")]


@method_decorator([never_cache, sensitive_post_parameters()], name="dispatch")
class CodeApp(View):
    """Set up a code app on a phone, in place of the one before."""

    def get(self, request: HttpRequest) -> HttpResponse:
        request.session[ENROL_KEY] = str(factors.new_key(user=user_of(request)))
        return self._page(request, CodeForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form, user, now = CodeForm(request.POST), user_of(request), timezone.now()
        if not form.is_valid():
            return self._page(request, form, status=422)
        try:
            services.add_code_app(
                user=user,
                key=request.session.get(ENROL_KEY, ""),
                code=form.cleaned_data["code"],
                at=now,
            )
        except Invalid as error:
            refuse(form, error)
            return self._page(request, form, status=error.status)
        request.session.pop(ENROL_KEY, None)
        messages.success(request, _("From now on signing in asks for a code as well."))
        return redirect("signin:recovery_codes")

    def _page(self, request: HttpRequest, form: CodeForm, status: int = 200) -> HttpResponse:
        user = user_of(request)
        kept = request.session.get(ENROL_KEY, "")
        secret = factors.key_of(user=user, key=UUID(kept)) if kept else None
        if secret is None:
            return redirect("signin:code_app")
        context = {"form": form, "crumbs": _crumbs(_("Code app")), **square_of(user, secret)}
        return render(request, "signin/code_app.html", context, status=status)


@method_decorator(never_cache, name="dispatch")
class RecoveryCodes(View):
    """Show the codes that are left, and make new ones."""

    def get(self, request: HttpRequest) -> HttpResponse:
        user = user_of(request)
        if not factors.kinds_of(user):
            return redirect("signin:account")
        context = {
            "codes": [f"{code[:4]} {code[4:]}" for code in factors.recovery_codes(user)],
            "next": target_of(request),
            "crumbs": _crumbs(_("Recovery codes")),
        }
        return render(request, "signin/recovery_codes.html", context)

    def post(self, request: HttpRequest) -> HttpResponse:
        services.renew_recovery_codes(user=user_of(request), at=timezone.now())
        messages.success(request, _("These are your new recovery codes. The old ones are void."))
        return redirect("signin:recovery_codes")


@method_decorator(never_cache, name="dispatch")
class AddPasskey(View):
    """Make a passkey with this browser and keep it."""

    def get(self, request: HttpRequest) -> HttpResponse:
        agent = words_of(request.headers.get("User-Agent", ""))
        return self._page(request, PasskeyNameForm(initial={"name": agent[:60]}))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = PasskeyNameForm(request.POST)
        if not form.is_valid():
            return self._page(request, form, status=422)
        try:
            services.add_passkey(
                user=user_of(request),
                credential=credential_of(request),
                name=form.cleaned_data["name"],
                at=timezone.now(),
            )
        except Invalid as error:
            refuse(form, error)
            return self._page(request, form, status=error.status)
        messages.success(request, _("The passkey is kept. You can sign in with it alone."))
        return redirect("signin:account")

    def _page(self, request: HttpRequest, form: PasskeyNameForm, status: int = 200) -> HttpResponse:
        context = {
            "form": form,
            "options": json.dumps(factors.begin_passkey(user_of(request))),
            "crumbs": _crumbs(_("Passkey")),
        }
        return render(request, "signin/add_passkey.html", context, status=status)


class RemoveFactor(View):
    """Remove a code app or a passkey."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        which = request.POST.get("which", "")
        services.remove_factor(
            user=user_of(request),
            factor_id=int(which) if which.isdecimal() and len(which) < 18 else 0,
            at=timezone.now(),
        )
        messages.success(request, _("Removed."))
        return redirect("signin:account")


@method_decorator(never_cache, name="dispatch")
class PasskeySignIn(View):
    """Sign in with a passkey alone, without login and password."""

    def get(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            return HttpResponseRedirect("/")
        return self._page(request)

    def post(self, request: HttpRequest) -> HttpResponse:
        now = timezone.now()
        try:
            user: User = services.use_passkey(
                user=None,
                response=credential_of(request),
                address=address_of(request),
                at=now,
                action=services.SIGN_IN,
            )
        except Invalid as error:
            return self._page(request, status=error.status, trouble=sentence(error))
        proofs = (services.PASSKEY,)
        return enter(request, user=user, proofs=proofs, target=target_of(request), at=now)

    def _page(self, request: HttpRequest, status: int = 200, trouble: str = "") -> HttpResponse:
        request.session.set_expiry(KEPT_S)
        context = {
            "options": json.dumps(factors.ask_passkey(None)),
            "next": target_of(request),
            "trouble": trouble,
        }
        return render(request, "signin/passkey.html", context, status=status)
