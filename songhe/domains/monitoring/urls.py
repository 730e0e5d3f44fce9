"""Routes of monitoring."""

from django.utils.translation import gettext_lazy as _

from songhe.domains.monitoring import views
from songhe.kit import Menu, screen

app_name = "monitoring"
_ALARM = "alarms/<uuid:id>/"
urlpatterns = [
    screen(
        "alarms/",
        views.History,
        action="monitoring.list_alarms",
        name="history",
        menu=Menu(section="desk", label=_("History"), icon="history", order=60),
    ),
    screen(_ALARM, views.AlarmPage, action="monitoring.view_alarm", name="alarm", section="desk"),
    screen(f"{_ALARM}fresh/", views.Fresh, action="monitoring.view_alarm", name="fresh"),
    screen(
        f"{_ALARM}acknowledge/",
        views.Acknowledge,
        action="monitoring.acknowledge_alarm",
        name="acknowledge",
        section="desk",
    ),
    screen(
        f"{_ALARM}note/", views.Note, action="monitoring.note_alarm", name="note", section="desk"
    ),
    screen(
        f"{_ALARM}call/", views.Call, action="monitoring.note_alarm", name="call", section="desk"
    ),
    screen(
        f"{_ALARM}tell/", views.Tell, action="monitoring.note_alarm", name="tell", section="desk"
    ),
    screen(
        f"{_ALARM}assign/",
        views.Assign,
        action="monitoring.assign_alarm",
        name="assign",
        section="desk",
    ),
    screen(
        f"{_ALARM}shelve/",
        views.Shelve,
        action="monitoring.shelve_alarm",
        name="shelve",
        section="desk",
    ),
    screen(
        f"{_ALARM}resolve/",
        views.Resolve,
        action="monitoring.resolve_alarm",
        name="resolve",
        section="desk",
    ),
    screen(
        "rules/",
        views.Rules,
        action="monitoring.view_rules",
        name="rules",
        menu=Menu(section="desk", label=_("Rules"), icon="sliders-vertical", order=70),
    ),
    screen(
        "rules/choose/",
        views.PickRule,
        action="monitoring.try_rule",
        name="pick_rule",
        section="desk",
    ),
    screen(
        "rules/suggestions/",
        views.Suggestions,
        action="monitoring.override_rule",
        name="suggestions",
        section="desk",
    ),
    screen(
        "rules/suggestions/<uuid:suggestion_id>/",
        views.DecideSuggestion,
        action="monitoring.override_rule",
        name="suggestion",
        section="desk",
    ),
    screen(
        "rules/<slug:rule>/",
        views.RulePage,
        action="monitoring.view_rules",
        name="rule",
        section="desk",
    ),
    screen(
        "rules/<slug:rule>/change/",
        views.ChangeRule,
        action="monitoring.override_rule",
        name="change_rule",
        section="desk",
    ),
    screen(
        "rules/<slug:rule>/back/",
        views.RevertRule,
        action="monitoring.revert_rule",
        name="revert_rule",
        section="desk",
    ),
    screen(
        "rules/<slug:rule>/try/",
        views.TryRule,
        action="monitoring.try_rule",
        name="try_rule",
        section="desk",
    ),
    screen(
        "rules/trials/<uuid:trial_id>/",
        views.TrialPage,
        action="monitoring.try_rule",
        name="trial",
        section="desk",
    ),
    screen(
        "rules/trials/<uuid:trial_id>/stop/",
        views.StopTrial,
        action="monitoring.try_rule",
        name="stop_trial",
    ),
    screen(
        "people/<uuid:person_id>/life/",
        views.DailyLife,
        action="telemetry.view_readings",
        name="life",
        section="desk",
    ),
    screen(
        "people/<uuid:person_id>/trends/",
        views.PersonTrends,
        action="telemetry.view_readings",
        name="trends",
        section="desk",
    ),
    screen(
        "people/<uuid:person_id>/outdoors/",
        views.PersonOutdoors,
        action="telemetry.view_readings",
        name="outdoors",
        section="desk",
    ),
    screen(
        "people/<uuid:person_id>/absences/",
        views.Absences,
        action="monitoring.view_absences",
        name="absences",
        section="desk",
    ),
    screen(
        "people/<uuid:person_id>/absences/add/",
        views.AddAbsence,
        action="monitoring.keep_absences",
        name="add_absence",
        section="desk",
    ),
    screen(
        "absences/<uuid:absence_id>/end/",
        views.EndAbsence,
        action="monitoring.keep_absences",
        name="end_absence",
        section="desk",
    ),
    screen(
        "absences/<uuid:absence_id>/withdraw/",
        views.WithdrawAbsence,
        action="monitoring.keep_absences",
        name="withdraw_absence",
        section="desk",
    ),
    screen(
        "statistics/",
        views.Statistics,
        action="monitoring.view_statistics",
        name="statistics",
        menu=Menu(section="desk", label=_("Statistics"), icon="chart-column", order=80),
    ),
    screen(
        "messages/",
        views.Messages,
        action="outside.view_messages",
        name="messages",
        menu=Menu(section="desk", label=_("Messages"), icon="send", order=90),
    ),
]
