"""From a clean checkout to a signed artifact."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scripts.release_lib import packing, sbom, wheels
from scripts.release_lib.checkout import Checkout, collect_static, export
from scripts.release_lib.errors import ReleaseError
from scripts.release_lib.packing import About


def build(
    checkout: Checkout,
    target: wheels.Target,
    signers: Sequence[Ed25519PrivateKey],
    out: Path,
    *,
    minimum: str = "",
    wheelhouse: Path | None = None,
) -> Path:
    """Write proforma-VERSION.tar, its .sig and proforma-install.pyz to `out`. Returns the artifact.

    `wheelhouse`: a directory with the wheels, instead of an index. All or nothing appears in `out`.
    """
    out.mkdir(parents=True, exist_ok=True)
    final = out / f"proforma-{checkout.version}.tar"
    if final.exists():
        remedy = "A version has one content for ever: commit, or give another --version."
        raise ReleaseError("That version was built already.", where=str(final), remedy=remedy)
    about = About(checkout.version, checkout.commit, checkout.committed, target, minimum)
    with tempfile.TemporaryDirectory(prefix=".building-", dir=out) as scratch:
        made = Path(scratch) / final.name
        content(checkout, target, Path(scratch) / "tree", wheelhouse)
        statement = packing.pack(Path(scratch) / "tree", made, about)
        signed = packing.seal(made, statement, signers)
        packing.installer(Path(scratch) / "proforma-install.pyz").replace(out / "proforma-install.pyz")
        signed.replace(out / signed.name)
        made.replace(final)
    return final


def content(checkout: Checkout, target: wheels.Target, tree: Path, wheelhouse: Path | None) -> None:
    """All that a release holds, below the new directory `tree`."""
    app = checkout.root / "app"
    wheels.builder_has(wheels.pins((app / "requirements.txt").read_text()))
    tree.mkdir()
    export(checkout, tree)
    collect_static(tree)
    lists = [app / "requirements.txt", app / "requirements-install.txt"]
    wheels.fetch(lists, target, tree / "wheelhouse", wheelhouse)
    shutil.copyfile(lists[0], tree / "requirements.txt")
    (tree / "sbom.cdx.json").write_bytes(packing.as_json(sbom.bill(checkout, tree / "wheelhouse")))
    (tree / "VERSION").write_text(f"{checkout.version}\n")
    for cache in [Path(found) for found, _, _ in os.walk(tree) if found.endswith("__pycache__")]:
        shutil.rmtree(cache)
