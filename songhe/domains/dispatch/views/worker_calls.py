"""A worker called for help herself: where she is, whom one can send, whom one calls."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.generic import View

from songhe.domains.dispatch import worker_calls
from songhe.domains.dispatch.services import helping
from songhe.kernel.errors import Conflict, Invalid
from songhe.kit.asks import actor_of
from songhe.kit.errors import sentence


class WorkerCall(View):
    """Who calls, where her phone is, which colleagues are near."""

    def get(self, request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
        now = timezone.now()
        call = worker_calls.call_of(actor_of(request), id, at=now)
        helping.see_call(actor=actor_of(request), worker_id=id, at=now)
        send = reverse("dispatch:send_colleague", args=[id])
        return render(
            request, "dispatch/worker_call.html", {"call": call, "now": now, "send": send}
        )


class SendColleague(View):
    """Ask a colleague to go to her now."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
        actor, now = actor_of(request), timezone.now()
        worker_calls.opened(actor, id, at=now)
        try:
            colleague = UUID(request.POST.get("worker", ""))
            name = helping.send_colleague(actor=actor, worker_id=id, colleague_id=colleague, at=now)
        except (Conflict, Invalid) as refused:
            messages.error(request, sentence(refused))
        except ValueError:
            messages.error(request, _("Please choose whom to send."))
        else:
            said = _("%(name)s was asked to go, on every channel.") % {"name": name}
            messages.success(request, said)
        return HttpResponseRedirect(reverse("dispatch:worker_call", args=[id]))
