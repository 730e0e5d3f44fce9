"""The app of base.retention."""

from django.apps import AppConfig


class RetentionConfig(AppConfig):
    name = "songhe.base.retention"
    label = "retention"

    def ready(self) -> None:
        from songhe.base.retention import chain, handlers, rows

        handlers.register(rows.HANDLER)
        handlers.register(chain.HANDLER)
