"""`python -m bench.naive ROWS`: rows a second of Django's bulk_create, one row a value."""

from __future__ import annotations

import sys
import time
import uuid
from datetime import UTC, datetime, timedelta

import django


def main(count: int) -> None:
    """Store so many values the way that a first attempt would, and print how fast."""
    django.setup()
    from django.db import connection, models

    class Naive(models.Model):
        """One value a row, with the index that reading it needs."""

        subject = models.UUIDField()
        code = models.CharField(max_length=16)
        at = models.DateTimeField()
        value = models.FloatField()

        def __str__(self) -> str:
            return str(self.subject)

        class Meta:
            app_label = "telemetry"
            db_table = "bench_naive"
            indexes = [models.Index(fields=["subject", "at"], name="bench_naive_subject")]

    start, subjects = datetime.now(UTC), [uuid.uuid4() for _ in range(100)]
    rows = [
        Naive(subject=subjects[n % 100], code="8867-4", at=start + timedelta(seconds=n), value=70.0)
        for n in range(count)
    ]
    with connection.schema_editor() as editor:
        editor.create_model(Naive)
    began_s = time.perf_counter()
    Naive._default_manager.bulk_create(rows, batch_size=1000)
    took_s = time.perf_counter() - began_s
    with connection.schema_editor() as editor:
        editor.delete_model(Naive)
    print(count / took_s)


if __name__ == "__main__":
    main(int(sys.argv[1]))
