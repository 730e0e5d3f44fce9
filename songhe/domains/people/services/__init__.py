"""Writing people: register, house, record with true dates, name contacts, merge."""

from songhe.domains.people.services.common import (
    AlreadyRegistered,
    NotAChoice,
    check_choices,
    check_new,
)
from songhe.domains.people.services.contacts import (
    EndsBeforeItBegins,
    NoSuchContact,
    add_contact,
    add_fact,
    change_contact,
    end_contact,
    end_fact,
    replace_fact,
)
from songhe.domains.people.services.merging import merge_persons, undo_merge
from songhe.domains.people.services.recording import (
    Fact,
    correct_record,
    move_in,
    record_fact,
    register_resident,
    withdraw_record,
)
from songhe.domains.people.services.registering import add_home, add_room, home_at, register_person
from songhe.domains.people.services.telling import (
    AlreadyKnown,
    NoSuchFact,
    end_told,
    tell_fact,
)

__all__ = [
    "AlreadyKnown",
    "AlreadyRegistered",
    "EndsBeforeItBegins",
    "Fact",
    "NoSuchContact",
    "NoSuchFact",
    "NotAChoice",
    "add_contact",
    "add_fact",
    "add_home",
    "add_room",
    "change_contact",
    "check_choices",
    "check_new",
    "correct_record",
    "end_contact",
    "end_fact",
    "end_told",
    "home_at",
    "merge_persons",
    "move_in",
    "record_fact",
    "register_person",
    "register_resident",
    "replace_fact",
    "tell_fact",
    "undo_merge",
    "withdraw_record",
]
