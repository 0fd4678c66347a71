#!/usr/bin/python
"""Ansible module: put many files onto a host in one go, or none of them.

DOCUMENTATION, EXAMPLES: see the argument_spec below and tasks/files.yml of this role.
"""

from __future__ import annotations

import base64
import os
import shlex
import stat
import subprocess
import tempfile
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

FILE = {
    "path": {"type": "path", "required": True},
    "mode": {"type": "str", "default": "0644"},
    "tells": {"type": "list", "elements": "str", "default": []},
    "check": {"type": "str", "default": ""},  # command that judges the new file, %s; it fails: nothing is changed
}
ARGUMENTS = {
    "files": {"type": "list", "elements": "dict", "default": [], "options": FILE | {"content": {"type": "str"}}},
    "secrets": {  # like files, and never shown
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": FILE | {"content": {"type": "str", "no_log": True}},
    },
    "whole": {  # folders in which nothing else may be
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "path": {"type": "path", "required": True},
            "tells": {"type": "list", "elements": "str", "default": []},
        },
    },
    # file that keeps the words until the play removes it: a run that ended in between is told of them again
    "untold": {"type": "path"},
}


def content(file: dict) -> bytes:
    return base64.b64decode(file["content"])


def differs(file: dict) -> bool:
    """In content, mode or owner."""
    path = Path(file["path"])
    try:
        seen = path.lstat()
        mode = (stat.S_IMODE(seen.st_mode), seen.st_uid, seen.st_gid)
        return not stat.S_ISREG(seen.st_mode) or mode != wanted_mode(file) or path.read_bytes() != content(file)
    except FileNotFoundError:
        return True


def wanted_mode(file: dict) -> tuple:
    return int(file["mode"], 8), os.geteuid(), os.getegid()


def judged(file: dict) -> str:
    """What the file's check has against it; "" nothing."""
    if not file["check"]:
        return ""
    with tempfile.NamedTemporaryFile() as trial:
        trial.write(content(file))
        trial.flush()
        command = [trial.name if word == "%s" else word for word in shlex.split(file["check"])]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    said = (done.stderr + done.stdout).replace(trial.name, file["path"]).strip()
    return f"{file['path']}: {said}" if done.returncode else ""


def write(file: dict) -> None:
    """At once: a reader sees the old file or the new one."""
    path = Path(file["path"])
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as new:
            os.fchmod(new.fileno(), int(file["mode"], 8))
            new.write(content(file))
            new.flush()
            os.fsync(new.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def strangers(folder: str, given: set) -> list:
    """Files below `folder` that nobody gave; what Python keeps there to start faster is nobody's business."""
    found = [Path(top) / name for top, _, names in os.walk(folder) for name in names if "__pycache__" not in top]
    return sorted(str(path) for path in found if str(path) not in given)


def kept(untold: str) -> set:
    return set(Path(untold).read_text().split()) if untold and Path(untold).exists() else set()


def keep(untold: str, tells: list) -> None:
    """Before anything is changed: what is changed and not told would stay without effect for ever."""
    if untold and set(tells) != kept(untold):
        write({"path": untold, "mode": "0644", "content": base64.b64encode("\n".join(tells).encode())})


def place(files: list, whole: list, *, dry: bool, untold: str = "") -> dict:
    """What changed and who has to hear of it; `refused`: nothing was changed, since of these."""
    changed = [file for file in files if differs(file)]
    refused = [said for said in map(judged, changed) if said]
    if refused:
        return {"refused": refused}
    given = {file["path"] for file in files}
    gone = {path: folder["tells"] for folder in whole for path in strangers(folder["path"], given)}
    told = {word for file in changed for word in file["tells"]} | {word for words in gone.values() for word in words}
    tells = sorted(told | kept(untold))
    if not dry:
        keep(untold, tells)
        for file in changed:
            write(file)
        for path in gone:
            Path(path).unlink()
    return {"written": [file["path"] for file in changed], "removed": sorted(gone), "tells": tells}


def main() -> None:
    module = AnsibleModule(ARGUMENTS, supports_check_mode=True, no_log=True)  # no_log: nothing of it into the journal
    given = module.params
    done = place(given["files"] + given["secrets"], given["whole"], dry=module.check_mode, untold=given["untold"] or "")
    if "refused" in done:
        module.fail_json(msg="Nothing was changed.\n" + "\n".join(done["refused"]))
    module.exit_json(changed=bool(done["written"] or done["removed"] or done["tells"]), **done)


if __name__ == "__main__":
    main()
