"""Routes of people."""

from django.utils.translation import gettext_lazy as _

from songhe.domains.people import views
from songhe.kit import Menu, screen

app_name = "people"
urlpatterns = [
    screen(
        "people/",
        views.PersonList,
        action="people.list_persons",
        name="person_list",
        menu=Menu(section="desk", label=_("People"), icon="users", order=30),
    ),
    screen(
        "people/<uuid:person_id>/",
        views.PersonPage,
        action="people.view_person",
        name="person",
        section="desk",
    ),
    screen(
        "people/<uuid:person_id>/contacts/",
        views.Contacts,
        action="people.view_person",
        name="contacts",
        section="desk",
    ),
]
