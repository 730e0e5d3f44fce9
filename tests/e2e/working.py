"""A worker's phone in a browser: its clock turned, a visit worked through, what it keeps."""

from __future__ import annotations

import io
import time
from typing import Any

from PIL import Image
from playwright.sync_api import BrowserContext, FilePayload, Page, expect

from tests.support.gateway import until

MOST_STEPS = 40
# The clock of a page, turned by so many milliseconds; the steady clock goes on.
TURNED = """
(() => {
  const shift = %d, Real = Date;
  class Turned extends Real {
    constructor(...given) { if (given.length) super(...given); else super(Real.now() + shift); }
    static now() { return Real.now() + shift; }
  }
  globalThis.Date = Turned;
})();
"""
PLANNED = """
from datetime import timedelta
from django.utils import timezone
from songhe.base.access.actor import SYSTEM
from songhe.base.accounts.models import User
from songhe.domains.catalog import services as catalog
from songhe.domains.dispatch import services
from songhe.domains.dispatch.terms import OrderKind, Source
now = timezone.now()
catalog.load_items(actor=SYSTEM, region_prefix="990121", at=now - timedelta(days=1))
liu = User.objects.get(login="liu")
for turn, person in enumerate({persons!r}):
    begins = now + timedelta(minutes=2 + 5 * turn)
    order = services.make_order(
        actor=SYSTEM, kind=OrderKind.SERVICE, source=Source.WISH, person_id=person,
        item_code={codes!r}[turn % len({codes!r})],
        window=(begins, begins + timedelta(minutes=4)), note="先打电话再上楼", at=now)
    visit = services.plan_visit(
        actor=SYSTEM, order_id=order.pk, worker_id=liu.pk, begins_at=begins,
        ends_at=begins + timedelta(minutes=4), at=now)
    services.tell_visit(visit_id=visit.pk, at=now)
"""


def opened(phone: BrowserContext, address: str, *, ahead_s: float = 0.0) -> Page:
    """Start the app with its clock turned."""
    page = phone.new_page()
    page.add_init_script(TURNED % int(ahead_s * 1000))
    page.goto(address)
    expect(page.locator("html[data-work-ready]")).to_be_attached(timeout=60_000)
    return page


STANDS = """async () => {
  const found = await navigator.serviceWorker.getRegistrations();
  const steps = (one) => [one.installing, one.waiting, one.active].map((worker) => worker?.state);
  const kept = {};
  for (const name of await caches.keys()) {
    kept[name] = (await (await caches.open(name)).keys()).length;
  }
  return JSON.stringify([document.visibilityState, found.map(steps), kept]);
}"""


def controlled(page: Page) -> None:
    """Wait until the service worker answers for the page; say how it stands if it never does."""
    try:
        # Not wait_for_function: its second look is refused by the page's own policy.
        until(
            lambda: page.evaluate("navigator.serviceWorker.controller !== null"), "its worker", 120
        )
    except AssertionError as vain:
        raise AssertionError(f"{vain}: {page.url} {page.evaluate(STANDS)}") from vain


def picture() -> FilePayload:
    out = io.BytesIO()
    Image.effect_noise((2400, 1800), 90).convert("RGB").save(out, "JPEG")
    return {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()}


def work_through(page: Page, root: str, visit_id: str) -> dict[str, float]:
    """Do every step of a visit by its one large button; return when each was pressed."""
    page.goto(f"{root}/work/visits/{visit_id}/")
    expect(page.locator("html[data-work-ready]")).to_be_attached(timeout=60_000)
    pressed: dict[str, float] = {}
    for _step in range(MOST_STEPS):
        step = page.locator("[data-steps] > [aria-current=step]")
        if step.count() == 0:
            break
        key = str(step.get_attribute("data-key"))
        form = step.locator("form[data-tell]").first
        for field in form.locator("input[type=number]").all():
            field.fill("120" if "8480-6" in str(field.get_attribute("name")) else "78")
        if form.locator("canvas").count():
            form.locator("button[data-kind=main]").click()  # nobody has signed: said at the field
            expect(form.locator("[data-sign-words]")).not_to_be_empty()
            form.locator("canvas").scroll_into_view_if_needed()
            box = form.locator("canvas").bounding_box()
            assert box is not None
            page.mouse.move(box["x"] + 30, box["y"] + 30)
            page.mouse.down()
            page.mouse.move(box["x"] + 120, box["y"] + 60, steps=4)
            page.mouse.up()
        elif form.locator("[data-shot]").count():
            expect(form.locator("button[data-kind=main]")).to_be_hidden()
            form.locator("input[type=file]").set_input_files(picture())
            expect(form.locator("[data-shot] canvas")).to_be_visible()
        pressed[key] = time.time()
        form.locator("button[data-kind=main]").click()
        if page.locator(f"#step-{key} form[data-asked]").count():  # far away: it asks why once
            page.locator(f"#step-{key} form[data-asked] button[data-kind=main]").click()
        expect(page.locator(f"#step-{key}")).to_have_attribute("data-state", "done")
    expect(page.locator("[data-over]")).to_be_visible()
    return pressed


def kept(page: Page) -> list[dict[str, Any]]:
    """Return what lies in the phone."""
    found: list[dict[str, Any]] = page.evaluate("songheKept.all('records')")
    return found
