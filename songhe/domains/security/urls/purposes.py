"""Routes of saying for what one looks at persons."""

from __future__ import annotations

from django.urls import URLPattern
from django.utils.translation import gettext_lazy as _

from songhe.base.access.purposes import STATE
from songhe.domains.security.views import purposes
from songhe.kit import Menu, screen

urlpatterns: list[URLPattern] = [
    screen(
        "purpose/",
        purposes.State,
        action=STATE,
        name="purpose",
        menu=Menu(section="desk", label=_("State a purpose"), icon="key-round", order=40),
    ),
    screen("purpose/end/", purposes.End, action=STATE, name="end_purpose"),
]
