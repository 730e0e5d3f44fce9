"""Pages of people: list and one person, the register, registering, merging, export."""

from songhe.domains.people.views.exporting import Export
from songhe.domains.people.views.facts import EndFact, Facts, TellFact
from songhe.domains.people.views.merging import ChooseDuplicate, Merge, Merged, Undo
from songhe.domains.people.views.people import Contacts, PersonList, PersonPage
from songhe.domains.people.views.register import Correct, Course, Record, Register
from songhe.domains.people.views.registering import AddContact, ChangeContact, Enrol

__all__ = [
    "AddContact",
    "ChangeContact",
    "ChooseDuplicate",
    "Contacts",
    "Correct",
    "Course",
    "EndFact",
    "Enrol",
    "Export",
    "Facts",
    "Merge",
    "Merged",
    "PersonList",
    "PersonPage",
    "Record",
    "Register",
    "TellFact",
    "Undo",
]
