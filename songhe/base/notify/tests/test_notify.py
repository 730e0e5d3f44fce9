"""Notices: made with the fact, told channel by channel, proven, held at night, given up."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from uuid import UUID

import pytest
import time_machine
from django.db import connection, transaction
from django.utils.translation import override

from songhe.base.access import services as access
from songhe.base.access.actor import Actor
from songhe.base.accounts import phones
from songhe.base.accounts.models import User
from songhe.base.notify import kinds, proofs, quiet, selectors, sending, services, words
from songhe.base.notify.kinds import NoticeKind
from songhe.base.notify.models import Delivery, Notice, Preference
from songhe.base.notify.terms import Proof
from songhe.base.notify.testing import NEWS, TASK, announced, ordered, states, turn
from songhe.base.notify.tests.conftest import DAY, MORNING, NIGHT
from songhe.base.outside.models import OutsideMessage
from songhe.kernel.errors import NotFound

pytestmark = pytest.mark.django_db
REF = "tests.Order/0199a000-0000-7000-8000-000000000001"


def tell(
    user: User, *, at: datetime = DAY, urgent: bool = False, kind: str = TASK, what: str = "送药"
) -> UUID:
    with transaction.atomic():
        (pk,) = services.notify(
            user_ids=[user.pk],
            kind=kind,
            params={"what": what, "place": "桂花里"},
            ref=REF,
            at=at,
            urgent=urgent,
            url="/orders/1/",
        )
    return pk


def run(*moments: datetime) -> None:
    for at in moments:
        with time_machine.travel(at, tick=False):
            turn(at)


def sent() -> list[tuple[str, str]]:
    return list(OutsideMessage.objects.order_by("sent_at").values_list("channel", "to_tail"))


def after(seconds: int, since: datetime = DAY) -> datetime:
    return since + timedelta(seconds=seconds)


def test_a_notice_is_gone_with_its_transaction(liu: User) -> None:
    with transaction.atomic():
        services.notify(user_ids=[liu.pk], kind=TASK, params={}, ref=REF, at=DAY)
        assert ordered()
        transaction.set_rollback(True)
    assert not Notice.objects.exists()
    assert ordered() == []


@pytest.mark.django_db(transaction=True)
def test_outside_of_a_transaction_nobody_is_told(liu: User) -> None:
    with pytest.raises(RuntimeError):
        services.notify(user_ids=[liu.pk], kind=TASK, params={}, ref=REF, at=DAY)
    assert not Notice.objects.exists()


def test_what_is_told_stands_sealed_and_is_worded_when_it_is_read(liu: User, actor: Actor) -> None:
    notice = Notice.objects.get(pk=tell(liu))
    assert "送药".encode() not in bytes(notice.params_sealed or b"")
    with override("en"):
        assert words.title_of(notice, actor) == "New task: 送药"
        assert words.body_of(notice, actor) == "桂花里"
    Notice.objects.filter(pk=notice.pk).update(params_sealed=None)
    notice.refresh_from_db()
    with override("en"):  # erased: what a locked screen shows, and nothing else
        assert words.title_of(notice, actor) == "New task"
        assert words.body_of(notice, actor) == ""


def test_kinds_are_declared_once_and_a_glance_names_nobody() -> None:
    with pytest.raises(ValueError, match="declared already"):
        kinds.declare(NoticeKind(TASK, title="x", glance="x"))
    with pytest.raises(ValueError, match="names nobody"):
        kinds.declare(NoticeKind("tests.bad", title="x", glance="For %(name)s"))
    assert kinds.known("tests.bad") is None


@pytest.mark.parametrize("url", ["https://evil.example/", "//evil.example", "javascript:1", "x"])
def test_a_notice_leads_nowhere_else(liu: User, url: str) -> None:
    with pytest.raises(ValueError, match="a page of this install"), transaction.atomic():
        services.notify(user_ids=[liu.pk], kind=TASK, params={}, ref=REF, at=DAY, url=url)
    with pytest.raises(ValueError, match="breaks no quiet hours"), transaction.atomic():
        services.notify(user_ids=[liu.pk], kind=NEWS, params={}, ref=REF, at=DAY, urgent=True)
    assert not Notice.objects.exists()


def test_closed_accounts_are_told_nothing(liu: User) -> None:
    pk = tell(liu, kind=NEWS)
    User.objects.filter(pk=liu.pk).update(is_active=False, left_at=DAY)
    run(DAY)
    assert states(pk)["sms"] == "failed"
    assert sent() == []
    with transaction.atomic():
        assert services.notify(user_ids=[liu.pk], kind=NEWS, params={}, ref=REF, at=DAY) == []


def test_urgent_page_then_message_then_call(liu: User) -> None:
    """Nobody looks: push fails at once, the SMS goes after 60 s, its receipt spares the call."""
    pk = tell(liu, urgent=True)
    run(DAY)
    assert states(pk) == {"page": "sent", "push": "failed", "sms": "queued", "voice": "queued"}
    run(after(59))
    assert sent() == []
    run(after(60))
    assert sent() == [("sms", "1234")]
    run(after(63), after(64))
    assert states(pk)["sms"] == "delivered"
    run(after(151), after(160))
    assert states(pk)["voice"] == "spared"
    assert sent() == [("sms", "1234")]
    assert Notice.objects.get(pk=pk).outcome == "reached"
    (fact,) = announced("notify.NoticeDelivered")
    assert (fact["channel"], fact["proof"], fact["ref"]) == ("sms", "receipt", REF)
    assert announced("notify.NoticeFailed") == []


def test_a_phone_out_of_reach_is_called_and_then_nobody_was_reached(liu: User) -> None:
    phones.put_phone(user=liu, phone="13900009997")
    pk = tell(liu, urgent=True)
    run(DAY, after(60), after(62), after(63))
    assert states(pk)["sms"] == "failed"
    run(after(150))
    assert [channel for channel, _ in sent()] == ["sms", "voice"]
    run(after(158), after(159))
    assert states(pk) == {"page": "sent", "push": "failed", "sms": "failed", "voice": "failed"}
    (fact,) = announced("notify.NoticeFailed")
    assert fact["reasons"] == {
        "push": "no_browser", "sms": "undelivered", "voice": "unanswered"
    }  # fmt: skip
    run(after(400))
    assert len(announced("notify.NoticeFailed")) == 1


def test_answered_without_the_key_is_no_proof(liu: User) -> None:
    phones.put_phone(user=liu, phone="13900009998")
    OutsideMessage.objects.all().delete()
    pk = tell(liu, urgent=True)
    Delivery.objects.filter(notice=pk, channel="sms").update(state="failed", due_at=None)
    run(DAY, after(150), after(158), after(159))
    row = Delivery.objects.get(notice=pk, channel="voice")
    assert (row.state, row.reason) == ("failed", "answered")
    assert len(announced("notify.NoticeFailed")) == 1


def test_a_call_confirmed_with_the_key_is_proof(liu: User) -> None:
    pk = tell(liu, urgent=True)
    Delivery.objects.filter(notice=pk, channel="sms").update(state="failed", due_at=None)
    run(DAY, after(150), after(158), after(159))
    row = Delivery.objects.get(notice=pk, channel="voice")
    assert (row.state, row.proof) == ("delivered", "confirmed")


def test_without_proof_in_time_nobody_was_reached_and_late_proof_still_counts(
    liu: User, actor: Actor
) -> None:
    pk = tell(liu, urgent=True)
    # the gateway never says what became of it
    run(DAY, after(60))
    OutsideMessage.objects.update(receipt_due_at=None)
    run(after(150))
    OutsideMessage.objects.update(receipt_due_at=None)
    run(after(299))
    assert announced("notify.NoticeFailed") == []
    run(after(300))
    (fact,) = announced("notify.NoticeFailed")
    assert fact["notice_id"] == str(pk)
    services.open_notice(actor=actor, notice_id=pk, at=after(500))
    assert Notice.objects.get(pk=pk).outcome == "reached"
    assert announced("notify.NoticeDelivered")[0]["proof"] == "opened"


def test_a_clock_set_back_lets_nobody_wait_longer(liu: User) -> None:
    hour = timedelta(hours=1)
    pk = tell(liu, urgent=True)
    run(DAY, after(20))
    run(after(21) - hour)  # somebody set the clock back: 60 s from then at the most
    run(after(82) - hour)
    assert states(pk)["sms"] == "sent"
    OutsideMessage.objects.update(receipt_due_at=None)
    run(after(172) - hour)
    OutsideMessage.objects.update(receipt_due_at=None)
    run(after(322) - hour)
    assert len(announced("notify.NoticeFailed")) == 1


def test_opening_the_page_is_proof_and_spares_the_rest(liu: User, actor: Actor) -> None:
    pk = tell(liu, urgent=True)
    run(DAY)
    assert selectors.unread_count(actor) == 1
    services.open_notice(actor=actor, notice_id=pk, at=after(20))
    services.open_notice(actor=actor, notice_id=pk, at=after(30))
    assert selectors.unread_count(actor) == 0
    run(after(60), after(150), after(300))
    assert states(pk) == {
        "page": "delivered", "push": "failed", "sms": "spared", "voice": "spared"
    }  # fmt: skip
    assert sent() == []
    assert Delivery.objects.get(notice=pk, channel="page").proven_at == after(20)
    assert len(announced("notify.NoticeDelivered")) == 1


def test_another_persons_notice_is_not_there(liu: User) -> None:
    pk = tell(liu)
    other = User.objects.create_user(login="wu", display_name="吴", password="a long phrase")
    wu = access.actor_for(other, DAY)
    with pytest.raises(NotFound):
        services.open_notice(actor=wu, notice_id=pk, at=DAY)
    assert services.read_all(actor=wu, until=DAY, at=DAY) == 0
    assert Notice.objects.get(pk=pk).read_at is None


def test_a_job_that_runs_twice_sends_once(liu: User) -> None:
    pk = tell(liu, kind=NEWS)
    row = Delivery.objects.get(notice=pk, channel="sms")
    first = [
        sending.send(delivery_id=row.pk, tries=0, clock=lambda: DAY),
        sending.send(delivery_id=row.pk, tries=0, clock=lambda: DAY),
        sending.send(delivery_id=row.pk, tries=1, clock=lambda: DAY),
    ]
    assert first == [True, False, False]
    assert sent() == [("sms", "1234")]


def test_a_send_that_was_killed_is_begun_again_and_the_gateway_knows_it(liu: User) -> None:
    pk = tell(liu, kind=NEWS)
    run(DAY)
    assert sent() == [("sms", "1234")]
    OutsideMessage.objects.update(receipt_due_at=None)
    # killed between the gateway's answer and our writing it down
    Delivery.objects.filter(notice=pk, channel="sms").update(
        state="sending", sent_at=None, due_at=after(60)
    )
    run(after(30))
    assert states(pk)["sms"] == "sending"
    run(after(61))
    assert states(pk)["sms"] == "sent"
    assert sent() == [("sms", "1234")]


def test_a_job_that_got_lost_is_ordered_again(liu: User) -> None:
    pk = tell(liu, kind=NEWS)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")
    run(after(10))
    assert states(pk)["sms"] == "queued"
    run(after(31))
    assert states(pk)["sms"] == "sent"


def test_a_busy_gateway_is_tried_again_and_at_last_given_up(liu: User) -> None:
    phones.put_phone(user=liu, phone="13900009995")
    pk = tell(liu, kind=NEWS)
    run(DAY)
    row = Delivery.objects.get(notice=pk, channel="sms")
    assert (row.state, row.tries, row.reason) == ("queued", 1, "gateway_busy")
    assert row.due_at == after(5)
    run(after(4))
    assert Delivery.objects.get(pk=row.pk).tries == 1
    moment = after(5)
    for wait in (20, 60, 300, 1800, 0):
        run(moment)
        moment += timedelta(seconds=wait)
    row.refresh_from_db()
    assert (row.state, row.tries) == ("failed", 6)
    assert sent() == []
    phones.put_phone(user=liu, phone="13900001234")
    pk = tell(liu, kind=NEWS, at=after(4000))
    run(after(4000))
    assert states(pk)["sms"] == "sent"


@pytest.mark.parametrize(("tail", "reason"), [("9996", "number_refused"), ("", "no_phone")])
def test_what_trying_again_would_not_help_fails_at_once(liu: User, tail: str, reason: str) -> None:
    phones.put_phone(user=liu, phone=f"1390000{tail}" if tail else "")
    pk = tell(liu, kind=NEWS)
    run(DAY)
    row = Delivery.objects.get(notice=pk, channel="sms")
    assert (row.state, row.tries, row.reason) == ("failed", 1, reason)


def test_at_night_news_is_held_and_told_in_one_message_in_the_morning(
    liu: User, actor: Actor
) -> None:
    first = tell(liu, at=NIGHT, kind=NEWS)
    second = tell(liu, at=NIGHT + timedelta(hours=2), kind=NEWS)
    read = tell(liu, at=NIGHT + timedelta(hours=3), kind=NEWS)
    run(NIGHT, NIGHT + timedelta(hours=2), NIGHT + timedelta(hours=3))
    assert {states(pk)["sms"] for pk in (first, second, read)} == {"held"}
    services.open_notice(actor=actor, notice_id=read, at=NIGHT + timedelta(hours=4))
    run(MORNING - timedelta(seconds=1))
    assert sent() == []
    run(MORNING)
    assert states(read)["sms"] == "spared"
    message = OutsideMessage.objects.get()
    assert message.text == "【松鹤】2 条新通知"
    assert [states(pk)["sms"] for pk in (first, second)] == ["sent", "sent"]
    run(MORNING + timedelta(seconds=3), MORNING + timedelta(seconds=4))
    assert [states(pk)["sms"] for pk in (first, second)] == ["delivered", "delivered"]
    assert len(announced("notify.NoticeDelivered")) == 3


def test_urgent_breaks_through_the_night(liu: User) -> None:
    pk = tell(liu, at=NIGHT, urgent=True)
    run(NIGHT, after(60, NIGHT))
    assert states(pk)["sms"] == "sent"


def test_own_quiet_hours(liu: User, actor: Actor) -> None:
    services.set_preference(
        actor=actor, is_quiet=True, start=time(11), end=time(13), language="en", at=DAY
    )
    noon = tell(liu, kind=NEWS)
    run(DAY)
    assert Delivery.objects.get(notice=noon, channel="sms").due_at == DAY + timedelta(hours=1)
    services.set_preference(
        actor=actor, is_quiet=False, start=time(11), end=time(13), language="en", at=after(60)
    )
    run(after(61))
    assert states(noon)["sms"] == "sent"
    assert "There is news" in OutsideMessage.objects.first().text  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("start", "end", "clock", "until"),
    [
        ("22:00", "07:00", "21:59", None),
        ("22:00", "07:00", "22:00", "2026-11-23 07:00"),
        ("22:00", "07:00", "23:59", "2026-11-23 07:00"),
        ("22:00", "07:00", "00:00", "2026-11-22 07:00"),
        ("22:00", "07:00", "06:59", "2026-11-22 07:00"),
        ("22:00", "07:00", "07:00", None),
        ("12:00", "14:00", "13:00", "2026-11-22 14:00"),
        ("12:00", "14:00", "14:00", None),
        ("12:00", "12:00", "12:00", None),
    ],
)
def test_quiet_hours_across_midnight(start: str, end: str, clock: str, until: str | None) -> None:
    wanted = Preference(
        is_quiet=True, quiet_from=time.fromisoformat(start), quiet_until=time.fromisoformat(end)
    )
    found = quiet.quiet_until(wanted, datetime.fromisoformat(f"2026-11-22 {clock}+08:00"))
    assert found == (None if until is None else datetime.fromisoformat(f"{until}+08:00"))
    wanted.is_quiet = False
    assert quiet.quiet_until(wanted, NIGHT) is None


def test_who_was_told_when_and_how(liu: User) -> None:
    tell(liu, urgent=True)
    run(DAY, after(60), after(62), after(63))
    told = {one.channel: one for one in selectors.deliveries_of(REF)}
    assert set(told) == {"page", "push", "sms", "voice"}
    assert (told["sms"].user_name, told["sms"].proof) == ("刘洋", "receipt")
    assert told["sms"].sent_at == after(60)
    assert told["push"].reason == "no_browser"
    assert selectors.deliveries_of("tests.Order/else") == []


def test_the_word_of_a_browser_needs_its_token(liu: User) -> None:
    pk = tell(liu)
    row = Delivery.objects.get(notice=pk, channel="push")
    Delivery.objects.filter(pk=row.pk).update(state="sent", sent_at=DAY, due_at=None)
    for wrong in ("", "x", str(row.pk), proofs.token_of(row.pk)[:-1] + "!"):
        with pytest.raises(proofs.BadToken):
            proofs.take(wrong, at=DAY)
    assert states(pk)["push"] == "sent"
    proofs.take(proofs.token_of(row.pk), at=DAY)
    row.refresh_from_db()
    assert (row.state, row.proof) == ("delivered", Proof.SHOWN)
