"""What subsidies put on other pages: the tab of a person, and a price with who pays it."""

from __future__ import annotations

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from songhe.domains.people.panels import Tab
from songhe.domains.people.selectors import PersonView
from songhe.domains.subsidies.terms import Quote
from songhe.domains.subsidies.words import ShareRow as ShareRow
from songhe.domains.subsidies.words import share_rows as share_rows


def tab(request: HttpRequest, person: PersonView) -> Tab | None:
    """Return the tab of entitlements, where the person's money is open."""
    if "finance" not in person.fields:
        return None
    return Tab("entitlements", _("Entitlements"), reverse("subsidies:person", args=[person.id]), 60)


def quote_panel(request: HttpRequest, quote: Quote) -> SafeString:
    """Draw a price: what it costs, who pays what and why, and what she pays herself."""
    context = {
        "gross_fen": quote.gross_fen,
        "rows": share_rows(quote.shares),
        "silent": share_rows(quote.silent),
    }
    return render_to_string("subsidies/shares.html", context, request=request)
