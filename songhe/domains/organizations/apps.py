"""The app of domains.organizations."""

from django.apps import AppConfig


class OrganizationsConfig(AppConfig):
    name = "songhe.domains.organizations"
    label = "organizations"

    def ready(self) -> None:
        from songhe.base.notify import addresses
        from songhe.domains.organizations import panels, policies, wall  # noqa: F401
        from songhe.domains.organizations.importing import OrganizationImport, StaffImport
        from songhe.domains.organizations.selectors import phones_of
        from songhe.domains.organizations.services import portraits
        from songhe.domains.organizations.terms import VIEW_ACCESS
        from songhe.engines.exchange import declaring
        from songhe.kit import slots

        portraits.register()
        declaring.register(OrganizationImport())
        declaring.register(StaffImport())

        addresses.register(lambda users, at: phones_of(users, at=at))
        slots.register("person.tabs", 95, panels.tab, action=VIEW_ACCESS)
