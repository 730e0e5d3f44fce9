"""Notices, how each was delivered, what users want, and the browsers they are told in."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from songhe.base.notify.terms import Channel, Outcome, State
from songhe.kernel.ids import uuid7


class Notice(models.Model):
    """One notice to one user. params (JSON) fill the kind's texts; null where they were erased.

    person_id: whose data it speaks of. give_up_at: when nobody was reached, unless there is proof.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey("accounts.User", models.PROTECT, related_name="+")
    kind = models.CharField(max_length=60)
    params_sealed = models.BinaryField(null=True)
    ref = models.CharField(max_length=120)
    person_id = models.UUIDField(null=True)
    chain = models.CharField(max_length=20)
    url = models.CharField(max_length=300, blank=True)
    made_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=8, choices=Outcome, default=Outcome.WAITING)
    settled_at = models.DateTimeField(null=True)
    give_up_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["user", "-made_at", "-id"], name="notice_user"),
            models.Index(fields=["user"], condition=Q(read_at=None), name="notice_unread"),
            models.Index(fields=["ref"], name="notice_ref"),
            models.Index(
                fields=["give_up_at"],
                condition=Q(outcome="waiting", give_up_at__isnull=False),
                name="notice_give_up",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class Delivery(models.Model):
    """One notice on one channel, once. due_at: the timer; a timer is a row, so it survives.

    joined_id: the delivery within which it went out. reason: why it failed or was spared.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    notice = models.ForeignKey(Notice, models.CASCADE, related_name="deliveries")
    channel = models.CharField(max_length=8, choices=Channel)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    due_at = models.DateTimeField(null=True)
    tries = models.SmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    proof = models.CharField(max_length=10, blank=True)
    proven_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=40, blank=True)
    joined_id = models.UUIDField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["notice", "channel"], name="notice_once_a_channel"),
            models.CheckConstraint(
                condition=~Q(state="delivered") | Q(proven_at__isnull=False),
                name="delivered_means_proven",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="delivery_due"),
            models.Index(
                fields=["joined_id"], condition=Q(joined_id__isnull=False), name="delivery_joined"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel}: {self.state}"


class Preference(models.Model):
    """What a user wants: quiet hours (local time; across midnight where from is later), language.

    Who set nothing has the quiet hours of data/notices.yaml.
    """

    user = models.OneToOneField("accounts.User", models.CASCADE, primary_key=True, related_name="+")
    is_quiet = models.BooleanField(default=True)
    quiet_from = models.TimeField()
    quiet_until = models.TimeField()
    language = models.CharField(max_length=10)
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.quiet_from}-{self.quiet_until}"


class PushSubscription(models.Model):
    """A browser that shows a user's notices (W3C Push API).

    Address and keys are sealed; the address has a blind index, so that one browser is one row.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="+")
    endpoint_sealed = models.BinaryField()
    endpoint_index = models.BinaryField(max_length=32, unique=True)
    keys_sealed = models.BinaryField()
    agent = models.CharField(max_length=200, blank=True)
    made_at = models.DateTimeField()
    seen_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["user"], name="push_user")]

    def __str__(self) -> str:
        return self.agent


class PushKey(models.Model):
    """The install's own key towards push services (VAPID, RFC 8292), made once."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    private_sealed = models.BinaryField()
    made_at = models.DateTimeField()
    is_current = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["is_current"], condition=Q(is_current=True), name="push_key_one_current"
            )
        ]

    def __str__(self) -> str:
        return str(self.pk)
