"""What services cost: a person's bills, a provider's charges, one of them, a receipt."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.generic import View

from songhe.base.regions.days import day_of
from songhe.domains.billing import month_exporting, rows, selectors, services, tables, words
from songhe.domains.billing.days import month_after, month_asked, month_before, month_of
from songhe.domains.billing.forms import ChargeFilter, MonthExportForm, ReasonForm
from songhe.domains.billing.proofs import proofs_of
from songhe.domains.billing.selectors import NoSuchCharge
from songhe.domains.billing.terms import NOTE, PAY, REVERSE, Way
from songhe.domains.billing.views.anew import rooms_of_late
from songhe.domains.organizations import selectors as organizations
from songhe.domains.people import panels
from songhe.engines.exchange.terms import Format
from songhe.kernel.errors import Conflict, Invalid, Unavailable
from songhe.kit.asks import actor_of
from songhe.kit.errors import sentence
from songhe.kit.forms import refuse
from songhe.kit.imports import download


class PersonCharges(View):
    """A person's bills of a month, and what is owed: price, who paid what and why, own share."""

    def get(self, request: HttpRequest, person_id: UUID) -> HttpResponse:
        actor, now = actor_of(request), timezone.now()
        frame = panels.frame(request, person_id, "charges")
        if "finance" not in frame.person.fields:
            raise NoSuchCharge
        month = month_asked(request.GET.get("month", ""), now)
        lines = selectors.charges_of(actor, frame.person, month=month, at=now)
        found = organizations.organizations_by_id({one.organization_id for one in lines})
        providers = {pk: organizations.name_of(row) for pk, row in found.items()}
        owed = [one for one in lines if one.own == "open"]
        of_month = [one for one in lines if month_of(one.on) == month and not one.reversed_at]
        is_now = month >= month_of(day_of(now))
        context = {
            "frame": frame,
            "person": frame.person,
            "month": words.month_words(month),
            "before": f"{month_before(month):%Y-%m}",
            "after": "" if is_now else f"{month_after(month):%Y-%m}",
            "gross_fen": sum(one.gross_fen for one in of_month),
            "own_fen": sum(one.own_fen for one in of_month),
            "others_fen": sum(one.gross_fen - one.own_fen for one in of_month),
            "bills": rows.bill_rows(lines, providers),
            "owed_fen": sum(one.own_fen for one in owed),
            "back_fen": sum(one.own_fen for one in lines if one.own == "back"),
            "may_pay": {one.id for one in owed if selectors.may(actor, PAY, one.id)},
        }
        return render(request, "billing/person.html", context)


class Charges(View):
    """What one's organisation charged, or what was charged in one's region."""

    def get(self, request: HttpRequest) -> HttpResponse:
        form = ChargeFilter(request.GET)
        pages = selectors.list_charges(
            actor_of(request), action=NOTE, at=timezone.now(), **form.asked
        )
        table = tables.ChargeTable(request, rows.ChargeRows(pages, partial(proofs_of, request)))
        context = {
            "table": table,
            "form": form,
            "narrowed": any(form.asked.values()),
            "month": form.asked["month"],
            "rooms": rooms_of_late(actor_of(request), at=timezone.now()),
        }
        return render(request, "billing/charges.html", context)


class MonthExport(View):
    """Take the charges of a month along, with every payer's share."""

    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest) -> HttpResponse:
        now = timezone.now()
        last = month_before(month_of(day_of(now)))
        asked = request.GET.get("month", "")
        month = month_asked(asked, now) if asked else last
        return self._show(request, MonthExportForm(initial={"month": month, "format": Format.XLSX}))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = MonthExportForm(request.POST)
        if not form.is_valid():
            return self._show(request, form, status=422)
        given = form.cleaned_data
        month, kind = month_of(given["month"]), Format(given["format"])
        body = month_exporting.export_charges(
            actor_of(request),
            month,
            reason=given["reason"],
            kind=kind,
            proofs=partial(proofs_of, request),
            address=lambda line: request.build_absolute_uri(
                reverse("billing:charge", args=[line.id])
            ),
            at=timezone.now(),
        )
        return download(body, f"{_('Charges')} {month:%Y-%m}", kind)

    def _show(
        self, request: HttpRequest, form: MonthExportForm, *, status: int = 200
    ) -> HttpResponse:
        return render(request, "billing/month.html", {"form": form}, status=status)


class ChargePage(View):
    """One charge with its shares, and what may be done with it."""

    def get(self, request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
        return show_charge(request, id, ReasonForm())


def show_charge(
    request: HttpRequest, pk: UUID, form: ReasonForm, *, status: int = 200
) -> HttpResponse:
    """Draw the page of a charge."""
    actor = actor_of(request)
    line = selectors.get_charge(actor, pk, at=timezone.now())
    provider = organizations.get_organization(line.organization_id)
    proof = proofs_of(request, [line.ref]).get(line.ref)
    (bill,) = rows.bill_rows([line], {provider.pk: organizations.name_of(provider)})
    context = {
        "bill": bill,
        "line": line,
        "quantity": words.quantity_words(line),
        "proof": words.proof_words(proof) if proof else "",
        "is_doubtful": proof is not None and proof.is_doubtful,
        "form": form,
        "may_note": line.own in ("open", "back") and selectors.may(actor, NOTE, pk),
        "may_pay": line.own == "open" and selectors.may(actor, PAY, pk),
        "may_reverse": line.reversed_at is None and selectors.may(actor, REVERSE, pk),
    }
    return render(request, "billing/charge.html", context, status=status)


class Reverse(View):
    """Take a charge back, with a reason."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
        form = ReasonForm(request.POST)
        if not form.is_valid():
            return show_charge(request, id, form, status=422)
        actor, now = actor_of(request), timezone.now()
        line = selectors.get_charge(actor, id, at=now)
        try:
            services.reverse_charge(
                actor=actor, ref=line.ref, reason=form.cleaned_data["reason"], at=now
            )
        except (Invalid, Conflict, NoSuchCharge) as error:
            refuse(form, error)
            return show_charge(request, id, form, status=error.status)
        messages.success(request, _("Taken back."))
        return HttpResponseRedirect(reverse("billing:charge", args=[id]))


class NoteCash(View):
    """Note that an own share was paid in cash, or paid back."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
        receipt = services.note_cash(actor=actor_of(request), charge_ids=[id], at=timezone.now())
        return HttpResponseRedirect(reverse("billing:receipt", args=[receipt]))


class Pay(View):
    """Order an own share at the payment provider."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
        actor, now = actor_of(request), timezone.now()
        line = selectors.get_charge(actor, id, at=now)
        try:
            services.begin_payment(actor=actor, charge_ids=[id], at=now)
        except (Conflict, Unavailable) as error:
            messages.error(request, sentence(error))
        else:
            messages.success(request, _("Ordered. You see here when the payment has come in."))
        return HttpResponseRedirect(reverse("billing:person", args=[line.person_id]))


class ReceiptPage(View):
    """A receipt, as it is printed."""

    def get(self, request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
        receipt = selectors.get_receipt(actor_of(request), id, at=timezone.now())
        provider = organizations.get_organization(receipt.organization_id)
        context = {
            "receipt": receipt,
            "provider": organizations.name_of(provider),
            "charges": rows.charge_rows(list(receipt.charges)),
            "way": Way(receipt.way).label,
            "back_fen": -receipt.fen if receipt.fen < 0 else 0,
        }
        return render(request, "billing/receipt.html", context)
