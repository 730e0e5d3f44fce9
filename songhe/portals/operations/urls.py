"""Routes of the platform's own page."""

from django.utils.translation import gettext_lazy as _

from songhe.kit import Menu, screen
from songhe.portals.operations import bar, views

app_name = "operations"
urlpatterns = [
    screen(
        "operations/",
        views.Platform,
        action="operations.view_platform",
        name="platform",
        menu=Menu(section="desk", label=_("Platform"), icon="server", order=90),
    ),
    screen(
        "operations/jobs/<int:job>/retry/",
        views.RetryJob,
        action="operations.retry_job",
        name="retry_job",
    ),
    screen("operations/bar/", views.Bar, action=bar.SEES, name="bar"),
]
