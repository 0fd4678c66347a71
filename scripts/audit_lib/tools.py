"""The auditors, fetched once by a host that is online and kept in the hosts' cache: a host under audit stays as it is.

CACHE/audit/: lynis/ (runs from anywhere), ssg-debian12-ds.xml (rules for Debian 12; only Debian 13 has them).
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from scripts.host_lib import bases, boot, hosts, locks, network, places
from scripts.host_lib.errors import HostError
from scripts.host_lib.places import Group
from scripts.host_lib.spec import UPLINK, Attachment, Spec

CONTENT = "ssg-debian12-ds.xml"
_PATIENCE = 900.0
_FETCH = """set -e
apt-get -qq update
cd /var/cache/apt/archives
apt-get -qq download lynis ssg-debian
mkdir -p /audit
for one in lynis ssg-debian; do dpkg-deb -x "$one"_*.deb /audit; done
mkdir -p /audit/out/lynis/plugins
cp -a /audit/usr/share/lynis/. /audit/out/lynis/
cp /audit/usr/sbin/lynis /audit/etc/lynis/default.prf /audit/out/lynis/
cp /audit/usr/share/xml/scap/ssg/content/ssg-debian12-ds.xml /audit/out/
"""


def directory() -> Path:
    return places.cache() / "audit"


def ensure() -> Path:
    """Where the tools are; fetches them when they are not there (ten seconds, and the internet). Raises HostError."""
    with locks.held(places.cache() / "audit.lock", _PATIENCE):
        if not (directory() / CONTENT).is_file():
            _fetch()
    return directory()


def _fetch() -> None:
    built, _ = bases.build("trixie")
    group = Group(f"audit-{os.getpid()}")
    place = group.place("fetching")
    try:
        route = ("default", str(network.uplink(group).ip))
        hosts.up(place, Spec(built.suite, attachments=(Attachment(UPLINK, UPLINK),), routes=(route,)))
        boot.wait(place)
        _run([*boot.entering(place), "sh", "-c", _FETCH])
        aside = directory().with_name("audit.new")
        shutil.rmtree(aside, ignore_errors=True)
        shutil.copytree(place.root / "audit/out", aside)
        shutil.rmtree(directory(), ignore_errors=True)
        aside.rename(directory())
    finally:
        hosts.down_all(group, purge=True, now=True)


def _run(line: list[str]) -> None:
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    if done.returncode:
        remedy = "Is Debian's mirror reached? ./scripts/host doctor says where packages come from."
        raise HostError(f"The auditors were not fetched: {done.stderr[-800:]}", where="audit", remedy=remedy)
