"""The kinds of notices that dispatch sends: help wanted, help goes, a visit stands."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from songhe.base.access.actor import Actor
from songhe.base.access.wall import lifted
from songhe.base.notify.kinds import ALL, NoticeKind, declare
from songhe.base.notify.terms import Channel
from songhe.base.regions import selectors as regions
from songhe.domains.dispatch import own_words
from songhe.domains.dispatch.models import Order
from songhe.domains.people import selectors as people
from songhe.kit import formats

HELP_WANTED = "dispatch.help_wanted"
HELP_OFF = "dispatch.help_off"
HELP_GOES = "dispatch.help_goes"
HELP_THERE = "dispatch.help_there"
HELP_WAS_THERE = "dispatch.help_was_there"
VISIT_TOLD = "dispatch.visit_told"
WORKER_HELP = "dispatch.worker_help"
GO_TO_WORKER = "dispatch.go_to_worker"
NOBODY_GOES = "dispatch.nobody_goes"
HELP_LATE = "dispatch.help_late"
COMES = "dispatch.comes"
NEAR = "dispatch.near"
WEEK_TOLD = "dispatch.week_told"
VISIT_SHIFTED = "dispatch.visit_shifted"
VISIT_OFF = "dispatch.visit_off"
COMES_OTHERWISE = "dispatch.comes_otherwise"
COMES_NOT = "dispatch.comes_not"
SHIFT_OVER = "dispatch.shift_over"
COMPLAINT_ANSWERED = "dispatch.complaint_answered"
COMPLAINED = "dispatch.complained"
COMPLAINT_OVERDUE = "dispatch.complaint_overdue"
NO_ANSWER = "dispatch.no_answer"
_REF = "dispatch.Order"


def day_in_words(_actor: Actor, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the params with their day as the reader writes it."""
    return {**params, "day": formats.short_date(date.fromisoformat(str(params["day"])))}


def _whom(actor: Actor, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the params with the person as the reader may know her."""
    person_id = UUID(str(params["person"]))
    person = people.person_views(actor, [person_id]).get(person_id)
    return {**params, "who": person.name if person is not None else ""}


def _where(actor: Actor, params: Mapping[str, Any]) -> Mapping[str, Any]:
    code = str(params["region"])
    return {**params, "place": regions.names([code]).get(code, "")}


def _put_off(actor: Actor, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the params with whom it is for and which service of which day it was."""
    pk = str(params.get("order", ""))
    rows = Order.objects.select_related("item__item")
    order = rows.filter(pk=pk).first() if pk else None
    what = own_words.title(order) if order is not None else gettext("Service")
    if day := str(params.get("day", "")):
        what = gettext("%(service)s on %(day)s") % {"service": what, "day": day}
    return {**_whom(actor, params), "what": what}


def _at_home(actor: Actor, order_id: str) -> str:
    """Return the address at which an order is carried out, where the reader may know it."""
    order = Order.objects.filter(pk=order_id).select_related("home").first() if order_id else None
    if order is None or order.home is None:
        return ""
    person = people.person_views(actor, [order.person_id]).get(order.person_id)
    return order.home.address if person is not None and "home" in person.fields else ""


def address_of(actor: Actor, order_id: str) -> str:
    """Return the address at which an order is carried out, "" where it is closed to the actor."""
    return _at_home(actor, order_id)


def where_to_go(actor: Actor, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the params with the place in words, for the colleague who is asked to go.

    The address of the home, without whose it is, for as long as the desk opened it to her; then,
    and elsewhere, the community near which the phone was.
    """
    place = ""
    if timezone.now().isoformat() < str(params.get("until", "")):
        with lifted():
            order = Order.objects.filter(pk=str(params["order"])).select_related("home").first()
        place = order.home.address if order is not None and order.home is not None else ""
    return _from_worker(actor, {**params, "place": place or _near(params) or params["place"]})


def _near(params: Mapping[str, Any]) -> str:
    code = str(params.get("region", ""))
    name = regions.names([code]).get(code, "") if code else ""
    return gettext("near %(place)s") % {"place": name} if name else ""


def place_of_call(actor: Actor, params: Mapping[str, Any]) -> str:
    """Return where a worker is who called, in words as the reader may know it; "" where unknown."""
    place = _at_home(actor, str(params.get("order", ""))) or str(params.get("place", ""))
    return place or _near(params)


def _calls(actor: Actor, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the params with the place in words, and how often she pressed."""
    times = len(params.get("presses", ()))
    said = []
    if away_km := params.get("away_km"):
        said.append(gettext("Her phone told a place %(n)s km away: do not rely on it.")
                    % {"n": formats.number(float(away_km))})  # fmt: skip
    if times > 1:
        again = {"n": times, "time": params["last"]}
        said.append(gettext("Pressed %(n)s times, last at %(time)s.") % again)
    text = " ".join([*said, str(params["text"])]).strip()
    return _from_worker(actor, {**params, "place": place_of_call(actor, params), "text": text})


def _from_worker(_actor: Actor, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the params with words in the place of what the phone could not tell."""
    return {
        **params,
        "place": params["place"] or _("unknown"),
        "phone": params["phone"] or _("unknown"),
    }


def _nothing_heard(actor: Actor, params: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**_whom(actor, params), "phone": params["phone"] or _("unknown")}


def register() -> None:
    """Called when the app is ready."""
    declare(
        NoticeKind(
            WORKER_HELP,
            title=_("%(worker)s needs help herself, %(time)s"),
            body=_("Call %(phone)s. Her phone was at %(place)s. %(text)s"),
            glance=_("A worker needs help"),
            message=_("A worker needs help. Open the desk and call her."),
            channels=ALL,
            urgent="urgent",
            resolve=_calls,
        )
    )
    declare(
        NoticeKind(
            GO_TO_WORKER,
            title=_("Please go to %(worker)s, who needs help"),
            body=_("Call %(phone)s. She is here: %(place)s. %(text)s"),
            glance=_("A colleague needs help"),
            message=_("A colleague needs help. Open the app, call her and go."),
            channels=ALL,
            urgent="urgent",
            resolve=where_to_go,
        )
    )
    declare(
        NoticeKind(
            HELP_WANTED,
            title=_("Can you go now? %(place)s"),
            body=_("Somebody needs help. Please answer within a minute."),
            glance=_("Help is needed now"),
            message=_("Help is needed now. Open the app and say whether you can go."),
            channels=ALL,
            urgent="urgent",
            ref=_REF,
            resolve=_where,
        )
    )
    declare(
        NoticeKind(
            HELP_OFF,
            title=_("You need not go any more. %(place)s"),
            body=_("The desk has called you back. Thank you."),
            glance=_("You need not go any more"),
            message=_("You need not go any more. The desk has called you back."),
            channels=ALL,
            urgent="urgent",
            ref=_REF,
            resolve=_where,
        )
    )
    declare(
        NoticeKind(
            NOBODY_GOES,
            title=_("Nobody goes to %(who)s"),
            body=_("Nobody goes, and nobody is being asked. Send somebody, or call."),
            glance=_("Nobody goes"),
            message=_("Nobody goes to a call for help. Open the desk and send somebody."),
            channels=ALL,
            urgent="urgent",
            ref=_REF,
            resolve=_whom,
        )
    )
    declare(
        NoticeKind(
            HELP_LATE,
            title=_("Nothing heard of %(worker)s, who goes to %(who)s"),
            body=_("Last heard at %(time)s. Call %(phone)s, or send somebody as well."),
            glance=_("Nothing heard of a helper"),
            message=_("Nothing was heard of a helper for too long. Open the desk and call."),
            channels=ALL,
            urgent="urgent",
            ref="dispatch.Visit",
            resolve=_nothing_heard,
        )
    )
    declare(
        NoticeKind(
            HELP_GOES,
            title=_("%(worker)s is going to %(who)s"),
            body=_("An alarm was raised and somebody was sent at once."),
            glance=_("Somebody is on the way"),
            message=_("An alarm was raised at home. Somebody is on the way."),
            channels=ALL,
            urgent="urgent",
            ref=_REF,
            resolve=_whom,
        )
    )
    declare(
        NoticeKind(
            HELP_THERE,
            title=_("%(worker)s is with %(who)s"),
            glance=_("Somebody is there"),
            message=_("The helper has arrived."),
            channels=(Channel.PAGE, Channel.PUSH, Channel.SMS),
            ref=_REF,
            resolve=_whom,
        )
    )
    declare(
        NoticeKind(
            HELP_WAS_THERE,
            title=_("%(worker)s was with %(who)s from %(since)s to %(until)s"),
            body=_("She has helped and is done."),
            glance=_("Somebody was there"),
            message=_("The helper was there and is done."),
            channels=(Channel.PAGE, Channel.PUSH, Channel.SMS),
            ref=_REF,
            resolve=_whom,
        )
    )
    declare(
        NoticeKind(
            VISIT_TOLD,
            title=_("A visit on %(day)s at %(time)s"),
            glance=_("A new visit"),
            message=_("You have a new visit. Open the app."),
            ref=_REF,
        )
    )
    declare(
        NoticeKind(
            COMES,
            title=_("%(worker)s is on the way to %(who)s"),
            glance=_("Somebody is on the way"),
            message=_("The care worker has set off."),
            ref=_REF,
            resolve=_whom,
        )
    )
    declare(
        NoticeKind(
            NEAR,
            title=_("%(worker)s is near %(who)s and comes at about %(time)s"),
            glance=_("Somebody is near"),
            message=_("The care worker is near and comes in a few minutes."),
            ref="dispatch.Visit",
            resolve=_whom,
        )
    )
    declare(
        NoticeKind(
            WEEK_TOLD,
            title=_("Your week from %(day)s: %(n)s visits"),
            glance=_("Your week is planned"),
            message=_("Your visits of the week are planned. Open the app."),
            ref="organizations.Organization",
        )
    )
    declare(
        NoticeKind(
            VISIT_SHIFTED,
            title=_("Another time: your visit is on %(day)s at %(time)s"),
            glance=_("A visit has another time"),
            message=_("One of your visits has another time. Open the app."),
            ref=_REF,
        )
    )
    declare(
        NoticeKind(
            VISIT_OFF,
            title=_("The visit on %(day)s at %(time)s is not yours any more"),
            glance=_("A visit falls away"),
            message=_("One of your visits falls away. Open the app."),
            ref=_REF,
        )
    )
    declare(
        NoticeKind(
            COMES_OTHERWISE,
            title=_("Changed: %(worker)s comes to %(who)s on %(day)s at %(time)s"),
            glance=_("A visit has changed"),
            message=_("A visit has changed. Open Songhe to see who comes and when."),
            ref=_REF,
            resolve=_whom,
        )
    )
    declare(
        NoticeKind(
            COMES_NOT,
            title=_("Put off for %(who)s: %(what)s. A new time follows."),
            glance=_("A visit is put off"),
            message=_("A visit is put off. A new time follows."),
            ref=_REF,
            resolve=_put_off,
        )
    )
    declare(
        NoticeKind(
            COMPLAINT_ANSWERED,
            title=_("Your complaint was answered"),
            glance=_("There is an answer"),
            message=_("Your complaint was answered. Open Songhe to read it."),
            channels=(Channel.PAGE, Channel.PUSH, Channel.SMS),
            ref=_REF,
        )
    )
    declare(
        NoticeKind(
            COMPLAINED,
            title=_("A complaint: answer it until %(day)s"),
            glance=_("Somebody complained"),
            message=_("Somebody complained of a service. Open Songhe to answer."),
            ref=_REF,
            resolve=day_in_words,
        )
    )
    declare(
        NoticeKind(
            COMPLAINT_OVERDUE,
            title=_("A complaint was to be answered by %(day)s"),
            body=_("Who complained was told that the day has passed. Answer it today."),
            glance=_("A complaint is overdue"),
            message=_("A complaint is overdue. Open Songhe to answer."),
            channels=(Channel.PAGE, Channel.PUSH, Channel.SMS),
            ref=_REF,
            resolve=day_in_words,
        )
    )
    declare(
        NoticeKind(
            NO_ANSWER,
            title=_("Your complaint was to be answered by %(day)s, and was not"),
            body=_("The county was told. It sees to the answer."),
            glance=_("The answer is late"),
            message=_("The answer to your complaint is late. The county was told."),
            ref=_REF,
            resolve=day_in_words,
        )
    )
    declare(
        NoticeKind(
            SHIFT_OVER,
            title=_("The report of the shift is there"),
            glance=_("The report of the shift"),
        )
    )
