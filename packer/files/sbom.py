"""A bill of materials of the image, CycloneDX 1.6: every package of Debian that is installed. NAME VERSION OUT."""

import hashlib
import json
import subprocess
import sys
import uuid
from datetime import UTC, datetime
from pathlib import Path

FORMAT = "${Package}\\t${Version}\\t${Architecture}\\t${source:Package}\\t${db:Status-Abbrev}\\n"


def components():
    listed = subprocess.run(
        ["dpkg-query", "--show", "--showformat", FORMAT], capture_output=True, text=True, check=True
    )
    for line in sorted(listed.stdout.splitlines()):
        name, version, architecture, source, status = line.split("\t")
        if status.startswith("ii"):
            purl = f"pkg:deb/debian/{name}@{version.replace('+', '%2B')}?arch={architecture}&distro=debian-13"
            properties = [{"name": "debian:source", "value": source}]
            yield {
                "type": "library",
                "bom-ref": purl,
                "name": name,
                "version": version,
                "purl": purl,
                "properties": properties,
            }


def main(name, version, out):
    found = list(components())
    serial = uuid.UUID(bytes=hashlib.sha256(json.dumps(found).encode()).digest()[:16], version=4)
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {
            "timestamp": datetime.now(UTC).isoformat(timespec="seconds"),
            "component": {"type": "operating-system", "name": name, "version": version},
        },
        "components": found,
    }
    Path(out).write_text(json.dumps(bill, indent=1) + "\n")
    sys.stdout.write(f"{len(found)} packages\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
