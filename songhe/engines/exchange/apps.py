"""The app of engines.exchange."""

from django.apps import AppConfig


class ExchangeConfig(AppConfig):
    name = "songhe.engines.exchange"
    label = "exchange"

    def ready(self) -> None:
        from songhe.engines.exchange import wall  # noqa: F401
