"""What is told of a person, looked at before it is recorded."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from songhe.base.access import wall
from songhe.base.access.actor import Actor
from songhe.base.regions import days
from songhe.domains.people import idnumber, register, sealing
from songhe.domains.people.models import Home, Person
from songhe.domains.people.services.common import (
    AlreadyRegistered,
    NotAChoice,
    check_new,
    covered,
)
from songhe.domains.people.terms import PHONE
from songhe.kernel.errors import Invalid, NotFound

MOVE = "people.move_person"
LONGEST_NAME = 60


class LevelNeeded(Invalid):
    code = "people.level_needed"
    message = "Choose the level too."


class BadName(Invalid):
    code = "people.bad_name"
    message = "A name has 1 to %(most)s characters."


class BadPhone(Invalid):
    code = "people.bad_phone"
    message = "This is no phone number."


class NoSuchHome(NotFound):
    code = "people.no_such_home"
    message = "This home does not exist, or is not open to you."


@dataclass(frozen=True, slots=True)
class Fact:
    """What is told: a code of the register, a home's id, a name; or what is to be sealed.

    region_code and address instead of the id of a home: it is found, or made.
    """

    kind: str
    value: str = ""
    sealed: str = ""
    data: dict[str, str] = field(default_factory=dict)
    note: str = ""
    region_code: str = ""
    address: str = ""


def check_value(actor: Actor, fact: Fact, at: datetime) -> None:
    """Make sure that this can be said of somebody, and by whom.

    Raises NotAChoice, LevelNeeded, NoSuchHome, Denied, BadName, BadPhone, BadIdNumber,
    AlreadyRegistered.
    """
    kind = register.kinds()[fact.kind]
    if kind.form == "choice":
        _check_choice(kind, fact)
    elif fact.kind == register.HOME and fact.value != register.ELSEWHERE:
        home = Home.objects.filter(pk=_id(fact.value)).first()
        if home is None:
            raise NoSuchHome(field="value")
        covered(actor, MOVE, home.region_code)
    elif fact.kind == register.NAME and not 1 <= len(fact.value) <= LONGEST_NAME:
        raise BadName(field="value", most=LONGEST_NAME)
    elif fact.kind == register.PHONE and not re.fullmatch(PHONE, fact.sealed):
        raise BadPhone(field="value")
    elif fact.kind == register.NUMBER:
        _check_number(fact.sealed, at)


def _check_choice(kind: register.Kind, fact: Fact) -> None:
    if fact.value not in kind.values:
        raise NotAChoice(field="value", given=fact.value[:30], known=", ".join(kind.values))
    if kind.levels and fact.value != "none" and fact.data.get("level") not in kind.levels:
        raise LevelNeeded(field="level")


def _check_number(given: str, at: datetime) -> None:
    number, _born, _sex = idnumber.parse(given, today=days.day_of(at))
    with wall.lifted():  # whether somebody has it, not who
        taken = Person.objects.filter(id_number_index__in=sealing.number_indexes(number)).exists()
    if taken:
        raise AlreadyRegistered(field="value")
    check_new([number])


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NoSuchHome(field="value") from None
