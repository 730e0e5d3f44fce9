"""Routes of people."""

from django.utils.translation import gettext_lazy as _

from songhe.domains.people import views
from songhe.domains.people.importing import PersonImport
from songhe.kit import Menu, screen
from songhe.kit.imports import import_screens

app_name = "people"
ONE = "people/<uuid:person_id>/"
urlpatterns = [
    screen(
        "people/",
        views.PersonList,
        action="people.list_persons",
        name="person_list",
        menu=Menu(section="desk", label=_("People"), icon="users", order=30),
    ),
    screen(
        "people/new/",
        views.Enrol,
        action="people.register_person",
        name="enrol",
        section="desk",
    ),
    screen(
        "people/export/",
        views.Export,
        action="people.export_persons",
        name="export",
        section="desk",
    ),
    *import_screens("people/import/", importer=PersonImport, name="import", section="desk"),
    screen(ONE, views.PersonPage, action="people.view_person", name="person", section="desk"),
    screen(
        ONE + "contacts/",
        views.Contacts,
        action="people.view_person",
        name="contacts",
        section="desk",
    ),
    screen(
        ONE + "contacts/add/",
        views.AddContact,
        action="people.add_contact",
        name="add_contact",
        section="desk",
    ),
    screen(
        "people/contacts/<uuid:contact_id>/",
        views.ChangeContact,
        action="people.add_contact",
        name="change_contact",
        section="desk",
    ),
    screen(
        ONE + "facts/",
        views.Facts,
        action="people.view_person",
        name="facts",
        section="desk",
    ),
    screen(
        ONE + "facts/add/",
        views.TellFact,
        action="people.add_fact",
        name="tell_fact",
        section="desk",
    ),
    screen(
        "people/facts/<uuid:fact_id>/end/",
        views.EndFact,
        action="people.add_fact",
        name="end_fact",
        section="desk",
    ),
    screen(
        ONE + "register/",
        views.Register,
        action="people.view_register",
        name="register",
        section="desk",
    ),
    screen(
        ONE + "register/<slug:topic>/",
        views.Course,
        action="people.view_register",
        name="course",
        section="desk",
    ),
    screen(
        ONE + "register/<slug:topic>/record/",
        views.Record,
        action="people.record_fact",
        name="record",
        section="desk",
    ),
    screen(
        "people/records/<uuid:record_id>/correct/",
        views.Correct,
        action="people.record_fact",
        name="correct",
        section="desk",
    ),
    screen(
        ONE + "merge/",
        views.ChooseDuplicate,
        action="people.merge_persons",
        name="choose_duplicate",
        section="desk",
    ),
    screen(
        ONE + "merge/<uuid:gone_id>/",
        views.Merge,
        action="people.merge_persons",
        name="merge",
        section="desk",
    ),
    screen(
        "people/merges/<uuid:merge_id>/",
        views.Merged,
        action="people.merge_persons",
        name="merged",
        section="desk",
    ),
    screen(
        "people/merges/<uuid:merge_id>/undo/",
        views.Undo,
        action="people.merge_persons",
        name="undo_merge",
        section="desk",
    ),
]
