"""The app of domains.telemetry."""

from django.apps import AppConfig


class TelemetryConfig(AppConfig):
    name = "songhe.domains.telemetry"
    label = "telemetry"

    def ready(self) -> None:
        from songhe.domains.telemetry import policies  # noqa: F401
