"""The doctor: on the hosts, from the operator's place, and what of it is handed to support."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scripts.lab_lib import commands, plays, settings
from scripts.lab_lib.places import ROOT
from scripts.lab_lib.topology import APPLIANCE
from scripts.lab_lib.trials import operator
from scripts.lab_lib.trials.lab import Lab
from scripts.lab_lib.trials.machines import TrialError, eventually

HOST = re.compile(r"^(\S+):(?: nothing found)?$")
FINDING = re.compile(r"^  (ERROR|WARNING) +(\w+): (.*)\n    cause:  (.*)\n    remedy: (.*)$", re.MULTILINE)
FILE = "incident.tar.gz"
PARTS = {"report.json", "report.txt", "journal.txt", "errors.txt", "units.txt", "disk.txt", "firewall.txt"}
"""among others, of each host"""
PRIVATE = re.compile(r"PRIVATE KEY|AGE-SECRET-KEY")


@dataclass(frozen=True, slots=True)
class Found:
    level: str
    check: str
    what: str
    cause: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Looked:
    """What `./scripts/doctor` wrote, by host, and how it ended."""

    code: int
    text: str
    findings: dict[str, list[Found]]


def read(text: str) -> dict[str, list[Found]]:
    """Host -> what was found there, from the words that people see."""
    found: dict[str, list[Found]] = {}
    for part in re.split(r"\n(?=\S)", text.rstrip()):
        heading, _, rest = part.partition("\n")
        if name := HOST.match(heading):
            found[name[1]] = [Found(*one) for one in FINDING.findall(rest)]
    return found


def from_outside(lab: Lab, *options: str) -> Looked:
    """As an operator types it. Raises TrialError when it does not look at every host, or its code is not its word."""
    words = ("--inventory", "inventories/lab", *options)
    done = subprocess.run(
        [str(ROOT / "scripts/doctor"), *words],
        cwd=lab.state,
        env=os.environ
        | {name: plays.environment(lab.files)[name] for name in ("PROFORMA_HOSTS_GROUP", "PROFORMA_LAB_STATE")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    found = read(done.stdout)
    levels = {one.level for host in found.values() for one in host}
    said = 2 if "ERROR" in levels else 1 if "WARNING" in levels else 0
    if done.returncode != said or set(found) != {host.name for host in APPLIANCE}:
        raise TrialError(f"./scripts/doctor: exit code {done.returncode}: {done.stdout[-1500:]} {done.stderr[-800:]}")
    commands.note("./scripts/doctor", *words)
    return Looked(done.returncode, done.stdout, found)


def doctor(lab: Lab) -> Iterator[str]:
    """No error while all is well; a stopped database is named, with cause and remedy, and no secret in the file."""
    lab.dial()
    yield from _fetched(lab)  # without a backup, not all is well
    well = from_outside(lab)
    yield from (f"while all is well, {host}: {one}" for host, one in _errors(well))
    hidden = _logged(lab)
    lab.machines.do("database", "systemctl stop 'postgresql@*'")
    try:
        on_host = _on_host(lab)
        looked = from_outside(lab, "--out", FILE)
    finally:
        lab.machines.do("database", "systemctl start postgresql@17-main.service")
    yield from _names_the_database(looked, on_host)
    yield from handed_over((lab.state / FILE).read_bytes(), looked, secrets_of(lab), hidden)
    if mode := (lab.state / FILE).stat().st_mode & 0o077:
        yield f"{FILE} can be read by others: {mode:o}"
    eventually(lab.page("/sign-in"), 60, "the portal is healthy again")
    lab.machines.do("worker", "systemctl restart proforma-worker proforma-beat")
    if lab.machines.do("worker", "systemctl is-active proforma-worker proforma-beat").split() != ["active"] * 2:
        yield "the workers do not run after a restart"


def _fetched(lab: Lab) -> Iterator[str]:
    """A backup, and a copy of it in a place that is not this house."""
    away = lab.state / "away"
    operator.playbook(lab, "backup", backup_fetch_to=away)
    if not [path for path in away.glob("2*Z/*") if path.name == "manifest.json.sig"]:
        yield f"no signed backup lies in the other place: {sorted(away.glob('*/*'))}"


def _errors(looked: Looked) -> list[tuple[str, Found]]:
    return [(host, one) for host, found in looked.findings.items() for one in found if one.level == "ERROR"]


def _logged(lab: Lab) -> str:
    """A secret that a program's error has put into the log; returns the words around it."""
    secret, words = settings.secrets_of(lab.files)["database_app"], "lab: could not sign in with"
    lab.machines.do("portal", f"logger -p user.err '{words} {secret} today'")
    return words


def _on_host(lab: Lab) -> str:
    """The same on the host itself. Raises TrialError."""
    file = "/run/incident.tar.gz"
    said = lab.machines.run("portal", "proforma-doctor", "--out", file)
    mode = lab.machines.do("portal", f"stat -c %a {file}; rm {file}")
    if (said.code, mode) != (2, "600"):
        raise TrialError(f"portal: proforma-doctor: exit code {said.code}, mode {mode}: {said.text[-800:]}")
    commands.note("proforma-doctor", "--out", file)
    return said.text


def _names_the_database(looked: Looked, on_host: str) -> Iterator[str]:
    for host in ("portal", "worker"):
        named = [one for one in looked.findings[host] if (one.check, one.level) == ("database", "ERROR")]
        if not named:
            yield f"the database is stopped, and the doctor says of {host}: {looked.findings[host]}"
        yield from (f"{host}: without cause or remedy: {one}" for one in named if not (one.cause and one.remedy))
    if looked.code != 2:
        yield f"exit code {looked.code} although there are errors"
    if "database" not in on_host:
        yield f"on the portal host, the database is not named: {on_host[-800:]}"


def secrets_of(lab: Lab) -> dict[str, str]:
    """Every secret that hosts or people of this lab have: name -> value."""
    people: dict[str, str] = json.loads((lab.state / "people.json").read_text())
    return settings.secrets_of(lab.files).values | {f"password of {name}": value for name, value in people.items()}


def handed_over(file: bytes, looked: Looked, secrets: dict[str, str], hidden: str) -> Iterator[str]:
    """What is wrong with the one file. `hidden`: words in a log of the portal's before a secret of it."""
    outer = unpacked(file)
    wanted = {f"{host}.tar.gz" for host in looked.findings} | {"summary.txt"}
    if set(outer) != wanted:
        yield f"{FILE} holds {sorted(outer)} instead of {sorted(wanted)}"
    if outer.get("summary.txt", b"").decode() != looked.text:
        yield "its summary is not what was shown"
    for host in looked.findings:
        inner = unpacked(outer.get(f"{host}.tar.gz", b""))
        yield from (f"{host}: {lacking} is missing" for lacking in sorted(PARTS - set(inner)))
        for name, data in inner.items():
            text = data.decode(errors="replace")
            yield from (f"{host}: {name} has the secret {which}" for which, value in secrets.items() if value in text)
            if PRIVATE.search(text):
                yield f"{host}: {name} has a private key"
        if host == "portal" and f"{hidden} ***" not in inner.get("errors.txt", b"").decode():
            yield "portal: the log's line with a secret is not there with the secret taken out, so nothing was proven"


def unpacked(file: bytes) -> dict[str, bytes]:
    """Name without the folder -> content; {} for what is no archive."""
    try:
        with tarfile.open(fileobj=io.BytesIO(file)) as tar:
            files = {Path(*Path(one.name).parts[1:]): tar.extractfile(one) for one in tar.getmembers()}
            return {str(name): content.read() for name, content in files.items() if content}
    except tarfile.TarError:
        return {}
