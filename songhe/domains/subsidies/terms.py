"""Words of subsidies: who pays, why so much, and the life of an entitlement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

VIEW = "subsidies.view_entitlements"
KEEP = "subsidies.keep_entitlements"
KEEP_PROGRAMMES = "subsidies.keep_programmes"
RUN = "subsidies.run_entitlement"


def budget_ref(code: str) -> str:
    """Return the holder of a programme's accounts in the ledger."""
    return f"subsidies.Programme/{code}"


class Payer(TextChoices):
    """Who pays a share of a price."""

    PERSON = "person", _("the person herself")
    SUBSIDY = "subsidy", _("subsidy")
    PURCHASE = "purchase", _("government purchase")
    INSURANCE = "insurance", _("long-term care insurance")


FUNDED = (Payer.SUBSIDY.value, Payer.PURCHASE.value, Payer.INSURANCE.value)


class EntitlementState(TextChoices):
    GRANTED = "granted", _("granted, not begun")
    ACTIVE = "active", pgettext_lazy("entitlement", "goes on")
    PAUSED = "paused", pgettext_lazy("entitlement", "rests")
    ENDED = "ended", pgettext_lazy("entitlement", "ended")


class HoldState(TextChoices):
    HELD = "held", pgettext_lazy("money", "set aside")
    USED = "used", pgettext_lazy("money", "used")
    RELEASED = "released", _("given back")


class Why(TextChoices):
    """Why a share is what it is. The first five pay, the next three pay nothing."""

    WHOLE = "whole"
    PART = "part"
    FIXED = "fixed"
    LIMIT = "limit"
    REST = "rest"
    USED_UP = "used_up"
    VISITS_UP = "visits_up"
    PAID = "paid"
    OWN = "own"
    NO_PROGRAMME = "no_programme"


@dataclass(frozen=True, slots=True)
class Share:
    """What one payer pays of a price (fen), and why.

    programme: its code, "" for the person herself. detail: the numbers of the reason: share_pct,
    fixed_fen, cap_fen, cap_visits, and what is left of the month behind it: left_fen, left_visits.
    """

    payer: str
    programme: str
    fen: int
    why: str
    detail: dict[str, int] = field(default_factory=dict)

    def stored(self) -> dict[str, Any]:
        """Return the share as it is kept in JSON."""
        return {
            "payer": str(self.payer),
            "programme": self.programme,
            "fen": self.fen,
            "why": str(self.why),
            "detail": dict(self.detail),
        }

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Self:
        """Return the share of what `stored` gave; payer, programme and fen suffice."""
        payer = stored["payer"]
        why = stored.get("why") or (Why.OWN if payer == Payer.PERSON else Why.PART)
        return cls(
            payer=payer,
            programme=stored.get("programme", ""),
            fen=stored["fen"],
            why=str(why),
            detail=dict(stored.get("detail", {})),
        )


@dataclass(frozen=True, slots=True)
class Quote:
    """A price and who pays it: `shares` sum to it, the person's own share is the last of them.

    silent: programmes of the person that pay nothing of this, each with its reason.
    """

    gross_fen: int
    shares: tuple[Share, ...]
    silent: tuple[Share, ...] = ()

    @property
    def own_fen(self) -> int:
        """Return what the person herself pays."""
        return sum(one.fen for one in self.shares if one.payer == Payer.PERSON)

    @property
    def paid_fen(self) -> int:
        """Return what others pay."""
        return self.gross_fen - self.own_fen

    def stored(self) -> list[dict[str, Any]]:
        """Return the shares as an order keeps them in JSON."""
        return [one.stored() for one in self.shares]
