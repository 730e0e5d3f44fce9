"""Tables in and out: files that are refused, rows that come back, the same file twice."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime, timedelta

import pytest
from django import forms
from django.utils import translation
from openpyxl import Workbook, load_workbook

from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM, Actor
from songhe.base.accounts.models import User
from songhe.base.audit.models import AuditEntry
from songhe.base.regions.models import Region
from songhe.base.regions.services import add_region
from songhe.engines.exchange import refusals, selectors, services, sheets, writing
from songhe.engines.exchange.declaring import Column, Importer, register
from songhe.engines.exchange.models import ImportPiece, ImportRun
from songhe.engines.exchange.terms import Format, Outcome
from songhe.kernel.errors import Conflict, Denied, NotFound

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
SECRET = "19911112222"


class Reserved(Conflict):
    message = "This name is taken by another."


class RegionRow(forms.Form):
    code = forms.RegexField(r"^990\d{3}$", error_messages={"invalid": "needs six digits"})
    name = forms.CharField(max_length=20)
    kind = forms.CharField(required=False)
    note = forms.CharField(required=False)


class RegionImport(Importer):
    """Divisions, an honest service with a natural key."""

    kind, action, title = "regions.test", "people.register_person", "Regions"
    form = RegionRow
    at_once = 3

    def columns(self, actor, at):
        kinds = (("t", "town"), ("c", "city"))
        return (
            Column("code", "Code", required=True, example="990121"),
            Column("name", "Name", required=True),
            Column("kind", "Kind", choices=kinds),
            Column("note", "Note"),
        )

    def take_one(self, actor, row, at):
        before = Region.objects.filter(code=row.data["code"]).first()
        if before is not None and before.name == row.data["name"]:
            return Outcome.UNCHANGED
        add_region(code=row.data["code"], name=row.data["name"])
        if row.data["name"] == "taken":
            raise Reserved(field="name")
        return Outcome.CREATED if before is None else Outcome.CHANGED


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


@pytest.fixture
def actor(db) -> Actor:
    register(RegionImport())
    user = User.objects.create_user(login="reg", display_name="reg", password="a long phrase")
    access.give_role(actor=SYSTEM, user=user, role="registrar", region_prefix="", at=NOW)
    add_region(code="99", name="p")
    add_region(code="9901", name="c")
    return access.actor_for(user, NOW, locale="en")


def book(*rows, heads=("Code*", "Name*", "Kind", "Note"), change=None) -> bytes:
    made = Workbook()
    for row in (heads, *rows):
        made.active.append(list(row))
    if change:
        change(made.active)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def taken(actor, body: bytes, **more) -> ImportRun:
    run = services.ask_import(actor=actor, kind="regions.test", body=body, at=NOW)
    services.run_import(
        run_id=run.pk, clock=lambda: NOW, should_end=more.get("should_end", lambda: False)
    )
    run.refresh_from_db()
    return run


def counts(run: ImportRun) -> tuple[int, ...]:
    return run.created, run.changed, run.unchanged, run.wrong


ROWS = [
    ("990121", "松鹤", "town", ""),
    (990122, "云岭", "CITY ", SECRET),
    ("12", "bad code", "", ""),
    ("990123", "taken", "", ""),
    ("990124", "x", "village", ""),
    ("990125", "望河", "", "=1+1"),
    ("990126", "last", "", ""),
]


def test_right_rows_are_taken_and_wrong_ones_come_back_to_be_fixed(actor) -> None:
    run = taken(actor, book(*ROWS))
    assert (run.state, run.done, run.total) == ("done", 7, 7)
    assert counts(run) == (3, 0, 0, 4)
    assert not Region.objects.filter(code="990123").exists(), "what is refused leaves nothing"
    sheet = selectors.wrong_sheet_of(actor, run.pk, NOW)
    rows = list(load_workbook(io.BytesIO(sheet)).active.values)
    assert rows[0] == ("What is wrong", "Code*", "Name*", "Kind", "Note")
    assert [row[0] for row in rows[1:]] == [
        "Code: needs six digits",
        "Name: This name is taken by another.",
        "Kind: “village” is not one of the list",
        "Note: holds a formula: enter the value itself",
    ]
    assert rows[4][1:] == ("990125", "望河", None, "=1+1")
    fixed = load_workbook(io.BytesIO(sheet))
    for number, row in enumerate(fixed.active.iter_rows(min_row=2), 2):
        row[1].value, row[2].value, row[3].value, row[4].value = f"99013{number}", "ok", "", ""
    out = io.BytesIO()
    fixed.save(out)
    assert counts(taken(actor, out.getvalue())) == (4, 0, 0, 0)


def test_the_same_file_twice_changes_nothing(actor) -> None:
    body = book(*ROWS[:2])
    assert counts(taken(actor, body)) == (2, 0, 0, 0)
    before = list(Region.objects.values_list())
    assert counts(taken(actor, body)) == (0, 0, 2, 0)
    assert list(Region.objects.values_list()) == before


def test_nothing_of_a_file_is_left_lying(actor) -> None:
    run = services.ask_import(actor=actor, kind="regions.test", body=book(*ROWS), at=NOW)
    pieces = ImportPiece.objects.filter(run=run)
    assert pieces.exists()
    assert not any(b"PK" in bytes(piece.body_sealed)[14:40] for piece in pieces)
    services.run_import(run_id=run.pk, clock=lambda: NOW, should_end=lambda: False)
    assert set(pieces.values_list("of", flat=True)) == {"wrong"}
    assert not any(SECRET.encode() in bytes(piece.body_sealed) for piece in pieces.all())
    assert services.tidy(at=NOW + timedelta(days=6)) == 0
    assert services.tidy(at=NOW + timedelta(days=8)) == 2
    assert selectors.first_wrong(run) == []
    told = " ".join(str(row.detail) for row in AuditEntry.objects.filter(ref__contains=run.pk))
    assert "松鹤" not in told
    assert "'created': 3" in told


def test_who_is_interrupted_goes_on_behind_what_is_done(actor) -> None:
    run = services.ask_import(actor=actor, kind="regions.test", body=book(*ROWS), at=NOW)
    asked = iter([False, True])
    with pytest.raises(services.Interrupted):
        services.run_import(run_id=run.pk, clock=lambda: NOW, should_end=lambda: next(asked))
    run.refresh_from_db()
    assert (run.state, run.done) == ("running", 3)
    services.run_import(run_id=run.pk, clock=lambda: NOW, should_end=lambda: False)
    run.refresh_from_db()
    assert (run.state, run.done, *counts(run)) == ("done", 7, 3, 0, 0, 4)


def test_a_stopped_import_keeps_what_was_taken(actor) -> None:
    run = services.ask_import(actor=actor, kind="regions.test", body=book(*ROWS), at=NOW)

    def stop() -> bool:
        if Region.objects.filter(code="990122").exists():
            services.cancel_import(actor=actor, run_id=run.pk, at=NOW)
        return False

    assert services.run_import(run_id=run.pk, clock=lambda: NOW, should_end=stop) == "cancelled"
    run.refresh_from_db()
    assert (run.done, counts(run)) == (3, (2, 0, 0, 1))
    assert not ImportPiece.objects.filter(run=run, of="upload").exists()


def test_an_import_is_the_askers_alone(actor) -> None:
    run = taken(actor, book(*ROWS))
    user = User.objects.create_user(login="other", display_name="o", password="a long phrase")
    access.give_role(actor=SYSTEM, user=user, role="registrar", region_prefix="", at=NOW)
    other = access.actor_for(user, NOW)
    for ask in (selectors.get_run, lambda who, pk: selectors.wrong_sheet_of(who, pk, NOW)):
        with pytest.raises(NotFound):
            ask(other, run.pk)
    with pytest.raises(NotFound):
        services.cancel_import(actor=other, run_id=run.pk, at=NOW)
    wu = User.objects.create_user(login="wu", display_name="w", password="a long phrase")
    with pytest.raises(Denied):
        services.ask_import(
            actor=access.actor_for(wu, NOW), kind="regions.test", body=book(*ROWS), at=NOW
        )
    assert ImportRun.objects.count() == 1


def archive(changes: dict[str, bytes | None], base: bytes | None = None) -> bytes:
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(base or book(*ROWS))) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in {*old.namelist(), *changes}:
            body = changes[name] if name in changes else old.read(name)
            if body is not None:
                new.writestr(name, body)
    return out.getvalue()


ENTITY = b'<?xml version="1.0"?>' + b"<!-- x -->" * 60_000 + b'<!DOCTYPE a [<!ENTITY b "c">]><a/>'
HOSTILE = {
    "nothing": (b"", refusals.FileEmpty),
    "a picture": (b"\x89PNG\r\n\x1a\n" + b"\x00" * 40, refusals.NotATable),
    "an old workbook": (b"\xd0\xcf\x11\xe0" + b"\x00" * 40, refusals.OldWorkbook),
    "a zip of something": ("zip", refusals.NotATable),
    "a cut file": ("cut", refusals.Damaged),
    "macros": ({"xl/vbaProject.bin": b"x"}, refusals.HasMacros),
    "an embedded file": ({"xl/embeddings/o.docx": b"x"}, refusals.HasMacros),
    "a macro workbook by its type": ("macro", refusals.HasMacros),
    "entities": ({"xl/sharedStrings.xml": ENTITY}, refusals.Suspicious),
    "two-byte letters": (
        {"xl/sharedStrings.xml": "<?xml version='1.0'?><a/>".encode("utf-16")},
        refusals.Suspicious,
    ),
    "a bomb": ({"xl/media/a.xml": b"<a>" + b" " * sheets.MOST_UNPACKED}, refusals.Suspicious),
    "too many entries": (
        {f"xl/media/{n}": b"" for n in range(sheets.MOST_ENTRIES)},
        refusals.Suspicious,
    ),
    "no sheet": ({"xl/worksheets/sheet1.xml": None}, refusals.NotATable),
    "broken XML": ({"xl/worksheets/sheet1.xml": b"<a><b>"}, refusals.Damaged),
    "too large": (b"a" * (sheets.MOST_BYTES + 1), refusals.FileTooLarge),
    "headings of another": (b"Name,Age\nx,3\n", refusals.UnknownHeading),
    "a heading twice": (b"Code,Name,Name\nx,y,z\n", refusals.DoubleHeading),
    "a heading too few": (b"Code,Note\nx,y\n", refusals.MissingHeading),
    "headings alone": (b"Code,Name\n\n,,\n", refusals.FileEmpty),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_cannot_be_taken_is_refused_before_anything_is_kept(actor, name: str) -> None:
    given, error = HOSTILE[name]
    if given == "zip":
        given = archive({"[Content_Types].xml": None})
    elif given == "cut":
        given = book(*ROWS)[:-300]
    elif given == "macro":
        kinds = zipfile.ZipFile(io.BytesIO(book(*ROWS))).read("[Content_Types].xml")
        macro = kinds.replace(b"spreadsheetml.sheet.main", b"sheet.macroEnabled.main")
        given = archive({"[Content_Types].xml": macro})
    elif isinstance(given, dict):
        given = archive(given)
    with pytest.raises(error) as told:
        services.ask_import(actor=actor, kind="regions.test", body=given, at=NOW)
    assert "%(" not in refusals.said(told.value)
    assert not ImportRun.objects.exists()


def test_a_sheet_that_claims_a_million_rows_is_counted_not_believed(actor) -> None:
    def far(sheet) -> None:
        sheet["A1048576"] = "990199"

    assert counts(taken(actor, book(*ROWS[:2], change=far))) == (2, 0, 0, 1)


def test_a_value_without_a_heading_is_not_lost_in_silence(actor) -> None:
    run = taken(actor, book(("990121", "a", "", "", "", "lost"), ("990122", "b")))
    assert counts(run) == (1, 0, 0, 1)


def test_digits_that_a_spreadsheet_lost_are_noticed(actor) -> None:
    run = taken(actor, book(("990121", "a", "", 990121194403090029)))
    assert "lost digits" in selectors.first_wrong(run)[0][1]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("mark", [",", "\t", ";"])
def test_text_tables_of_any_kind_are_read(actor, encoding: str, mark: str) -> None:
    text = f"code{mark}NAME{mark}Kind\r\n990121{mark}松鹤示范县{mark}town\r\n"
    assert counts(taken(actor, text.encode(encoding))) == (1, 0, 0, 0)
    assert Region.objects.get(code="990121").name == "松鹤示范县"


@pytest.mark.parametrize("evil", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "＝1", "=cmd|'/c'!A0"])
def test_an_exported_text_never_becomes_a_formula(evil: str) -> None:
    table = writing.write(["Name"], [[evil]], kind=Format.CSV).decode("utf-8-sig")
    cell = table.splitlines()[1].strip('"')
    assert cell.startswith("'")
    assert [line.cells for line in sheets.lines(table.encode())][1] == [evil.strip()]
    made = load_workbook(io.BytesIO(writing.write(["N"], [[evil]], kind=Format.XLSX)))
    assert made.active["A2"].data_type == "s"
    assert made.active["A2"].value == evil


def test_what_is_written_is_read_again() -> None:
    rows = [["陈秀兰", None, "<&>\x00\x0b", "99012119440309002X"], ["", "a\nb", "c", "0012"]]
    body = writing.write(["a", "b", "c", "d"], rows, kind=Format.XLSX, title="x[/]:*?")
    sheets.check(body)
    read = [line.cells for line in sheets.lines(body)]
    assert read[1] == ["陈秀兰", "", "<&>", "99012119440309002X"]
    assert read[2] == ["", "a\nb", "c", "0012"]


@pytest.mark.parametrize(("language", "said"), [("en", "Example"), ("zh-hans", "示例")])
def test_the_template_speaks_the_readers_language(actor, language: str, said: str) -> None:
    with translation.override(language):
        made = load_workbook(io.BytesIO(selectors.template_of(actor, "regions.test", NOW)))
    sheet, explained, lists = made.worksheets
    assert [cell.value for cell in sheet[1]] == ["Code*", "Name*", "Kind", "Note"]
    assert lists.sheet_state == "hidden"
    (choice,) = sheet.data_validations.dataValidation
    assert "$C$1:$C$2" in choice.formula1
    assert (explained["D1"].value, explained["D2"].value) == (said, "990121")
    assert sheet["A2"].number_format == "@"
