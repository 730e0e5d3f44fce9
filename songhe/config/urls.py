"""All routes of the web process: each room declares its own screens."""

from __future__ import annotations

from importlib.util import find_spec

from django.urls import include, path

from songhe.config.api import api
from songhe.kit.errors import handler400, handler403, handler404, handler500

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

_ROOMS = [
    "songhe.kit",
    "songhe.portals.signin",
    "songhe.portals.home",
    "songhe.portals.family",
    "songhe.portals.notices",
    "songhe.portals.desk",
    "songhe.portals.operations",
    "songhe.portals.worker",
    "songhe.domains.people",
    "songhe.domains.organizations",
    "songhe.domains.devices",
    "songhe.domains.catalog",
    "songhe.domains.telemetry",
    "songhe.domains.subsidies",
    "songhe.domains.monitoring",
    "songhe.domains.billing",
    "songhe.domains.dispatch",
    "songhe.domains.homecare",
    "songhe.domains.security",
]
urlpatterns = [
    path("", include(f"{room}.urls")) for room in _ROOMS if find_spec(f"{room}.urls") is not None
] + [path("api/v1/", api.urls)]
