"""The kit's own two screens: the switch of language and look, and the style gallery."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.generic import View

from songhe.kit import gallery
from songhe.kit.asks import safe_path
from songhe.kit.look import CHOICES, COOKIE_PREFIX, KEEP_S, LANGUAGE_COOKIE


class Preferences(View):
    """Remember language and look in cookies; only what the form names is changed."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        back = safe_path(request, request.POST.get("next", "")) or "/"
        response = HttpResponseRedirect(back)
        language = request.POST.get("language", "")
        if language in dict(settings.LANGUAGES):
            _keep(request, response, LANGUAGE_COOKIE, language)
        for name, choices in CHOICES.items():
            value = request.POST.get(name)
            if value is not None and value in choices:
                _keep(request, response, COOKIE_PREFIX + name, value)
        return response


def _keep(request: HttpRequest, response: HttpResponse, name: str, value: str) -> None:
    if value:
        response.set_cookie(
            name, value, max_age=KEEP_S, samesite="Lax", secure=request.is_secure(), httponly=True
        )
    else:
        response.delete_cookie(name, samesite="Lax")


class Gallery(View):
    """Show every component and chart of the kit with fixed samples."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return render(request, "kit/gallery.html", gallery.context(request))
