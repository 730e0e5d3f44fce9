"""Routes of emergencies (broken glass) and their review."""

from __future__ import annotations

from django.urls import URLPattern
from django.utils.translation import gettext_lazy as _

from songhe.base.consent.emergencies import BREAK, REVIEW
from songhe.domains.security.views import emergencies
from songhe.kit import Menu, screen

urlpatterns: list[URLPattern] = [
    screen(
        "emergency/",
        emergencies.LookUp,
        action=BREAK,
        name="look_up",
        menu=Menu(section="tools", label=_("Emergency access"), icon="siren", order=40),
        section="desk",
    ),
    screen(
        "emergency/<uuid:person_id>/",
        emergencies.BreakGlass,
        action=BREAK,
        name="break_glass",
        section="desk",
        fresh=True,
    ),
    screen(
        "emergency/<uuid:emergency_id>/end/",
        emergencies.EndEmergency,
        action=BREAK,
        name="end_emergency",
    ),
    screen(
        "emergencies/",
        emergencies.Emergencies,
        action=REVIEW,
        name="emergencies",
        menu=Menu(section="desk", label=_("Emergencies"), icon="siren", order=70),
    ),
    screen(
        "emergencies/<uuid:emergency_id>/",
        emergencies.Review,
        action=REVIEW,
        name="review_emergency",
        section="desk",
    ),
]
