"""Whether the standby VPN host takes the service address and the routes. Pure: values in, a decision out.

Used by the standby host's own watch, by the lab (driver: `ip route` and gratuitous ARP) and by the Lambda (driver:
EC2). Every time is in seconds of ONE clock, the observer's; times that others stamped have to be turned into it first.
Which clock it is does not matter: only differences count.

Three faults are told apart. A host that is gone sends no heartbeat: moving helps, and quickly. So does a host that says
itself that it cannot serve (a link without carrier, no way to the witness, no charon). A host that lives but has no
INSTALLED CHILD_SA may be broken, or the customers may be: moving is tried once, later, and not repeated while it did
not help.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum


class Action(Enum):
    """`HOLD` is a wish to move that a rule forbids for now: worth an alarm. `STAY` is not."""

    STAY = "stay"
    HOLD = "hold"
    MOVE = "move"


@dataclass(frozen=True, slots=True)
class Rules:
    """Seconds, and numbers of moves.

    heartbeat_lost: silence after which the active counts as gone; several times the heartbeat's interval.
    unready: how long the active may say that it is not ready; longer than a link takes that is plugged in again. What
        it has to be patient with itself, as a restart of its charon, it does not call unready.
    tunnels_lost: how long no CHILD_SA may be INSTALLED; longer than a customer's gateway takes to restart.
    settle: after a move, nothing is judged: tunnels need this long to come up.
    apart: least time between two moves for missing tunnels.
    most_moves, in_period: more moves than that in that time, for whatever reason, and a person has to look.
    """

    heartbeat_lost: float = 2.0
    unready: float = 5.0
    tunnels_lost: float = 45.0
    settle: float = 20.0
    apart: float = 600.0
    most_moves: int = 3
    in_period: float = 3600.0

    def __post_init__(self) -> None:
        times = (self.heartbeat_lost, self.unready, self.tunnels_lost, self.settle, self.apart, self.in_period)
        if not all(math.isfinite(seconds) and seconds > 0 for seconds in times) or self.most_moves < 1:
            raise ValueError(f"Rules need positive times and at least one move: {self}")


@dataclass(frozen=True, slots=True)
class Observation:
    """What the observer knows at `now`. None: never seen.

    watching_since: when the observer began to look; what it did not see before proves nothing.
    heartbeat_at: when the active was last heard.
    installed_at: when the active last reported at least one INSTALLED CHILD_SA.
    tunnels_expected: how many tunnels there should be; without any, missing ones are no fault.
    standby_ready: the standby's charon answers, its configuration is loaded, its links are up.
    witness_reached: a third party (the router, the cloud's API) answered the observer just now. If it did not, the
        silence may be the observer's own isolation.
    cut_off_at: when the third party last failed to answer, or a link was down. Who has just come back must listen
        first.
    unready_since: since when the active says, without a break, that it is not ready. None: it is, or nobody told.
    """

    now: float
    watching_since: float
    heartbeat_at: float | None
    installed_at: float | None
    tunnels_expected: int
    standby_ready: bool
    witness_reached: bool
    cut_off_at: float | None = None
    unready_since: float | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """A move that was made. `by_silence`: the active was gone, or said it was not ready; otherwise its tunnels were."""

    at: float
    by_silence: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """`reason`: a sentence for the log and the alarm. `again_at`: when a HOLD may end; infinite if an event has to."""

    action: Action
    reason: str
    by_silence: bool = False
    again_at: float = math.inf


def decide(seen: Observation, moves: tuple[Move, ...] = (), rules: Rules = Rules()) -> Decision:
    """The decision. `moves`: all that were made, by either host, in any order."""
    if problem := _nonsense(seen, moves):
        return Decision(Action.HOLD, problem)
    silent = _silent_for(seen)
    if silent >= rules.heartbeat_lost:
        return _permitted(seen, moves, rules, by_silence=True, why=f"The active has not been heard for {silent:.1f} s.")
    unready = _unready_for(seen)
    if unready >= rules.unready:
        why = f"The active has said for {unready:.0f} s that it is not ready."
        return _permitted(seen, moves, rules, by_silence=True, why=why)
    bare = _without_tunnels_for(seen, moves)
    if seen.tunnels_expected and bare >= rules.tunnels_lost:
        why = f"The active lives but has had no INSTALLED CHILD_SA for {bare:.0f} s."
        return _permitted(seen, moves, rules, by_silence=False, why=why)
    return Decision(Action.STAY, "The active is heard, and its tunnels are up or were until a moment ago.")


def _nonsense(seen: Observation, moves: tuple[Move, ...]) -> str:
    """A clock that jumped must not move anything; "" when all times make sense."""
    times = [seen.now, seen.watching_since, *(m.at for m in moves)]
    times += [t for t in (seen.heartbeat_at, seen.installed_at, seen.cut_off_at, seen.unready_since) if t is not None]
    if not all(map(math.isfinite, times)):
        return "A time is not a number; nothing is moved on such grounds."
    if max(times) > seen.now:
        return "Something was seen in the future: the clock was set back, or two clocks are mixed. Nothing is moved."
    return ""


def _silent_for(seen: Observation) -> float:
    """Seconds of silence that the observer itself has witnessed."""
    return seen.now - max(seen.watching_since, seen.heartbeat_at if seen.heartbeat_at is not None else -math.inf)


def _unready_for(seen: Observation) -> float:
    """Seconds for which the observer has been told so."""
    return 0.0 if seen.unready_since is None else seen.now - max(seen.watching_since, seen.unready_since)


def _without_tunnels_for(seen: Observation, moves: tuple[Move, ...]) -> float:
    """Counted anew from a move: the new active begins with none."""
    begun = [seen.watching_since, *(move.at for move in moves)]
    return seen.now - max(*begun, seen.installed_at if seen.installed_at is not None else -math.inf)


def _permitted(seen: Observation, moves: tuple[Move, ...], rules: Rules, *, by_silence: bool, why: str) -> Decision:
    """The move, unless something speaks against it."""
    if not seen.standby_ready:
        return Decision(Action.HOLD, f"{why} The standby is not ready to take over.", by_silence)
    if by_silence and not seen.witness_reached:
        return Decision(
            Action.HOLD, f"{why} Nobody else is heard either: the observer may be cut off itself.", by_silence
        )
    if by_silence and seen.cut_off_at is not None and seen.now - seen.cut_off_at < rules.heartbeat_lost:
        said = f"{why} The observer was cut off itself until a moment ago, and listens first."
        return Decision(Action.HOLD, said, by_silence, seen.cut_off_at + rules.heartbeat_lost)
    if not by_silence and _was_in_vain(seen, moves):
        return Decision(Action.HOLD, f"{why} It was so before the last move too: the fault lies elsewhere.", by_silence)
    free_at, rule = _free_at(moves, rules, by_silence)
    if seen.now < free_at:
        return Decision(Action.HOLD, f"{why} {rule}", by_silence, free_at)
    return Decision(Action.MOVE, why, by_silence)


def _was_in_vain(seen: Observation, moves: tuple[Move, ...]) -> bool:
    """The last move was for missing tunnels, and none has been up since."""
    last = max(moves, key=lambda move: move.at, default=None)
    if last is None or last.by_silence:
        return False
    return seen.installed_at is None or seen.installed_at <= last.at


def _free_at(moves: tuple[Move, ...], rules: Rules, by_silence: bool) -> tuple[float, str]:
    """When the next move is allowed at the earliest, and the rule that says so."""
    times = sorted((move.at for move in moves), reverse=True)
    if not times:
        return -math.inf, ""
    wait = rules.settle if by_silence else rules.apart
    spaced = times[0] + wait, f"The last move was less than {wait:.0f} s ago."
    if len(times) < rules.most_moves:
        return spaced
    what = f"{rules.most_moves} moves within {rules.in_period:.0f} s: a person has to look."
    return max(spaced, (times[rules.most_moves - 1] + rules.in_period, what))
