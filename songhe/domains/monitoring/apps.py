"""The app of domains.monitoring."""

from django.apps import AppConfig


class MonitoringConfig(AppConfig):
    name = "songhe.domains.monitoring"
    label = "monitoring"

    def ready(self) -> None:
        from django.utils.translation import gettext_lazy as _

        from songhe.domains.monitoring import (  # noqa: F401
            absence_panels,
            handlers,
            life_panels,
            loops,
            on_charts,
            panels,
            policies,
            room_panel,
            wall,
        )
        from songhe.domains.monitoring.absence_reads import VIEW as VIEW_ABSENCES
        from songhe.domains.people.services import pointers
        from songhe.domains.telemetry.panels import AWAY_SLOT, LIMITS_SLOT, MARKS_SLOT
        from songhe.domains.telemetry.terms import VIEW_READINGS
        from songhe.kit import slots

        pointers.name("monitoring_alarm", _("alarms"))
        pointers.name("monitoring_absence", _("absences"))

        loops.register()
        slots.register("page.alarms_lit", 0, panels.alarms_lit, action="monitoring.list_alarms")
        slots.register("page.place", 0, panels.place)
        slots.register("person.side", 10, panels.alarms_panel, action="monitoring.list_alarms")
        slots.register("person.page", 5, absence_panels.absence_panel, action=VIEW_ABSENCES)
        slots.register("person.page", 80, panels.rules_panel, action="monitoring.view_rules")
        slots.register("person.actions", 5, absence_panels.away_tag, action=VIEW_ABSENCES)
        slots.register("person.tabs", 70, absence_panels.tab, action=VIEW_ABSENCES)
        slots.register("person.tabs", 20, life_panels.tab, action=VIEW_READINGS)
        slots.register("person.tabs", 30, life_panels.trends_tab, action=VIEW_READINGS)
        slots.register("person.tabs", 40, life_panels.outdoors_tab, action=VIEW_READINGS)
        slots.register("person.side", 55, room_panel.room_panel, action=VIEW_READINGS)
        slots.register("person.page", 15, life_panels.night_panel, action=VIEW_READINGS)
        slots.register(AWAY_SLOT, 0, absence_panels.away_since, action=VIEW_ABSENCES)
        slots.register(LIMITS_SLOT, 0, on_charts.limits)
        slots.register(MARKS_SLOT, 0, on_charts.marks, action="monitoring.list_alarms")
