"""What can be found: one row a thing, made of its words; sealed values are in it as marks only."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models.functions import Collate, Left


class SearchEntry(models.Model):
    """The words of one thing. target: what is found, another one after a merge.

    grams: hanzi one by one and in pairs. pinyin: all readings, one after the other; initials too.
    marks: keyed hashes of what is sealed; key: the number of the vault's key that made them.
    rank: 0 comes first, 1 is of the past.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    kind = models.CharField(max_length=40)
    target = models.UUIDField()
    region_code = models.CharField(max_length=12)
    title = models.TextField()
    grams = ArrayField(models.CharField(max_length=2), default=list)
    pinyin = models.TextField()
    initials = models.TextField()
    marks = ArrayField(models.BinaryField(max_length=16), default=list)
    key = models.SmallIntegerField(default=1)
    rank = models.SmallIntegerField(default=0)

    class Meta:
        db_table = "search_entry"
        indexes = [
            GinIndex(fields=["grams"], name="search_grams"),
            GinIndex(fields=["marks"], name="search_marks"),
            GinIndex(OpClass("pinyin", "gin_trgm_ops"), name="search_pinyin_within"),
            GinIndex(OpClass("initials", "gin_trgm_ops"), name="search_initials_within"),
            models.Index(fields=["pinyin"], name="search_pinyin", opclasses=["text_pattern_ops"]),
            models.Index(
                fields=["initials"], name="search_initials", opclasses=["text_pattern_ops"]
            ),
            models.Index(
                fields=["region_code"], name="search_region", opclasses=["text_pattern_ops"]
            ),
            models.Index(fields=["target"], name="search_target"),
            # In the order of an answer, with what is asked: a page is read off them.
            models.Index(
                "kind",
                "rank",
                Collate("pinyin", "C"),
                "target",
                name="search_in_order",
                include=("region_code", "initials"),
            ),
            models.Index(
                "kind",
                Left("title", 1),
                "rank",
                Collate("pinyin", "C"),
                "target",
                name="search_by_family",
                include=("region_code", "title"),
            ),
            models.Index(fields=["key"], name="search_key"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"
