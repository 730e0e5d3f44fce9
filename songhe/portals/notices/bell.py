"""The bell in the top bar: how many of one's notices are unread."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from songhe.base.notify import selectors
from songhe.kit.asks import actor_of


def panel(request: HttpRequest, _obj: Any = None) -> SafeString:
    """Return the bell with its count; an open page asks for it anew when a notice comes."""
    count = selectors.unread_count(actor_of(request))
    context = {"count": count, "most": selectors.MOST_COUNTED}
    return render_to_string("notices/bell.html", context, request=request)
