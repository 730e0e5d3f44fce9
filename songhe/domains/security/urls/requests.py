"""Routes of what people ask about their own data."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from songhe.domains.security.views import requests as views
from songhe.domains.security.workflow import HANDLE, LIST, MAKE, RECORD
from songhe.kit import Menu, screen

_OWN, _ONE = "my/requests/<uuid:request_id>/", "requests/<uuid:request_id>/"
urlpatterns = [
    screen("my/requests/", views.OwnRequests, action=MAKE, name="own_requests"),
    screen("my/requests/ask/<uuid:person_id>/<slug:request_kind>/", views.Ask, action=MAKE,
           name="ask"),
    screen(_OWN, views.OwnRequest, action=MAKE, name="own_request"),
    screen(f"{_OWN}take-back/", views.TakeBack, action=MAKE, name="take_back"),
    screen(f"{_OWN}copy/", views.OwnCopy, action=MAKE, name="own_copy"),
    screen("requests/", views.RequestList, action=LIST, name="request_list",
           menu=Menu(section="desk", label=_("Requests"), icon="inbox", order=60)),
    screen("requests/record/<uuid:person_id>/", views.RecordRequest, action=RECORD,
           name="record_request", section="desk"),
    screen(_ONE, views.RequestPage, action=LIST, name="request", section="desk"),
    screen(f"{_ONE}take/", views.TakeRequest, action=HANDLE, name="take_request"),
    screen(f"{_ONE}answer/", views.AnswerRequest, action=HANDLE, name="answer_request"),
    screen(f"{_ONE}refuse/", views.RefuseRequest, action=HANDLE, name="refuse_request"),
    screen(f"{_ONE}erase/", views.ErasePerson, action=HANDLE, name="erase_person",
           fresh=True),
    screen(f"{_ONE}copy/", views.RequestCopy, action=HANDLE, name="request_copy",
           fresh=True),
]  # fmt: skip
