"""Checks of the machine: disk, clock, names, units, firewall."""

from __future__ import annotations

import os
import re
import socket
import struct
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLongError
from urllib.parse import urlsplit

from scripts.operations.doctor.host import ERROR, WARNING, Finding, Host

PLACES = ("/", "/var", "/var/lib/proforma", "/opt/proforma", "/var/backups/proforma", "/var/log/journal", "/tmp")  # noqa: S108
FULL, TIGHT, SMALLEST = 3.0, 12.0, 64 * 2**20
CLOCK_WARNS, CLOCK_WRONG = 1.0, 30.0
NTP_EPOCH = 2208988800
"""seconds from 1900, where NTP begins, to 1970 (RFC 5905)"""
NAME_SECONDS = 6.0
SENDS = ("proforma-worker", "proforma-beat", "proforma-events")
HOLDS = {"/etc/proforma/hold": ("proforma-web", *SENDS), "/etc/proforma/hold-sending": SENDS}
"""as playbooks/tasks/services_stop.yml writes them"""


def disk(host: Host) -> Iterator[Finding]:
    """Space and inodes of each file system once."""
    seen: set[int] = set()
    for name in PLACES:
        path = host.path(name)
        if not path.is_dir() or (device := path.stat().st_dev) in seen:
            continue
        seen.add(device)
        status = os.statvfs(path)
        free = status.f_bavail * status.f_frsize
        percent = 100.0 * status.f_bavail / (status.f_blocks or 1)
        inodes = 100.0 * status.f_favail / status.f_files if status.f_files else 100.0
        host.facts.setdefault("disk", {})[name] = {"free_mb": free // 2**20, "free_percent": round(percent, 1)}
        if percent < FULL or free < SMALLEST or inodes < FULL:
            yield _space(name, ERROR, percent, free, inodes)
        elif percent < TIGHT or inodes < TIGHT:
            yield _space(name, WARNING, percent, free, inodes)


def _space(name: str, level: str, percent: float, free: int, inodes: float) -> Finding:
    what = f"{free // 2**20} MB ({percent:.0f} %) are free, {inodes:.0f} % of the inodes."
    remedy = "du -xh --max-depth=2 / | sort -h | tail; journalctl --vacuum-size=200M; proforma-install prune --keep 1."
    return Finding("disk", level, what, "Logs, old releases or backups have filled it.", remedy, name)


def clock(host: Host) -> Iterator[Finding]:
    """The configured time server is asked; the two should agree."""
    server = str(host.settings.get("timeserver") or "")
    if not server:
        return
    offset = time_offset(server)
    host.facts["time"] = {"server": server, "offset_seconds": None if offset is None else round(offset, 3)}
    if offset is None:
        remedy = "Look at name, route and firewall (UDP 123); then: chronyc sources, or timedatectl timesync-status."
        yield Finding("clock", WARNING, "The time server does not answer.", "It is away or blocked.", remedy, server)
    elif abs(offset) > CLOCK_WARNS:
        level = ERROR if abs(offset) > CLOCK_WRONG else WARNING
        side = "ahead" if offset > 0 else "behind"
        what = f"This clock and the time server are {abs(offset):.0f} s apart; the server is {side}."
        cause = "This host does not follow the server, or the server is wrong: compare with a third clock (date -u)."
        remedy = (
            "If this host is wrong: restart its time service. If the server is: name another in appliance_timeserver "
            "and play appliance.yml. Certificates, sign-ins and leases go wrong until then."
        )
        yield Finding("clock", level, what, cause, remedy, server)


def time_offset(server: str, port: int = 123, seconds: float = 3.0) -> float | None:
    """Seconds to add to this clock (SNTP, RFC 4330); None without an answer."""
    try:
        with socket.socket(socket.AF_INET6 if ":" in server else socket.AF_INET, socket.SOCK_DGRAM) as asked:
            asked.settimeout(seconds)
            asked.connect((server, port))
            sent = time.time()
            asked.send(b"\x23" + 39 * b"\0" + struct.pack("!II", int(sent) + NTP_EPOCH, 0))
            answer = asked.recv(512)
            came = time.time()
    except OSError:
        return None
    if len(answer) < 48 or answer[0] & 7 != 4 or answer[1] == 0:
        return None
    received, transmitted = (_moment(answer[at : at + 8]) for at in (32, 40))
    return ((received - sent) + (transmitted - came)) / 2


def _moment(raw: bytes) -> float:
    whole, part = struct.unpack("!II", raw)
    return float(whole) - NTP_EPOCH + float(part) / 2**32


def names(host: Host) -> Iterator[Finding]:
    """Names that this host has to find: those of its settings, and the database's."""
    wanted = [str(name) for name in host.settings.get("names", [])]
    if found := urlsplit(host.read("/etc/credstore/proforma.database_url").strip()).hostname:
        wanted.append(found)
    for name in dict.fromkeys(wanted):
        if problem := unresolved(name):
            cause = "The name server is away or does not know the name (/etc/resolv.conf, /etc/hosts)."
            remedy = f"getent ahosts {name}; resolvectl status or cat /etc/resolv.conf; is UDP and TCP 53 let out?"
            yield Finding("names", ERROR, f"It cannot be resolved: {problem}.", cause, remedy, name)


def unresolved(name: str, seconds: float = NAME_SECONDS) -> str:
    """ "" when it can be; a resolver that does not answer is not waited for."""
    pool = ThreadPoolExecutor(1)
    try:
        pool.submit(socket.getaddrinfo, name, None).result(seconds)
    except TooLongError:
        return f"no answer in {seconds:g} s"
    except OSError as error:
        return error.strerror or str(error)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    return ""


def units(host: Host) -> Iterator[Finding]:
    """Failed units of the machine, and our own that should run and do not."""
    said = host.run("systemctl", "list-units", "--failed", "--plain", "--no-legend", "--no-pager")
    if said.code:
        return
    failed = [line.split()[0] for line in said.out.splitlines() if line.strip()]
    host.facts["units_failed"] = failed
    for unit in failed:
        remedy = f"journalctl -u {unit} -n 50 says why; mend it, then: systemctl restart {unit}"
        yield Finding("units", ERROR, "The unit has failed.", "Its program ended with an error.", remedy, unit)
    for unit in _ours(host):
        state = host.run("systemctl", "is-active", unit).out.strip()
        if state not in ("active", "activating", "reloading", "failed"):
            cause, remedy = _held(host, unit) or (
                "Somebody stopped it, or what it waits for is missing.",
                f"systemctl status {unit}; systemctl start {unit}",
            )
            yield Finding("units", ERROR, f"The unit is enabled and {state or 'unknown'}.", cause, remedy, unit)


def _held(host: Host, unit: str) -> tuple[str, str] | None:
    """Cause and remedy where a restore keeps the unit off."""
    for name, units in HOLDS.items():
        if unit.removesuffix(".service") in units and host.path(name).exists():
            remedy = f"docs/operations.md, Restore; when all of it is done: rm {name}; systemctl start {unit}"
            return host.read(name).strip() or "A restore keeps it off.", remedy
    return None


def _ours(host: Host) -> list[str]:
    """Services of ours that are enabled and stay up; those that run once, or by a timer, are not asked."""
    command = ("systemctl", "list-unit-files", "--state=enabled", "--plain", "--no-legend", "--no-pager")
    found = [line.split()[0] for line in host.run(*command).out.splitlines() if line.strip()]
    ours = re.compile(
        r"(proforma-(web|worker|beat|events|ship)\.service|proforma-.*\.timer|nginx\.service|strongswan\.service|vpn-(watchdog|pair)\.service)"
    )
    return [unit for unit in found if ours.fullmatch(unit)]


def firewall(host: Host) -> Iterator[Finding]:
    """Rules are loaded, and refuse what they do not name."""
    if not host.root_user:
        return
    said = host.run("nft", "list", "ruleset")
    if said.code:
        cause = "nftables is not installed, or this is not root."
        yield Finding("firewall", ERROR, "The rules cannot be listed.", cause, "apt-get install nftables; run as root.")
        return
    wanted = [name for name in ("/etc/nftables.conf", "/etc/proforma-vpn/nftables.conf") if host.path(name).is_file()]
    tables = re.findall(r"^table (\S+ \S+)", said.out, flags=re.M)
    drops = re.search(r"hook input [^\n]*policy drop", said.out)
    host.facts["firewall_tables"] = tables
    if not drops:
        what = "No rules are loaded." if not tables else "Rules are loaded, but they let in what they do not name."
        cause = "The service that loads them did not run, or somebody flushed them."
        unit = "vpn-firewall.service" if host.has("vpn") else "nftables.service"
        yield Finding("firewall", ERROR, what, cause, f"systemctl restart {unit}; nft list ruleset", ", ".join(wanted))


def reboot(host: Host) -> Iterator[Finding]:
    if host.path("/run/reboot-required").exists():
        cause = "A new kernel or library was installed."
        remedy = "Reboot at a quiet time: the standby VPN host first, then fail over (docs/operations.md)."
        yield Finding("reboot", WARNING, "The host wants a reboot.", cause, remedy)


def instance(host: Host) -> Iterator[Finding]:
    """A host that an auto-scaling group made: it configured itself to the end."""
    if host.path("/etc/proforma/boot.json").exists() and not host.path("/var/lib/proforma/booted").exists():
        what = "This instance has not configured itself to the end, and serves nothing or not everything."
        cause = "It is still at it (some minutes), or a step failed: /var/log/cloud-init-output.log says which."
        yield Finding("instance", ERROR, what, cause, "Mend that, then: proforma-boot")


def customers(host: Host) -> Iterator[Finding]:
    """Names of customers' systems lead where the site files say, and the customers' own name servers agree."""
    for name, one in host.json("/etc/proforma/customer-names.json").items():
        address = str(one["address"])
        if (found := _address(name)) != address:
            cause = "Another line of /etc/hosts, or somebody changed ours."
            remedy = "Play appliance.yml, which writes /etc/hosts anew; look for a second line of that name."
            yield Finding(
                "customers", ERROR, f"It leads to {found or 'nowhere'}, not to {address}.", cause, remedy, name
            )
        servers = [str(server) for server in one["servers"]]
        answers = {answer for server in servers for answer in _asked(host, name, server)}
        if servers and address not in answers:
            what = (
                f"The customer's name server says {', '.join(sorted(answers)) or 'nothing'}, the site file {address}."
            )
            cause = "The system has moved, or the name server is away or not let through."
            remedy = "Ask the customer's network team; then change the site file, and its rules with it."
            yield Finding("customers", WARNING, what, cause, remedy, name)


def _address(name: str) -> str:
    try:
        return socket.gethostbyname(name)
    except OSError:
        return ""


def _asked(host: Host, name: str, server: str) -> list[str]:
    """Addresses that this server gives to the name."""
    said = host.run("dig", "+short", "+tries=2", "+time=2", f"@{server}", name, "A")
    return [line for line in said.out.split() if not said.code and line[:1].isdigit()]
