"""What an operator does at the controller: playbooks, certificates, releases. The same commands as in docs/."""

from __future__ import annotations

import secrets
import shutil
import subprocess
from pathlib import Path

from scripts.lab_lib import authorities, commands, houses, plays, release
from scripts.lab_lib.authorities import Holder
from scripts.lab_lib.errors import LabError
from scripts.lab_lib.places import ROOT
from scripts.lab_lib.topology import PORTAL_NAME
from scripts.lab_lib.trials.lab import VPN_HOSTS, Lab
from scripts.lab_lib.trials.machines import TrialError

VPN_PYTHON = "/opt/proforma-vpn/venv/bin/python"
TAKE_OVER = f"{VPN_PYTHON} -m strongswan.pair takeover"


def playbook(lab: Lab, name: str, *, limit: str = "", tags: str = "", baked: bool = False, **given: object) -> None:
    """A playbook of ansible/ against the lab. `baked`: without what the hosts' layers hold. Raises TrialError."""
    options = [word for key, value in given.items() for word in ("-e", f"{key}={value}")]
    options += ["--limit", limit] * bool(limit) + ["--tags", tags] * bool(tags) + ["--skip-tags", "bake,harden"] * baked
    try:
        plays.play(lab.files, name, *options)
    except LabError as error:
        raise TrialError(str(error)) from None


def render(lab: Lab, *words: str) -> str:
    """What strongswan.render says of the lab's site files. Raises TrialError."""
    given = ("--gateway", str(lab.state / "gateway.yml"), "--sites", str(lab.sites))
    line = (".venv/bin/python", "-m", "strongswan.render", *given, *words)
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    if done.returncode:
        raise TrialError(f"{' '.join(line)}: exit code {done.returncode}: {done.stderr.strip()[-800:]}")
    commands.note(*line)
    return done.stdout


def another_release(lab: Lab, current: str) -> str:
    """A version later than the current one and than those of commits to come, signed and at hand."""
    first, _, last = current.rpartition(".")
    return release.ensure(lab.files, version=f"{first}.{int(last) + 100_000}")[0]


def staff_member(lab: Lab, name: str) -> None:
    """A certificate for one more person, and their profile on the laptop."""
    mail = f"{name}@{authorities.DOMAIN}"
    authorities.issue(lab.files, Holder("staff", "staff", name, mail))
    given = houses.person(lab.files, name)
    for path, file in given.files.items():
        said = lab.machines.run(
            "laptop", "install", "-D", "-m", f"{file.mode:o}", "/dev/stdin", path, given=file.content.decode()
        )
        if not said.ok:
            raise TrialError(f"laptop: {path}: {said.text}")


def stranger() -> str:
    """A name that nobody has had."""
    return f"eve-{secrets.token_hex(3)}"


def revoke(lab: Lab, name: str) -> None:
    """As docs/operations.md has it: the new list to every VPN host, then what is remembered is forgotten there."""
    file = authorities.revoke(lab.files, "staff", name)
    lists = lab.state / "rotate" / "crl"
    shutil.rmtree(lists.parent, ignore_errors=True)
    lists.mkdir(parents=True)
    shutil.copy(file, lists / "staff.pem")
    playbook(lab, "rotate_certificates", limit="vpn,localhost", rotate_from=lists.parent)
    for host in VPN_HOSTS:
        lab.machines.do(host, f"{VPN_PYTHON} -m strongswan.watchdog.revoke {name}@{authorities.DOMAIN}")


def renewed(lab: Lab) -> Path:
    """What rotate_certificates is given: new certificates and keys of the portal and of both VPN hosts."""
    folder = lab.state / "rotate"
    shutil.rmtree(folder, ignore_errors=True)
    _renew(lab, "portal", folder / "portal/portal.crt", folder / "portal/portal.key")
    for host in VPN_HOSTS:
        _renew(lab, host, folder / host / "x509/gateway.pem", folder / host / "private/gateway.pem")
    return folder


def _renew(lab: Lab, name: str, certificate: Path, key: Path) -> None:
    """Both in the directory, and in the lab's own, so that the next run of the roles brings no old one back."""
    authorities.renew(lab.files, name)
    for source, target in ((f"{name}.crt", certificate), (f"{name}.key", key)):
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(lab.files.certificates / source, target)
        target.chmod(0o600)


def serials(lab: Lab) -> dict[str, str]:
    """Where -> serial number of the certificate that is in use there; the portal's as it is served."""
    served = f"openssl s_client -connect 127.0.0.1:443 -servername {PORTAL_NAME} </dev/null 2>/dev/null"
    found = {"portal": lab.machines.do("portal", f"{served} | openssl x509 -noout -serial")}
    of_gateway = "openssl x509 -noout -serial -in /etc/swanctl/x509/gateway.pem"
    return found | {host: lab.machines.do(host, of_gateway) for host in VPN_HOSTS}
