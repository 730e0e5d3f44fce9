"""The emergency medical centre (120): a report with the summary of who needs help.

A real centre takes it by an interface of its region; the fake of demo and tests gives a number.
"""

from __future__ import annotations

from datetime import datetime

from songhe.base.outside.services import NoGateway, is_fake

NUMBER = "120"


def can_report() -> bool:
    """Tell whether a report can leave at all; else one calls by phone and reads the card."""
    return is_fake()


def report(*, card: str, ref: str, at: datetime) -> str:
    """Give the centre a summary card (plain text) and return the number of its case.

    Asked again for the same ref within the same minute it is the same case. Raises NoGateway.
    """
    if not can_report():
        raise NoGateway
    return f"{at:%y%m%d%H%M}-{sum((ref + card).encode()) % 10_000:04d}"
