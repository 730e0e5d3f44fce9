"""Routes of the audit search, the chain and who looked."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from songhe.domains.security.views import audit as views
from songhe.kit import Menu, screen

urlpatterns = [
    screen(
        "audit/",
        views.AuditSearch,
        action="security.search_audit",
        name="audit_search",
        menu=Menu(section="desk", label=_("Audit"), icon="scan-search", order=70),
    ),
    screen(
        "audit/export/",
        views.AuditExport,
        action="security.export_audit",
        name="audit_export",
        section="desk",
    ),
    screen(
        "audit/chain/",
        views.Chain,
        action="security.view_chain",
        name="chain",
        menu=Menu(section="desk", label=_("Chain"), icon="link", order=71),
    ),
    screen(
        "audit/chain/verify/",
        views.VerifyChain,
        action="security.verify_chain",
        name="verify_chain",
        section="desk",
    ),
    screen(
        "audit/person/<uuid:person_id>/",
        views.PersonHistory,
        action="security.view_history",
        name="person_history",
        section="desk",
    ),
    screen(
        "my/looks/",
        views.WhoLooked,
        action="security.view_own_looks",
        name="who_looked",
    ),
]
