"""The platform's page stays true while it is open: new samples, a failed job and its error."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.e2e.conftest import Visit
from tests.e2e.house import House
from tests.support.gateway import until

BREAKS = """
from procrastinate.contrib.django import app
app.configure_task("events.deliver").defer(
    event_id="00000000-0000-0000-0000-000000000000", handler="drill.no_such_handler")
"""
TRIED = """
SELECT id FROM procrastinate_jobs
 WHERE args->>'handler' = 'drill.no_such_handler' AND status = 'todo' AND attempts > 0
"""
LAST_TRY = "UPDATE procrastinate_jobs SET attempts = 8, scheduled_at = now() WHERE id = %s"


def test_the_platform_page_renews_itself(house: House, visit: Visit) -> None:
    """Without a hand on it: a failed job with its error, the next sample, then it is gone."""
    page = visit("engineer", "/operations/")
    page.evaluate("() => { window.isSamePage = true }")
    measured = page.locator("#h-processes + small")
    expect(measured).to_be_visible(timeout=40_000)
    house.run(BREAKS)
    [[job]] = until(lambda: house.rows(TRIED), "a first attempt")
    # Eight attempts would take minutes: now it is as if they were behind it.
    house.rows(LAST_TRY, job)
    jobs = page.locator("#jobs")
    expect(jobs).to_contain_text("drill.no_such_handler", timeout=60_000)
    summary = jobs.locator("details summary")
    expect(summary).to_have_text(re.compile(r"^\w+(: .+)?$"))
    summary.click()
    expect(jobs.locator("details pre")).to_contain_text("songhe/base/events/")
    # Who reads it is not disturbed by the samples that follow.
    before = measured.inner_text()
    expect(measured).not_to_have_text(before, timeout=40_000)
    expect(jobs.locator("details pre")).to_be_visible()
    house.rows("DELETE FROM procrastinate_jobs WHERE id = %s", job)
    expect(jobs).not_to_contain_text("drill.no_such_handler", timeout=40_000)
    assert page.evaluate("() => window.isSamePage"), "the page was loaded anew"
