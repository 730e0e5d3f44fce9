"""The app of base.outside."""

from django.apps import AppConfig


class OutsideConfig(AppConfig):
    name = "songhe.base.outside"
    label = "outside"
