"""Routes of telemetry."""

from django.utils.translation import gettext_lazy as _

from songhe.domains.telemetry import views
from songhe.domains.telemetry.terms import (
    HANDLE_LETTER,
    KEEP_OLD_DAYS,
    VIEW_LETTERS,
    VIEW_OLD_DAYS,
    VIEW_READINGS,
    VOID_READING,
)
from songhe.kit import Menu, screen

app_name = "telemetry"
_CHART = "people/<uuid:person_id>/readings/<slug:chart>/"
_LETTER = "letters/<uuid:letter_id>/"
urlpatterns = [
    screen(_CHART, views.Readings, action=VIEW_READINGS, name="readings", section="desk"),
    screen(
        f"{_CHART}<str:key>/void/",
        views.VoidReading,
        action=VOID_READING,
        name="void",
        section="desk",
    ),
    screen(
        "people/<uuid:person_id>/waveforms/<uuid:device_id>/<slug:wave>/",
        views.Wave,
        action=VIEW_READINGS,
        name="wave",
        section="desk",
    ),
    screen(
        "letters/",
        views.LetterList,
        action=VIEW_LETTERS,
        name="letter_list",
        menu=Menu(section="desk", label=_("Not taken"), icon="mail-x", order=55),
    ),
    screen(_LETTER, views.Letter, action=VIEW_LETTERS, name="letter", section="desk"),
    screen(f"{_LETTER}replay/", views.Replay, action=HANDLE_LETTER, name="replay"),
    screen(f"{_LETTER}dismiss/", views.Dismiss, action=HANDLE_LETTER, name="dismiss"),
    screen(
        "old-days/",
        views.OldDays,
        action=VIEW_OLD_DAYS,
        name="old_days",
        menu=Menu(section="desk", label=_("Old days"), icon="archive", order=92),
    ),
    screen("old-days/seal/", views.Seal, action=KEEP_OLD_DAYS, name="seal"),
    screen("old-days/<uuid:run_id>/stop/", views.StopRun, action=KEEP_OLD_DAYS, name="stop_run"),
]
