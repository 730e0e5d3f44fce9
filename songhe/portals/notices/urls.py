"""Routes of notices: one's own, and the word of a browser that it showed one."""

from django.utils.translation import gettext_lazy as _

from songhe.kit import Menu, screen
from songhe.portals.notices import views

VIEW = "home.view"
app_name = "notices"
urlpatterns = [
    screen(
        "notices/",
        views.NoticeList,
        action=VIEW,
        name="list",
        menu=Menu(section="tools", label=_("Notices"), icon="bell", order=5),
    ),
    screen("notices/bell/", views.Bell, action=VIEW, name="bell"),
    screen("notices/read/", views.ReadAll, action=VIEW, name="read_all"),
    screen("notices/wishes/", views.Wishes, action=VIEW, name="wishes", section="tools"),
    screen("notices/browsers/", views.Subscribe, action=VIEW, name="subscribe"),
    screen(
        "notices/browsers/<uuid:browser_id>/remove/",
        views.Unsubscribe,
        action=VIEW,
        name="unsubscribe",
    ),
    screen("notices/seen/", views.Seen, public=True, name="seen"),
    screen("notices/worker.js", views.Worker, public=True, name="worker"),
    screen("notices/<uuid:notice_id>/", views.OpenNotice, action=VIEW, name="open"),
]
