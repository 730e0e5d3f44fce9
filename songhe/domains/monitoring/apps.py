"""The app of domains.monitoring."""

from django.apps import AppConfig


class MonitoringConfig(AppConfig):
    name = "songhe.domains.monitoring"
    label = "monitoring"

    def ready(self) -> None:
        from songhe.domains.monitoring import handlers, loops, panels, policies  # noqa: F401
        from songhe.kit import slots

        loops.register()
        slots.register("page.alarms_lit", 0, panels.alarms_lit, action="monitoring.list_alarms")
        slots.register("page.place", 0, panels.place)
        slots.register("person.side", 10, panels.alarms_panel, action="monitoring.list_alarms")
        slots.register("person.page", 80, panels.rules_panel, action="monitoring.view_rules")
