"""./scripts/doctor: from outside, over Ansible's inventory, or over ssh to a host that has nothing of ours."""

from __future__ import annotations

import argparse
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scripts.operations import pack
from scripts.operations.doctor import __main__ as here

ROOT = Path(__file__).resolve().parents[1]
ANSIBLE = ROOT / "ansible"
REMOTE = "/run/proforma-doctor"
EXITS = (
    "exit codes: 0 nothing found; 1 warnings; 2 errors, or a host that cannot be reached; 64 command line; 74 no file"
)
UNREACHED: dict[str, Any] = {
    "check": "reach",
    "level": "error",
    "what": "The host cannot be reached, or the doctor does not run on it.",
    "cause": "It is off, the way to it is cut, or the roles were not applied.",
    "remedy": "Try `ssh` by hand; look at its console (AWS: Session Manager); for a new host, play appliance.yml.",
    "where": "",
}
Reports = Mapping[str, bytes]


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(prog="./scripts/doctor", description=__doc__, epilog=EXITS)
    where = result.add_mutually_exclusive_group(required=True)
    where.add_argument("--inventory", type=Path, help="every host of an Ansible inventory")
    where.add_argument("--ssh", action="append", metavar="USER@HOST", help="root, or who may sudo; repeatable")
    where.add_argument("--here", action="store_true", help="this machine")
    result.add_argument("--vault-password-file", type=Path, metavar="FILE", help="as of ansible-playbook")
    result.add_argument("--out", type=Path, metavar="FILE", help="one file (tar.gz) to hand to support; no secrets")
    return result


def located(inventory: Path) -> Path:
    """From here, or from ansible/, where operators play the playbooks."""
    return inventory.resolve() if inventory.exists() else (ANSIBLE / inventory).resolve()


def of_inventory(inventory: Path, password_file: Path | None = None) -> dict[str, bytes]:
    """Host -> its file, b"" where there is none. By the playbook, as operators play it; its errors are shown."""
    vault = ["--vault-password-file", str(password_file.resolve())] if password_file else []
    bin_folder = Path(sys.executable).parent
    environment = os.environ | {
        "ANSIBLE_CONFIG": str(ANSIBLE / "ansible.cfg"),
        "ANSIBLE_DISPLAY_FAILED_STDERR": "true",
    }
    listed = subprocess.run(
        [str(bin_folder / "ansible-inventory"), "-i", str(inventory), "--list", *vault],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if listed.returncode:
        raise SystemExit(f"The inventory cannot be read: {listed.stderr.strip()[-500:]}")
    known = json.loads(listed.stdout)
    names = sorted({host for group in ("vpn", "portal", "worker") for host in known.get(group, {}).get("hosts", [])})
    with tempfile.TemporaryDirectory() as scratch:
        command = [str(bin_folder / "ansible-playbook"), "-i", str(inventory), "playbooks/doctor.yml"]
        command += ["-e", f"doctor_out={scratch}", *vault]
        done = subprocess.run(command, env=environment, cwd=ANSIBLE, capture_output=True, text=True, check=False)
        files = {name: _bytes(Path(scratch) / f"{name}.tar.gz") for name in names}
    if not all(files.values()):
        sys.stderr.write(done.stderr.strip()[-2000:] + "\n")
    return files


def of_ssh(targets: Sequence[str]) -> dict[str, bytes]:
    """The program goes there, looks, and is removed again: the host needs nothing but python3."""
    program = pack.packed("proforma-doctor")
    return {target: _over_ssh(target, program) for target in targets}


def _over_ssh(target: str, program: bytes) -> bytes:
    """The file that it wrote, b"" when the host cannot be reached."""
    script = (
        'sudo=; [ "$(id -u)" = 0 ] || sudo="sudo -n"; set -e; d=$(mktemp -d); trap "rm -rf $d" EXIT; cat > $d/doctor; '
        "$sudo python3 -I $d/doctor --out $d/out.tar.gz >/dev/null 2>&1 || true; $sudo cat $d/out.tar.gz"
    )
    command = ["ssh", "-o", "ConnectTimeout=10", "-o", "BatchMode=yes", target, script]
    done = subprocess.run(command, input=program, capture_output=True, check=False, timeout=600)
    return done.stdout if done.returncode == 0 else b""


def _bytes(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


def report(packed: bytes) -> dict[str, Any]:
    """report.json of one host's file; a host without one is a finding."""
    try:
        with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
            name = next(one for one in tar.getnames() if one.endswith("/report.json"))
            file = tar.extractfile(name)
            found: dict[str, Any] = json.loads(file.read()) if file else {}
            return found
    except (tarfile.TarError, StopIteration, ValueError, EOFError):
        return {"code": 2, "findings": [UNREACHED]}


def shown(reports: Mapping[str, dict[str, Any]]) -> str:
    lines = []
    for host, one in reports.items():
        lines.append(f"{host}: {'nothing found' if not one['findings'] else ''}".rstrip())
        for found in one["findings"]:
            where = f" ({found['where']})" if found["where"] else ""
            lines += [f"  {found['level'].upper():<7} {found['check']}: {found['what']}{where}"]
            lines += [f"    cause:  {found['cause']}", f"    remedy: {found['remedy']}"]
    return "\n".join(lines) + "\n"


def collected(files: Reports, summary: str) -> bytes:
    """One file: what was shown, and each host's file as it came."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        parts = {"summary.txt": summary.encode()} | {f"{name}.tar.gz": data for name, data in files.items() if data}
        for name, data in parts.items():
            info = tarfile.TarInfo(f"doctor/{name}")
            info.size, info.mode = len(data), 0o600
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def main(arguments: Sequence[str] | None = None) -> int:
    given = parser().parse_args(arguments)
    if given.here:
        return here.main(["--out", str(given.out)] if given.out else [])
    files = of_inventory(located(given.inventory), given.vault_password_file) if given.inventory else of_ssh(given.ssh)
    if not files:
        sys.stderr.write("The inventory has no host in vpn, portal or worker.\n")
        return 64
    reports = {name: report(data) for name, data in files.items()}
    summary = shown(reports)
    sys.stdout.write(summary)
    if given.out:
        try:
            given.out.touch(mode=0o600)
            given.out.write_bytes(collected(files, summary))
        except OSError as error:
            sys.stderr.write(f"No file was written: {error.strerror} ({error.filename}).\n")
            return 74
    return max(int(one["code"]) for one in reports.values())


if __name__ == "__main__":
    raise SystemExit(main())
