"""The app of portals.desk."""

from django.apps import AppConfig


class DeskConfig(AppConfig):
    name = "songhe.portals.desk"
    label = "portal_desk"
