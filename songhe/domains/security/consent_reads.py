"""Who sees what of a person, in plain sentences; and whom she can choose."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy, pgettext
from django.utils.translation import gettext as _

from songhe.base.access import giving
from songhe.base.access.actor import Actor
from songhe.base.access.roles import all_roles
from songhe.base.consent import recipients, selectors, texts
from songhe.base.consent.acting import NotHers
from songhe.base.consent.recipients import NoSuchRecipient, Recipient
from songhe.base.consent.selectors import EmergencyLine, GuardianLine, Word
from songhe.base.consent.terms import (
    PERSON,
    SELF,
    Decision,
    EmergencyKind,
    Giver,
    Verdict,
)
from songhe.domains.organizations import selectors as organizations
from songhe.domains.people import selectors as people
from songhe.domains.people.selectors import PersonView
from songhe.kit import formats


@dataclass(frozen=True, slots=True)
class Choice:
    """Somebody to whom something can be opened: the key of address and form, and the words."""

    purpose: str
    key: str
    name: str
    second: str


@dataclass(frozen=True, slots=True)
class Standing:
    """One recipient of one purpose: the sentence, and what it is made of."""

    purpose: str
    key: str
    who: str
    sentence: str
    reason: str
    classes: tuple[str, ...]
    is_refusal: bool


@dataclass(frozen=True)
class Overview:
    """Everything that a person is told of who sees what of her."""

    person: PersonView
    is_own: bool
    standings: list[Standing] = field(default_factory=list)
    refusals: list[Standing] = field(default_factory=list)
    duties: list[tuple[str, str]] = field(default_factory=list)
    guardians: list[str] = field(default_factory=list)
    emergencies: list[str] = field(default_factory=list)
    others: list[tuple[str, str]] = field(default_factory=list)


def own_person(actor: Actor, person_id: UUID, *, at: datetime) -> tuple[PersonView, bool]:
    """Return a person for whom the actor acts, and whether it is herself; the look is audited.

    Raises NotHers, NoSuchPerson.
    """
    how = selectors.acts_for(actor).get(person_id)
    if how is None:
        raise NotHers
    return people.get_person(actor, person_id, at=at), how == Giver.SELF


def persons_acted_for(actor: Actor) -> list[tuple[PersonView, bool]]:
    """Return the persons for whom an account acts, oneself first; 1 query."""
    acting = selectors.acts_for(actor)
    views = people.person_views(actor, acting)
    found = [(views[pk], how == Giver.SELF) for pk, how in acting.items() if pk in views]
    return sorted(found, key=lambda one: (not one[1], one[0].name))


def allowed_to_me(actor: Actor) -> list[tuple[PersonView, str]]:
    """Return who allowed the actor to see something, each with a sentence; 1 query."""
    acting = selectors.acts_for(actor)
    opened: dict[UUID, set[str]] = {}
    optional = {p.name for p in texts.texts_at(_at(actor)).purposes.values() if p.is_optional}
    for held in actor.grants:
        if held.subject_id not in acting and held.purpose in optional:
            opened.setdefault(held.subject_id, set()).update(held.fields)
    views = people.person_views(actor, opened)
    return [
        (view, _("You may see: %(what)s.") % {"what": class_words(opened[pk])})
        for pk, view in sorted(views.items(), key=lambda one: one[1].name)
    ]


def overview(actor: Actor, person_id: UUID, *, at: datetime) -> Overview:
    """Return who sees what of a person for whom the actor acts. Raises NotHers."""
    person, is_own = own_person(actor, person_id, at=at)
    said = selectors.words_now(person_id, at=at)
    names = names_of(said, at=at)
    standings = _standings(said, names)
    return Overview(
        person=person,
        is_own=is_own,
        standings=[one for one in standings if not one.is_refusal],
        refusals=[one for one in standings if one.is_refusal],
        duties=_duties(person.region_code, at=at),
        others=_others(person_id, at=at),
        guardians=guardian_sentences(selectors.guardians_of(person_id, at=at)),
        emergencies=[
            emergency_sentence(one) for one in selectors.emergencies_of(person_id, at=at)[:5]
        ],
    )


def standing_of(
    actor: Actor, person_id: UUID, purpose: str, key: str, *, at: datetime
) -> Standing | None:
    """Return what one recipient sees for a purpose; None where nothing is open. Raises NotHers."""
    own_person(actor, person_id, at=at)
    return given_to(person_id, purpose, key, at=at)


def given_to(person_id: UUID, purpose: str, key: str, *, at: datetime) -> Standing | None:
    """Return what one recipient sees for a purpose; the caller has asked who may know."""
    said = [
        word
        for word in selectors.words_now(person_id, at=at)
        if (word.purpose, word.recipient.key) == (purpose, key) and word.decision == Decision.GIVEN
    ]
    found = _standings(said, names_of(said, at=at))
    return found[0] if found else None


def _standings(said: list[Word], names: dict[str, str]) -> list[Standing]:
    grouped: dict[tuple[str, str, str], list[Word]] = {}
    for word in said:
        grouped.setdefault((word.purpose, word.recipient.key, word.decision), []).append(word)
    found = []
    for (purpose, key, decision), words in grouped.items():
        classes = {name for word in words for name in word.classes}
        shown = texts.version_of(words[0].text_version)
        asked = shown.purposes[purpose]
        who, until = names[key], min((w.until for w in words if w.until), default=None)
        refused = decision == Decision.REFUSED
        found.append(
            Standing(
                purpose=purpose,
                key=key,
                who=who,
                sentence=_refused(who) if refused else sees(who, classes, until),
                reason=asked.words.name,
                classes=tuple(name for name in asked.classes if name in classes),
                is_refusal=refused,
            )
        )
    return sorted(found, key=lambda one: one.who)


def sees(who: str, classes: Iterable[str], until: datetime | None) -> str:
    values = {"who": who, "what": class_words(classes)}
    if until is None:
        return _("%(who)s may see: %(what)s.") % values
    day = formats.short_date(timezone.localdate(until))
    return _("%(who)s may see: %(what)s. Until %(day)s.") % (values | {"day": day})


def _refused(who: str) -> str:
    return _("You said no to %(who)s: nothing is open.") % {"who": who}


def class_words(classes: Iterable[str]) -> str:
    """Return classes of data in words, in their order: name and age, health."""
    wanted, shown = set(classes), list(texts.all_texts().values())[-1]
    return pgettext("listed words", ", ").join(
        one.words.name for name, one in shown.classes.items() if name in wanted
    )


def role_words(role: str) -> str:
    """Return the name of a role in the reader's language."""
    known = all_roles().get(role)
    if known is None:
        return role
    return known.en if (get_language() or "zh").startswith("en") else known.zh


def names_of(said: Iterable[Word], *, at: datetime) -> dict[str, str]:
    """Return by key what recipients are called; 2 queries."""
    words = list(said)
    ids = {w.recipient.organization_id for w in words if w.recipient.organization_id}
    known = organizations.organizations_by_id({one for one in ids if one is not None})
    users = [w.recipient.user_id for w in words if w.recipient.user_id is not None]
    posts = organizations.posts_of(users, at=at)
    found = {}
    for word in words:
        recipient = word.recipient
        if recipient.user_id is not None:
            found[recipient.key] = _with_post(word.user_name, posts.get(recipient.user_id, ""))
        else:
            organization = known.get(recipient.organization_id)  # type: ignore[arg-type]
            found[recipient.key] = _everybody(
                organizations.name_of(organization) if organization else "", recipient.role
            )
    return found


def _with_post(name: str, post: str) -> str:
    return _("%(name)s (%(post)s)") % {"name": name, "post": post} if post else name


def _everybody(organization: str, role: str) -> str:
    return _("Every %(role)s of %(organization)s") % {
        "organization": organization,
        "role": role_words(role),
    }


def _duties(region_code: str, *, at: datetime) -> list[tuple[str, str]]:
    """Return who sees her data without being asked, each with why (contract or law).

    Of who sees it only after saying what for, the sentence is the one that says so.
    """
    held = {line.role for line in giving.roles_in(at=at, region_code=region_code)}
    found = []
    for purpose in texts.texts_at(at).purposes.values():
        if purpose.is_optional or not held & purpose.recipient_roles:
            continue
        roles = sorted(held & purpose.recipient_roles)
        who = pgettext("listed words", ", ").join(role_words(role) for role in roles)
        if all(_only_stated(role) for role in roles):
            found.append((purpose.words.ask, purpose.words.necessity))
        else:
            found.append((sees(who, purpose.classes, None), purpose.words.necessity))
    return found


def _only_stated(role: str) -> bool:
    """Tell whether a role opens nothing but while its holder has said what for."""
    known = all_roles()[role]
    return bool(known.purposes) and not known.fields and not known.served


REASONS: dict[str, Promise] = {
    "contract": gettext_lazy("because of the contract with the family doctor"),
    "alarm": gettext_lazy("because of an alarm that was answered"),
    "visit": gettext_lazy("because of a visit to you, until it is over"),
}


def _others(person_id: UUID, *, at: datetime) -> list[tuple[str, str]]:
    """Return who sees her data by something else than her word: a contract, an alarm, a visit.

    One line a person, with all its reasons; 2 queries.
    """
    names: dict[UUID, str] = {}
    fields: dict[UUID, set[str]] = {}
    reasons: dict[UUID, set[str]] = {}
    for line in giving.grants_on(PERSON, person_id, at=at):
        if not line.source.startswith("consent.") and line.purpose != SELF:
            names[line.user_id] = line.user_name
            fields.setdefault(line.user_id, set()).update(line.fields)
            reasons.setdefault(line.user_id, set()).add(line.purpose)
    posts = organizations.posts_of(set(names), at=at)
    listed = pgettext("listed words", ", ")
    return [
        (
            sees(_with_post(name, posts.get(user, "")), fields[user], None),
            listed.join(str(said) for key, said in REASONS.items() if key in reasons[user]),
        )
        for user, name in names.items()
    ]


def guardian_sentences(lines: Iterable[GuardianLine]) -> list[str]:
    """Return who acts for the person now, one sentence each."""
    found = []
    for line in lines:
        if line.is_acting and line.paper_until is not None:
            day = formats.short_date(line.paper_until)
            found.append(
                _("%(name)s acts for you as guardian, until %(day)s.")
                % {"name": line.name, "day": day}
            )
        elif line.is_acting:
            found.append(_("%(name)s acts for you as guardian.") % {"name": line.name})
    return found


def emergency_sentence(line: EmergencyLine) -> str:
    """Return one emergency in a sentence, with how it was judged."""
    said = _("%(when)s: %(who)s opened your data in an emergency (%(kind)s).") % {
        "when": formats.moment(line.since),
        "who": line.user_name,
        "kind": EmergencyKind(line.kind).label,
    }
    judged = {
        Verdict.JUSTIFIED: _("Looked into: it was right."),
        Verdict.UNJUSTIFIED: _("Looked into: it was not right, and it was ended."),
    }.get(line.verdict, _("The data protection officer is looking into it."))  # type: ignore[call-overload]
    return " ".join((said, str(judged)))


def choices(person: PersonView, *, at: datetime) -> list[Choice]:
    """Return to whom the person can open something: those near her, by purpose.

    Doctors and carers of the organisations that serve where she lives, one by one and all of a
    role; family by those who may see already or are named by their sign-in name.
    """
    found: list[Choice] = []
    purposes = [p for p in texts.texts_at(at).purposes.values() if p.is_optional]
    near = organizations.near(person.region_code)
    for organization in near:
        lines = giving.roles_in(at=at, organization_id=organization.pk)
        for purpose in purposes:
            fit = [line for line in lines if line.role in purpose.recipient_roles]
            for line in {line.user_id: line for line in fit}.values():
                key = Recipient(user_id=line.user_id).key
                second = f"{organizations.name_of(organization)} {role_words(line.role)}"
                found.append(Choice(purpose.name, key, line.user_name, second))
            for role in sorted({line.role for line in fit}):
                one = Recipient(organization_id=organization.pk, role=role)
                name = _everybody(organizations.name_of(organization), role)
                found.append(Choice(purpose.name, one.key, name, ""))
    return found


def choice_by_login(login: str, *, at: datetime) -> Choice:
    """Return the family account of exactly this sign-in name. Raises NoSuchRecipient."""
    user = selectors.account_named(login)
    shown = texts.texts_at(at).purposes["family"]
    held = giving.roles_of_user(user.pk, at=at) if user is not None else []
    if user is None or not {line.role for line in held} & shown.recipient_roles:
        raise NoSuchRecipient(field="login")
    return Choice(shown.name, Recipient(user_id=user.pk).key, user.display_name, "")


def choice_of(person_id: UUID, purpose: str, key: str, *, at: datetime) -> Choice:
    """Return one choice by purpose and key, named. Raises UnknownPurpose, NoSuchRecipient."""
    asked = texts.purpose_for_consent(texts.texts_at(at), purpose)
    recipient = recipients.from_key(key)
    recipients.holders_of(recipient, asked, person_id=person_id, at=at)
    if recipient.user_id is not None:
        line = giving.roles_of_user(recipient.user_id, at=at)[0]
        post = organizations.posts_of([recipient.user_id], at=at).get(recipient.user_id, "")
        return Choice(purpose, key, _with_post(line.user_name, post), "")
    organization = organizations.organizations_by_id({recipient.organization_id})  # type: ignore[arg-type]
    names = [organizations.name_of(one) for one in organization.values()]
    return Choice(purpose, key, _everybody(names[0] if names else "", recipient.role), "")


def _at(actor: Actor) -> datetime:
    return actor.at or timezone.now()
