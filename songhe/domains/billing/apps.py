"""The app of domains.billing."""

from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "songhe.domains.billing"
    label = "billing"

    def ready(self) -> None:
        from songhe.domains.billing import (  # noqa: F401
            handlers,
            jobs,
            notices,
            panels,
            policies,
            wall,
        )
        from songhe.domains.billing.terms import VIEW
        from songhe.domains.people.services import pointers
        from songhe.kit import slots

        notices.register()
        # Money stays with the id under which it was charged; who reads asks by all ids of a person.
        pointers.stay("billing_charge", "person_id")
        pointers.stay("billing_payment", "person_id")
        slots.register("person.tabs", 61, panels.tab, action=VIEW)
