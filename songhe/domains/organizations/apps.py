"""The app of domains.organizations."""

from django.apps import AppConfig


class OrganizationsConfig(AppConfig):
    name = "songhe.domains.organizations"
    label = "organizations"

    def ready(self) -> None:
        from songhe.domains.organizations import panels, policies  # noqa: F401
        from songhe.domains.organizations.importing import OrganizationImport, StaffImport
        from songhe.domains.organizations.terms import VIEW_ACCESS
        from songhe.engines.exchange import declaring
        from songhe.kit import slots

        declaring.register(OrganizationImport())
        declaring.register(StaffImport())

        slots.register("person.tabs", 95, panels.tab, action=VIEW_ACCESS)
