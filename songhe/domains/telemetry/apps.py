"""The app of domains.telemetry."""

from django.apps import AppConfig


class TelemetryConfig(AppConfig):
    name = "songhe.domains.telemetry"
    label = "telemetry"

    def ready(self) -> None:
        from songhe.base.health import registry as health
        from songhe.base.retention import handlers as retention
        from songhe.domains.telemetry import panels, policies, selectors, wall  # noqa: F401
        from songhe.domains.telemetry.services import data_classes
        from songhe.domains.telemetry.terms import VIEW_READINGS
        from songhe.kit import slots

        health.contribute(selectors.figures)
        retention.register(data_classes.HANDLER)
        slots.register("person.wide", 20, panels.day_panel, action=VIEW_READINGS)
        slots.register("person.page", 10, panels.now_panel, action=VIEW_READINGS)
        slots.register("person.page", 50, panels.charts_panel, action=VIEW_READINGS)
        slots.register("person.page", 60, panels.waves_panel, action=VIEW_READINGS)
        slots.register("person.side", 50, panels.plan_panel, action=VIEW_READINGS)
        slots.register("person.side", 60, panels.track_panel, action=VIEW_READINGS)
