"""Services as older people and their families see them: ordered, waited for, rated."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.generic import View

from songhe.base.access.actor import Actor
from songhe.domains.catalog.terms import ICONS, ItemKind
from songhe.domains.dispatch import services
from songhe.domains.dispatch.panels import ordering, own_reads
from songhe.domains.dispatch.terms import About
from songhe.domains.organizations import selectors as organizations
from songhe.domains.organizations.selectors import Organization
from songhe.kernel.errors import Conflict, Invalid, NotFound
from songhe.kit import formats
from songhe.kit.asks import actor_of
from songhe.kit.forms import KitForm, refuse
from songhe.portals.family import asking, forms, prices
from songhe.portals.family.asking import Asking
from songhe.portals.family.words import day_words, nobody_then

SHOWN, MOST = 10, 200
_SIGNS = {"morning": "sunrise", "afternoon": "sun", "evening": "sunset"}


def is_elder(request: HttpRequest, actor: Actor) -> bool:
    """Tell whether the pages are large: for an older person herself, or by one's own choice."""
    look = getattr(request, "look", None)
    return {held.role for held in actor.roles} == {"elder"} or getattr(look, "mode", "") == "elder"


def page(
    request: HttpRequest,
    name: str,
    context: dict[str, Any],
    *,
    tab: str = "services",
    centre: Organization | None = None,
    back: str = "",
    status: int = 200,
) -> HttpResponse:
    """Return a page of the frame. centre: whom its foot calls; back: where its foot leads."""
    frame = {
        "is_elder": is_elder(request, actor_of(request)),
        "tab": tab,
        "centre": centre,
        "centre_name": organizations.name_of(centre) if centre else "",
        "back": back,
    }
    return render(request, f"family/{name}.html", frame | context, status=status)


def centre_of_own(actor: Actor) -> Organization | None:
    """Return who serves one's own people, as far as that is one organisation."""
    found = own_reads.persons(actor)
    return own_reads.centre_of(found[0], at=timezone.now())[1] if found else None


class Services(View):
    """What comes next, and the last that were."""

    def get(self, request: HttpRequest) -> HttpResponse:
        actor, now = actor_of(request), timezone.now()
        past, more = own_reads.latest(actor, at=now)
        context = {
            "ahead": own_reads.ahead(actor, at=now),
            "past": past,
            "more": more,
            "many": len(own_reads.persons(actor)) > 1,
        }
        return page(request, "services", context, centre=centre_of_own(actor), back="/")


class Past(View):
    """What was, ten at a time."""

    def get(self, request: HttpRequest) -> HttpResponse:
        actor, now = actor_of(request), timezone.now()
        asked = request.GET.get("shown", "")
        shown = min(MOST, max(SHOWN, int(asked))) if asked.isdecimal() else SHOWN
        past, more = own_reads.past(actor, at=now, limit=shown)
        context = {
            "past": past,
            "next": shown + SHOWN if more and shown < MOST else 0,
            "many": len(own_reads.persons(actor)) > 1,
        }
        return page(request, "past", context, back=reverse("family:services"))


class Order(View):
    """One question a page, then the answers to check, then it is ordered."""

    def get(self, request: HttpRequest) -> HttpResponse:
        ask = asking.read(actor_of(request), request.GET.dict(), at=timezone.now())
        form = None
        if ask.step == "check":
            form = _wishes(ask, initial={"key": uuid4(), "sex": ask.sex})
        return self._show(request, ask, form)

    def post(self, request: HttpRequest) -> HttpResponse:
        actor, now = actor_of(request), timezone.now()
        ask = asking.read(actor, request.POST.dict(), at=now)
        form = _wishes(ask, request.POST)
        if ask.part is None or ask.time != request.POST.get("seen", ask.time):
            done = services.wished(actor=actor, key=form.key_sent)  # pressed twice, the last place
            if done is not None:
                return HttpResponseRedirect(reverse("family:service", args=[done.pk]))
            if ask.sex:
                return self._wish_in_the_way(request, ask)
        if ask.person is None or ask.item is None or ask.day is None or ask.part is None:
            return self._show(request, ask, None, status=422)
        more: dict[str, Any] = {"more": "more" in request.POST}
        if form.is_valid():
            given = form.cleaned_data
            said = request.POST.get("own", "")
            try:
                order = services.ask_service(
                    actor=actor,
                    key=given["key"],
                    person_id=ask.person.id,
                    item_code=ask.item.code,
                    window=ordering.span(ask.day, ask.part, at=now),
                    worker_wish=ask.last.user_id if ask.last and given.get("same") else None,
                    sex_wish=given["sex"],
                    note=given["note"],
                    most_own_fen=int(said) if said.isdecimal() else None,
                    one_more="more" in request.POST,
                    at=now,
                )
            except (Conflict, Invalid, NotFound) as error:
                refuse(form, error)
                more["standing"] = error.params.get("order")
            else:
                messages.success(request, _("Ordered."))
                return HttpResponseRedirect(reverse("family:service", args=[order.pk]))
        return self._show(request, ask, form, more, status=422)

    def _wish_in_the_way(self, request: HttpRequest, ask: Asking) -> HttpResponse:
        """Say what a wish does to the time that was chosen; nothing is ordered yet."""
        more = {"wished": ask.sex}
        if ask.part is None:
            plain = asking.read(
                actor_of(request), request.POST.dict() | {"sex": ""}, at=timezone.now()
            )
            if plain.part is None:
                return self._show(request, ask, None, status=422)
            more["elsewhere"] = ask.again("when") if ask.days else ""
            form = _wishes(plain, request.POST)
            form.add_error("sex", nobody_then(ask.sex))
            return self._show(request, plain, form, more, status=422)
        form = _wishes(ask, request.POST)
        return self._show(request, ask, form, more, status=422)

    def _show(
        self,
        request: HttpRequest,
        ask: Asking,
        form: KitForm | None,
        more: dict[str, Any] | None = None,
        *,
        status: int = 200,
    ) -> HttpResponse:
        if not ask.persons:
            return page(request, "nobody", {}, tab="order", back="/")
        context = {"ask": ask, "form": form} | self._choices(request, ask) | (more or {})
        back = ask.back or reverse("family:services")
        return page(
            request, f"order_{ask.step}", context,
            tab="order", centre=ask.organization, back=back, status=status,
        )  # fmt: skip

    def _choices(self, request: HttpRequest, ask: Asking) -> dict[str, Any]:
        """Return what may be chosen at a step, each with the address that it leads to."""
        today = timezone.localdate()
        if ask.step == "kind":
            named = [(one, str(ItemKind(one).label), ICONS[one]) for one in ask.kinds]
            return {"kinds": [(*one, ask.to(kind=one[0])) for one in named]}
        if ask.step == "item":
            priced = [(one, prices.price_words(one)) for one in ask.of_kind]
            return {"items": [(*one, ask.to(item=one[0].code)) for one in priced]}
        if ask.step == "when":
            near = ask.days if "all" in request.GET else ask.days[: asking.NEAR_DAYS]
            return {
                "days": [(day_words(one, today), _parts(ask, one)) for one in near],
                "later": "" if len(near) == len(ask.days) else ask.to(all="1"),
            }
        if ask.person is None or ask.item is None or ask.day is None:
            return {}
        return {
            "bill": prices.bill(ask.person.id, ask.item, on=ask.day),
            "day": day_words(ask.day, today),
            "change": {step: ask.again(step) for step in asking.BEFORE},
        }


def _parts(ask: Asking, day: date) -> list[tuple[ordering.Part, str, str]]:
    """Return the parts of a day in which somebody can come, each with its sign and its address."""
    some = ask.free.parts[day] if ask.free is not None else ()
    return [(one, _SIGNS[one.code], ask.to(day=day.isoformat(), part=one.code)) for one in some]


def _wishes(ask: Asking, data: Any = None, **given: Any) -> forms.WishForm:
    who = ask.person.id if ask.person else ""
    return forms.WishForm(data, same=_same(ask), keep=f"wish-{who}", **given)


def _same(ask: Asking) -> str:
    return _("%(name)s again, who came last") % {"name": ask.last.name} if ask.last else ""


class Service(View):
    """One service: who comes, the code for the door, what may be done."""

    def get(self, request: HttpRequest, order_id: UUID) -> HttpResponse:
        sheet = own_reads.sheet(actor_of(request), order_id, at=timezone.now())
        context = {"sheet": sheet, "one": sheet.service, "today": timezone.localdate(),
                   "bill": prices.bill_of(sheet.service)}  # fmt: skip
        return page(
            request, "service", context,
            centre=sheet.organization, back=reverse("family:services"),
        )  # fmt: skip


class _OneAct(View):
    """A form about one service on a page of its own; a refusal keeps what was entered."""

    form_class: type[KitForm]
    template = ""

    def get(self, request: HttpRequest, order_id: UUID) -> HttpResponse:
        sheet = own_reads.sheet(actor_of(request), order_id, at=timezone.now())
        if not self.may(sheet):
            return HttpResponseRedirect(reverse("family:service", args=[order_id]))
        return self._show(request, sheet, self.form_class())

    def post(self, request: HttpRequest, order_id: UUID) -> HttpResponse:
        form = self.form_class(request.POST)
        if form.is_valid():
            try:
                said = self.act(actor_of(request), order_id, form)
            except (Conflict, Invalid) as error:
                refuse(form, error)
            else:
                messages.success(request, said)
                return HttpResponseRedirect(reverse("family:service", args=[order_id]))
        sheet = own_reads.sheet(actor_of(request), order_id, at=timezone.now())
        return self._show(request, sheet, form, status=422)

    def may(self, sheet: own_reads.OwnSheet) -> bool:
        """Tell whether the page makes sense now."""
        raise NotImplementedError

    def act(self, actor: Actor, order_id: UUID, form: Any) -> str:
        """Do it; return what is said of it."""
        raise NotImplementedError

    def _show(
        self, request: HttpRequest, sheet: own_reads.OwnSheet, form: KitForm, *, status: int = 200
    ) -> HttpResponse:
        context = {"sheet": sheet, "one": sheet.service, "form": form}
        back = reverse("family:service", args=[sheet.service.order.pk])
        return page(
            request, self.template, context,
            centre=sheet.organization, back=back, status=status,
        )  # fmt: skip


class CallOff(_OneAct):
    """Call a service off while nobody set out, and say why."""

    form_class, template = forms.CallOffForm, "cancel"

    def may(self, sheet: own_reads.OwnSheet) -> bool:
        return sheet.service.may_call_off

    def act(self, actor: Actor, order_id: UUID, form: forms.CallOffForm) -> str:
        services.call_off(actor=actor, order_id=order_id, reason=form.said(), at=timezone.now())
        return _("Called off. Nobody comes.")


class Rate(_OneAct):
    """Three faces, a word under each."""

    form_class, template = forms.RateForm, "rate"

    def may(self, sheet: own_reads.OwnSheet) -> bool:
        return sheet.service.may_rate

    def act(self, actor: Actor, order_id: UUID, form: forms.RateForm) -> str:
        given = form.cleaned_data
        services.rate_order(
            actor=actor, order_id=order_id, face=given["face"], words=given["words"],
            at=timezone.now(),
        )  # fmt: skip
        return _("Thank you.")


class Complain(_OneAct):
    """Say what was wrong; it is said until when there is an answer."""

    form_class, template = forms.ComplainForm, "complain"

    def may(self, sheet: own_reads.OwnSheet) -> bool:
        return all(one.row.state != "open" for one in sheet.complaints)

    def act(self, actor: Actor, order_id: UUID, form: forms.ComplainForm) -> str:
        given = form.cleaned_data
        row = services.complain(
            actor=actor, order_id=order_id, about=About(given["about"]), words=given["words"],
            at=timezone.now(),
        )  # fmt: skip
        return _("Your complaint is with the service centre. It answers until %(day)s.") % {
            "day": formats.short_date(row.answer_by)
        }
