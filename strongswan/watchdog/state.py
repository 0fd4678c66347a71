"""What vici says of the tunnels, as plain values that become JSON. Pure: dictionaries in, values out.

Healthy means an INSTALLED CHILD_SA. An IKE_SA alone says nothing: it stays ESTABLISHED while its child fails.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

Vici = Mapping[str, Any]  # as the `vici` package gives it: keys are text, values bytes, lists or dictionaries


@dataclass(frozen=True, slots=True)
class Wanted:
    """A tunnel that should be up. `initiate`: we bring it up; otherwise the customer does."""

    connection: str
    child: str
    initiate: bool


@dataclass(frozen=True, slots=True)
class Tunnel:
    """One customer's tunnel. Ages and times in seconds, counters since the CHILD_SA was installed or last rekeyed."""

    name: str
    up: bool
    ike_state: str
    child_states: tuple[str, ...]
    remote_address: str
    established_for: int
    bytes_in: int
    bytes_out: int
    packets_in: int
    packets_out: int
    ike_rekey_in: int
    child_rekey_in: int


@dataclass(frozen=True, slots=True)
class Pool:
    """Addresses that staff laptops are given."""

    name: str
    base: str
    size: int
    online: int
    offline: int


@dataclass(frozen=True, slots=True)
class State:
    """All of it. `staff_online` counts laptops with an INSTALLED CHILD_SA; who they are stays in charon."""

    at: float
    tunnels: tuple[Tunnel, ...]
    pools: tuple[Pool, ...]
    staff_online: int
    daemon_answers: bool = True

    def as_dict(self) -> dict[str, Any]:
        up = sum(tunnel.up for tunnel in self.tunnels)
        return {**asdict(self), "tunnels_wanted": len(self.tunnels), "tunnels_up": up}


def state(at: float, wanted: Iterable[Wanted], sas: Iterable[Vici], pools: Vici) -> State:
    """`sas`: the entries of list_sas, each {connection: values}; `pools`: the answer to get_pools."""
    entries = [(name, values) for entry in sas for name, values in entry.items()]
    tunnels = tuple(_tunnel(want, [v for name, v in entries if name == want.connection]) for want in wanted)
    staff = sum(any(_installed(v)) for name, v in entries if name.startswith("staff-"))
    return State(at, tunnels, tuple(_pool(name, values) for name, values in pools.items()), staff)


def unanswered(at: float, wanted: Iterable[Wanted]) -> State:
    """What can be said when charon does not answer: nothing is up."""
    return State(at, tuple(_tunnel(want, []) for want in wanted), (), 0, daemon_answers=False)


def _tunnel(want: Wanted, ike_sas: list[Vici]) -> Tunnel:
    children = [c for sa in ike_sas for c in sa.get("child-sas", {}).values() if text(c, "name") == want.child]
    installed = [c for c in children if text(c, "state") == "INSTALLED"]
    best = next((sa for sa in ike_sas if text(sa, "state") == "ESTABLISHED"), ike_sas[0] if ike_sas else {})
    return Tunnel(
        name=want.child,
        up=bool(installed),
        ike_state=text(best, "state") or "NONE",
        child_states=tuple(text(c, "state") for c in children),
        remote_address=text(best, "remote-host"),
        established_for=number(best, "established"),
        bytes_in=sum(number(c, "bytes-in") for c in installed),
        bytes_out=sum(number(c, "bytes-out") for c in installed),
        packets_in=sum(number(c, "packets-in") for c in installed),
        packets_out=sum(number(c, "packets-out") for c in installed),
        ike_rekey_in=number(best, "rekey-time"),
        child_rekey_in=min((number(c, "rekey-time") for c in installed), default=0),
    )


def _installed(ike_sa: Vici) -> Iterable[bool]:
    return (text(child, "state") == "INSTALLED" for child in ike_sa.get("child-sas", {}).values())


def _pool(name: str, values: Vici) -> Pool:
    return Pool(name, text(values, "base"), *(number(values, key) for key in ("size", "online", "offline")))


def text(values: Vici, key: str) -> str:
    raw = values.get(key, b"")
    return raw.decode("utf-8", "replace") if isinstance(raw, bytes) else str(raw)


def number(values: Vici, key: str) -> int:
    """0 where it is missing: charon leaves out what does not apply."""
    said = text(values, key)
    return int(said) if said.isdigit() else 0
