"""Telling people of a bed: its own people where it stands, staff what waits for them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from songhe.base.access import giving
from songhe.base.access.wall import lifted
from songhe.base.notify import services as notify
from songhe.domains.homecare import notices
from songhe.domains.homecare.models import HomeBed
from songhe.domains.homecare.policies import OWN, PERSON
from songhe.domains.homecare.services.common import who_may

OWN_PAGE = "/services/bed/"


def tell_own(
    bed: HomeBed, what: str, *, at: datetime, but: UUID | None = None, when: str = ""
) -> None:
    """Tell the person and her family, as far as they have accounts, where her bed stands.

    what: a key of `notices.WORDS`; when: the moment of a visit (ISO), where it is about one.
    """
    with lifted():
        users = {
            line.user_id
            for line in giving.grants_on(PERSON, bed.person_id, at=at)
            if line.purpose in OWN
        }
        notify.notify(
            user_ids=users - {but},
            kind=notices.MOVED,
            params={"what": what, "when": when, "person": str(bed.person_id)},
            ref=f"homecare.HomeBed/{bed.pk}",
            at=at,
            person_id=bed.person_id,
            url=OWN_PAGE,
        )


def tell_staff(
    bed: HomeBed,
    action: str,
    kind: str,
    params: dict[str, str],
    *,
    at: datetime,
    but: UUID | None = None,
    page: str = "",
) -> None:
    """Tell whose role carries an action at a bed, but one."""
    with lifted():
        notify.notify(
            user_ids=who_may(bed, action, at) - {but},
            kind=kind,
            params=params,
            ref=f"homecare.HomeBed/{bed.pk}",
            at=at,
            url=f"/beds/{bed.pk}/{page}",
        )
