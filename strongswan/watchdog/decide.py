"""Which tunnels to bring up now. Pure.

strongSwan retries a peer that does not answer, for ever. It does not retry one that answered "no" (AUTH_FAILED, no
proposal chosen), nor an IKE_SA whose child failed: those are ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from strongswan.watchdog.state import Tunnel, Vici, Wanted, text

FIRST_WAIT, LONGEST_WAIT = 5.0, 120.0


@dataclass(frozen=True, slots=True)
class Tried:
    """What was done for one tunnel since it was last up. `next_at`: not before this second of the same clock."""

    attempts: int = 0
    next_at: float = 0.0
    error: str = ""


def due(
    wanted: tuple[Wanted, ...], tunnels: tuple[Tunnel, ...], tried: Mapping[str, Tried], now: float
) -> list[Wanted]:
    """Tunnels to initiate at `now`, the one that has waited longest first.

    One that charon is working on is left alone: a second request would double it.
    """
    seen = {tunnel.name: tunnel for tunnel in tunnels}
    free_at = {want.child: tried.get(want.child, Tried()).next_at for want in wanted}
    idle = [want for want in wanted if want.initiate and _idle(seen[want.child]) and free_at[want.child] <= now]
    return sorted(idle, key=lambda want: free_at[want.child])


def _idle(tunnel: Tunnel) -> bool:
    return not tunnel.child_states and tunnel.ike_state in ("NONE", "ESTABLISHED")


def noted(earlier: Tried, now: float, error: str) -> Tried:
    """After an attempt that ended with `error`, or with "": the wait doubles up to two minutes."""
    wait = min(FIRST_WAIT * 2**earlier.attempts, LONGEST_WAIT)
    return Tried(min(earlier.attempts + 1, 10), now + wait, error)


def orphans(wanted: tuple[Wanted, ...], sas: Iterable[Vici]) -> list[str]:
    """Unique numbers of IKE_SAs of sites that are configured no more: unloading a connection leaves them standing."""
    names = {want.connection for want in wanted}
    entries = [(name, values) for entry in sas for name, values in entry.items()]
    return [text(v, "uniqueid") for name, v in entries if name.startswith("site-") and name not in names]
