"""The app of domains.subsidies."""

from django.apps import AppConfig


class SubsidiesConfig(AppConfig):
    name = "songhe.domains.subsidies"
    label = "subsidies"

    def ready(self) -> None:
        from songhe.domains.people.services import pointers
        from songhe.domains.subsidies import jobs, panels, policies, wall  # noqa: F401
        from songhe.domains.subsidies.terms import VIEW
        from songhe.kit import slots

        # Money stays with the id under which it was given; who reads asks by all ids of a person.
        pointers.stay("subsidies_entitlement", "person_id")
        pointers.stay("subsidies_hold", "person_id")
        slots.register("person.tabs", 60, panels.tab, action=VIEW)
