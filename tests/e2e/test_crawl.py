"""Every screen by a role that may open it: axe, one language, no sideways scrolling, the keyboard.

The list is `kit.screens.all_screens()`: a page that is added is crawled without being named here.
axe runs in Chinese at the desk's width and in English at the phone's (and in the dark for some);
width and language are looked at in all four.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest
from playwright.sync_api import BrowserContext

from songhe.kit.screens import Screen
from tests.e2e import audit
from tests.e2e.conftest import Visit
from tests.e2e.house import CHEN, House, moment
from tests.support.gateway import until
from tools.chromium import DESK, PHONE
from tools.tour import NOBODY, Things, screens, who_may

IN_THE_DARK = ("desk:", "people:person", "monitoring:alarm", "monitoring:statistics", "kit:gallery")


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
    under = {part: one for part, one in services_of(house, chen.id).items() if one}
    return replace(made, request=a_request(house, chen.id), under=under, **found)


LIU_COMES = """
from datetime import timedelta
from uuid import UUID
from django.utils import timezone
from songhe.base.access.actor import SYSTEM
from songhe.base.accounts.models import User
from songhe.domains.dispatch import services
from songhe.domains.dispatch.terms import OrderKind, Source
now = timezone.now()
begins, ends = now + timedelta(minutes=1), now + timedelta(minutes=2)
order = services.make_order(
    actor=SYSTEM, kind=OrderKind.SERVICE, source=Source.WISH, person_id=UUID({person!r}),
    item_code="bath-home", window=(begins, ends), at=now)
visit = services.plan_visit(
    actor=SYSTEM, order_id=order.pk, worker_id=User.objects.get(login="liu").pk,
    begins_at=begins, ends_at=ends, at=now)
services.tell_visit(visit_id=visit.pk, at=now)
"""
OF_SERVICES = {
    "beds/<uuid:id>/assess": "SELECT id FROM homecare_homebed WHERE state = 'applied'",
    "beds/<uuid:id>/agree": "SELECT id FROM homecare_homebed WHERE state = 'fitted'",
    "beds/<uuid:id>/plan": "SELECT id FROM homecare_homebed WHERE state = 'agreed'",
    "beds/": "SELECT id FROM homecare_homebed WHERE person_id = '{person}'",
    "bed/": "SELECT id FROM homecare_homebed WHERE person_id = '{person}'",
    "ward/handover": "SELECT id FROM homecare_handover",
    "return": "SELECT id FROM homecare_equipmentreturn",
    "entitlements/": "SELECT id FROM subsidies_entitlement WHERE person_id = '{person}'",
    "billing/charges": "SELECT id FROM billing_charge WHERE person_id = '{person}'",
    "billing/receipts": "SELECT r.id FROM billing_receipt r"
    " JOIN billing_payment p ON p.id = r.payment_id WHERE p.person_id = '{person}'",
    "billing/disputes": "SELECT id FROM billing_dispute",
    # One that is addressed to the clerk's bureau, and a line of it.
    "billing/settlements": "SELECT s.id FROM billing_settlement s WHERE s.payer = 'subsidy'"
    " ORDER BY s.id",
    "line": "SELECT l.id FROM billing_settlementline l JOIN billing_settlement s"
    " ON s.id = l.settlement_id WHERE s.payer = 'subsidy' ORDER BY s.id",
    "plans/orders": "SELECT id FROM dispatch_order WHERE state = 'planned'",
    "plans/visits": "SELECT id FROM dispatch_visit WHERE state = 'told'",
    "plans/repairs": "SELECT id FROM dispatch_weekplan WHERE kind = 'repair'",
    "plans/leaves": "SELECT id FROM dispatch_leave",
    "plans/": "SELECT id FROM dispatch_weekplan",
    "worker": "SELECT id FROM accounts_user WHERE login = 'liu'",
    "series": "SELECT id FROM dispatch_series",
    "programme": "SELECT code FROM subsidies_programme",
    "complaint": "SELECT id FROM dispatch_complaint",
    "orders/": "SELECT id FROM dispatch_order WHERE person_id = '{person}'",
    "order": "SELECT id FROM dispatch_order WHERE person_id = '{person}'",
    "work/visits": "SELECT v.id FROM dispatch_visit v JOIN dispatch_order o ON o.id = v.order_id"
    " JOIN accounts_user u ON u.id = v.worker_id"
    " WHERE u.login = 'liu' AND v.state = 'told' ORDER BY v.period DESC",
    "visits/": "SELECT visit_id FROM dispatch_evidence",
    "offer": "SELECT id FROM dispatch_offer",
    "rescues/worker": "SELECT id FROM accounts_user WHERE login = 'liu'",
    "notice": "SELECT n.id FROM notify_notice n JOIN accounts_user u ON u.id = n.user_id"
    " WHERE u.login = 'sun'",
}


HANDED_OVER = """
from django.utils import timezone
from songhe.base.access.actor import SYSTEM
from songhe.domains.homecare import services
services.hand_over(actor=SYSTEM, area='990121', words='陈秀兰平安', at=timezone.now())
"""

LIU_CALLS = """
from django.utils import timezone
from songhe.base.access import services as access
from songhe.base.accounts.models import User
from songhe.domains.dispatch.services.happenings import Told
from songhe.domains.dispatch.services.helping import call_for_help
from songhe.domains.dispatch.terms import HappeningKind
from songhe.kernel.ids import uuid7
now = timezone.now()
liu = access.actor_for(User.objects.get(login="liu"), now)
told = Told(id=uuid7(), visit_id=uuid7(), kind=HappeningKind.HELP, device_at=now,
            lat=35.2, lon=108.3)
call_for_help(actor=liu, told=told, visit_id=None, sent_at=now, at=now)
"""


def services_of(house: House, person: str) -> dict[str, str]:
    """Let Liu be told of a visit, and the ward be handed over; return what stands, by route."""
    house.run(LIU_COMES.format(person=person))
    house.run(HANDED_OVER)
    house.run(LIU_CALLS)
    found = {}
    for part, statement in OF_SERVICES.items():
        which = statement.format(person=person)
        rows = house.rows(f"SELECT x.id::text FROM ({which}) AS x(id) LIMIT 1")
        found[part] = str(rows[0][0]) if rows else ""
    return found


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
    # Towards four in the morning the house's own run stands beside it.
    [[run]] = house.rows("SELECT id::text FROM retention_destruction ORDER BY id DESC LIMIT 1")
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


def is_page(address: str, cookies: list[dict[str, str]]) -> bool:
    """Tell whether an address is a page by itself, and not an act, a piece or data."""
    head = "; ".join(f"{one['name']}={one['value']}" for one in cookies)
    answer = httpx.get(address, headers={"Cookie": head}, follow_redirects=True, timeout=30)
    if answer.status_code == 405:
        return False
    assert answer.status_code == 200, f"{address}: {answer.status_code}"
    return answer.headers["content-type"].startswith("text/html") and "<main" in answer.text


SCREENS = screens()


@pytest.mark.parametrize("screen", SCREENS, ids=[screen.name for screen in SCREENS])
def test_a_screen_keeps_the_rules_of_every_page(
    screen: Screen,
    house: House,
    things: Things,
    visit: Visit,
    window: Callable[..., BrowserContext],
    sessions: dict[str, Any],
) -> None:
    address, login = things.address(screen), who_may(screen)
    if NOBODY in address:
        pytest.skip("nothing of this kind stands here")
    if login not in sessions and login:
        visit(login)
    if not is_page(house.address + address, sessions.get(login, [])):
        pytest.skip("not a page by itself")
    words = audit.Words.of(house)
    wrong: list[str] = []

    def note(label: str, found: list[str]) -> None:
        wrong.extend(f"{label}: {line}" for line in found)

    for language in ("zh-hans", "en"):
        if login:
            page = visit(login, address, language=language, size=DESK)
        else:
            page = window(language=language, size=DESK).new_page()
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
