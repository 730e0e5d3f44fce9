"""Administrative divisions: codes are hierarchical, so that a prefix is a region."""

from __future__ import annotations

from django.db import models


class Region(models.Model):
    """One division. code: 2, 4, 6, 9 or 12 digits (GB/T 2260, then the statistics bureau's)."""

    class Level(models.IntegerChoices):
        PROVINCE = 2
        CITY = 4
        COUNTY = 6
        TOWN = 9
        COMMUNITY = 12

    code = models.CharField(max_length=12, primary_key=True)
    name = models.CharField(max_length=60)
    name_en = models.CharField(max_length=80, blank=True)
    level = models.SmallIntegerField(choices=Level)
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="children")
    valid_from = models.DateField(null=True)
    valid_to = models.DateField(null=True)
    lat = models.FloatField(null=True)
    lon = models.FloatField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["code"], name="region_code_like", opclasses=["text_pattern_ops"])
        ]
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name
