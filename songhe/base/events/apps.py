"""The app of base.events."""

from django.apps import AppConfig


class EventsConfig(AppConfig):
    name = "songhe.base.events"
    label = "events"
