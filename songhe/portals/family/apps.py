"""The app of portals.family."""

from django.apps import AppConfig


class FamilyConfig(AppConfig):
    name = "songhe.portals.family"
    label = "portal_family"

    def ready(self) -> None:
        from songhe.kit import slots
        from songhe.portals.family import panels

        slots.register("home.next", 0, panels.next_service, action=panels.SEES)
        slots.register("home.squares", 0, panels.squares, action=panels.SEES)
