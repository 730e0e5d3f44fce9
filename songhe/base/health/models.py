"""Samples of how the platform is."""

from __future__ import annotations

from django.db import models


class Sample(models.Model):
    """How everything was at one moment. Written by the jobs process, thinned with age.

    `figures` holds numbers by the names of `figures.FIGURES`, null where a process did not say;
    `processes` how each process is; `counters` the raw counts from which the next sample's rates
    are made. No personal data.
    """

    at = models.DateTimeField(primary_key=True)
    figures = models.JSONField(default=dict)
    processes = models.JSONField(default=dict)
    counters = models.JSONField(default=dict)

    class Meta:
        db_table = "health_sample"

    def __str__(self) -> str:
        return self.at.isoformat()


class JobFault(models.Model):
    """The last error of a background job that has not succeeded since, cleaned of personal data.

    fault: where it came from, frame by frame; its last line says what it was.
    """

    job = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    fault = models.TextField()

    class Meta:
        db_table = "health_job_fault"

    def __str__(self) -> str:
        return f"{self.job}"
