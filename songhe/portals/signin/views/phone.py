"""Signing in with a code by message: two large pages, one question each."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import View

from songhe.base.outside import services as outside
from songhe.kernel.errors import SongheError
from songhe.kit.forms import refuse
from songhe.portals.signin import codes, services
from songhe.portals.signin.forms import PhoneForm, SmsCodeForm
from songhe.portals.signin.views.ways import address_of, enter, target_of

ENTRY = "asked_by_message"
KEPT_S = 900


@method_decorator([never_cache, sensitive_post_parameters()], name="dispatch")
class Phone(View):
    """Ask for the phone, and let a code be sent to it."""

    def get(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            return HttpResponseRedirect(target_of(request) or settings.LOGIN_REDIRECT_URL)
        return self._page(request, PhoneForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = PhoneForm(request.POST)
        if not form.is_valid():
            return self._page(request, form, status=422)
        try:
            code_id = codes.ask_code(
                phone=form.cleaned_data["phone"],
                address=address_of(request),
                locale=get_language() or "zh-hans",
                at=timezone.now(),
            )
        except SongheError as error:
            refuse(form, error)
            return self._page(request, form, status=error.status)
        if not request.user.is_authenticated:
            request.session.set_expiry(KEPT_S)
        request.session[ENTRY] = {"code": str(code_id), "target": target_of(request)}
        return redirect("signin:phone_code")

    def _page(self, request: HttpRequest, form: PhoneForm, status: int = 200) -> HttpResponse:
        context = {"form": form, "next": target_of(request), "can_text": outside.can_send()}
        return render(request, "signin/phone.html", context, status=status)


@method_decorator([never_cache, sensitive_post_parameters()], name="dispatch")
class PhoneCode(View):
    """Ask for the code."""

    def get(self, request: HttpRequest) -> HttpResponse:
        if ENTRY not in request.session:
            return redirect("signin:phone")
        return self._page(request, SmsCodeForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        kept = request.session.get(ENTRY)
        if not kept:
            return redirect("signin:phone")
        form = SmsCodeForm(request.POST)
        if not form.is_valid():
            return self._page(request, form, status=422)
        now = timezone.now()
        try:
            user = codes.use_code(
                code_id=UUID(kept["code"]),
                code=form.cleaned_data["code"],
                address=address_of(request),
                at=now,
            )
        except SongheError as error:
            refuse(form, error)
            return self._page(request, form, status=error.status)
        request.session.pop(ENTRY, None)
        proofs = (services.SMS,)
        return enter(request, user=user, proofs=proofs, target=kept["target"], at=now)

    def _page(self, request: HttpRequest, form: SmsCodeForm, status: int = 200) -> HttpResponse:
        return render(request, "signin/phone_code.html", {"form": form}, status=status)
