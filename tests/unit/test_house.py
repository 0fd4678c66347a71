"""Rules of the house that neither ruff nor mypy nor import-linter can hold."""

from __future__ import annotations

import ast
import re
import statistics
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from portal import environment
from tests.support.request_tracker import request_tracker_packages

ROOT = Path(__file__).resolve().parents[2]
MAX_FILE, MAX_FUNCTION, MAX_MEDIAN = 300, 40, 8
MAX_BYTES = 400_000
FORBIDDEN_TEXT = {
    # written in pieces, so that this file does not break the rule it states
    "a path of one machine": r"(?<![\w.])/(?:wo" + r"rk|ro" + r"ot|ho" + r"me)/\w",
    "the host of a package registry": r"py" + r"pi\.org|python" + r"hosted|npm" + r"js\.(?:com|org)",
    "a private key": r"-----BEGIN [A-Z ]*PRIV" + r"ATE KEY",
}


@cache
def tracked() -> tuple[Path, ...]:
    """Every file that is, or is about to be, in the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return tuple(path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file())


def python_files(*folders: str) -> Iterator[Path]:
    for path in tracked():
        if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in folders and "migrations" not in path.parts:
            yield path


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def function_lengths(path: Path) -> Iterator[tuple[str, int]]:
    """(place, lines of the body) of every function; a docstring does not count."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            if body:
                yield f"{name(path)}:{node.lineno} {node.name}", (node.end_lineno or 0) - body[0].lineno + 1


def test_no_python_file_is_longer_than_three_hundred_lines() -> None:
    lengths = {name(p): len(p.read_text().splitlines()) for p in python_files("app", "scripts", "strongswan", "tests")}
    assert {p: n for p, n in lengths.items() if n > MAX_FILE} == {}


def test_functions_are_short() -> None:
    lengths = dict(place for path in python_files("app", "scripts", "strongswan") for place in function_lengths(path))
    assert {place: n for place, n in lengths.items() if n > MAX_FUNCTION} == {}
    assert statistics.median(lengths.values()) < MAX_MEDIAN


@pytest.mark.parametrize("what", FORBIDDEN_TEXT)
def test_no_file_holds(what: str) -> None:
    pattern = re.compile(FORBIDDEN_TEXT[what])
    found = [
        f"{name(path)}:{number}"
        for path in tracked()
        for number, line in enumerate(path.read_bytes().decode("utf-8", "replace").splitlines(), 1)
        if pattern.search(line)
    ]
    assert found == []


def test_no_file_is_large() -> None:
    assert [name(path) for path in tracked() if path.stat().st_size > MAX_BYTES] == []


@pytest.mark.parametrize("level", ["", "-demo", "-dev", "-checkov"])
def test_every_requirement_is_pinned_with_hashes_and_says_nothing_of_where_it_comes_from(level: str) -> None:
    text = (ROOT / f"app/requirements{level}.txt").read_text()
    entries = re.split(r"\n(?=\S)", re.sub(r"^\s*#.*\n", "", text, flags=re.M).strip())
    assert [e for e in entries if not re.match(r"[\w.\[\]-]+==\S+ \\\n\s+--hash=sha256:[0-9a-f]{64}", e)] == []
    wanted = {n for n in (ROOT / f"app/requirements{level}.in").read_text().splitlines() if n and n[0] not in "#-"}
    pinned = {e.split("==")[0].lower() for e in entries}
    assert {w for w in wanted if re.split(r"[\[~=<> ]", w)[0].lower() not in pinned} == set()


def test_every_direct_dependency_says_why_it_is_here() -> None:
    lines = [
        n
        for level in ("", "-demo", "-dev", "-checkov")
        for n in (ROOT / f"app/requirements{level}.in").read_text().splitlines()
    ]
    wanted = {re.split(r"[\[~=<> ]", n)[0] for n in lines if n and n[0] not in "#-"}
    explained = set(re.findall(r"^\| ([\w.-]+) \|", (ROOT / "docs/dependencies.md").read_text(), flags=re.M))
    assert wanted - explained == set()


def test_request_tracker_needs_only_packages_that_are_on_the_list() -> None:
    listed = {line.split()[0] for line in (ROOT / "scripts/system-packages-test.txt").read_text().splitlines()}
    assert set(request_tracker_packages()) - listed == set()


def test_the_domain_has_no_clock() -> None:
    reads_clock = re.compile(r"\.(?:now|utcnow|today)\(")
    assert [name(p) for p in (ROOT / "app/portal/domain").glob("*.py") if reads_clock.search(p.read_text())] == []


def test_pages_name_no_other_host_and_carry_no_inline_style_or_script() -> None:
    foreign = re.compile(r"""(?:src|href|action)=["'](?:https?:)?//|<style|\sstyle=|<script>|\son[a-z]+=["']""")
    pages = [p for p in tracked() if p.suffix == ".html" and "web" in p.relative_to(ROOT).parts]
    assert [name(p) for p in pages if foreign.search(p.read_text())] == []


def test_the_table_of_settings_is_the_one_that_the_code_generates() -> None:
    page = (ROOT / "docs/settings.md").read_text()
    assert environment.table() in page, "PYTHONPATH=app .venv/bin/python -m scripts.settings_page"


@pytest.mark.parametrize("folder", ["app", "scripts", "strongswan", "tests", "docs"])
def test_every_top_folder_has_a_readme(folder: str) -> None:
    assert (ROOT / folder / "README.md").is_file()
