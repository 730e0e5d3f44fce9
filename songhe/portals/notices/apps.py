"""The app of portals.notices."""

from django.apps import AppConfig


class NoticesConfig(AppConfig):
    name = "songhe.portals.notices"
    label = "portal_notices"

    def ready(self) -> None:
        from songhe.kit import slots
        from songhe.portals.notices import bell

        slots.register("page.bell", 0, bell.panel, action="home.view")
