"""Keys of the own account for machines: which there are, a new one, and revoking."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.generic import View

from songhe.base.access import api_keys
from songhe.kernel.errors import Conflict, Invalid
from songhe.kit.asks import actor_of
from songhe.kit.forms import refuse
from songhe.portals.signin.forms import KeyForm
from songhe.portals.signin.views.ways import user_of


@method_decorator(never_cache, name="dispatch")
class Keys(View):
    """List the keys that are good, and make one: it is shown on the answer, once."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page(request, KeyForm(initial={"days": 90}))

    def post(self, request: HttpRequest) -> HttpResponse:
        form, now = KeyForm(request.POST), timezone.now()
        if not form.is_valid():
            return self._page(request, form, status=422)
        given = form.cleaned_data
        try:
            row, secret = api_keys.make_key(
                actor=actor_of(request),
                user=user_of(request),
                name=given["name"],
                ends_at=now + timedelta(days=given["days"]),
                may_change=given["may_change"],
                at=now,
            )
        except (Invalid, Conflict) as error:
            refuse(form, error)
            return self._page(request, form, status=error.status)
        return self._page(request, KeyForm(initial={"days": 90}), made=row, secret=secret)

    def _page(
        self, request: HttpRequest, form: KeyForm, *, status: int = 200, **made: Any
    ) -> HttpResponse:
        context = {
            "form": form,
            "keys": api_keys.keys_of(user_of(request).pk, at=timezone.now()),
            "crumbs": [(_("My account"), reverse("signin:account")), (_("Keys for machines"), "")],
            **made,
        }
        return render(request, "signin/keys.html", context, status=status)


class RevokeKey(View):
    """End one of the own keys."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        try:
            which = UUID(request.POST.get("which", ""))
        except ValueError:
            raise api_keys.NoSuchKey from None
        api_keys.revoke_key(actor=actor_of(request), key_id=which, at=timezone.now())
        messages.success(request, _("Revoked. Whatever used the key is out."))
        return redirect("signin:keys")
