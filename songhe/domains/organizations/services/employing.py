"""Who works for an organisation. Whoever leaves loses the roles that rest on it at once."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from songhe.base import vault
from songhe.base.access import giving, sign_ins
from songhe.base.access.actor import Actor
from songhe.base.accounts import streams
from songhe.base.accounts.models import User
from songhe.base.audit import services as audit
from songhe.base.consent import following
from songhe.base.consent.selectors import account_named
from songhe.domains.organizations.models import Organization, Staff
from songhe.domains.organizations.services.founding import ClosedAlready, covered, locked
from songhe.engines.exchange.terms import Outcome
from songhe.kernel.errors import Conflict, NotFound
from songhe.kernel.ids import uuid7

PHONE = "organizations.Staff.phone"


class NotEmployed(NotFound):
    code = "organizations.not_employed"
    message = "This person does not work there any more, or is not open to you."


class EmployedAlready(Conflict):
    code = "organizations.employed_already"
    message = "This account works there already."


@transaction.atomic
def employ(
    *,
    actor: Actor,
    organization: Organization,
    user: User,
    title: str,
    at: datetime,
    title_en: str = "",
    is_leader: bool = False,
    phone: str = "",
) -> Staff:
    """Record that a user works for an organisation from a moment on. Raises Denied, and others."""
    action = "organizations.employ"
    covered(actor, action, organization.region_code)
    row = locked(actor, action, organization.pk)
    if row.closed_on is not None:
        raise ClosedAlready
    if Staff.objects.filter(organization=row, user=user, period__contains=at).exists():
        raise EmployedAlready(field="login")
    pk = uuid7()
    staff = Staff.objects.create(
        id=pk,
        organization=row,
        user=user,
        title=title,
        title_en=title_en,
        is_leader=is_leader,
        period=DateTimeTZRange(at, None),
        phone_sealed=vault.seal(phone, field=PHONE, pk=pk) if phone else None,
    )
    audit.record_change(actor=actor, action=action, ref=f"organizations.Staff/{pk}", at=at)
    return staff


@transaction.atomic
def hire(
    *,
    actor: Actor,
    organization_id: UUID,
    login: str,
    display_name: str,
    title: str,
    at: datetime,
    title_en: str = "",
    is_leader: bool = False,
    phone: str = "",
) -> tuple[Staff, str]:
    """Employ the account of a login; where there is none, open it. Return (staff, first secret).

    The secret is "" for an account that was there; it is told once. Raises NoSuchOrganization,
    Denied, EmployedAlready, and what base.access.sign_ins.open_account raises.
    """
    organization = locked(actor, "organizations.employ", organization_id)
    user, secret = account_named(login), ""
    if user is None:
        user, secret = sign_ins.open_account(
            actor=actor, login=login, display_name=display_name, at=at
        )
    staff = employ(
        actor=actor,
        organization=organization,
        user=user,
        title=title,
        title_en=title_en,
        is_leader=is_leader,
        phone=phone,
        at=at,
    )
    return staff, secret


@transaction.atomic
def set_post(
    *,
    actor: Actor,
    organization_id: UUID,
    login: str,
    display_name: str,
    title: str,
    title_en: str,
    phone: str,
    is_leader: bool,
    at: datetime,
) -> tuple[Staff, Outcome]:
    """Bring somebody's post to what a table says; employ her where she does not work there.

    Raises as `hire`.
    """
    organization = locked(actor, "organizations.employ", organization_id)
    staff = (
        Staff.objects.select_for_update(of=("self",))
        .filter(
            organization=organization,
            user__login__iexact=login.strip(),
            period__contains=at,
        )
        .first()
    )
    if staff is None:
        staff, _secret = hire(
            actor=actor,
            organization_id=organization_id,
            login=login,
            display_name=display_name,
            title=title,
            title_en=title_en,
            phone=phone,
            is_leader=is_leader,
            at=at,
        )
        return staff, Outcome.CREATED
    known = vault.unseal(staff.phone_sealed, field=PHONE, pk=staff.pk) if staff.phone_sealed else ""
    before = (staff.title, staff.title_en, staff.is_leader, known)
    if before == (title, title_en, is_leader, phone or known):
        return staff, Outcome.UNCHANGED
    staff.title, staff.title_en, staff.is_leader = title, title_en, is_leader
    if phone:
        staff.phone_sealed = vault.seal(phone, field=PHONE, pk=staff.pk)
    staff.save(update_fields=["title", "title_en", "is_leader", "phone_sealed"])
    audit.record_change(
        actor=actor, action="organizations.set_post", ref=f"organizations.Staff/{staff.pk}", at=at
    )
    return staff, Outcome.CHANGED


@transaction.atomic
def renew_secret(*, actor: Actor, staff_id: UUID, at: datetime) -> tuple[Staff, str]:
    """Give who works there a new first secret; password, factors and sign-ins end.

    Raises NotEmployed, and what base.access.sign_ins.renew_secret raises.
    """
    rows = Staff.objects.select_related("organization", "user")
    row = rows.filter(pk=staff_id, period__contains=at).first()
    action = "organizations.employ"
    if row is None or not actor.covers(action, row.organization.region_code):
        raise NotEmployed
    return row, sign_ins.renew_secret(actor=actor, user=row.user, at=at)


@transaction.atomic
def end_employment(*, actor: Actor, staff_id: UUID, close_account: bool, at: datetime) -> Staff:
    """End somebody's work: the roles within the organisation and what rests on them end now.

    close_account: the account is closed too, its sessions and event streams end. Raises
    NotEmployed, and for the account OutOfReach where it holds roles beyond the actor's.
    """
    action = "organizations.end_employment"
    row = (
        Staff.objects.select_for_update(of=("self",))
        .select_related("organization", "user")
        .filter(pk=staff_id, period__contains=at)
        .first()
    )
    if row is None or not (actor.is_system or actor.covers(action, row.organization.region_code)):
        raise NotEmployed
    row.period = DateTimeTZRange(row.period.lower, at)
    row.save(update_fields=["period"])
    for line in giving.roles_of_user(row.user_id, at=at):
        if line.organization_id == row.organization_id:
            giving.end_role(actor=actor, assignment_id=line.id, at=at)
            following.recipient_left(
                actor=actor,
                user_id=row.user_id,
                organization_id=row.organization_id,
                role=line.role,
                at=at,
            )
    audit.record_change(actor=actor, action=action, ref=f"organizations.Staff/{row.pk}", at=at)
    if close_account:
        sign_ins.close_account(actor=actor, user=row.user, at=at)
    else:
        streams.ask_again(row.user_id)
    return row
