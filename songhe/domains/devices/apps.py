"""The app of domains.devices."""

from django.apps import AppConfig


class DevicesConfig(AppConfig):
    name = "songhe.domains.devices"
    label = "devices"

    def ready(self) -> None:
        from django.utils.translation import gettext_lazy as _

        from songhe.domains.devices import handlers, panels, policies, wall  # noqa: F401
        from songhe.domains.people.services import pointers
        from songhe.kit import slots

        pointers.name("devices_binding", _("devices"))

        slots.register("person.tabs", 40, panels.devices_tab, action="people.view_person")
