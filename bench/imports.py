"""`bench import`: a spreadsheet of 100,000 persons through the product's own import.

scale is in thousand rows (100 by default), half of them with an address that another row shares.
The rows go through the form, the rights, the comparison with who is there, sealing, audit and the
search; then the same file goes once more and must change nothing. A process of its own imports, so
that its peak of memory is the import's.
"""

from __future__ import annotations

import json
import random
import resource
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from bench.house import Bench, house
from bench.options import Options


def run(options: Options) -> dict[str, float]:
    """Write the file, import it twice, and return flat figures."""
    thousand = options.scale or 100.0
    folder = options.state / "import"
    folder.mkdir(parents=True, exist_ok=True)
    with house(folder) as bench:
        table = folder / "persons.xlsx"
        options.say(f"writing {thousand:g} thousand rows")
        _child(bench, "write", str(table), str(round(thousand * 1000)))
        options.say("importing")
        first = _child(bench, "take", str(table))
        options.say("the same file once more")
        again = _child(bench, "take", str(table))
        table.unlink()
    return {
        "rows": first["done"],
        "file_mb": first["file_mb"],
        "asked_s": first["asked_s"],
        "rows_per_s": first["done"] / first["took_s"],
        "created": first["created"],
        "wrong": first["wrong"],
        "empty_mb": first["empty_mb"],
        "peak_mb": first["peak_mb"],
        "again_rows_per_s": again["done"] / again["took_s"],
        "again_unchanged": again["unchanged"],
        "again_created": again["created"],
        "again_changed": again["changed"],
        "again_peak_mb": again["peak_mb"],
    }


def _child(bench: Bench, *arguments: str) -> dict[str, float]:
    found: dict[str, float] = json.loads(bench.django("bench.imports", *arguments).splitlines()[-1])
    return found


def write(path: Path, count: int) -> dict[str, float]:
    """Write a spreadsheet of persons whom rules make; a fresh database gets its divisions."""
    from django.core.management import call_command

    call_command("flush", verbosity=0, interactive=False)
    from bench.search import communities, people, regions
    from songhe.engines.exchange import writing
    from songhe.engines.exchange.terms import Format

    regions()
    heads = ("姓名", "公民身份号码", "本人电话", "社区", "住址", "居住情况", "社会救助身份")
    rows = (
        (name, number, phone, place, f"{place[-3:]} 号 {index // 4000} 室", "独居", "无")
        for index, (name, _sex, _born, number, phone, place) in enumerate(
            people(count, random.Random(9), communities())
        )
    )
    path.write_bytes(writing.write(heads, rows, kind=Format.XLSX))
    return {"file_mb": path.stat().st_size / 2**20}


def take(path: Path) -> dict[str, float]:
    """Upload the file as a registrar of the province does, and run the import."""
    from songhe.base.access import services as access
    from songhe.base.access.actor import SYSTEM
    from songhe.base.accounts.models import User
    from songhe.engines.exchange import services

    user, made = User.objects.get_or_create(login="reg", defaults={"display_name": "reg"})
    if made:
        access.give_role(
            actor=SYSTEM, user=user, role="registrar", region_prefix="99", at=datetime.now(UTC)
        )
    empty = _peak_mb()
    body = path.read_bytes()
    began = time.perf_counter()
    actor = access.actor_for(user, datetime.now(UTC))
    found = services.ask_import(actor=actor, kind="people.persons", body=body, at=datetime.now(UTC))
    size, asked_s = len(body) / 2**20, time.perf_counter() - began
    del body
    began = time.perf_counter()
    services.run_import(run_id=found.pk, clock=lambda: datetime.now(UTC), should_end=lambda: False)
    took_s = time.perf_counter() - began
    found.refresh_from_db()
    if found.state != "done":
        raise SystemExit(f"the import ended as {found.state}: {found.reason}")
    names = ("done", "created", "changed", "unchanged", "wrong")
    figures = {name: float(getattr(found, name)) for name in names}
    return figures | {
        "file_mb": size,
        "asked_s": asked_s,
        "took_s": took_s,
        "empty_mb": empty,
        "peak_mb": _peak_mb(),
    }


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(what: str, path: str, *rest: str) -> None:
    """Do one half; figures are the last line of standard output."""
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    found = write(Path(path), int(rest[0])) if what == "write" else take(Path(path))
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
