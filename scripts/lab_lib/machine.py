"""What this machine must have for a lab, looked at before anything is made."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from scripts.host_lib import doctor
from scripts.lab_lib.errors import LabMachineError
from scripts.lab_lib.steps import Say

INSTANCES = Path("/proc/sys/fs/inotify/max_user_instances")
WANTED_INSTANCES = 1024
"""each systemd takes a few dozen; with Debian's 128 the tenth host would end without a word"""
PROGRAMS = {"git": "git", "openssl": "openssl", "tar": "tar"}
"""beside what ./scripts/host needs"""


def check(say: Say) -> None:
    """Raises LabMachineError with what is missing and the remedy."""
    if os.geteuid() != 0:
        raise LabMachineError(
            "The lab takes root: it makes hosts and networks.", where="lab", remedy="sudo ./scripts/lab up"
        )
    raise_instances(say)
    missing = [package for program, package in PROGRAMS.items() if not shutil.which(program)]
    if missing:
        remedy = f"apt-get install {' '.join(missing)}"
        raise LabMachineError("This machine lacks programs.", where=", ".join(missing), remedy=remedy)
    if lacking := doctor.lacking():
        remedy = " ".join(one.remedy for one in lacking if one.remedy)
        raise LabMachineError(
            "This machine cannot run hosts.", where=", ".join(one.what for one in lacking), remedy=remedy
        )


def raise_instances(say: Say) -> None:
    """Until the machine's next start; nothing else uses what is not asked for."""
    now = int(INSTANCES.read_text())
    if now < WANTED_INSTANCES:
        INSTANCES.write_text(str(WANTED_INSTANCES))
        say(f"fs.inotify.max_user_instances raised from {now} to {WANTED_INSTANCES} until this machine starts again")
