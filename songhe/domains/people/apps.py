"""The app of domains.people."""

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "songhe.domains.people"
    label = "people"

    def ready(self) -> None:
        from songhe.domains.people import policies  # noqa: F401
