"""`./dev sbom FILE`: what Songhe is made of, as CycloneDX 1.6 JSON, from the lock files.

Every package of the product's lock is a required component with its version, licence and the
digests of its files; with --tools those of the development lock follow as excluded ones. The
document is checked against the schema of the format before it is written.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from pathlib import Path

from cyclonedx.contrib.hash.factories import HashTypeFactory
from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

from tools import locks


def component(package: locks.Package, scope: ComponentScope) -> Component:
    """Return a package of a lock as a component."""
    made = Component(
        type=ComponentType.LIBRARY,
        name=package.name,
        version=package.version,
        bom_ref=package.purl,
        purl=PackageURL.from_string(package.purl),
        scope=scope,
        external_references=[
            ExternalReference(
                type=ExternalReferenceType.DISTRIBUTION,
                url=XsUri(package.purl),
                comment=package.marker or None,
                hashes=[
                    HashTypeFactory().from_composite_str(f"{kind}:{digest}")
                    for kind, digest in package.hashes
                ],
            )
        ],
    )
    if licence := locks.licence_of(package.name):
        made.licenses.add(LicenseFactory().make_from_string(licence))
    return made


def make(*, tools: bool) -> str:
    """Return the document; raise ValueError when it does not keep to the schema."""
    project = tomllib.loads((locks.ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    whole = Component(
        type=ComponentType.APPLICATION,
        name=project["name"],
        version=project["version"],
        bom_ref="songhe",
        licenses=[LicenseFactory().make_from_string(project["license"])],
    )
    bom = Bom()
    bom.metadata.component = whole
    parts = [
        component(package, ComponentScope.REQUIRED)
        for package in locks.read(locks.ROOT / locks.PRODUCT)
    ]
    if tools:
        known = {part.bom_ref.value for part in parts}
        parts += [
            component(package, ComponentScope.EXCLUDED)
            for package in locks.read(locks.ROOT / locks.TOOLS)
            if package.purl not in known
        ]
    bom.components.update(parts)
    bom.register_dependency(whole, parts)
    text = JsonV1Dot6(bom).output_as_string(indent=2)
    fault = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if fault is not None:
        raise ValueError(f"the document does not keep to CycloneDX 1.6: {fault}")
    return text


def main(argv: list[str]) -> int:
    """Write the document where it was asked for."""
    parser = argparse.ArgumentParser(prog="./dev sbom", description=__doc__)
    parser.add_argument("file", type=Path, help="where to write it, for example sbom.cdx.json")
    parser.add_argument("--tools", action="store_true", help="the development packages as well")
    options = parser.parse_args(argv)
    text = make(tools=options.tools)
    options.file.write_text(text + "\n", "utf-8")
    count = len(locks.read(locks.ROOT / locks.PRODUCT))
    print(f"sbom: {count} packages of the product in {options.file}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
