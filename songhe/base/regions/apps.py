"""The app of base.regions."""

from django.apps import AppConfig


class RegionsConfig(AppConfig):
    name = "songhe.base.regions"
    label = "regions"
