"""The app of domains.homecare."""

from django.apps import AppConfig


class HomecareConfig(AppConfig):
    name = "songhe.domains.homecare"
    label = "homecare"

    def ready(self) -> None:
        from django.utils.translation import gettext_lazy as _

        from songhe.domains.dispatch.services import doors
        from songhe.domains.homecare import handlers, jobs, notices, panels, policies, wall  # noqa: F401
        from songhe.domains.homecare.selectors import fitted_homes
        from songhe.domains.homecare.services import agreeing
        from songhe.domains.people.services import pointers
        from songhe.kit import slots

        pointers.name("homecare_homebed", _("home care beds"))
        slots.register("person.tabs", 45, panels.beds_tab)
        notices.register()
        agreeing.register()
        doors.open_to(fitted_homes)
