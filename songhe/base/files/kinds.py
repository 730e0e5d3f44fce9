"""The kinds of files: declared in code by the domain that keeps them.

    kinds.declare(FileKind("dispatch.proof", ref="dispatch.Order", views=("dispatch.view_order",),
                           needs="notes", media=IMAGES))

Who may see what a file is of, by the policy of its model and one of the kind's actions, may open
it.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.apps import apps

from songhe.base.access import wall
from songhe.base.files.media import IMAGES, Media

_FILES = "files_storedfile"


@dataclass(frozen=True, slots=True)
class FileKind:
    """One kind. ref: the model that it is of; views: the actions of which one opens it, judged by
    the policy of that model; needs: the class of fields that must be open as well: who may see that
    there is a person need not see her, so a file of a person names one. is_compared: whether
    pictures are compared, to find those that were used before. keep_s: so long a browser may keep
    one of its own, in seconds; looks at such files are not noted one by one, for the page they
    stand on is.
    """

    name: str
    ref: str
    views: tuple[str, ...]
    needs: str = ""
    media: frozenset[Media] = IMAGES
    is_compared: bool = True
    keep_s: int = 0


_kinds: dict[str, FileKind] = {}


def declare(kind: FileKind) -> None:
    """Make a kind known, once. Raises ValueError when it is known already."""
    if kind.name in _kinds:
        raise ValueError(f"the kind of file {kind.name} is declared already")
    if all(one.ref != kind.ref for one in _kinds.values()):
        table = apps.get_model(kind.ref)._meta.db_table
        condition = wall.of_ref(f"{_FILES}.ref", kind.ref, table)
        wall.protect(_FILES, condition, way=f"of_{table}")
    _kinds[kind.name] = kind


def kind_of(name: str) -> FileKind:
    """Return a kind by its name. Raises KeyError."""
    return _kinds[name]


def known(name: str) -> FileKind | None:
    """Return a kind by its name; None for one that no installed room declares any more."""
    return _kinds.get(name)
