"""A bill of materials of the machine, CycloneDX 1.6: Debian's packages, and those of each Python environment.

NAME VERSION COMMIT OUT [PLACE ...]; environments are looked for below each PLACE, by default everywhere.
"""

import hashlib
import json
import os
import re
import subprocess
import sys
import uuid
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

FORMAT = "${Package}\\t${Version}\\t${Architecture}\\t${source:Package}\\t${db:Status-Abbrev}\\n"


def components(places):
    yield from debian()
    yield from python(places)


def debian():
    for line in sorted(_said("dpkg-query", "--show", "--showformat", FORMAT)):
        name, version, architecture, source, status = line.split("\t")
        if status.startswith("ii"):
            purl = f"pkg:deb/debian/{name}@{_escaped(version)}?arch={architecture}&distro=debian-13"
            yield _component(purl, name, version) | {"properties": [{"name": "debian:source", "value": source}]}


def python(places):
    """Each package once, with every environment that holds it."""
    found = {}
    for environment in environments(places):
        for one in metadata.distributions(path=[str(path) for path in environment.glob("lib/python3*/site-packages")]):
            name = re.sub(r"[-_.]+", "-", one.metadata["Name"]).lower()
            found.setdefault((name, one.version), []).append({"location": str(environment)})
    for (name, version), where in sorted(found.items()):
        yield _component(f"pkg:pypi/{name}@{_escaped(version)}", name, version) | {"evidence": {"occurrences": where}}


def environments(places):
    marks = _said("find", *places, "-xdev", "-name", "pyvenv.cfg")
    return sorted(Path(mark).parent for mark in marks)


def _said(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def _escaped(version):
    return version.replace("+", "%2B")


def _component(purl, name, version):
    return {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}


def main(name, version, commit, out, *places):
    found = list(components(places or ("/",)))
    serial = uuid.UUID(bytes=hashlib.sha256(json.dumps(found).encode()).digest()[:16], version=4)
    subject = {"type": "operating-system", "name": name, "version": version}
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {
            "timestamp": datetime.now(UTC).isoformat(timespec="seconds"),
            "component": subject | {"properties": [{"name": "git:commit", "value": commit}]},
        },
        "components": found,
    }
    os.umask(0o022)  # a hardened host makes root's files root's alone, and whoever bakes fetches this one
    Path(out).parent.mkdir(parents=True, exist_ok=True)
    Path(out).write_text(json.dumps(bill, indent=1) + "\n")
    sys.stdout.write(f"{len(found)} packages\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
