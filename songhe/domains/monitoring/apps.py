"""The app of domains.monitoring."""

from django.apps import AppConfig


class MonitoringConfig(AppConfig):
    name = "songhe.domains.monitoring"
    label = "monitoring"

    def ready(self) -> None:
        from songhe.domains.monitoring import handlers, loops, policies  # noqa: F401

        loops.register()
