"""Who may read the measures of a process."""

from __future__ import annotations

import pytest

from songhe.kernel.exposition import is_admitted, token_of

TOKEN = "the token of this install"
LOCAL = {"host": "localhost:8000"}


@pytest.mark.parametrize(("peer", "headers", "admitted"), [
    ("127.0.0.1", LOCAL, True),
    ("::1", {"host": "[::1]:8000"}, True),
    ("::ffff:127.0.0.1", LOCAL, True),
    ("203.0.113.9", LOCAL, False),
    ("", LOCAL, False),
    ("127.0.0.1", {"host": "care.example.org"}, False),
    ("127.0.0.1", LOCAL | {"x-forwarded-for": "203.0.113.9"}, False),
    ("127.0.0.1", LOCAL | {"forwarded": "for=203.0.113.9"}, False),
    ("127.0.0.1", {}, False),
    ("203.0.113.9", {"authorization": f"Bearer {TOKEN}"}, True),
    ("203.0.113.9", {"authorization": f"bearer  {TOKEN} "}, True),
    ("203.0.113.9", {"authorization": "Bearer no"}, False),
    ("127.0.0.1", LOCAL | {"authorization": "Bearer no"}, False),
    ("203.0.113.9", {"authorization": f"Basic {TOKEN}"}, False),
])  # fmt: skip
def test_the_machine_itself_or_the_token(
    peer: str, headers: dict[str, str], admitted: bool
) -> None:
    assert is_admitted(peer, headers, TOKEN) is admitted


def test_without_a_token_nothing_that_is_brought_fits() -> None:
    assert not is_admitted("203.0.113.9", {"authorization": "Bearer "}, "")


def test_the_token_is_given_or_follows_from_the_secret() -> None:
    assert token_of("given", "secret") == "given"
    assert token_of("", "") == ""
    assert token_of("", "secret") == token_of("", "secret") != token_of("", "other")
