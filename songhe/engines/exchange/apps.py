"""The app of engines.exchange."""

from django.apps import AppConfig


class ExchangeConfig(AppConfig):
    name = "songhe.engines.exchange"
    label = "exchange"
