"""Agreements: signed on the screen or on paper, renewed before they end."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F

from songhe.base.access.actor import Actor
from songhe.base.files import kinds
from songhe.base.files import services as files
from songhe.base.files.media import PAPERS
from songhe.base.notify import services as notify
from songhe.base.regions.days import day_of
from songhe.domains.homecare import agreement_texts, notices, terms
from songhe.domains.homecare.models import Agreement, HomeBed
from songhe.domains.homecare.params import params
from songhe.domains.homecare.services.common import author, locked, move, noted, sealed, who_may
from songhe.domains.homecare.terms import AgreementForm, BedState, Signer
from songhe.kernel.errors import Conflict, Invalid

PAPER = "homecare.agreement"


class BadPeriod(Invalid):
    code = "homecare.bad_period"
    message = "An agreement begins when it is signed or later, and lasts %(days)s days at most."


class SignedInTheFuture(Invalid):
    code = "homecare.signed_in_the_future"
    message = "This day lies in the future: keep the agreement when it is signed."


class OverlapsAnother(Conflict):
    code = "homecare.agreements_overlap"
    message = "Another agreement of this bed holds on some of these days: begin where it ends."


class OtherText(Conflict):
    code = "homecare.other_text"
    message = "The text was changed while the page was open. Please read it again, and sign again."


class TooEarly(Conflict):
    code = "homecare.too_early_to_sign"
    message = "An agreement is signed when the home is fitted."


def register() -> None:
    """Called when the app is ready."""
    kinds.declare(
        kinds.FileKind(
            PAPER,
            ref="homecare.HomeBed",
            views=(terms.VIEW,),
            needs="identity",
            media=PAPERS,
            is_compared=False,
        )
    )


@transaction.atomic
def sign_agreement(
    *,
    actor: Actor,
    bed_id: UUID,
    since: date,
    until: date,
    form: AgreementForm,
    content: bytes,
    name: str,
    signer: Signer,
    signed_by: str,
    signed_on: date,
    at: datetime,
    text_digest: bytes | None = None,
    is_typed: bool = False,
) -> Agreement:
    """Keep a signed agreement: the scan of the paper, or the signature from the screen.

    text_digest: of the text that was on the screen (must be one of the version that is signed now);
    is_typed: her name was typed in the place of a signature.
    until: the first day on which it does not hold any more. The first one brings the bed from
    fitted to agreed; a later one renews. Raises BadPeriod, SignedInTheFuture, OverlapsAnother,
    TooEarly, OtherText, WordsNeeded, NotTaken, BedIsOver.
    """
    bed = locked(actor, terms.AGREE, bed_id)
    if bed.state in (BedState.APPLIED, BedState.ASSESSED, BedState.FITTING):
        raise TooEarly
    longest = params()["agreement"]["longest_days"]
    version = params()["agreement"]["terms"]
    if text_digest is not None and agreement_texts.text_of(version, text_digest) is None:
        raise OtherText
    if signed_on > day_of(at):
        raise SignedInTheFuture(field="signed_on")
    if since < signed_on or not timedelta() < until - since <= timedelta(days=longest):
        raise BadPeriod(field="until", days=longest)
    kept = files.keep(
        content=content,
        kind=PAPER,
        name=name,
        ref=f"homecare.HomeBed/{bed.pk}",
        by=actor,
        at=at,
        person_id=bed.person_id,
    )
    row = Agreement(
        bed=bed,
        period=(since, until),
        terms_version=version,
        form=form,
        file=kept.pk,
        text_digest=text_digest,
        is_typed=is_typed,
        signer=signer,
        signed_on=signed_on,
        kept_at=at,
        **author(actor),
    )
    row.signed_by_sealed = sealed(signed_by, field=Agreement.SIGNED_BY, pk=row.pk, name="signed_by")
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        raise OverlapsAnother(field="since") from None
    noted(actor, terms.AGREE, bed, at, agreement=str(row.pk))
    changes = {"agreed_until": max(until, bed.agreed_until or until)}
    if bed.state == BedState.FITTED:
        move(bed, "agree", actor=actor, at=at, changes=changes)
    else:
        HomeBed.objects.filter(pk=bed.pk).update(**changes)
    return row


@transaction.atomic
def remind_of_ends(*, at: datetime) -> int:
    """Tell who renews agreements of those that end within the time for it, once; return how many.

    Told are the holders of roles that may sign, of the bed's organisation or its region.
    """
    today = day_of(at)
    by = today + timedelta(days=params()["agreement"]["remind_days"])
    rows = Agreement.objects.select_for_update(of=("self",)).filter(
        bed__state__in=(BedState.ACTIVE, BedState.PAUSED),
        bed__agreed_until=F("period__endswith"),
        period__endswith__lte=by,
        reminded_at=None,
    )
    told = 0
    for row in rows.select_related("bed"):
        last = row.period.upper - timedelta(days=1)
        notify.notify(
            user_ids=who_may(row.bed, terms.AGREE, at),
            kind=notices.AGREEMENT_ENDS,
            params={"number": row.bed.number, "day": last.isoformat()},
            ref=f"homecare.HomeBed/{row.bed_id}",
            at=at,
            url=f"/beds/{row.bed_id}/",
        )
        row.reminded_at = at
        row.save(update_fields=["reminded_at"])
        told += 1
    return told
