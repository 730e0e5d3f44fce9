"""Every screen by a role that may open it: axe, one language, no sideways scrolling, the keyboard.

The list is `kit.screens.all_screens()`: a page that is added is crawled without being named here.
axe runs in Chinese at the desk's width and in English at the phone's (and in the dark for some);
width and language are looked at in all four.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from playwright.sync_api import BrowserContext, Page

from songhe.kit.screens import Screen
from tests.e2e import audit
from tests.e2e.conftest import Visit
from tests.e2e.house import CHEN, House, moment
from tests.support.gateway import until
from tools.chromium import DESK, PHONE
from tools.tour import NOBODY, Things, screens, who_may

IN_THE_DARK = ("desk:", "people:person", "monitoring:alarm", "monitoring:statistics", "kit:gallery")
WORDS: dict[int, audit.Words] = {}


@pytest.fixture(scope="package")
def things(house: House) -> Things:
    """Let something have happened: an open alarm with evidence, and a message that was refused."""
    chen = house.person(CHEN)
    device, key, _ = meter = chen.devices["glucose-meter"]
    for ago, value in ((150, 14.6), (60, 15.1)):
        row = {"code": "14743-9", "value": value, "unit": "mmol/L"}
        house.send(meter, "readings", {"at": moment(ago), "readings": [row]})
    beat = [0, 2, 0, -3, 20, -6, 0, 1, 3, 1] * 25
    for ago in (9, 8, 5):
        lead = {"lead": "II", "samples": beat, "scale": 0.05, "quality": 0.9}
        wave = {"code": "songhe:ecg", "rate_hz": 250, "seq": 9 - ago, "leads": [lead]}
        house.send(meter, "waveforms", {"at": moment(ago), **wave})
    house.send(meter, "readings", {"at": "yesterday", "readings": []})
    alarm = house.wait_alarm(chen, "glucose-urgent")
    [[letter]] = house.rows("SELECT id::text FROM dead_letter WHERE device_key = %s", key)
    home, room = house.rows(
        "SELECT r.home_id::text, m.id::text FROM people_residency r JOIN people_room m"
        " ON m.home_id = r.home_id WHERE r.person_id = %s AND upper_inf(r.period) LIMIT 1",
        chen.id,
    )[0]
    [[organization]] = house.rows("SELECT id::text FROM organizations_organization LIMIT 1")
    [[reading]] = house.rows(
        "SELECT concat_ws('.', subject, device, (extract(epoch FROM effective_at) * 1e6)::bigint,"
        " fingerprint) FROM reading_hot WHERE device = %s ORDER BY effective_at DESC LIMIT 1",
        device,
    )
    absence, trial = past_things(house, chen.id)
    made = Things(chen.id, device, alarm, letter, home, room, organization, reading, absence, trial)
    found = said_things(house, chen.id) | things_of_trust(house, chen.id) | doubles(house)
    found |= retained_things(house, chen.id)
    return replace(made, request=a_request(house, chen.id), **found)


def retained_things(house: House, person: str) -> dict[str, str]:
    """Hold a person by law and let the nightly run have been; return ids by name."""
    house.run(
        "from uuid import UUID\n"
        "from django.utils import timezone\n"
        "from songhe.base.access.actor import SYSTEM\n"
        "from songhe.base.retention import holds, running\n"
        "now = timezone.now()\n"
        f"holds.place(actor=SYSTEM, person_id=UUID('{person}'), region_code='990121001001',"
        " paper='7', reason='陈秀兰，陈秀兰。', since=now, until=None, at=now)\n"
        "running.destroy_expired(clock=timezone.now)"
    )
    [[hold]] = house.rows("SELECT id::text FROM retention_hold")
    [[run]] = house.rows("SELECT id::text FROM retention_destruction")
    return {"hold": str(hold), "destruction": str(run)}


def doubles(house: House) -> dict[str, str]:
    """Register somebody three times and merge two of the entries; return ids by name."""
    house.run(
        "from datetime import date\n"
        "from django.utils import timezone\n"
        "from songhe.base.access.actor import SYSTEM\n"
        "from songhe.domains.people import services as p\n"
        "now = timezone.now()\n"
        "kept, gone, _other = (p.register_person(actor=SYSTEM, name=name, sex='female',"
        " birth_on=date(1941, 5, 6), region_code='990121001001', at=now).pk"
        " for name in ('罗桂香', '罗桂湘', '罗贵香'))\n"
        "p.merge_persons(actor=SYSTEM, kept_id=kept, gone_id=gone, reason='同一个人', at=now)"
    )
    [[merge]] = house.rows("SELECT id::text FROM people_personmerge")
    [[other]] = house.rows("SELECT id::text FROM people_person WHERE name = '罗贵香'")
    [[role]] = house.rows(
        "SELECT r.id::text FROM access_roleassignment r JOIN accounts_user u ON u.id = r.user_id"
        " WHERE u.login = 'liu'"
    )
    return {"gone": str(other), "merge": str(merge), "role": str(role)}


def a_request(house: House, person: str) -> str:
    """Let a person have asked for a copy of her data on paper, and the officer have answered."""
    house.run(
        "from uuid import UUID\n"
        "from django.utils import timezone\n"
        "from songhe.base.access import services as a\n"
        "from songhe.base.accounts.models import User\n"
        "from songhe.domains.security import services as s\n"
        "now = timezone.now()\n"
        "officer = a.actor_for(User.objects.get(login='officer'), now)\n"
        f"row = s.record_request(actor=officer, person_id=UUID('{person}'), kind='copy',"
        " channel='paper', at=now)\n"
        "s.finish(actor=officer, request_id=row.pk, answer='', at=now)"
    )
    [[request]] = house.rows(
        "SELECT id::text FROM security_datarequest WHERE person_id = %s", person
    )
    return str(request)


def said_things(house: House, person: str) -> dict[str, str]:
    """Return what a person said and what was told of her: a consent, a contact, a record."""
    found = {}
    for name, statement in {
        "recipient": "SELECT recipient_key FROM consent_consent WHERE person_id = %s"
        " AND decision = 'given' AND purpose = 'family' AND period @> now() LIMIT 1",
        "contact": "SELECT id::text FROM people_contact WHERE person_id = %s LIMIT 1",
        "record": "SELECT id::text FROM people_personrecord WHERE person_id = %s"
        " AND superseded_at IS NULL LIMIT 1",
    }.items():
        rows = house.rows(statement, person)
        if rows:
            found[name] = str(rows[0][0])
    return found


def things_of_trust(house: House, person: str) -> dict[str, str]:
    """Let a glass have been broken and shut, and a paper have been kept; return ids by name."""
    house.run(
        "from uuid import UUID\n"
        "from django.utils import timezone\n"
        "from songhe.base.access import services as a\n"
        "from songhe.base.access.actor import SYSTEM\n"
        "from songhe.base.accounts.models import User\n"
        "from songhe.base.consent import emergencies as e, papers\n"
        f"now, person = timezone.now(), UUID('{person}')\n"
        "sun = a.actor_for(User.objects.get(login='sun'), now)\n"
        "lookup = e.begin_lookup(actor=sun, at=now)\n"
        "e.found(actor=sun, lookup_id=lookup, person_id=person, at=now)\n"
        "row = e.break_glass(actor=sun, person_id=person, region_code='990121001001',"
        " kind='rescue', reason='陈秀兰，陈秀兰，陈秀兰。', at=now)\n"
        "e.end_emergency(actor=sun, emergency_id=row.pk, at=now)\n"
        "papers.keep_paper(actor=SYSTEM, person_id=person, kind='consent',"
        " body=b'%PDF-1.4 a paper %%EOF', at=now)"
    )
    [[emergency]] = house.rows(
        "SELECT id::text FROM consent_emergency WHERE person_id = %s", person
    )
    [[paper]] = house.rows("SELECT id::text FROM consent_paper WHERE person_id = %s", person)
    staff, user = house.rows(
        "SELECT s.id::text, s.user_id::text FROM organizations_staff s JOIN accounts_user u"
        " ON u.id = s.user_id WHERE u.login = 'liu'"
    )[0]
    return {"emergency": str(emergency), "paper": str(paper), "staff": staff, "user": user}


def past_things(house: House, person: str) -> tuple[str, str]:
    """Let a person have been away, and the operator have tried a rule; return both ids."""
    house.run(
        "from datetime import timedelta; from uuid import UUID\n"
        "from django.utils import timezone\n"
        "from songhe.base.access.actor import SYSTEM\n"
        "from songhe.base.access import services as a\n"
        "from songhe.base.accounts.models import User\n"
        "from songhe.domains.monitoring import services as m\n"
        "now = timezone.now()\n"
        f"m.make_absence(actor=SYSTEM, person_id=UUID('{person}'), kind='family',"
        " since=now - timedelta(days=9), until=now - timedelta(days=7), told_by='陈伟', at=now)\n"
        "sun = a.actor_for(User.objects.get(login='sun'), now)\n"
        f"m.ask_trial(actor=sun, scope='person:{person}', rule='bp-high',"
        " params={'sbp_ge': 110, 'repeat': 1}, enabled=True, at=now)"
    )
    done = "SELECT id::text FROM monitoring_ruletrial WHERE state = 'done' AND rule = 'bp-high'"
    until(lambda: house.rows(done), "a rule that was tried")
    [[absence]] = house.rows("SELECT id::text FROM monitoring_absence WHERE person_id = %s", person)
    return absence, str(house.rows(done)[0][0])


def is_page(page: Page, address: str) -> bool:
    """Tell whether an address is a page by itself, and not an act, a piece or data."""
    answer = page.request.get(address)
    if answer.status == 405:
        return False
    assert answer.status == 200, f"{address}: {answer.status}"
    return answer.headers["content-type"].startswith("text/html") and "<main" in answer.text()


SCREENS = screens()


@pytest.mark.parametrize("screen", SCREENS, ids=[screen.name for screen in SCREENS])
def test_a_screen_keeps_the_rules_of_every_page(
    screen: Screen,
    house: House,
    things: Things,
    visit: Visit,
    window: Callable[..., BrowserContext],
) -> None:
    words = WORDS.setdefault(id(house), audit.Words.of(house))
    address, login = things.address(screen), who_may(screen)
    if NOBODY in address:
        pytest.skip("nothing of this kind stands here")
    wrong: list[str] = []

    def note(label: str, found: list[str]) -> None:
        wrong.extend(f"{label}: {line}" for line in found)

    for language in ("zh-hans", "en"):
        if login:
            page = visit(login, "/sign-in/", language=language, size=DESK)
        else:
            page = window(language=language, size=DESK).new_page()
        if language == "zh-hans" and not is_page(page, address):
            pytest.skip("not a page by itself")
        page.goto(address)
        note(f"{language} 1440", audit.untranslated(page, words) + audit.too_wide(page))
        if language == "zh-hans":
            note("zh-hans 1440", audit.axe(page))
            note("keyboard", audit.keyboard(page))
        page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
        note(f"{language} 390", audit.too_wide(page))
        if language == "en":
            note("en 390", audit.axe(page))
            if screen.name.startswith(IN_THE_DARK):
                page.evaluate("document.documentElement.dataset.theme = 'dark'")
                note("dark 390", audit.axe(page))
    assert not wrong, f"{address} as {login or 'anybody'}\n" + "\n".join(wrong)


def test_the_crawl_sees_the_whole_product() -> None:
    assert {"sun", "keeper"} <= {who_may(screen) for screen in SCREENS}
    assert len(SCREENS) >= 25
