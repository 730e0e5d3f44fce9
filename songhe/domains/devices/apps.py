"""The app of domains.devices."""

from django.apps import AppConfig


class DevicesConfig(AppConfig):
    name = "songhe.domains.devices"
    label = "devices"

    def ready(self) -> None:
        from songhe.domains.devices import handlers, panels, policies, wall  # noqa: F401
        from songhe.kit import slots

        slots.register("person.tabs", 40, panels.devices_tab, action="people.view_person")
