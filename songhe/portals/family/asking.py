"""Asking for a service, one question a page: what was answered stands in the address.

So that back goes back, nothing entered is lost, and it works without scripts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from urllib.parse import urlencode
from uuid import UUID

from django.utils import timezone

from songhe.base.access.actor import Actor
from songhe.domains.catalog import selectors as catalog
from songhe.domains.catalog.selectors import ItemView
from songhe.domains.catalog.terms import ItemKind
from songhe.domains.dispatch.panels import Free, Wanted, free_for, ordering, own_reads
from songhe.domains.organizations.selectors import Organization
from songhe.domains.organizations.terms import Gender
from songhe.domains.people.selectors import PersonView

# Each question with the answers that stand before it. Three have a number: which service, when,
# yes. For whom, and which item of a kind, are asked only where that is not plain.
BEFORE = {
    "person": (),
    "kind": ("person",),
    "item": ("person", "kind"),
    "when": ("person", "kind", "item"),
}
_ASKED_BY = {"day": "when", "part": "when"}
_NUMBERS = {"kind": 1, "when": 2, "check": 3}
# Help at once is called for, never ordered for another day.
_NOT_ORDERED = (ItemKind.EMERGENCY,)
NEAR_DAYS = 7


@dataclass(frozen=True, slots=True)
class Asking:
    """How far one is. step: which question comes; gone: an answer that does not hold any more.

    sex: of whom is wished for, "" where it does not matter; only times at which such a one is free
    are among days and their parts. It is asked last, with the other wishes. is_usual: nobody chose
    the item, it is the one that was done last of its kind.
    """

    step: str
    persons: tuple[PersonView, ...]
    organization: Organization | None = None
    items: tuple[ItemView, ...] = ()
    days: tuple[date, ...] = ()
    person: PersonView | None = None
    kind: str = ""
    item: ItemView | None = None
    day: date | None = None
    part: ordering.Part | None = None
    gone: bool = False
    is_usual: bool = False
    last: own_reads.Comer | None = None
    free: Free | None = None
    sex: str = ""

    @property
    def number(self) -> int:
        """Return which of the three questions it is, 0 before the first and within it."""
        return _NUMBERS.get(self.step, 0)

    @property
    def kinds(self) -> list[str]:
        """Return the kinds of which something is offered, in their order."""
        offered = {one.kind for one in self.items}
        return [kind for kind in ItemKind.values if kind in offered]

    @property
    def of_kind(self) -> list[ItemView]:
        """Return what is offered of the kind that was chosen."""
        return [one for one in self.items if one.kind == self.kind]

    @property
    def answers(self) -> dict[str, str]:
        """Return what was answered so far, as it stands in the address."""
        given = {
            "person": str(self.person.id) if self.person and len(self.persons) > 1 else "",
            "kind": self.kind,
            "item": self.item.code if self.item else "",
            "day": self.day.isoformat() if self.day else "",
            "part": self.part.code if self.part else "",
        }
        return {name: value for name, value in given.items() if value}

    def to(self, **more: str) -> str:
        """Return the address with one more answer; what comes after it is asked anew."""
        return "?" + urlencode(self.answers | self._wish | more)

    def again(self, step: str) -> str:
        """Return the address at which a question is asked again."""
        kept = {name: value for name, value in self.answers.items() if name in BEFORE[step]}
        chosen = {"item": ""} if step == "item" else {}  # said to be open: no habit answers it
        return "?" + urlencode(kept | chosen | self._wish)

    @property
    def let_go(self) -> str:
        """Return the address without the wish for a woman or a man."""
        return "?" + urlencode(self.answers)

    @property
    def _wish(self) -> dict[str, str]:
        return {"sex": self.sex} if self.sex else {}

    @property
    def time(self) -> str:
        """Return between which clocks it may begin as one sees it before it is ordered."""
        return f"{self.part.begins:%H:%M}–{self.part.ends:%H:%M}" if self.part else ""

    @property
    def back(self) -> str:
        """Return the address of the question before, "" at the first."""
        asked = list(self.answers)
        if not asked:
            return ""
        last = _ASKED_BY.get(asked[-1], asked[-1])
        if last == "item" and (len(self.of_kind) == 1 or self.is_usual):
            last = "kind"  # it was never a question of its own
        return self.again(last)

    @property
    def others(self) -> str:
        """Return the address at which another item of the kind is chosen, "" if there is none."""
        return self.again("item") if len(self.of_kind) > 1 else ""


def read(actor: Actor, given: Mapping[str, str], *, at: datetime) -> Asking:
    """Return how far an address is; an answer that does not hold is asked for again."""
    sex = given.get("sex", "")
    ask = Asking("person", tuple(own_reads.persons(actor)), sex=sex if sex in Gender.values else "")
    person = _person(ask.persons, given.get("person", ""))
    if person is None:
        return replace(ask, gone="person" in given)
    region, serving = own_reads.centre_of(person, at=at)
    offered = catalog.items(
        timezone.localdate(at), region, organization_id=serving.pk if serving else None
    )
    items = tuple(one for one in offered if one.kind not in _NOT_ORDERED)
    ask = replace(ask, step="kind", person=person, organization=serving, items=items)
    kind = given.get("kind", "")
    if kind not in ask.kinds:
        return replace(ask, gone=bool(kind))
    ask = replace(ask, step="item", kind=kind)
    item, is_usual = _item(actor, ask, given.get("item"))
    if item is None:
        return replace(ask, gone=bool(given.get("item")))
    free = _free(serving, item, ask.sex, at=at)
    days = tuple(free.days)
    ask = replace(ask, step="when", item=item, is_usual=is_usual, free=free, days=days)
    day = _day(ask.days, given.get("day", ""))
    parts = free.parts[day] if day is not None else ()
    part = next((one for one in parts if one.code == given.get("part")), None)
    if day is None or part is None:
        gone = ("day" in given and day is None) or ("part" in given and part is None)
        return replace(ask, gone=gone)
    last = own_reads.last_worker(actor, person.id, at=at)
    return replace(ask, step="check", day=day, part=part, last=last)


def _item(actor: Actor, ask: Asking, code: str | None) -> tuple[ItemView | None, bool]:
    """Return which item was chosen, and whether it stands for a choice that nobody had to make.

    The only one of its kind needs no question, nor does what she had last, unless it is asked for
    ("": which one is open).
    """
    if len(ask.of_kind) == 1:
        return ask.of_kind[0], False
    is_usual = code is None and ask.person is not None
    if is_usual and ask.person is not None:
        code = own_reads.last_item(actor, ask.person.id, ask.kind)
    item = next((one for one in ask.of_kind if one.code == code), None)
    return item, is_usual and item is not None


def _free(serving: Organization | None, item: ItemView, sex: str, *, at: datetime) -> Free:
    """Return when somebody can come for an item, a woman or a man where wished for; 9 queries."""
    version = item.version
    wanted = Wanted(
        minutes=version.duration_minutes if version else 60,
        workers=version.workers_needed if version else 1,
        requires=tuple(version.requires) if version else (),
        gender=sex,
    )
    return free_for(serving.pk if serving else None, wanted, at=at)


def _person(persons: tuple[PersonView, ...], asked: str) -> PersonView | None:
    if len(persons) == 1 and not asked:
        return persons[0]
    try:
        wanted = UUID(asked)
    except ValueError:
        return None
    return next((one for one in persons if one.id == wanted), None)


def _day(days: tuple[date, ...], asked: str) -> date | None:
    try:
        wanted = date.fromisoformat(asked)
    except ValueError:
        return None
    return wanted if wanted in days else None
