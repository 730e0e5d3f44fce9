"""The app of base.consent."""

from django.apps import AppConfig


class ConsentConfig(AppConfig):
    name = "songhe.base.consent"
    label = "consent"
