"""The texts of a notice, in the language that is on: made when they are read, never stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from songhe.base.access.actor import Actor
from songhe.base.notify.kinds import NoticeKind, Words, known
from songhe.base.notify.models import Notice
from songhe.base.notify.selectors import params_of


def title_of(notice: Notice, reader: Actor) -> str:
    """Return the heading as the reader sees it."""
    kind = known(notice.kind)
    return _("A notice") if kind is None else _filled(kind.title, kind, notice, reader)


def body_of(notice: Notice, reader: Actor) -> str:
    """Return the text below the heading, "" where there is none."""
    kind = known(notice.kind)
    return "" if kind is None else _filled(kind.body, kind, notice, reader)


def message_of(notice: Notice, reader: Actor) -> str:
    """Return what goes by SMS and voice."""
    kind = known(notice.kind)
    said = "" if kind is None else _filled(kind.message or kind.glance, kind, notice, reader)
    return signed(said or _("A new notice"))


def signed(text: str) -> str:
    """Return a message with whom it comes from in front, as gateways of China ask for it."""
    return _("[Songhe] %(text)s") % {"text": text}


def _filled(text: Words, kind: NoticeKind, notice: Notice, reader: Actor) -> str:
    """Return a text with its fields; of a notice whose values were erased, the glance alone."""
    if notice.params_sealed is None:
        return str(kind.glance) if text is kind.title else ""
    params: Mapping[str, Any] = params_of(notice)
    if kind.resolve is not None:
        params = kind.resolve(reader, params)
    return str(text) % params if text else ""
