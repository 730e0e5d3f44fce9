"""What dispatch looks at again and again in the jobs process."""

from __future__ import annotations

from songhe.base.events import loops
from songhe.domains.dispatch import services
from songhe.domains.dispatch.services import nearing, ringing, watching


def register() -> None:
    """Called when the app is ready.

    Offers that nobody answered go to the next; those to whom somebody has come near are told, and
    desks whose rescue stands still. Rings of which a gateway tells nothing pass on.
    """
    loops.register_tick("dispatch.offers", 1.0, lambda at: services.run_due_offers(at=at))
    loops.register_tick("dispatch.rings", 5.0, lambda at: ringing.ring_on(at=at))
    loops.register_tick("dispatch.near", 10.0, lambda at: nearing.tell_near(at=at))
    loops.register_tick("dispatch.still", 10.0, lambda at: watching.tell_still(at=at))
