"""The summary card for an emergency crew: what is read to 120, and what the crew takes along.

What is read aloud takes half a minute; the whole is one page of paper. Times are clock times, for
paper does not age. What is not known is said so, and what is not open to who asks is not there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from songhe.base import vault
from songhe.base.access.actor import Actor
from songhe.base.regions import selectors as regions
from songhe.domains.dispatch import rescue_reads
from songhe.domains.dispatch.models import Order
from songhe.domains.dispatch.services.calling_in import NOBODY_KNOWS
from songhe.domains.monitoring import panels as alarm_panels
from songhe.domains.monitoring import selectors as alarms
from songhe.domains.people import selectors as people
from songhe.domains.people.terms import NO_NAME, FactKind, Sex
from songhe.domains.telemetry import panels as readings
from songhe.domains.telemetry import selectors as telemetry
from songhe.engines.search.words import first_reading
from songhe.kit import formats

_VITALS = ("sbp", "heart-rate", "spo2", "glucose", "glucose-interstitial", "temperature",
           "respiration")  # fmt: skip
_TOLD = ("raised", "call", "note", "assigned", "help", "resolved")
_MOST_TOLD = 8
_NEW = timedelta(hours=24)
# So fast one reads to somebody who writes along: hanzi and digits, or words, a second.
_HANZI_S, _WORDS_S = 5.0, 2.7


@dataclass(frozen=True, slots=True)
class Row:
    """One heading of the card with its lines; without lines it says that nothing is known."""

    key: str
    name: str
    lines: tuple[str, ...]
    numbers: tuple[str, ...] = ()

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Return the lines with the numbers behind them."""
        return list(zip(self.lines, self.numbers or ("",) * len(self.lines), strict=True))


@dataclass(frozen=True, slots=True)
class Card:
    """What is read aloud, as sentences, and the whole by heading."""

    title: str
    spoken: tuple[str, ...]
    rows: tuple[Row, ...]
    made: str

    @property
    def seconds(self) -> int:
        """Return how long reading aloud takes, about, in seconds."""
        text = " ".join(self.spoken)
        hanzi = sum("\u4e00" <= one <= "\u9fff" or one.isdigit() for one in text)
        words = len(text.split()) if hanzi < len(text) / 3 else 0
        return round(words / _WORDS_S if words else hanzi / _HANZI_S)

    def text(self) -> str:
        """Return it as plain text, for the centre and to be copied."""
        told = "".join(self.spoken) if _is_chinese() else " ".join(self.spoken)
        lines = [self.title, told, ""]
        for row in self.rows:
            joined = "; ".join(" ".join(pair).strip() for pair in row.pairs)
            lines.append(f"{row.name}: {joined or _('not recorded')}")
        return "\n".join([*lines, "", self.made])


def _is_chinese() -> bool:
    return (get_language() or "").startswith("zh")


def card_of(actor: Actor, order: Order, *, alarm_id: UUID | None, at: datetime) -> Card:
    """Return the card of the person of an order, as far as she is open; the read is audited."""
    person = people.get_person(actor, order.person_id, at=at)
    sees = "health" in person.fields
    known = people.facts_of([person.id], at=at).get(person.id, []) if sees else []
    of_kind = {kind: tuple(fact.text for fact in known if fact.kind == kind) for kind in FactKind}
    values, new_values = _values(actor, person, order, at=at) if sees else ((), ())
    contacts = people.contacts_of(actor, person)[:4]
    who, where = _who(person, at), address_of(order, person)
    told = _told(actor, order, alarm_id, at=at)
    stage = rescue_reads.stages([order], at=at)[order.pk]
    comes = stage.words
    if stage.eta is not None:
        comes += _(", there about %(time)s") % {"time": formats.clock(stage.eta)}
    phone = people.phone_of(person) or ""
    desk = order.organization
    # That nobody knows who she is, is about her, and no illness.
    of_her = tuple(fact.text for fact in known if fact.code == NOBODY_KNOWS)
    of_kind[FactKind.RISK] = tuple(one for one in of_kind[FactKind.RISK] if one not in of_her)
    who = _comma((who, *of_her))
    ill = (*of_kind[FactKind.CONDITION], *of_kind[FactKind.RISK])
    allergies = of_kind[FactKind.ALLERGY]
    spoken = [
        _("%(who)s.") % {"who": who},
        _("Address: %(where)s.") % {"where": where},
        _("%(told)s.") % {"told": told[0] if told else _("Called for help")},
        _("%(them)s.")
        % {"them": _listed(allergies) or _("Whether she has allergies is not recorded")},
    ]
    if ill:
        spoken.append(_("Has: %(them)s.") % {"them": _listed(ill)})
    if new_values:
        spoken.append(_("Measured: %(them)s.") % {"them": _listed(new_values)})
    if stage.kind in ("coming", "there"):
        spoken.append(_("%(comes)s.") % {"comes": comes})
    rows = [
        Row("who", _("Who"), (who,), (phone,)),
        Row("where", _("Where"), (where,)),
        Row("told", _("What happened"), told),
        Row("allergies", _("Allergies"), allergies),
        Row("ill", _("Illnesses"), of_kind[FactKind.CONDITION]),
        Row("medicines", _("Medicines"), of_kind[FactKind.MEDICINE]),
        Row("know", _("Mind"), (*of_kind[FactKind.RISK], *of_kind[FactKind.NEED])),
        Row("values", _("Last values"), values),
        Row(
            "contacts", _("Whom to call"),
            tuple(" ".join(filter(None, (one.relation, one.name, one.note))) for one in contacts),
            tuple(one.phone or "" for one in contacts),
        ),
        Row("comes", _("Who comes"), (comes,)),
    ]  # fmt: skip
    if desk is not None:
        rows.append(Row("desk", _("Call back"), (desk.called,), (desk.phone,)))
    made = _("Made %(time)s by %(name)s") % {
        "time": formats.moment(at), "name": actor.display_name or _("the system"),
    }  # fmt: skip
    return Card(_("Card for 120"), tuple(spoken), tuple(rows), made)


def _listed(them: Sequence[str]) -> str:
    return ("、" if _is_chinese() else ", ").join(them)


def _who(person: people.PersonView, at: datetime) -> str:
    name = person.name if _is_chinese() else f"{person.name} ({_read(person.name)})"
    if person.name == NO_NAME:
        name = _("Name not known")
    said = [name, str(Sex(person.sex).label)]
    age = person.age(at.date())
    if age is not None:
        said.append(_("%(n)d years") % {"n": age})
    return _comma([*said, alarm_panels.living_words(person)])


def _comma(parts: Iterable[str]) -> str:
    return ("，" if _is_chinese() else ", ").join(part for part in parts if part)


def _read(name: str) -> str:
    """Return how a name is read, for who reads no hanzi: the family name, then the rest."""
    whole, family = first_reading(name), first_reading(name[:1])
    rest = whole.removeprefix(family) if len(name) > 1 else ""
    return f"{family.capitalize()} {rest.capitalize()}".strip()


def address_of(order: Order, person: people.PersonView) -> str:
    """Return county, town, community and address to the door."""
    if order.home is None or not order.home.address or "contact" not in person.fields:
        return _("address not known")
    path = regions.path_of(order.region_code)
    names = [alarm_panels.local_name(one.name, one.name_en) for one in path if one.level >= 6]
    address = order.home.address
    if _is_chinese():
        kept = [one for one in names if not address.startswith(one)]
        return "".join([*kept, address])
    return ", ".join([address, *reversed(names)])


def _time(moment: datetime, at: datetime) -> str:
    today = formats.clock_or_day(moment, at) == formats.clock(moment)
    return formats.clock(moment) if today else formats.moment(moment)


def _told(actor: Actor, order: Order, alarm_id: UUID | None, *, at: datetime) -> tuple[str, ...]:
    """Return what happened with its times: what rang, what calls gave, how far the help is."""
    if alarm_id is None:
        found = [f"{line.time} {line.text}" for line in rescue_reads.course(order, at=at)]
        if order.note_sealed is not None:
            said = vault.unseal(order.note_sealed, field=Order.NOTE, pk=order.pk)
            time = _time(order.asked_at, at)
            found.insert(0, _("%(time)s by phone: %(said)s") % {"time": time, "said": said})
    else:
        alarm = alarms.get_alarm(actor, alarm_id)
        [line] = alarms.lines(actor, [alarm])
        found = [f"{_time(alarm.onset_at, at)} {line.title}"]
        for entry in alarms.course_of(alarm):
            if entry.kind in _TOLD[1:]:
                told = alarm_panels.entry_line(entry, at)
                words = alarm_panels.facts([told.text, told.note])
                found.append(f"{_time(entry.at, at)} {words}")
    return (found[0], *found[1:][-_MOST_TOLD:]) if found else ()


def _values(
    actor: Actor, person: people.PersonView, order: Order, *, at: datetime
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the last values, each with its own time; and those of the last day, to be read."""
    latest = telemetry.latest_of(actor, person, order.home_id, at=at)
    found = {value.code.key: value for value in latest if not value.voided}
    every, new = [], []
    for key in _VITALS:
        if key not in found:
            continue
        rows = [found[one] for one in ((key, "dbp") if key == "sbp" else (key,)) if one in found]
        [vital] = readings.vitals(rows, {}, at=at)
        said = f"{_time(rows[0].at, at)} {vital.name} {vital.value} {vital.unit}".strip()
        every.append(said)
        if at - rows[0].at < _NEW:
            new.append(said)
    return tuple(every), tuple(new[:2])
