"""How far the record of what was charged bears it out, as the room says that keeps the record.

    slots.register(proofs.SLOT, 0, func, action=…)    # func(request, refs) -> {ref: Proof}
    slots.register(proofs.CHECKED, 0, func, action=CHECK)

To SLOT answer those to whom the record itself is open, with its page. Who checks a settlement for
its payer sees of its lines what CHECKED answers, without a page: when somebody came and went, and
what speaks against it; billing asks it only for lines of a settlement that she may check.

Nobody is kept from charging by it: it says where to look before money is asked for.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest

from songhe.kit import slots

SLOT = "billing.proofs"
CHECKED = "billing.checked_proofs"


@dataclass(frozen=True, slots=True)
class Proof:
    """The score of a record, 0 to 100, whether that is doubtful, its page ("" where it is closed).

    came, went: of who gave the service, as far as it is recorded. against: what speaks against it.
    worker: who gave it, for those to whom the record is open.
    """

    score: int
    is_doubtful: bool
    url: str
    came: datetime | None = None
    went: datetime | None = None
    against: tuple[str, ...] = ()
    worker: str = ""


def proofs_of(
    request: HttpRequest, refs: Collection[str], *, is_checked: bool = False
) -> dict[str, Proof]:
    """Return by ref of a charge what its record is worth, of those that are open to the actor.

    is_checked: they are of a settlement that the actor checks for its payer.
    """
    found: dict[str, Proof] = {}
    for slot in ((CHECKED, SLOT) if is_checked else (SLOT,)) if refs else ():
        for some in slots.values(slot, request, refs):
            found |= some
    return found
