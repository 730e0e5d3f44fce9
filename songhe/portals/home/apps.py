"""The app of portals.home."""

from django.apps import AppConfig


class HomeConfig(AppConfig):
    name = "songhe.portals.home"
    label = "portal_home"

    def ready(self) -> None:
        from songhe.domains.monitoring.terms import CALL
        from songhe.kit import slots
        from songhe.portals.home import calling

        slots.register("page.foot", 0, calling.foot, action=CALL)
