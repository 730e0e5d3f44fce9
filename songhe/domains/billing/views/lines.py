"""One line of a settlement, for who checks it: what was given, what it costs, what bears it out."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.generic import View

from songhe.domains.billing import line_reads, rows, selectors, services, words
from songhe.domains.billing.proofs import proofs_of
from songhe.domains.billing.terms import CHECK
from songhe.domains.billing.views.settlements import is_masked
from songhe.domains.organizations import selectors as organizations
from songhe.domains.subsidies.panels import share_rows
from songhe.kit.asks import actor_of


class LinePage(View):
    """What a payer needs to agree to a line, or to dispute it."""

    def get(self, request: HttpRequest, id: UUID, line_id: UUID) -> HttpResponse:  # noqa: A002
        actor, now = actor_of(request), timezone.now()
        row = selectors.get_settlement(actor, id, action=CHECK)
        share = line_reads.share_of_line(row, line_id)
        found = line_reads.charges_of_shares(actor, row, [share], at=now)
        about = rows.asked_of(found)[share]
        ref = about.line.ref
        proof = proofs_of(request, [ref], is_checked=True).get(ref)
        disputes = [one for one in selectors.disputes_of(row) if one.share_id == share]
        sees_money = "finance" in selectors.fields_of(actor, row)
        context = {
            "row": row,
            "month": words.month_words(row.month),
            "about": about,
            "line": about.line,
            "line_id": line_id,
            "provider": organizations.name_of(row.organization),
            "quantity": words.quantity_words(about.line),
            "shares": share_rows(about.line.shares) if sees_money else [],
            "proof": proof,
            "worth": words.proof_words(proof) if proof else "",
            "disputes": words.dispute_rows(disputes),
            "may_dispute": services.not_disputable(row, line_id) is None,
            "is_masked": is_masked(actor, row),
        }
        return render(request, "billing/line.html", context)
