"""The app of domains.people."""

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "songhe.domains.people"
    label = "people"

    def ready(self) -> None:
        from songhe.domains.people import panels, policies, wall  # noqa: F401
        from songhe.kit import slots

        slots.register("person.side", 10, panels.contacts_panel, action="people.view_person")
