"""Tells Django of the kit: its templates, its static files, its words."""

from django.apps import AppConfig


class KitConfig(AppConfig):
    name = "songhe.kit"
    label = "kit"
