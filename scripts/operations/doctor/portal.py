"""Checks of what the appliance is for: database, release, the portal's answer, its work, the tunnels."""

from __future__ import annotations

import json
import socket
import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime

from scripts.operations import postgres
from scripts.operations.doctor.host import ERROR, WARNING, Finding, Host
from scripts.operations.doctor.pair import STATE, standby
from scripts.operations.errors import OperationError
from scripts.operations.postgres import Session

STATE_SECONDS, STATUS_SECONDS = 30.0, 600.0
URL = "/etc/credstore/proforma.database_url"
CODES = {
    65: "It is unsigned, altered or not trusted.",
    66: "Something is missing.",
    78: "It was changed after it was installed.",
}


def database(host: Host) -> Iterator[Finding]:
    """Reached, encrypted, and it lets us in."""
    if not (host.root_user and host.path(URL).exists()):
        return
    try:
        with postgres.opened(host.path(URL)) as there:
            if problem := _unreached(there.host, there.port):
                cause = "The server is down, or a firewall or route is between."
                remedy = (
                    f"getent ahosts {there.host}; is TCP {there.port} let out (nft list ruleset)? The server's log."
                )
                yield Finding("database", ERROR, f"It cannot be reached: {problem}.", cause, remedy, there.place)
                return
            with Session(there) as session:
                session.value("SELECT 1")
    except OperationError as error:
        cause = error.what
        yield Finding("database", ERROR, "It cannot be used.", cause, error.remedy or "See its log.", error.where)


def _unreached(name: str, port: int, seconds: float = 5.0) -> str:
    try:
        socket.create_connection((name, port), seconds).close()
    except OSError as error:
        return error.strerror or str(error)
    return ""


def release(host: Host) -> Iterator[Finding]:
    """The pointer, what is installed, and what runs name one and the same release, unaltered."""
    if not host.path("/usr/local/sbin/proforma-install").exists():
        return
    pointer = host.read("/etc/proforma/current-release").strip()
    current = _current(host)
    host.facts["release"] = {"pointer": pointer, "current": current}
    if pointer and pointer != current:
        what = f"The pointer names {pointer}, and {current or 'no release'} is current."
        cause = "The rollout was interrupted or rolled back, or the host was off."
        remedy = (
            "journalctl -u proforma-follow -n 50; systemctl start proforma-follow.service, or put the pointer back."
        )
        yield Finding("release", ERROR, what, cause, remedy, "/etc/proforma/current-release")
    if current and host.root_user:
        yield from _altered(host)
        yield from _untrusted(host, pointer or current)


def _current(host: Host) -> str:
    try:
        return host.path("/opt/proforma/current").readlink().name
    except OSError:
        return ""


def _altered(host: Host) -> Iterator[Finding]:
    command = ["/usr/local/sbin/proforma-install", "verify-running"]
    said = host.run(*command, *([] if host.has("portal") or host.has("worker") else ["--files-only"]), seconds=120)
    if said.code:
        cause = CODES.get(said.code, "See the message.")
        remedy = "Find out who changed it (a break-in, unless you know), then roll the release out anew: release.yml."
        yield Finding(
            "release", ERROR, _last(said.err) or "It is not as released.", cause, remedy, "/opt/proforma/current"
        )


def _untrusted(host: Host, version: str) -> Iterator[Finding]:
    """The artifact that the next host, or the next boot, would take."""
    artifact = host.path(f"/var/lib/proforma/artifacts/proforma-{version}.tar")
    if artifact.exists():
        said = host.run("/usr/local/sbin/proforma-install", "verify", "--artifact", str(artifact), seconds=120)
        if said.code:
            cause = CODES.get(said.code, "See the message.")
            remedy = "Bring the signed artifact here again (release.yml); find out who replaced this one."
            yield Finding("release", ERROR, _last(said.err) or "It does not verify.", cause, remedy, str(artifact))


def _last(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].partition(" ERROR ")[2] or lines[-1] if lines else ""


def answer(host: Host) -> Iterator[Finding]:
    """nginx and gunicorn answer /health as a browser would ask."""
    if not host.has("portal"):
        return
    name = str(host.settings.get("portal_name") or "localhost")
    try:
        status, body = _health(name)
    except OSError as error:
        remedy = "systemctl status nginx proforma-web; journalctl -u proforma-web -n 50"
        what = f"The portal does not answer: {error.strerror or type(error).__name__}."
        yield Finding("answer", ERROR, what, "nginx or gunicorn is not running.", remedy, "https://127.0.0.1/health")
        return
    host.facts["health"] = status
    if status != 200:
        causes = {"database": "The database does not answer.", "migrations": "The tables are older than the release."}
        cause = causes.get(body, "gunicorn is not running, or does not know this name (PROFORMA_ALLOWED_HOSTS).")
        remedy = "See the findings about the database; otherwise journalctl -u proforma-web -n 50."
        yield Finding("answer", ERROR, f"The portal answers {status}.", cause, remedy, "https://127.0.0.1/health")


def _health(name: str) -> tuple[int, str]:
    """(status, the one word of the answer). The certificate is looked at elsewhere."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", 443), 5) as plain,
        context.wrap_socket(plain, server_hostname=name) as wrapped,
    ):
        wrapped.sendall(f"GET /health HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
        said = b""
        while chunk := wrapped.recv(4096):
            said += chunk
    head, _, body = said.decode("utf-8", "replace").partition("\r\n\r\n")
    words = head.split()
    try:
        word = str(json.loads(body[body.find("{") : body.rfind("}") + 1])["status"])
    except (ValueError, KeyError, TypeError):
        word = ""
    return int(words[1]) if len(words) > 1 and words[1].isdigit() else 0, word


def work(host: Host) -> Iterator[Finding]:
    """What `manage.py status` said last: work that nobody takes up, months that are late, sends of unknown end."""
    name = "/run/proforma-status/status.json"
    if not host.path("/etc/systemd/system/proforma-status.timer").exists() or not _current(host):
        return
    status = host.json(name)
    age = _seconds_since(status.get("at", ""))
    host.facts["work"] = {key: status.get(key) for key in ("database", "work", "months_late", "deliveries")}
    if age is None or age > STATUS_SECONDS:
        remedy = "systemctl start proforma-status.service; journalctl -u proforma-status -n 20"
        yield Finding(
            "work", WARNING, "The portal's figures are missing or old.", "manage.py status fails.", remedy, name
        )
    yield from _waiting(status)


def _waiting(status: dict[str, object]) -> Iterator[Finding]:
    stages = status.get("work")
    for stage, row in stages.items() if isinstance(stages, dict) else ():
        if row.get("overdue"):
            what = f"{row['overdue']} units of work wait, the oldest for {row['oldest_seconds']} s."
            remedy = "systemctl status proforma-worker proforma-beat; journalctl -u proforma-worker -n 50"
            yield Finding("work", ERROR, what, "No worker runs, or it cannot reach the database.", remedy, stage)
    late = status.get("months_late")
    for month in late if isinstance(late, list) else ():
        cause = "It was not started, waits for a person, or its source fails."
        yield Finding(
            "work", WARNING, "The month is not issued yet.", cause, "Open the portal's home page.", str(month)
        )
    deliveries = status.get("deliveries")
    for kind, count in deliveries.items() if isinstance(deliveries, dict) else ():
        if count:
            remedy = "Open the portal's page Dispatch, which says what to ask the customer."
            cause = "The receiver did not answer, or did something else than it was asked for."
            yield Finding("work", WARNING, f"{count} deliveries are {kind}.", cause, remedy, "dispatch")


def tunnels(host: Host) -> Iterator[Finding]:
    """What the watchdog wrote; healthy is an installed CHILD_SA."""
    if not host.has("vpn"):
        return
    state, name = host.json("/run/proforma-vpn/state.json"), "/run/proforma-vpn/state.json"
    age = time.time() - float(state.get("at", 0))
    if age > STATE_SECONDS or not state.get("daemon_answers", True):
        remedy = "systemctl status strongswan vpn-watchdog; journalctl -u vpn-watchdog -n 30"
        cause = "The watchdog does not run." if age > STATE_SECONDS else "charon does not answer."
        yield Finding("tunnels", ERROR, "Nothing is known of the tunnels.", cause, remedy, name)
        return
    pair = host.json(STATE)
    host.facts["vpn"] = {
        "tunnels_up": state.get("tunnels_up"),
        "tunnels_wanted": state.get("tunnels_wanted"),
        "pair": pair,
    }
    if standby(pair):
        return
    for tunnel in state.get("tunnels", []):
        if not tunnel["up"]:
            tried = state.get("trying", {}).get(tunnel["name"], {}).get("error") or "the other end does not answer"
            remedy = (
                "swanctl --list-sas; journalctl -u strongswan -n 50; compare with the tunnel sheet; call the customer."
            )
            what = f"The tunnel is down (IKE {tunnel['ike_state']})."
            yield Finding("tunnels", ERROR, what, f"Last answer: {tried}.", remedy, tunnel["name"])


def _seconds_since(text: str) -> float | None:
    try:
        return (datetime.now(UTC) - datetime.fromisoformat(text)).total_seconds()
    except (ValueError, TypeError):
        return None
