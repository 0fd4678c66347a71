"""The bill of materials of an image, made here of this machine: what dpkg lists, and what Python environments hold."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
COMMIT = "c" * 40


def package(environment: Path, name: str, version: str) -> None:
    """As pip leaves it."""
    info = environment / f"lib/python3.13/site-packages/{name}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")


@pytest.fixture
def bill(tmp_path: Path) -> dict[str, Any]:
    """Of two environments that share a package."""
    if shutil.which("dpkg-query") is None:
        pytest.skip("no Debian")
    for name in ("one", "two"):
        package(tmp_path / name, "Some_Package", "1.0+local")
        (tmp_path / name / "pyvenv.cfg").write_text("")
    package(tmp_path / "two", "vici", "6.0.3")
    package(tmp_path / "none", "elsewhere", "1")
    out = tmp_path / "usr/share/bill.json"
    words = ["proforma-vpn", "1.4.0", COMMIT, str(out), str(tmp_path)]
    subprocess.run([sys.executable, ROOT / "packer/files/sbom.py", *words], check=True, capture_output=True)
    return dict(json.loads(out.read_text()))


def of(bill: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [one for one in bill["components"] if one["purl"].startswith(f"pkg:{kind}/")]


def test_it_is_a_bill_of_that_image(bill: dict[str, Any]) -> None:
    """What CycloneDX 1.6 demands, of the parts that are used."""
    assert (bill["bomFormat"], bill["specVersion"], bill["version"]) == ("CycloneDX", "1.6", 1)
    assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", bill["serialNumber"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", bill["metadata"]["timestamp"])
    about = {"type": "operating-system", "name": "proforma-vpn", "version": "1.4.0"}
    assert bill["metadata"]["component"] == about | {"properties": [{"name": "git:commit", "value": COMMIT}]}
    known = {"type", "bom-ref", "name", "version", "purl", "properties", "evidence"}
    for one in bill["components"]:
        assert set(one) <= known
        assert one["type"] == "library"
        assert all(one[needed] for needed in ("name", "version", "purl"))
    references = [one["bom-ref"] for one in bill["components"]]
    assert len(references) == len(set(references))


def test_it_lists_what_dpkg_lists(bill: dict[str, Any]) -> None:
    shown = subprocess.run(
        ["dpkg-query", "-W", "-f", "${db:Status-Abbrev}\n"], capture_output=True, text=True, check=True
    )
    assert len(of(bill, "deb")) == shown.stdout.count("ii ")
    assert any(one["name"] == "dpkg" and one["properties"] for one in of(bill, "deb"))


def test_it_lists_each_python_package_once_with_the_environments_that_hold_it(
    bill: dict[str, Any], tmp_path: Path
) -> None:
    found = {one["purl"]: [place["location"] for place in one["evidence"]["occurrences"]] for one in of(bill, "pypi")}
    one, two = str(tmp_path / "one"), str(tmp_path / "two")
    assert found == {"pkg:pypi/some-package@1.0%2Blocal": [one, two], "pkg:pypi/vici@6.0.3": [two]}
