"""The app of domains.dispatch."""

from django.apps import AppConfig


class DispatchConfig(AppConfig):
    name = "songhe.domains.dispatch"
    label = "dispatch"

    def ready(self) -> None:
        from django.utils.translation import gettext_lazy as _

        from songhe.domains.dispatch import (  # noqa: F401
            charge_proofs,
            handlers,
            jobs,
            loops,
            notices,
            panels,
            plan_panels,
            policies,
            terms,
            wall,
        )
        from songhe.domains.dispatch.services import proofs
        from songhe.domains.organizations.services.portraits import open_facts
        from songhe.domains.people.services import pointers
        from songhe.kit import slots

        slots.register("alarm.help", 0, panels.help_panel, action=terms.LIST)
        pointers.name("dispatch_order", _("orders"))
        pointers.name("dispatch_series", _("series of services"))
        charge_proofs.register()
        loops.register()
        notices.register()
        plan_panels.register()
        proofs.register()
        open_facts(policies.workers_seen, *terms.CHOOSE)
