"""The app of domains.organizations."""

from django.apps import AppConfig


class OrganizationsConfig(AppConfig):
    name = "songhe.domains.organizations"
    label = "organizations"

    def ready(self) -> None:
        from songhe.domains.organizations import policies  # noqa: F401
