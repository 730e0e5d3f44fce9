"""Files that people kept, handed out one by one: by the policy of what they are of, and audited.

<img src="{% url 'kit:file_small' file.pk %}" alt="…">
"""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.generic import View

from songhe.base.files import selectors
from songhe.base.files.media import Media
from songhe.kit.asks import actor_of

_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox"


class File(View):
    """A file as it is kept. A PDF is saved, never drawn inside a page of ours."""

    http_method_names = ["get"]
    is_small: ClassVar[bool] = False

    def get(self, request: HttpRequest, file_id: UUID) -> HttpResponse:
        opened = selectors.open_file(
            actor_of(request), file_id, at=timezone.now(), small=self.is_small
        )
        how = "attachment" if opened.media is Media.PDF else "inline"
        name = f"{'small' if self.is_small else 'file'}-{file_id}.{opened.media.ending}"
        return HttpResponse(
            opened.body,
            content_type=opened.media.value,
            headers={
                "Content-Disposition": f'{how}; filename="{name}"',
                "Content-Security-Policy": _POLICY,
                "X-Content-Type-Options": "nosniff",
                "Cache-Control": f"private, max-age={opened.keep_s}"
                if opened.keep_s
                else "private, no-store",
            },
        )


class SmallFile(File):
    """The thumbnail of a picture."""

    is_small = True
