"""Background work of people: what can be found is complete, and of the newest key."""

from __future__ import annotations

from procrastinate import JobContext
from procrastinate.contrib.django import app

from songhe.base.events.retry import AWAY
from songhe.domains.people import indexing


@app.periodic(cron="10 * * * *", periodic_id="hourly")
@app.task(name="people.index", queue="old-days", lock="people.index", retry=AWAY, pass_context=True)
def index(context: JobContext, timestamp: int = 0) -> None:
    """Write what the search lacks after an upgrade, a restore or a change of keys."""
    while indexing.put_anew() and not context.should_abort():
        pass
