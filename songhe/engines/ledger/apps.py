"""The app of engines.ledger."""

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "songhe.engines.ledger"
    label = "ledger"

    def ready(self) -> None:
        from songhe.engines.ledger import jobs, wall  # noqa: F401
