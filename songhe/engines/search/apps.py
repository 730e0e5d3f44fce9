"""The app of engines.search."""

from django.apps import AppConfig


class SearchConfig(AppConfig):
    name = "songhe.engines.search"
    label = "search"
