"""Files and their parts. Each file has a key of its own, sealed under the person's or the vault."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from songhe.base.files.media import Media
from songhe.kernel.ids import uuid7


class StoredFile(models.Model):
    """One file. sha256: of the content as it was sent. id: given by who sends, so that a repeated
    upload is the same file; else made of what it is of and its content.

    key_under: the file's key under the key of person_id, which goes with her erasure; key_sealed:
    under the vault, of a file of nobody. Without either the content is unreadable for ever.
    facts_under: name, place and device that came with it, under the file's key. taken_at: when a
    picture says that it was taken. fingerprint: 64 bits as a signed number, in four bands.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    kind = models.CharField(max_length=60)
    ref = models.CharField(max_length=120)
    person_id = models.UUIDField(null=True)
    media = models.CharField(max_length=20, choices=[(one.value, one.value) for one in Media])
    size_bytes = models.IntegerField()
    parts = models.SmallIntegerField()
    width = models.IntegerField(null=True)
    height = models.IntegerField(null=True)
    sha256 = models.BinaryField(max_length=32)
    fingerprint = models.BigIntegerField(null=True)
    band_a = models.IntegerField(null=True)
    band_b = models.IntegerField(null=True)
    band_c = models.IntegerField(null=True)
    band_d = models.IntegerField(null=True)
    taken_at = models.DateTimeField(null=True)
    facts_under = models.BinaryField(null=True)
    key_under = models.BinaryField(null=True)
    key_sealed = models.BinaryField(null=True)
    kept_by = models.ForeignKey("accounts.User", models.PROTECT, null=True, related_name="+")
    kept_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(key_under=None) | Q(key_sealed=None), name="file_has_one_key"
            ),
        ]
        indexes = [
            models.Index(fields=["person_id", "-kept_at"], name="file_person"),
            models.Index(fields=["sha256"], name="file_sha"),
            models.Index(fields=["ref", "kind"], name="file_ref"),
            *(
                models.Index(
                    fields=[f"band_{band}"],
                    condition=Q(fingerprint__isnull=False),
                    name=f"file_band_{band}",
                )
                for band in "abcd"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class FilePart(models.Model):
    """A piece of a file's content under its key, or its thumbnail (number -1)."""

    SMALL = -1

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    file = models.ForeignKey(StoredFile, models.CASCADE, related_name="+")
    number = models.SmallIntegerField()
    body_under = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["file", "number"], name="file_part_once")]

    def __str__(self) -> str:
        return f"{self.file_id}/{self.number}"
