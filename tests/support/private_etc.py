"""Playbooks and tasks of roles on this machine, in which /etc is the test's own: what they write is seen and goes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.tools import missing

ROOT = Path(__file__).resolve().parents[2]
HIDDEN = 'mount --bind "$0" /etc; exec "$@"'


@dataclass(frozen=True)
class PrivateEtc:
    """`etc`: what stands at /etc for whatever is played. `programs`: found before the system's."""

    folder: Path

    @property
    def etc(self) -> Path:
        return self.folder / "etc"

    @property
    def programs(self) -> Path:
        return self.folder / "bin"

    def tasks(self, role: str, name: str, **variables: Any) -> tuple[int, str]:
        """Exit code and words of one task file of a role."""
        tasks = [{"ansible.builtin.import_role": {"name": role, "tasks_from": name}}]
        play = self.folder / "play.json"
        play.write_text(json.dumps([{"hosts": "here", "gather_facts": False, "tasks": tasks}]))
        return self.played(play, variables)

    def played(
        self, play: Path, variables: dict[str, Any], group: str = "here", hosts: Sequence[str] = ("this-host",)
    ) -> tuple[int, str]:
        """Several hosts are this machine under several names."""
        known = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable, "ansible_become": False}
        inventory = {group: {"hosts": dict.fromkeys(hosts, known)}}
        for name, content in (("inventory", inventory), ("given", variables)):
            (self.folder / f"{name}.json").write_text(json.dumps(content))
        program = str(Path(sys.executable).parent / "ansible-playbook")
        command = ["unshare", "--mount", "sh", "-ec", HIDDEN, str(self.etc), program]
        command += ["--inventory", str(self.folder / "inventory.json")]
        command += ["--extra-vars", f"@{self.folder / 'given.json'}", str(play)]
        environment = os.environ | {"ANSIBLE_CONFIG": str(ROOT / "ansible/ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
        environment["PATH"] = f"{self.programs}:{os.environ['PATH']}"
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)
        return done.returncode, " ".join((done.stdout + done.stderr).split())


def made(folder: Path, *groups: str) -> PrivateEtc:
    """A copy of this machine's /etc with more groups."""
    if os.geteuid() != 0 or subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode:
        missing("An /etc of one's own needs root and CAP_SYS_ADMIN.", remedy="run it as root")
    result = PrivateEtc(folder)
    result.programs.mkdir(parents=True)
    shutil.copytree("/etc", result.etc, symlinks=True)
    shutil.rmtree(result.etc / "proforma", ignore_errors=True)
    with (result.etc / "group").open("a") as file:
        file.writelines(f"{group}:x:{64970 + number}:\n" for number, group in enumerate(groups))
    return result
