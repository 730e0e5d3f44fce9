"""The own account: where it is signed in, its password, and proving it once more."""

from __future__ import annotations

import json
from collections.abc import Mapping

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import View

from songhe.base.access.api_keys import KEEP
from songhe.base.access.sign_ins import end_other_sign_ins, end_sign_in, sign_ins
from songhe.base.accounts import factors
from songhe.base.accounts import proofs as proving
from songhe.base.accounts.outside import identity_of
from songhe.kernel.errors import Invalid, SongheError
from songhe.kit.asks import actor_of
from songhe.kit.errors import sentence
from songhe.kit.forms import KitForm, refuse
from songhe.portals.signin import codes, services
from songhe.portals.signin.agents import words_of
from songhe.portals.signin.forms import (
    ChangePasswordForm,
    ProveByMessageForm,
    ProveForm,
    SecondStepForm,
)
from songhe.portals.signin.views.ways import address_of, credential_of, target_of, user_of

BY_MESSAGE = "proof_by_message"  # the entry of a session with the code that was sent
_PROOFS: dict[str, type[KitForm]] = {
    "password": ProveForm,
    "code": SecondStepForm,
    "sms": ProveByMessageForm,
}


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
            "may_keep_keys": actor_of(request).may(KEEP),
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
        return self._page(request, self._form(request))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = self._form(request, request.POST)
        if not form.is_valid():
            return self._page(request, form, status=422)
        user = user_of(request)
        try:
            changed = services.change_password(
                actor=request.actor,  # type: ignore[attr-defined]
                user=user,
                current=form.cleaned_data.get("current", ""),
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

    def _form(self, request: HttpRequest, given: QueryDict | None = None) -> ChangePasswordForm:
        """Return the form; who never had a password of their own is not asked for one."""
        form = ChangePasswordForm(given)
        if user_of(request).first_secret_until is not None:
            del form.fields["current"]
        return form

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
        return self._page(request)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Take a passkey, a code, a code by message or the password; or send that message."""
        credential = credential_of(request)
        if "send" in request.POST:
            return self._send(request)
        name = next((one for one in ("code", "sms") if one in request.POST), "password")
        form = _PROOFS[name](request.POST)
        if not credential and not form.is_valid():
            return self._page(request, {name: form}, 422)
        try:
            self._prove(request, name, credential, form)
        except Invalid as error:
            if credential:
                return self._page(request, {}, error.status, sentence(error))
            error.params["field"] = name
            refuse(form, error)
            return self._page(request, {name: form}, error.status)
        request.session.pop(BY_MESSAGE, None)
        proving.mark(request.session, at=timezone.now())
        return HttpResponseRedirect(target_of(request) or reverse("signin:account"))

    def _prove(
        self, request: HttpRequest, name: str, credential: dict[str, object], form: KitForm
    ) -> None:
        user, now, address = user_of(request), timezone.now(), address_of(request)
        if credential:
            services.use_passkey(
                user=user, response=credential, address=address, at=now, action=services.PROVE
            )
            return
        given = form.cleaned_data[name]
        if name == "code":
            services.use_code(user=user, code=given, address=address, at=now, action=services.PROVE)
        elif name == "sms":
            sent = request.session.get(BY_MESSAGE, "")
            codes.prove_by_code(user=user, code_id=sent, code=given, address=address, at=now)
        else:
            services.prove_password(user=user, password=given, address=address, at=now)

    def _send(self, request: HttpRequest) -> HttpResponse:
        try:
            sent = codes.ask_own_code(
                user=user_of(request),
                address=address_of(request),
                locale=get_language() or "zh-hans",
                at=timezone.now(),
            )
        except SongheError as error:
            return self._page(request, {}, error.status, sentence(error))
        request.session[BY_MESSAGE] = str(sent)
        return self._page(request)

    def _page(
        self,
        request: HttpRequest,
        forms: Mapping[str, KitForm] | None = None,
        status: int = 200,
        trouble: str = "",
    ) -> HttpResponse:
        user = user_of(request)
        kinds = factors.kinds_of(user)
        options = factors.ask_passkey(user) if factors.PASSKEY in kinds else None
        context = {
            **{name: (forms or {}).get(name) or form() for name, form in _PROOFS.items()},
            "has_code": bool(kinds - {factors.PASSKEY}),
            "has_password": user.first_secret_until is None,
            "can_text": not kinds and codes.may_prove(user, at=timezone.now()),
            "is_sent": BY_MESSAGE in request.session,
            "options": json.dumps(options) if options else "",
            "next": target_of(request),
            "trouble": trouble,
        }
        return render(request, "signin/prove.html", context, status=status)
