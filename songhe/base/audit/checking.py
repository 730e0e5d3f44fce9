"""Checking a chain link by link. Pure: the same for the database and for a file elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from songhe.base.audit import proof
from songhe.base.audit.proof import Checkpoint, DayTree, Link

MOST = 200


def gettext_noop(text: str) -> str:
    """Mark a sentence for the pages' translation; here it stays English."""
    return text


SENTENCES = {
    "entry_removed": gettext_noop(
        "Record %(entry)s at position %(position)s was removed: its link is there, it is not."
    ),
    "entry_altered": gettext_noop(
        "Record %(entry)s at position %(position)s was altered: it does not fit its digest."
    ),
    "entry_swapped": gettext_noop(
        "At position %(position)s stands record %(found)s where record %(entry)s was sealed."
    ),
    "entry_inserted": gettext_noop(
        "Record %(entry)s of %(at)s was inserted by hand: it was never sealed."
    ),
    "link_missing": gettext_noop(
        "The links at positions %(first)s to %(last)s were removed from the chain."
    ),
    "link_out_of_place": gettext_noop(
        "The link at position %(position)s stands where position %(expected)s belongs."
    ),
    "link_altered": gettext_noop(
        "The link at position %(position)s (record %(entry)s) does not follow from the one before."
    ),
    "witness_differs": gettext_noop(
        "Position %(position)s (record %(entry)s) is not what %(witness)s holds: the chain was "
        "written anew."
    ),
    "tail_cut": gettext_noop(
        "The end was cut off: the chain ends at position %(position)s, but %(witness)s "
        "shows that it reached %(reached)s."
    ),
    "day_rewritten": gettext_noop(
        "The links of %(day)s (positions %(first)s to %(last)s) are not the ones of its checkpoint."
    ),
    "checkpoint_missing": gettext_noop("The checkpoint of %(day)s is missing."),
    "checkpoint_forged": gettext_noop(
        "The checkpoint of %(day)s is not signed by the key %(key)s of this install."
    ),
    "checkpoint_apart": gettext_noop(
        "The checkpoint of %(day)s does not name the one before it: one was removed or put in."
    ),
    "head_forged": gettext_noop(
        "The signed end of the chain is not signed by the key %(key)s of this install."
    ),
    "head_missing": gettext_noop("The signed end of the chain (audit.head) is missing."),
    "cut_forged": gettext_noop(
        "The record of what was destroyed up to %(day)s is not signed by the key %(key)s."
    ),
    "file_forged": gettext_noop(
        "The file is not signed by the key %(key)s, or was changed after it was written."
    ),
    "file_cut": gettext_noop("The file ends too early: its last line, the signature, is missing."),
    "line_after_end": gettext_noop("Line %(line)s of the file stands behind its signature."),
    "line_unreadable": gettext_noop("Line %(line)s of the file cannot be read."),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. code is a key of SENTENCES."""

    code: str
    params: dict[str, Any] = field(default_factory=dict)

    def sentence(self) -> str:
        """Return it in plain English; pages translate SENTENCES themselves."""
        return SENTENCES[self.code] % self.params


class Check:
    """Takes links in the order of their positions and gathers what is wrong with them."""

    def __init__(self, *, previous: bytes, position: int, key: str) -> None:
        """previous: the link before the first; position: the first one's; key: hexadecimal."""
        self.findings: list[Finding] = []
        self.wrong = 0
        self.links = 0
        self.last = position - 1
        self.previous = previous
        self.key = key
        self._witnesses: dict[int, tuple[str, str]] = {}
        self._days: dict[str, DayTree] = {}
        self._mark = ""
        self._cut = 0
        self._kept: frozenset[int] = frozenset()
        self.destroyed = 0

    def found(self, code: str, **params: Any) -> None:
        """Note something wrong; beyond the first 200 they are only counted."""
        self.wrong += 1
        if len(self.findings) < MOST:
            self.findings.append(Finding(code, params))

    def witness(self, links: Mapping[int, str], who: str) -> None:
        """Hold the chain against links (hexadecimal, by position) that somebody kept of it."""
        for position, link in links.items():
            self._witnesses.setdefault(position, (link, who))

    def head(self, position: int, link: str, at: str, signature: str) -> None:
        """Hold the chain against its end as it was signed at a moment."""
        if not proof.is_signed(proof.head_message(position, link, at), signature, self.key):
            self.found("head_forged", key=proof.fingerprint(self.key))
            return
        self.witness({position: link}, f"audit.head {at}")

    def cut(
        self,
        day: str,
        last: int,
        link: str,
        destroyed: int,
        kept: list[int],
        at: str,
        signature: str,
    ) -> None:
        """Allow records up to a position to be gone, but those that a signed cut keeps."""
        message = proof.cut_message(day, last, link, destroyed, kept, at)
        if not proof.is_signed(message, signature, self.key):
            self.found("cut_forged", day=day, key=proof.fingerprint(self.key))
            return
        self._cut, self._kept = last, frozenset(kept)
        if last > self.last:
            self.witness({last: link}, f"cut {day}")

    def link(self, link: Link, record: dict[str, Any] | None) -> None:
        """Take the next link with the record that it seals, None where that is gone."""
        expected = self.last + 1
        if link.position > expected:
            self.found("link_missing", first=expected, last=link.position - 1)
        elif link.position < expected:
            self.found("link_out_of_place", position=link.position, expected=expected)
        if link.position == expected and not link.follows(self.previous):
            self.found("link_altered", position=link.position, entry=str(link.entry))
        kept = self._witnesses.pop(link.position, None)
        if kept is not None and kept[0] != link.link.hex():
            self.found(
                "witness_differs", position=link.position, entry=str(link.entry), witness=kept[1]
            )
        self._record(link, record)
        self._of_day(link)
        self.last, self.previous = max(self.last, link.position), link.link
        self.links += 1

    def _record(self, link: Link, record: dict[str, Any] | None) -> None:
        where = {"position": link.position, "entry": str(link.entry)}
        if record is None and link.position <= self._cut and link.position not in self._kept:
            self.destroyed += 1
        elif record is None:
            self.found("entry_removed", **where)
        elif record.get("id") != str(link.entry):
            self.found("entry_swapped", found=record.get("id"), **where)
        elif proof.digest(record) != link.digest:
            self.found("entry_altered", **where)

    def _of_day(self, link: Link) -> None:
        day = link.sealed_at[:10]
        tree = self._days.setdefault(day, DayTree(day, link.position))
        tree.add_link(link.position, link.link)

    def loose(self, record: dict[str, Any]) -> None:
        """Take a record that no link seals and that does not wait for sealing."""
        self.found("entry_inserted", entry=record.get("id"), at=record.get("at"))

    def checkpoint(self, kept: Checkpoint) -> None:
        """Take the next checkpoint, after all links of its day."""
        if not proof.is_signed(kept.message(), kept.signature, self.key):
            self.found("checkpoint_forged", day=kept.day, key=proof.fingerprint(self.key))
            return
        if self._mark and kept.previous != self._mark:
            self.found("checkpoint_apart", day=kept.day)
        self._mark = kept.mark()
        tree = self._days.pop(kept.day, None)
        if self.last < kept.last:
            who = f"checkpoint {kept.day}"
            self.found("tail_cut", position=self.last, reached=kept.last, witness=who)
        elif tree is None or tree.root().hex() != kept.root or tree.first != kept.first:
            self.found("day_rewritten", day=kept.day, first=kept.first, last=kept.last)

    def end(self) -> list[Finding]:
        """Judge what only the end shows; return everything that is wrong."""
        beyond = [position for position in self._witnesses if position > self.last]
        if beyond:
            reached = max(beyond)
            who = self._witnesses[reached][1]
            self.found("tail_cut", position=self.last, reached=reached, witness=who)
        for day in sorted(self._days)[:-1]:  # the newest day may be open still
            self.found("checkpoint_missing", day=day)
        return self.findings
