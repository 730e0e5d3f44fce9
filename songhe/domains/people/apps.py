"""The app of domains.people."""

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "songhe.domains.people"
    label = "people"

    def ready(self) -> None:
        from django.utils.translation import gettext_lazy as _

        from songhe.domains.people import panels, policies, wall  # noqa: F401
        from songhe.domains.people.importing import PersonImport
        from songhe.domains.people.services import pointers
        from songhe.engines.exchange import declaring
        from songhe.kit import slots

        declaring.register(PersonImport())
        grants = pointers.Pointer(
            "access_grant", "subject_id", where="subject_type = 'people.Person'"
        )
        pointers.tell(grants)
        for table, label in (
            ("access_grant", _("permissions to see")),
            ("people_contact", _("contacts")),
            ("people_personfact", _("facts one must know")),
            ("people_person", _("entries merged before")),
        ):
            pointers.name(table, label)
        slots.register("person.side", 10, panels.contacts_panel, action="people.view_person")
