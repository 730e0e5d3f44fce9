"""What she allows is open, what she ends is shut at the next request, and nothing is forged."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction

from songhe.base.access import giving
from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM, Actor
from songhe.base.access.models import Grant
from songhe.base.access.roles import all_roles
from songhe.base.accounts.models import User
from songhe.base.audit.models import AuditEntry
from songhe.base.consent import following, papers, recipients, selectors, services, texts
from songhe.base.consent.acting import NoPaper, NotHers, NoWitness, Told
from songhe.base.consent.models import Consent
from songhe.base.consent.recipients import NoSuchRecipient, Recipient
from songhe.base.consent.terms import PERSON, Channel, PaperKind
from songhe.base.consent.tests.conftest import NOW, PLACE, ActorOf, make_user, picture
from songhe.base.events.models import OutboxEvent
from songhe.kernel.errors import Denied
from songhe.kernel.ids import uuid7

VERSION = texts.texts_at(NOW).version
LATER = NOW + timedelta(minutes=1)


def seen(login: str, person: UUID, at: datetime) -> set[str]:
    """Return the classes that an account sees of a person, as its next request would."""
    actor = access.actor_for(User.objects.get(login=login), at)
    return set(actor.granted(PERSON).get(person, frozenset()))


def give(actor: Actor, person: UUID, to: Recipient, *classes: str, **more: object) -> list[Consent]:
    wanted = {"purpose": "family", "text_version": VERSION, "at": NOW} | more
    return services.give(actor=actor, person_id=person, recipient=to, classes=classes, **wanted)  # type: ignore[arg-type]


@pytest.fixture
def son(db: None) -> Recipient:
    return Recipient(user_id=make_user("chenwei", "family").pk)


def test_she_gives_narrows_and_ends(chen: UUID, son: Recipient, actor_of: ActorOf) -> None:
    rows = give(actor_of("chenxiulan"), chen, son, "health", "home")
    assert {row.data_class for row in rows} == {"identity", "health", "home"}
    assert len({row.text_digest for row in rows}) == 3
    assert seen("chenwei", chen, NOW) == {"identity", "health", "home"}
    services.withdraw(
        actor=actor_of("chenxiulan"),
        person_id=chen,
        purpose="family",
        recipient=son,
        classes=["health"],
        at=LATER,
    )
    assert seen("chenwei", chen, LATER) == {"identity", "home"}
    ended = services.withdraw(
        actor=actor_of("chenxiulan"), person_id=chen, purpose="family", recipient=son, at=LATER
    )
    assert set(ended) == {"identity", "home"}
    assert seen("chenwei", chen, LATER) == set()
    assert selectors.words_now(chen, at=LATER) == []
    assert {w.withdrawn_at for w in selectors.words_before(chen, at=LATER)} == {LATER}
    with pytest.raises(services.NothingGiven):
        services.withdraw(
            actor=actor_of("chenxiulan"), person_id=chen, purpose="family", recipient=son, at=LATER
        )
    assert AuditEntry.objects.filter(action="consent.withdraw", ref=f"{PERSON}/{chen}").count() == 2
    assert OutboxEvent.objects.filter(name="consent.ConsentWithdrawn").count() == 2


def test_without_the_name_nothing_stays_open(chen: UUID, son: Recipient, actor_of: ActorOf) -> None:
    give(actor_of("chenxiulan"), chen, son, "health")
    services.withdraw(
        actor=actor_of("chenxiulan"),
        person_id=chen,
        purpose="family",
        recipient=son,
        classes=["identity"],
        at=LATER,
    )
    assert seen("chenwei", chen, LATER) == set()


def test_a_consent_ends_by_itself(chen: UUID, son: Recipient, actor_of: ActorOf) -> None:
    give(actor_of("chenxiulan"), chen, son, "health", until=NOW + timedelta(days=2))
    assert seen("chenwei", chen, NOW + timedelta(days=1))
    assert not seen("chenwei", chen, NOW + timedelta(days=2))
    with pytest.raises(services.TooLong):
        give(actor_of("chenxiulan"), chen, son, "health", until=NOW + timedelta(days=4000))


def test_a_withdrawal_with_an_older_clock_still_ends_everything(
    chen: UUID, son: Recipient, actor_of: ActorOf
) -> None:
    give(actor_of("chenxiulan"), chen, son, "health", at=NOW)
    before = NOW - timedelta(seconds=3)
    services.withdraw(
        actor=actor_of("chenxiulan", before),
        person_id=chen,
        purpose="family",
        recipient=son,
        at=before,
    )
    for seconds in (-3, 0, 1, 60):
        at = NOW + timedelta(seconds=seconds)
        assert not seen("chenwei", chen, at) - {"identity", "health"}
        assert not (seconds > 0 and seen("chenwei", chen, at)), seconds


def test_she_alone_gives(chen: UUID, son: Recipient, actor_of: ActorOf) -> None:
    make_user("stranger", "elder")
    make_user("registrar", "registrar")
    for login in ("chenwei", "stranger", "registrar"):
        with pytest.raises(NotHers):
            give(actor_of(login), chen, son, "health")
    with pytest.raises(Denied):
        give(
            actor_of("chenwei"),
            chen,
            son,
            "health",
            told=Told(channel=Channel.IN_PERSON, region_code=PLACE),
        )
    assert not Consent.objects.exists()
    assert not seen("chenwei", chen, NOW)


def test_forged_recipients_are_refused(chen: UUID, actor_of: ActorOf) -> None:
    elder, worker = actor_of("chenxiulan"), make_user("liu", "worker")
    closed = make_user("gone", "family")
    User.objects.filter(pk=closed.pk).update(is_active=False)
    own = User.objects.get(login="chenxiulan").pk
    forged = [
        Recipient(user_id=uuid7()),
        Recipient(user_id=worker.pk),  # a care worker is no family
        Recipient(user_id=closed.pk),
        Recipient(user_id=own),
        Recipient(user_id=make_user("wu").pk),
        Recipient(organization_id=uuid7(), role="family"),
    ]
    for one in forged:
        with pytest.raises(NoSuchRecipient):
            give(elder, chen, one, "health")
    for key in ("", "user.", "user.x", "role.x.worker", "admin", f"user.{own}.x"):
        with pytest.raises(NoSuchRecipient):
            recipients.from_key(key)
    with pytest.raises(NoSuchRecipient):
        give(
            elder,
            chen,
            Recipient(organization_id=uuid7(), role="worker"),
            "home",
            purpose="care",
        )
    with pytest.raises(texts.UnknownPurpose):
        give(elder, chen, Recipient(user_id=worker.pk), "home", purpose="alarm")
    with pytest.raises(services.NotOfPurpose):
        give(elder, chen, Recipient(user_id=worker.pk), "location", purpose="care")
    assert not Consent.objects.exists()
    assert Grant.objects.exclude(purpose="self").count() == 0


def test_a_role_is_followed_by_who_takes_it_up_and_left_by_who_leaves(
    chen: UUID, actor_of: ActorOf
) -> None:
    centre = uuid7()
    liu, late = make_user("liu", "worker", organization=centre), make_user("late")
    everybody = Recipient(organization_id=centre, role="worker")
    give(actor_of("chenxiulan"), chen, everybody, "home", "contact", purpose="care")
    give(actor_of("chenxiulan"), chen, Recipient(user_id=liu.pk), "health", purpose="care")
    assert seen("liu", chen, NOW) == {"identity", "home", "contact", "health"}
    opened = following.recipient_joined(
        actor=SYSTEM, user=late, organization_id=centre, role="worker", at=LATER
    )
    assert opened == 3
    assert seen("late", chen, LATER) == {"identity", "home", "contact"}
    for line in giving.roles_of_user(liu.pk, at=LATER):
        giving.end_role(actor=SYSTEM, assignment_id=line.id, at=LATER)
    following.recipient_left(
        actor=SYSTEM, user_id=liu.pk, organization_id=centre, role="worker", at=LATER
    )
    assert seen("liu", chen, LATER) == set()
    assert seen("late", chen, LATER) == {"identity", "home", "contact"}
    services.withdraw(
        actor=actor_of("chenxiulan"), person_id=chen, purpose="care", recipient=everybody, at=NOW
    )
    assert seen("late", chen, LATER + timedelta(seconds=1)) == set()


def test_refusing_is_kept_and_closes_only_what_it_names(
    chen: UUID, son: Recipient, actor_of: ActorOf
) -> None:
    doctor = Recipient(user_id=make_user("zhao", "clinician").pk)
    elder = actor_of("chenxiulan")
    give(elder, chen, son, "health")
    give(elder, chen, doctor, "health", purpose="doctor")
    services.refuse(
        actor=elder,
        person_id=chen,
        purpose="doctor",
        recipient=doctor,
        text_version=VERSION,
        at=LATER,
    )
    assert seen("zhao", chen, LATER) == set()
    assert seen("chenwei", chen, LATER) == {"identity", "health"}
    assert "health" in seen("chenxiulan", chen, LATER)
    assert [w.decision for w in selectors.words_now(chen, at=LATER)].count("refused") == 1
    give(elder, chen, doctor, "health", purpose="doctor", at=LATER + timedelta(hours=1))
    assert "health" in seen("zhao", chen, LATER + timedelta(hours=1))


def test_staff_record_paper_and_telephone_where_she_lives(
    chen: UUID, son: Recipient, actor_of: ActorOf
) -> None:
    make_user("registrar", "registrar")
    make_user("elsewhere", "registrar", region="990122")
    clerk = actor_of("registrar")
    paper = papers.keep_paper(
        actor=clerk, person_id=chen, kind=PaperKind.CONSENT, body=picture(), at=NOW
    )
    other = papers.keep_paper(
        actor=clerk, person_id=uuid7(), kind=PaperKind.CONSENT, body=picture(), at=NOW
    )
    for told, refusal in (
        (Told(Channel.PAPER, PLACE), NoPaper),
        (Told(Channel.PAPER, PLACE, paper_id=other.pk), NoPaper),
        (Told(Channel.PHONE, PLACE, witness=" "), NoWitness),
    ):
        with pytest.raises(refusal):
            give(clerk, chen, son, "health", told=told)
    with pytest.raises(Denied):
        give(
            actor_of("elsewhere"),
            chen,
            son,
            "health",
            told=Told(Channel.PAPER, PLACE, paper_id=paper.pk),
        )
    assert not Consent.objects.exists()
    give(clerk, chen, son, "health", told=Told(Channel.PAPER, PLACE, paper_id=paper.pk))
    give(clerk, chen, son, "home", told=Told(Channel.PHONE, PLACE, witness="居委会 王主任"))
    words = {word.channel: word for word in selectors.words_now(chen, at=NOW + timedelta(hours=1))}
    assert words["paper"].paper_id == paper.pk
    assert words["phone"].witness == "居委会 王主任"
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(t::text, '') FROM consent_consent t")
        assert "王主任" not in cursor.fetchone()[0]


def test_an_old_text_is_read_anew_on_the_screen(
    chen: UUID, son: Recipient, actor_of: ActorOf
) -> None:
    with pytest.raises(texts.TextChanged):
        give(actor_of("chenxiulan"), chen, son, "health", text_version="1999-01")


def test_the_table_holds_one_word_at_a_time(chen: UUID, son: Recipient, actor_of: ActorOf) -> None:
    row = give(actor_of("chenxiulan"), chen, son, "health")[0]
    row.pk = uuid7()
    row._state.adding = True
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save(force_insert=True)


def test_what_was_shown_once_is_not_edited() -> None:
    """A changed text is a new version: these digests are what people agreed to."""
    shown = texts.all_texts()["2026-01"]
    assert shown.digest("family", "health")[:16] == "8d9442aff458e363"
    assert shown.digest("care", "contact")[:16] == "d7ac6f3e0f4ede73"
    for one in texts.all_texts().values():
        assert {"family", "doctor", "care"} <= {
            p.name for p in one.purposes.values() if p.is_optional
        }
        for purpose in one.purposes.values():
            for words in (purpose.zh, purpose.en):
                assert all((words.name, words.ask, words.necessity, words.refuse))


@pytest.mark.django_db(transaction=True)
def test_a_withdrawal_and_a_gift_at_once_never_leave_a_grant_behind() -> None:
    """Two writers at the same time, many times: what the table says is what the grants say."""
    from songhe.base.consent import guardians

    person = uuid7()
    elder, son = make_user("chenxiulan", "elder"), make_user("chenwei", "family")
    guardians.make_own(actor=SYSTEM, user=elder, person_id=person, at=NOW - timedelta(days=1))
    actor, to = access.actor_for(elder, NOW), Recipient(user_id=son.pk)
    for step in range(6):
        at = NOW + timedelta(seconds=10 * step)
        give(actor, person, to, "health", at=at)
        gate = threading.Barrier(2)
        failed: list[Exception] = []

        def run(act: object, gate: threading.Barrier = gate, failed: list = failed) -> None:
            try:
                gate.wait(10)
                act()  # type: ignore[operator]
            except services.NothingGiven:
                pass
            except Exception as error:
                failed.append(error)
            finally:
                connection.close()

        early, late = at + timedelta(seconds=1), at + timedelta(seconds=2)
        threads = [
            threading.Thread(
                target=run, args=(lambda late=late: give(actor, person, to, "home", at=late),)
            ),
            threading.Thread(
                target=run,
                args=(
                    lambda early=early: services.withdraw(
                        actor=actor, person_id=person, purpose="family", recipient=to, at=early
                    ),
                ),
            ),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert not failed
        after = at + timedelta(seconds=5)
        said = {c for w in selectors.words_now(person, at=after) for c in w.classes}
        assert seen("chenwei", person, after) == said
        assert "health" not in said


def test_what_is_open_without_asking_is_told_in_full() -> None:
    """Whoever sees persons of a region by role alone stands in the texts, with all they see."""
    told: dict[str, set[str]] = {}
    for purpose in texts.texts_at(NOW).purposes.values():
        if not purpose.is_optional:
            for role in purpose.recipient_roles:
                told.setdefault(role, set()).update(purpose.classes)
    for role in all_roles().values():
        if role.reach == "region":
            assert set(role.opens(role.purposes)) == told.get(role.name, set()), role.name
