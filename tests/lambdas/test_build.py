"""The zips: the same bytes wherever and whenever they are built, and nothing in them that does not belong there."""

from __future__ import annotations

import ast
import base64
import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from scripts import lambdas as builder

ROOT = builder.ROOT


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The sources elsewhere, with other dates and modes, and the rubbish that work leaves."""
    app = tmp_path / "elsewhere"
    shutil.copytree(ROOT / "app/lambdas", app / "lambdas", ignore=shutil.ignore_patterns("__pycache__"))
    for path in app.rglob("*.py"):
        path.chmod(0o600)
        os.utime(path, (1, 1))
    cache = app / "lambdas/intake/__pycache__"
    cache.mkdir()
    (cache / "handler.cpython-313.pyc").write_bytes(b"rubbish")
    (app / "lambdas/intake/notes.txt").write_text("rubbish")
    return app


def test_the_same_sources_give_the_same_bytes_elsewhere(copy: Path) -> None:
    assert {"intake", "vault"} <= set(builder.names())
    for name in builder.names():
        assert builder.pack(name) == builder.pack(name, copy)


def test_another_byte_in_a_source_gives_another_zip_of_that_function_alone(copy: Path) -> None:
    with (copy / "lambdas/intake/handler.py").open("a") as file:
        file.write("# changed\n")
    assert builder.pack("intake") != builder.pack("intake", copy)
    assert builder.pack("vault") == builder.pack("vault", copy)


@pytest.mark.parametrize("name", builder.names())
def test_a_zip_holds_the_functions_own_files_and_the_shared_ones(name: str) -> None:
    with zipfile.ZipFile(BytesIO(builder.pack(name))) as archive:
        entries = archive.infolist()
        assert archive.testzip() is None
    found = [entry.filename for entry in entries]
    assert found == sorted(found)
    assert f"lambdas/{name}/handler.py" in found
    assert {one.split("/")[1] for one in found} == {"__init__.py", "shared", name}
    assert all(entry.date_time == (1980, 1, 1, 0, 0, 0) and entry.external_attr >> 16 == 0o100644 for entry in entries)


@pytest.mark.parametrize("name", builder.names())
def test_a_function_imports_only_what_its_zip_or_lambda_has(name: str) -> None:
    allowed = {*sys.stdlib_module_names, "boto3", "botocore"}
    for path in builder.sources(name):
        for node in ast.walk(ast.parse(path.read_text())):
            wanted = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            wanted += [f"{node.module}.{a.name}" for a in node.names] if isinstance(node, ast.ImportFrom) else []
            for one in wanted:
                ours = one.startswith((f"lambdas.{name}.", "lambdas.shared."))
                ours = ours or one in (f"lambdas.{name}", "lambdas.shared")
                assert ours or one.split(".")[0] in allowed, f"{path}: {one}"


def test_the_command_writes_every_zip_and_says_its_checksum(tmp_path: Path) -> None:
    command = [str(ROOT / "scripts/lambdas"), "build", "--out", str(tmp_path / "new/folder")]
    first, second = (subprocess.run(command, capture_output=True, text=True, check=True).stdout for _ in range(2))
    assert first == second
    for line in first.splitlines():
        name, size, digest = line.split()
        data = (tmp_path / "new/folder" / name).read_bytes()
        assert (len(data), base64.b64encode(hashlib.sha256(data).digest()).decode()) == (int(size), digest)
    assert sorted(p.name for p in (tmp_path / "new/folder").iterdir()) == [f"{n}.zip" for n in builder.names()]


def test_whoever_deploys_needs_no_packages(tmp_path: Path) -> None:
    """Only the standard library: `-S` leaves out everything that was installed."""
    command = [sys.executable, "-S", "-m", "scripts.lambdas", "build", "--out", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, env={"PATH": os.environ["PATH"]}, check=True, capture_output=True)
    assert (tmp_path / "intake.zip").read_bytes() == builder.pack("intake")
