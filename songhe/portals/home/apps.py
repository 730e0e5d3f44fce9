"""The app of portals.home."""

from django.apps import AppConfig


class HomeConfig(AppConfig):
    name = "songhe.portals.home"
    label = "portal_home"
