"""The one shape of Ansible roles, and their pages."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts import role_pages

ROLES = sorted(path for path in role_pages.ROLES.iterdir() if path.is_dir())
SHAPE = ("defaults/main.yml", "tasks/main.yml", "meta/main.yml", "meta/argument_specs.yml", "README.md")
MAX_TASK_FILE = 100


def options(role: Path) -> dict[str, Any]:
    spec = yaml.safe_load((role / "meta/argument_specs.yml").read_text())
    return spec["argument_specs"]["main"].get("options") or {}


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
class TestEveryRole:
    def test_has_the_one_shape(self, role: Path) -> None:
        assert [name for name in SHAPE if not (role / name).is_file()] == []

    def test_has_a_page_that_is_not_stale(self, role: Path) -> None:
        assert (role / "README.md").read_text() == role_pages.page(role), "python -m scripts.role_pages"

    def test_describes_every_variable_that_it_has_and_names_it_after_itself(self, role: Path) -> None:
        described = options(role)
        assert set(role_pages.defaults(role)) - set(described) == set()
        shared = ("appliance_", "firewall_", f"{role.name}_")
        assert [name for name in described if not name.startswith(shared)] == []

    def test_states_no_default_twice(self, role: Path) -> None:
        assert [name for name, option in options(role).items() if "default" in option] == []

    def test_has_short_task_files_and_a_table_of_contents(self, role: Path) -> None:
        lengths = {str(p): len(p.read_text().splitlines()) for p in role.glob("tasks/**/*.yml")}
        assert {p: n for p, n in lengths.items() if n > MAX_TASK_FILE} == {}
        contents = yaml.safe_load((role / "tasks/main.yml").read_text())
        modules = {key for task in contents for key in task if re.match(r"ansible\.builtin\.", key)}
        assert modules <= {"ansible.builtin.import_tasks", "ansible.builtin.include_tasks"}
