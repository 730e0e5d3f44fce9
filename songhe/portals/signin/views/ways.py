"""What every way in shares: the address asked from, where it leads, and being let in."""

from __future__ import annotations

import json
from datetime import datetime
from ipaddress import ip_address
from typing import Any, cast

from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect

from songhe.base.access.sign_ins import NOTE, note_of
from songhe.base.accounts import proofs as proving
from songhe.base.accounts.models import User
from songhe.kit.asks import safe_path
from songhe.portals.signin import pending, services

BACKEND = "django.contrib.auth.backends.ModelBackend"


def address_of(request: HttpRequest) -> str:
    """Return the peer's address; one that is none (a Unix socket) counts as one and the same."""
    try:
        return str(ip_address(str(request.META.get("REMOTE_ADDR", "")).partition("%")[0]))
    except ValueError:
        return "::"


def target_of(request: HttpRequest) -> str:
    """Return where the way in leads, of this host only, "" for the first page."""
    return safe_path(request, request.POST.get("next") or request.GET.get("next", ""))


def user_of(request: HttpRequest) -> User:
    """Return the signed-in account; the screen lets nobody else in."""
    return cast(User, request.user)


def credential_of(request: HttpRequest) -> dict[str, Any]:
    """Return what the browser's passkey said; empty when it cannot be read."""
    try:
        said = json.loads(request.POST.get("credential", ""))
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def enter(
    request: HttpRequest, *, user: User, proofs: tuple[str, ...], target: str, at: datetime
) -> HttpResponse:
    """Let somebody in, or lead to what is still asked."""
    step = services.next_step(user=user, proofs=proofs, at=at)
    if step is not None:
        pending.begin(request.session, user=user, proofs=proofs, target=target, at=at)
        return redirect(f"signin:{step}")
    pending.forget(request.session)
    services.record_sign_in(user=user, proofs=proofs, at=at)
    login(request, user, backend=BACKEND)
    request.session[NOTE] = note_of(
        at=at, address=address_of(request), agent=request.headers.get("User-Agent", "")
    )
    proving.mark(request.session, at=at)
    return HttpResponseRedirect(target or settings.LOGIN_REDIRECT_URL)
