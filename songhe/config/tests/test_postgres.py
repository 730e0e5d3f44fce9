"""The embedded PostgreSQL as its users meet it."""

from __future__ import annotations

import psycopg


def test_chinese_trigrams_are_found(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        row = connection.execute("SELECT similarity('陈秀兰', '陈秀兰兰')").fetchone()
    assert row is not None
    assert row[0] > 0.4
