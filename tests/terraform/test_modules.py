"""Every module: laid out alike, valid, tested by `terraform test`, and knowing no sibling."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scripts import terraform_pages
from scripts.rehearse_lib import tools
from tests.terraform.conftest import FOLDER, Run

MODULES = sorted(path.name for path in (FOLDER / "modules").iterdir() if path.is_dir())
FILES = sorted(path for path in FOLDER.rglob("*.tf") if ".terraform" not in path.parts)


def test_all_modules_are_there() -> None:
    nouns = "database documents intake network observability portal schedule security vpn workers"
    assert nouns.split() == MODULES


@pytest.mark.parametrize("module", MODULES)
def test_a_module_has_the_same_files_as_any_other(module: str) -> None:
    folder = FOLDER / "modules" / module
    wanted = ("main.tf", "variables.tf", "outputs.tf", "versions.tf", "README.md")
    assert not [name for name in wanted if not (folder / name).is_file()]
    assert list(folder.glob("tests/*.tftest.hcl"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(FOLDER)))
def test_no_file_is_longer_than_250_lines(path: Path) -> None:
    assert len(path.read_text().splitlines()) < 250


def test_no_module_calls_another() -> None:
    calling = [str(p) for p in (FOLDER / "modules").rglob("*.tf") if re.search(r'^module "', p.read_text(), re.M)]
    assert calling == []


def test_every_variable_has_a_type_and_a_description() -> None:
    lacking = [
        f"{folder.name}: {name}"
        for folder in terraform_pages.folders()
        for name, body in terraform_pages._blocks(folder, "variable")
        if not re.search(r"^  type\s*=", body, re.M) or not re.search(r"^  description\s*=", body, re.M)
    ]
    assert lacking == []


RESOURCE = re.compile(r'^resource "(\w+)" "(\w+)" \{\n(.*?)^\}', re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("module", ["portal", "vpn", "workers"])
def test_hosts_start_when_their_role_has_its_rights(module: str) -> None:
    """A host reads secrets and registers with Systems Manager as it boots: refused, it is one that nobody reaches."""
    text = "".join(path.read_text() for path in (FOLDER / "modules" / module).glob("*.tf"))
    made = {(kind, name): body for kind, name, body in RESOURCE.findall(text)}
    roles = re.findall(
        r"role = (aws_iam_role\.\w+)", "".join(b for k, b in made.items() if "_instance_profile" in k[0])
    )
    rights = {
        ".".join(known)
        for known, body in made.items()
        if known[0].startswith("aws_iam_role_policy") and re.search(rf"role\s+= {re.escape(roles[0])}\.", body)
    }
    hosts = [body for kind, body in made.items() if kind[0] in ("aws_autoscaling_group", "aws_instance")]
    waits = [set(re.findall(r"[\w.]+", found[1])) for b in hosts if (found := re.search(r"depends_on = \[(.+)\]", b))]
    assert len(hosts) == len(roles) == 1
    assert rights
    assert waits == [rights]


def test_tables_in_the_readmes_are_up_to_date() -> None:
    assert terraform_pages.stale() == [], "run: .venv/bin/python -m scripts.terraform_pages"


def test_everything_is_formatted(terraform: Run) -> None:
    done = terraform(FOLDER, "fmt", "-check", "-recursive")
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("module", [*(f"modules/{name}" for name in MODULES), "bootstrap", "."])
def test_a_module_is_valid_and_its_tests_pass(module: str, copy: Path, terraform: Run) -> None:
    folder = copy / module
    begun = terraform(folder, "init", "-backend=false", "-input=false", *tools.plugin_options())
    assert begun.returncode == 0, begun.stderr
    valid = terraform(folder, "validate", "-no-color")
    assert valid.returncode == 0, valid.stdout + valid.stderr
    if list(folder.glob("tests/*.tftest.hcl")):
        tested = terraform(folder, "test", "-no-color")
        assert tested.returncode == 0, tested.stdout + tested.stderr
