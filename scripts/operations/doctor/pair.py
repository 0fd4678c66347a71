"""The pair of VPN hosts, by what strongswan/pair writes (its README lists the keys)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from scripts.operations.doctor.host import ERROR, WARNING, Finding, Host

CONFIGURATION = "/etc/proforma-vpn/pair.json"
STATE = "/run/proforma-vpn/pair.json"
STALE, SILENT = 10.0, 5.0
"""Seconds since the state was written, and since the other host was heard."""
LOOK = "journalctl -u vpn-pair -n 50"


def standby(state: dict[str, Any]) -> bool:
    """A standby holds no tunnel, and should not."""
    return state.get("role") == "standby"


def pair(host: Host) -> Iterator[Finding]:
    """A single host, which has no configuration of a pair, is well."""
    if not host.path(CONFIGURATION).exists():
        return
    state = host.json(STATE)
    if time.time() - float(state.get("at", 0)) > STALE:
        what, cause = "Nothing is known of the pair: this host takes over nothing.", "vpn-pair.service does not run."
        yield Finding("pair", ERROR, what, cause, f"systemctl status vpn-pair; {LOOK}", STATE)
        return
    yield from _other(state)
    yield from _own(state)


def _other(state: dict[str, Any]) -> Iterator[Finding]:
    peer = state.get("peer") or {}
    if float(peer.get("heard_ago", SILENT + 1)) > SILENT:
        cause = "It is off, its vpn-pair.service does not run, or the heartbeat's keys differ."
        yield Finding("pair", ERROR, "The other VPN host is not heard.", cause, f"Look there; here: {LOOK}")
    elif state.get("configuration_differs"):
        cause = "They were rendered from different site files."
        yield Finding("pair", WARNING, "The two VPN hosts differ.", cause, "Play playbooks/appliance.yml on both.")


def _own(state: dict[str, Any]) -> Iterator[Finding]:
    if state.get("held_back"):
        cause = "There were too many takeovers within an hour, or one a moment ago."
        remedy = (
            f"Find out why the other keeps failing ({LOOK}). To take over all the same, here: "
            "/opt/proforma-vpn/venv/bin/python -m strongswan.pair takeover --force"
        )
        yield Finding("pair", ERROR, "A takeover is held back.", cause, remedy)
    if state.get("trouble"):
        yield Finding("pair", WARNING, "What the pair did last has failed.", str(state["trouble"]), LOOK)
    if not state.get("ready"):
        cause = (
            "charon does not answer with all connections." if not state.get("daemon_answers") else "See the journal."
        )
        yield Finding("pair", WARNING, "This host could not take over.", cause, f"systemctl status strongswan; {LOOK}")
