"""The bill of materials (CycloneDX 1.6, JSON): each package with its licence and the hash of its wheel."""

from __future__ import annotations

import hashlib
import uuid
import zipfile
from datetime import UTC, datetime
from email.message import Message
from email.parser import BytesParser
from pathlib import Path
from typing import Any

from scripts.release_lib.checkout import Checkout
from scripts.release_lib.wheels import normal

_SPACE = uuid.UUID("2f0dbb1c-6c8c-4c5e-9f5b-6a4f4b8c3f3e")


def bill(checkout: Checkout, wheels: Path) -> dict[str, Any]:
    """The same for the same commit and wheels."""
    components = [component(read(path), sorted_paths) for path, sorted_paths in _packages(wheels)]
    application = {
        "type": "application",
        "bom-ref": f"proforma@{checkout.version}",
        "name": "proforma",
        "version": checkout.version,
        "properties": [{"name": "git:commit", "value": checkout.commit}],
    }
    seed = f"{checkout.commit} {checkout.version} {components}"
    stamp = datetime.fromtimestamp(checkout.committed, UTC)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(_SPACE, seed)}",
        "version": 1,
        "metadata": {"timestamp": stamp.strftime("%Y-%m-%dT%H:%M:%SZ"), "component": application},
        "components": components,
        "dependencies": [{"ref": application["bom-ref"], "dependsOn": [c["bom-ref"] for c in components]}],
    }


def _packages(wheels: Path) -> list[tuple[Path, list[Path]]]:
    """(one wheel, all wheels) of each package: it has several where it is compiled for each Python."""
    grouped: dict[str, list[Path]] = {}
    for path in sorted(wheels.glob("*.whl")):
        grouped.setdefault("-".join(path.name.split("-")[:2]), []).append(path)
    return [(paths[0], paths) for _, paths in sorted(grouped.items())]


def read(wheel: Path) -> Message:
    """The METADATA of a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        name = next(n for n in archive.namelist() if n.count("/") == 1 and n.endswith(".dist-info/METADATA"))
        return BytesParser().parsebytes(archive.read(name), headersonly=True)


def component(described: Message, wheels: list[Path]) -> dict[str, Any]:
    """One package. With several wheels, each is listed by name; with one, its hash is the component's."""
    name, version = normal(described["Name"]), described["Version"]
    purl = f"pkg:pypi/{name}@{version}"
    result: dict[str, Any] = {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}
    if described["Summary"]:
        result["description"] = described["Summary"].strip()
    if found := licences(described):
        result["licenses"] = found
    files = [(wheel.name, hashlib.sha256(wheel.read_bytes()).hexdigest()) for wheel in wheels]
    if len(files) == 1:
        return result | {"hashes": [{"alg": "SHA-256", "content": files[0][1]}]}
    parts = [{"type": "file", "name": n, "hashes": [{"alg": "SHA-256", "content": digest}]} for n, digest in files]
    return result | {"components": parts}


def licences(described: Message) -> list[dict[str, Any]]:
    """What the package says of itself: an SPDX expression, else classifiers, else a line of text; else nothing."""
    if expression := described["License-Expression"]:
        return [{"expression": expression}]
    prefix = "License :: "
    classified = [c for c in described.get_all("Classifier", []) if c.startswith(prefix) and c.count(" :: ") > 1]
    names = [c.rsplit(" :: ", 1)[1] for c in classified]
    text = (described["License"] or "").strip()
    if not names and text and "\n" not in text and text != "UNKNOWN":
        names = [text]
    return [{"license": {"name": name}} for name in names]
