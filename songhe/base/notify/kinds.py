"""The kinds of notices: declared in code by the domain that sends them.

    kinds.declare(NoticeKind(
        "dispatch.order_assigned", ref="dispatch.Order",
        title=_("New task: %(service)s"), body=_("%(place)s, %(when)s"), glance=_("New task"),
        message=_("New task at %(when)s. Open Songhe."), channels=CHANNELS, urgent="urgent"))

Texts are lazily translated and filled at reading time, in the reader's language. `params` hold ids
and plain values; `resolve` makes names of them with the reader's own rights.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.utils.functional import Promise
from django.utils.translation import override

from songhe.base.access import wall
from songhe.base.access.actor import Actor
from songhe.base.notify.terms import Channel

Words = str | Promise
Resolve = Callable[[Actor, Mapping[str, Any]], Mapping[str, Any]]
ALL = (Channel.PAGE, Channel.PUSH, Channel.SMS, Channel.VOICE)


@dataclass(frozen=True, slots=True)
class NoticeKind:
    """One kind. glance: what a locked screen may show, so it has no fields; message: what goes by
    SMS and voice, the glance where nothing is said. ref: the model that it is about, or "". urgent:
    the chain (data/notices.yaml) by which an urgent one breaks quiet hours; "" where none may.
    """

    name: str
    title: Words
    glance: Words
    body: Words = ""
    message: Words = ""
    channels: tuple[Channel, ...] = (Channel.PAGE, Channel.PUSH)
    urgent: str = ""
    ref: str = ""
    resolve: Resolve | None = None


_kinds: dict[str, NoticeKind] = {}
_NOTICES = "notify_notice"


def declare(kind: NoticeKind) -> None:
    """Make a kind known, once; who sees what it is about sees that it was told.

    Raises ValueError when the name is taken or the glance has a field.
    """
    with override(None):
        if "%" in str(kind.glance):
            raise ValueError(f"{kind.name}: a glance names nobody, so it has no fields")
    if kind.name in _kinds:
        raise ValueError(f"the kind of notice {kind.name} is declared already")
    if kind.ref and all(one.ref != kind.ref for one in _kinds.values()):
        table = apps.get_model(kind.ref)._meta.db_table
        condition = wall.of_ref(f"{_NOTICES}.ref", kind.ref, table)
        wall.protect(_NOTICES, condition, way=f"of_{table}")
    _kinds[kind.name] = kind


def kind_of(name: str) -> NoticeKind:
    """Return a kind by its name. Raises KeyError."""
    return _kinds[name]


def known(name: str) -> NoticeKind | None:
    """Return a kind by its name; None for one that no installed room declares any more."""
    return _kinds.get(name)
