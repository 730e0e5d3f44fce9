"""The app of base.access."""

from django.apps import AppConfig


class AccessConfig(AppConfig):
    name = "songhe.base.access"
    label = "access"
