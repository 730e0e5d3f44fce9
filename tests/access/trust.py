"""What is told and allowed about the person of town a: notices, a request, consents, a glass."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric import ec
from django.db import transaction

from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM
from songhe.base.consent import emergencies, guardians, papers, texts
from songhe.base.consent import services as consent
from songhe.base.consent.recipients import Recipient
from songhe.base.consent.terms import PaperKind
from songhe.base.consent.tests.conftest import picture
from songhe.base.files import services as files
from songhe.base.files import testing as files_testing
from songhe.base.notify import services as notices
from songhe.base.notify import subscriptions, webpush
from songhe.base.notify import testing as notify_testing
from songhe.domains.security import services as security

if TYPE_CHECKING:
    from tests.access.world import World


def make_notices(world: World, *, name: str, now: datetime) -> None:
    """Tell the worker of town a of its person, in a browser as well, and keep a photograph."""
    town, worker = world.towns["a"], world.users["worker"]
    with transaction.atomic():
        (world.notice,) = notices.notify(
            user_ids=[worker.pk],
            kind=notify_testing.TASK,
            params={"what": name, "place": "桂花里 3 号"},
            ref=f"monitoring.Alarm/{town.alarm}",
            at=now,
            person_id=town.person,
        )
    key = webpush.encode(webpush.public_of(ec.generate_private_key(ec.SECP256R1())))
    world.browser = subscriptions.subscribe(
        actor=access.actor_for(worker, now),
        endpoint="http://127.0.0.1:9/push",
        p256dh=key,
        auth=webpush.encode(b"0123456789abcdef"),
        agent="Chrome",
        at=now,
    ).pk
    world.file = files.keep(
        content=files_testing.photograph(files_testing.scene(99)),
        kind=files_testing.PHOTO,
        name="photo.jpg",
        ref=f"people.Person/{town.person}",
        by=SYSTEM,
        at=now,
    ).pk


def make_request(world: World, *, now: datetime) -> None:
    """Let the person of town a ask for a copy of her data on paper, and the officer answer."""
    officer = access.actor_for(world.users["privacy_officer"], now)
    row = security.record_request(
        actor=officer, person_id=world.towns["a"].person, kind="copy", channel="paper", at=now
    )
    security.finish(actor=officer, request_id=row.pk, answer="", at=now)
    world.request = row.pk


def make_consents(world: World, *, region: str, now: datetime) -> None:
    """Let the elder of town a allow something, name her guardian, and a clinician break a glass."""
    town, since = world.towns["a"], now - timedelta(hours=1)
    family = Recipient(user_id=world.users["family"].pk)
    elder = world.users["elder"]
    guardians.make_own(actor=SYSTEM, user=elder, person_id=town.person, at=since)
    consent.give(
        actor=access.actor_for(elder, since),
        person_id=town.person,
        purpose="family",
        classes=["health", "home"],
        recipient=family,
        text_version=texts.texts_at(since).version,
        at=since,
    )
    world.consented = family.key
    paper = papers.keep_paper(
        actor=SYSTEM,
        person_id=town.person,
        kind=PaperKind.GUARDIANSHIP,
        body=picture(),
        at=since,
    )
    world.paper = paper.pk
    world.guardianship = guardians.appoint(
        actor=SYSTEM,
        person_id=town.person,
        region_code=region,
        guardian=world.users["family"],
        paper_kind="kinship",
        paper_from=since.date() - timedelta(days=30),
        paper_until=None,
        paper_id=paper.pk,
        at=since,
    ).pk
    clinician = access.actor_for(world.users["clinician"], since)
    lookup = emergencies.begin_lookup(actor=clinician, at=now)
    emergencies.found(actor=clinician, lookup_id=lookup, person_id=town.person, at=now)
    world.emergency = emergencies.break_glass(
        actor=clinician,
        person_id=town.person,
        region_code=region,
        kind="rescue",
        reason="门诊晕倒，要知道过敏和用药",
        at=since + timedelta(minutes=1),
    ).pk
