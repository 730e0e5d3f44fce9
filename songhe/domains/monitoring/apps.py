"""The app of domains.monitoring."""

from django.apps import AppConfig


class MonitoringConfig(AppConfig):
    name = "songhe.domains.monitoring"
    label = "monitoring"

    def ready(self) -> None:
        from songhe.domains.monitoring import policies  # noqa: F401
