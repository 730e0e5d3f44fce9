"""The JSON API of all rooms: each declares its own operations."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from songhe.kit.api import Api, own

_ROOMS = [
    "songhe.domains.people",
    "songhe.domains.organizations",
    "songhe.domains.devices",
    "songhe.domains.telemetry",
    "songhe.domains.monitoring",
    "songhe.domains.security",
]
api = Api(
    [
        own.operations,
        *(import_module(f"{room}.api").operations for room in _ROOMS if find_spec(f"{room}.api")),
    ]
)
