"""Settlements: the list, one with its lines, and each step of its life."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.generic import View

from songhe.base.access.actor import Actor
from songhe.base.access.purposes import STATE
from songhe.base.regions.days import day_of
from songhe.domains.billing import exporting, line_reads, rows, selectors, services, tables, words
from songhe.domains.billing.forms import (
    AnswerForm,
    DisputeForm,
    ExportForm,
    PaidForm,
    SettlementFilter,
)
from songhe.domains.billing.proofs import proofs_of
from songhe.domains.billing.terms import (
    CHANGEABLE,
    CHECK,
    EXPORT,
    SUBMIT,
    VIEW,
    DisputeReason,
    Payer,
    SettlementState,
)
from songhe.domains.billing.views.anew import rooms
from songhe.domains.organizations import selectors as organizations
from songhe.domains.subsidies import selectors as subsidies
from songhe.engines.exchange.terms import Format
from songhe.kernel.errors import Conflict, Invalid
from songhe.kit.asks import actor_of
from songhe.kit.errors import sentence
from songhe.kit.forms import KitForm, refuse
from songhe.kit.imports import download


def _to(pk: UUID) -> HttpResponse:
    return HttpResponseRedirect(reverse("billing:settlement", args=[pk]))


class SettlementList(View):
    """By month and payer, with how each stands."""

    def get(self, request: HttpRequest) -> HttpResponse:
        named = [(one.code, one.name) for one in subsidies.programmes(day_of(timezone.now()))]
        form = SettlementFilter(request.GET, programmes=named)
        found = selectors.settlements(actor_of(request), **form.asked)
        table = tables.SettlementTable(request, tables.Named(found))
        context = {"form": form, "table": table, "narrowed": any(form.asked.values())}
        return render(request, "billing/settlements.html", context)


class SettlementPage(View):
    """One settlement: its sum, its lines, what is disputed, and the next step."""

    def get(self, request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
        actor, now = actor_of(request), timezone.now()
        row = selectors.get_settlement(actor, id)
        state = row.state
        may_check = selectors.may_settle(actor, CHECK, row)
        may_submit = selectors.may_settle(actor, SUBMIT, row)
        is_with_payer = state in (SettlementState.SUBMITTED, SettlementState.DISPUTED)
        worths = partial(proofs_of, request, is_checked=may_check)
        worth = worths(line_reads.refs_of(row)) if state in CHANGEABLE else {}
        doubtful = {ref for ref, one in worth.items() if one.is_doubtful}
        lines = rows.LineRows(
            line_reads.lines_of(actor, row, at=now, first=doubtful),
            worths,
            may_dispute=may_check and is_with_payer,
            may_look=actor.may(VIEW),
            may_check=may_check,
            pk=row.pk,
        )
        disputes = selectors.disputes_of(row)
        told = [one.share_id for one in disputes]
        shares = line_reads.charges_of_shares(actor, row, told, at=now)
        about = rows.asked_of(shares)
        context = {
            "row": row,
            "month": words.month_words(row.month),
            "provider": organizations.name_of(row.organization),
            "funder": organizations.name_of(row.funder),
            "programme": words.programme_names([row.programme])[row.programme],
            "payer": Payer(row.payer).label,
            "state": SettlementState(state).label,
            "table": tables.LineTable(request, lines),
            "doubtful": len(doubtful),
            "disputes": words.dispute_rows(disputes, about),
            "may_submit": may_submit and state == SettlementState.DRAFT,
            "may_answer": may_submit,
            "may_confirm": may_check and state == SettlementState.SUBMITTED,
            "may_pay": may_check and state == SettlementState.CONFIRMED,
            "may_export": selectors.may_settle(actor, EXPORT, row),
            "is_masked": is_masked(actor, row),
            "rooms": rooms(actor, [row.month], at=now),
        }
        return render(request, "billing/settlement.html", context)


def is_masked(actor: Actor, row: selectors.Settlement) -> bool:
    """Tell whether the names of a settlement are masked for one who could state what for."""
    return actor.may(STATE) and "identity" not in selectors.fields_of(actor, row)


class _Step(View):
    """One step without a question."""

    http_method_names = ["post"]
    do: Callable[..., None]

    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
        try:
            type(self).do(actor=actor_of(request), settlement_id=id, at=timezone.now())
        except (Conflict, Invalid) as error:
            messages.error(request, sentence(error))
        else:
            messages.success(request, self.said())
        return _to(id)

    def said(self) -> str:
        """Return what was done."""
        raise NotImplementedError


class Submit(_Step):
    do = staticmethod(services.submit_settlement)

    def said(self) -> str:
        return _("Submitted to the payer.")


class Confirm(_Step):
    do = staticmethod(services.confirm_settlement)

    def said(self) -> str:
        return _("Confirmed. It can be paid now.")


def _ask(
    request: HttpRequest,
    row: selectors.Settlement,
    form: KitForm | None,
    verb: str,
    *,
    about: rows.Asked | None = None,
    why_not: str = "",
    status: int = 200,
) -> HttpResponse:
    """Draw a question about a settlement; about: the line that is asked about.

    why_not: what is said instead of the form.
    """
    context = {
        "row": row, "form": form, "verb": verb, "month": words.month_words(row.month),
        "about": about, "why_not": why_not,
    }  # fmt: skip
    return render(request, "billing/ask.html", context, status=status)


def _about(
    request: HttpRequest,
    row: selectors.Settlement,
    share_id: UUID,
    dispute: selectors.Dispute | None = None,
) -> rows.Asked | None:
    found = line_reads.charges_of_shares(actor_of(request), row, [share_id], at=timezone.now())
    one = rows.asked_of(found).get(share_id)
    return replace(one, dispute=dispute) if one is not None else None


class DisputeLine(View):
    """Say what is wrong with a line."""

    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest, id: UUID, line_id: UUID) -> HttpResponse:  # noqa: A002
        row = selectors.get_settlement(actor_of(request), id, action=CHECK)
        why_not = services.not_disputable(row, line_id)
        if why_not is not None:
            return self._show(request, id, line_id, None, why_not=sentence(why_not))
        today = day_of(timezone.now())
        due = today + timedelta(days=services.ANSWER_DAYS)
        form = DisputeForm(today=today, initial={"due_on": due})
        return self._show(request, id, line_id, form)

    def post(self, request: HttpRequest, id: UUID, line_id: UUID) -> HttpResponse:  # noqa: A002
        selectors.get_settlement(actor_of(request), id, action=CHECK)
        form = DisputeForm(request.POST, today=day_of(timezone.now()))
        if not form.is_valid():
            return self._show(request, id, line_id, form, status=422)
        given = form.cleaned_data
        try:
            services.dispute_line(
                actor=actor_of(request),
                settlement_id=id,
                line_id=line_id,
                reason=DisputeReason(given["reason"]),
                text=given["text"],
                due_on=given["due_on"],
                at=timezone.now(),
            )
        except (Conflict, Invalid) as error:
            refuse(form, error)
            return self._show(request, id, line_id, form, status=error.status)
        messages.success(request, _("The provider is asked to answer."))
        return _to(id)

    def _show(
        self,
        request: HttpRequest,
        pk: UUID,
        line_id: UUID,
        form: DisputeForm | None,
        *,
        why_not: str = "",
        status: int = 200,
    ) -> HttpResponse:
        row = selectors.get_settlement(actor_of(request), pk, action=CHECK)
        share = line_reads.share_of_line(row, line_id)
        told = [one for one in selectors.disputes_of(row) if one.share_id == share]
        about = _about(request, row, share, told[-1] if told and why_not else None)
        verb = _("Dispute this line")
        return _ask(request, row, form, verb, about=about, why_not=why_not, status=status)


class Answer(View):
    """Keep a disputed line or withdraw it."""

    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
        return self._show(request, id, AnswerForm())

    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
        row = selectors.settlement_of_dispute(actor_of(request), id, action=SUBMIT)
        form = AnswerForm(request.POST)
        if not form.is_valid():
            return self._show(request, id, form, status=422)
        try:
            services.answer_dispute(
                actor=actor_of(request),
                dispute_id=id,
                keep=form.cleaned_data["keep"] == "keep",
                answer=form.cleaned_data["answer"],
                at=timezone.now(),
            )
        except (Conflict, Invalid) as error:
            refuse(form, error)
            return self._show(request, id, form, status=error.status)
        messages.success(request, _("Answered."))
        return _to(row.pk)

    def _show(
        self, request: HttpRequest, pk: UUID, form: AnswerForm, *, status: int = 200
    ) -> HttpResponse:
        row = selectors.settlement_of_dispute(actor_of(request), pk, action=SUBMIT)
        dispute = selectors.get_dispute(row, pk)
        about = _about(request, row, dispute.share_id, dispute)
        return _ask(request, row, form, _("Answer the dispute"), about=about, status=status)


class Paid(View):
    """Note that a settlement was paid."""

    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
        row = selectors.get_settlement(actor_of(request), id, action=CHECK)
        return _ask(request, row, PaidForm(), _("Note the payment"))

    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
        row = selectors.get_settlement(actor_of(request), id, action=CHECK)
        form, verb = PaidForm(request.POST), _("Note the payment")
        if not form.is_valid():
            return _ask(request, row, form, verb, status=422)
        try:
            services.pay_settlement(
                actor=actor_of(request),
                settlement_id=id,
                note=form.cleaned_data["note"],
                at=timezone.now(),
            )
        except (Conflict, Invalid) as error:
            refuse(form, error)
            return _ask(request, row, form, verb, status=error.status)
        messages.success(request, _("Noted."))
        return _to(id)


class Export(View):
    """Take a settlement along for the finance office."""

    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
        row = selectors.get_settlement(actor_of(request), id, action=EXPORT)
        return _ask(request, row, ExportForm(initial={"format": Format.XLSX}), _("Download"))

    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
        row = selectors.get_settlement(actor_of(request), id, action=EXPORT)
        form = ExportForm(request.POST)
        if not form.is_valid():
            return _ask(request, row, form, _("Download"), status=422)
        kind = Format(form.cleaned_data["format"])
        body = exporting.export_settlement(
            actor_of(request), id, reason=form.cleaned_data["reason"], kind=kind, at=timezone.now()
        )
        programme = words.programme_names([row.programme])[row.programme]
        provider = organizations.name_of(row.organization)
        return download(body, f"{provider} {row.month:%Y-%m} {programme}", kind)
