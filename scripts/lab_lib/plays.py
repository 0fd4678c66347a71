"""The real playbooks against the lab's hosts. What they say is in the lab's logs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from scripts.lab_lib import commands
from scripts.lab_lib.errors import LabError
from scripts.lab_lib.places import ROOT, Lab
from scripts.lab_lib.steps import Say

ANSIBLE = ROOT / "ansible"
_TASK = re.compile(r"^(?:TASK|RUNNING HANDLER|PLAY) \[(.+?)\]")
_RECAP = re.compile(r"changed=(\d+)")


def play(lab: Lab, name: str, *options: str, say: Say = lambda _: None) -> int:
    """Run playbooks/NAME.yml; returns how many changes there were on all hosts. Raises LabError."""
    log = lab.private(lab.logs) / f"{name}.log"
    words = ["-i", "inventories/lab/hosts", f"playbooks/{name}.yml", *options]
    with log.open("w", buffering=1) as file:  # followed while it is written
        running = subprocess.Popen(
            [str(Path(sys.executable).with_name("ansible-playbook")), *words],
            cwd=ANSIBLE,
            env=environment(lab),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        for line in running.stdout or ():
            file.write(line)
            if found := _TASK.match(line):
                say(found[1])
    text = log.read_text()
    if running.wait():
        raise LabError(
            _why(text), where=f"playbooks/{name}.yml, log {log}", remedy="Mend it, then ./scripts/lab up goes on."
        )
    commands.note("ansible-playbook", *words)
    recap = text.rpartition("PLAY RECAP")[2]
    changes = sum(int(number) for number in _RECAP.findall(recap))
    say(f"{changes} changes")
    return changes


def environment(lab: Lab) -> dict[str, str]:
    """What commands of the operator's are given, so that they find this lab."""
    own = {
        "ANSIBLE_CONFIG": str(ANSIBLE / "ansible.cfg"),
        "ANSIBLE_FORCE_COLOR": "0",
        "ANSIBLE_LOCAL_TEMP": str(lab.private(lab.state / "ansible")),
        "PROFORMA_HOSTS_GROUP": lab.group.name,
        "PROFORMA_LAB_STATE": str(lab.state),
        "PYTHONUNBUFFERED": "1",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    return os.environ | own


def _why(text: str) -> str:
    """The failure itself, not what was skipped around it."""
    lines = text.splitlines()
    at = next((n for n, line in enumerate(lines) if "fatal:" in line or line.startswith(("[ERROR]", "ERROR!"))), None)
    shown = lines[-25:] if at is None else lines[max(at - 2, 0) : at + 22]
    return "It failed:\n" + "\n".join(shown)
