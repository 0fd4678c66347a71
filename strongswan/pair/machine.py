"""Who is active. Pure: what is seen goes in, an order comes out. Seconds of one monotonic clock.

Nobody is active before it has listened. Of two actives the later reign (the higher epoch) stays; of two with the same
epoch the preferred one. A standby asks decide() of lambdas/vpn_failover, as the Lambda does.

An active that hears nobody and has lost a link (or the witness together with its peer) is cut off itself. The other has
taken over by then, so this one leaves: otherwise both would answer for one address, and each customer's packets would
go now here, now there. When its links are back it listens, and goes on only if nobody took its place. That is its old
reign, not a new one: it displaces nobody and counts as no move, so that a link that flaps cannot use up the moves of
a host that is the only one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from lambdas.vpn_failover.decide import Action, Decision, Move, Observation, Rules, decide
from strongswan.pair.senses import Own, Senses
from strongswan.pair.wire import Beat

LISTEN = 3.0
BEGINS = 2 * LISTEN
"""after that, who should begin would have begun"""
RESTS = 30.0
WANTS = 5.0


class Role(Enum):
    LISTENING = "listening"
    STANDBY = "standby"
    ACTIVE = "active"


class Order(Enum):
    """What the daemon has to do now."""

    NOTHING = "nothing"
    TAKE = "take"
    DROP = "drop"


@dataclass(frozen=True, slots=True)
class Kept:
    """What a host still knows after a reboot. `epoch`: of the last reign that is accounted for. `active`: not ended."""

    moves: tuple[Move, ...] = ()
    epoch: int = 0
    active: bool = False


@dataclass(slots=True)
class Machine:
    """One host of a pair. `moves`: all that are known, in seconds of `now`'s clock.

    third_party: an API (EC2) moves the address, also away from here. To leave would free nothing, and the witness is
    that API. left: it was active until it was cut off, and nobody is known to have taken its place. reigned: the same
    of one that stopped without a word, and has started anew.
    """

    name: str
    preferred: bool
    configuration: str
    tunnels: int
    rules: Rules
    started: float
    third_party: bool = False
    moves: tuple[Move, ...] = ()
    role: Role = Role.LISTENING
    epoch: int = 0
    reigned: bool = False
    reason: str = "It has just started, and listens."
    since: float = field(init=False)
    watching: float = field(init=False)
    by_silence: bool = False
    peer: Beat | None = None
    peer_at: float | None = None
    active_at: float | None = None
    installed_at: float | None = None
    unready_since: float | None = None
    senses: Senses = field(init=False)
    left: bool = False
    rests_until: float = 0.0
    wants_until: float = 0.0
    decision: Decision | None = None
    to_note: list[Move] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.since = self.watching = self.started
        self.senses = Senses(self.started)

    def beat(self, now: float, own: Own) -> Beat:
        """What to tell the peer."""
        resting = now < self.rests_until
        serves = self.senses.serves(now, own, witness_counts=not self.third_party)
        return Beat(
            name=self.name,
            role=self.role.value,
            epoch=self.epoch,
            ready=serves if self.role is Role.ACTIVE else own.ready and not resting,
            preferred=self.preferred,
            released=resting,
            wanted=now < self.wants_until,
            installed=own.installed,
            active_for=float(now - self.since) if self.role is Role.ACTIVE else 0.0,
            by_silence=self.by_silence,
            configuration=self.configuration,
        )

    def resume(self, epoch: int, active_for: float, now: float) -> None:
        """After a restart of the daemon alone: the address is still here, so this host still is what it was."""
        self.role, self.epoch, self.since, self.reigned = Role.ACTIVE, epoch, now - active_for, False
        self.senses.linked_at = now
        self.reason = "It was active when its daemon restarted."

    def kept(self, now: float) -> Kept:
        """What to know again after a reboot. The reign after one that was handed over is nobody's failure."""
        handed_over = self.role is not Role.ACTIVE and now < self.rests_until
        return Kept(self.moves, self.epoch + (1 if handed_over else 0), self.role is Role.ACTIVE)

    def hear(self, beat: Beat, now: float) -> None:
        """A fresh beat of the peer."""
        self.peer, self.peer_at = beat, now
        if beat.epoch > self.epoch or beat.role == Role.ACTIVE.value:
            self.reigned = False
        if beat.role == Role.ACTIVE.value:
            self._hear_active(beat, now)
            return
        self.unready_since = None
        if self.role is not Role.ACTIVE:
            self.epoch = max(self.epoch, beat.epoch)

    def _hear_active(self, beat: Beat, now: float) -> None:
        if self.role is not Role.ACTIVE and beat.epoch > self.epoch:
            known = self.epoch > 0  # otherwise it may be the first one, which is no move
            ordered = now < self.rests_until  # this host has just handed over to it, as somebody wanted
            self.epoch = beat.epoch
            if known and not ordered:
                self._note(Move(now - max(beat.active_for, 0.0), beat.by_silence))  # also while this host was off
        self.active_at, self.rests_until, self.wants_until, self.left = now, 0.0, 0.0, False
        if beat.ready:
            self.unready_since = None
        elif self.unready_since is None:
            self.unready_since = now
        if beat.installed:
            self.installed_at = now

    def step(self, now: float, own: Own) -> Order:
        """To be asked several times a second. After TAKE or DROP the role is already the new one."""
        self.senses.look(now, own, heard=self._fresh(now) is not None)
        if self.role is Role.ACTIVE:
            return self._as_active(now)
        if self.role is Role.LISTENING and now - self.started >= LISTEN:
            self._become(Role.STANDBY, now, "It has listened.", watch=False)
        return self._as_standby(now, own) if self.role is Role.STANDBY else Order.NOTHING

    def whole(self, now: float, own: Own) -> bool:
        """False: silence may be by its own fault, and then it had better not claim the address."""
        return own.whole(heard=self._fresh(now) is not None)

    def _as_active(self, now: float) -> Order:
        peer = self._fresh(now)
        if peer is None:
            return self._unheard(now)
        if peer.role == Role.ACTIVE.value and self._yields_to(peer):
            self._count(peer, now)
            self.epoch = peer.epoch
            return self._drop(now, f"{peer.name} is active too, and its reign is the later one.")
        if peer.wanted and peer.ready:
            return self.release(now, f"An operator wants {peer.name} to be the active.")
        return Order.NOTHING

    def _count(self, peer: Beat, now: float) -> None:
        """The other's move, which this host sees as the one that is moved away from: or it would move back at once."""
        if peer.epoch > self.epoch:
            self.moves = (*self.moves, Move(max(now - peer.active_for, self.started), peer.by_silence))

    def _unheard(self, now: float) -> Order:
        lost = "" if self.third_party else self.senses.lost(now, self.peer_at, self.rules.heartbeat_lost)
        if not lost:
            return Order.NOTHING
        self.left, self.decision = True, None
        return self._drop(now, f"{lost}, and the other host is not heard: this one is cut off.")

    def _yields_to(self, peer: Beat) -> bool:
        return (peer.epoch, peer.preferred, peer.name) > (self.epoch, self.preferred, self.name)

    def _returns(self, now: float) -> Order:
        """While it listens, an active that is heard ends this (`left`), and a ready standby takes over before."""
        if now - self.senses.lame_at < max(LISTEN, self.rules.heartbeat_lost):
            return Order.NOTHING
        return self._take(now, "Its links are back; nobody took its place.", by_silence=self.by_silence, counts=False)

    def _goes_on(self, now: float, own: Own) -> Order | None:
        """With a reign that nobody has ended; None without one."""
        if self.reigned and own.ready and now - self.started >= BEGINS:
            return self._take(now, "It was the active, and nobody has taken its place.", by_silence=True, counts=False)
        return self._returns(now) if self.left else None

    def _as_standby(self, now: float, own: Own) -> Order:
        if (order := self._goes_on(now, own)) is not None:
            return order
        peer = self._fresh(now)
        if peer is not None and peer.role != Role.ACTIVE.value:
            if peer.released and own.ready:
                return self._take(now, f"{peer.name} has handed over.", by_silence=True, counts=False)
            if peer.preferred and peer.ready and not self.preferred and not peer.released:
                return self._stays(f"{peer.name} is to begin.")
            if peer.role == Role.LISTENING.value and self.active_at is None:
                return self._stays(f"{peer.name} is still listening.")
        if now < self.rests_until:
            return self._stays("It has released the address, and rests.")
        self.decision = decide(self._observation(now, own), self.moves, self.rules)
        self.reason = self.decision.reason
        if self.decision.action is not Action.MOVE:
            return Order.NOTHING
        return self._take(now, self.reason, by_silence=self.decision.by_silence, counts=self.active_at is not None)

    def _observation(self, now: float, own: Own) -> Observation:
        return Observation(
            now=now,
            watching_since=self.watching,
            heartbeat_at=self.active_at,
            installed_at=self.installed_at,
            tunnels_expected=self.tunnels,
            standby_ready=own.ready,
            witness_reached=own.witness,
            cut_off_at=self.senses.cut_off_at,
            unready_since=self.unready_since,
        )

    def want(self, now: float) -> str:
        """An operator wants this host to be the active: "" or why that cannot be."""
        if self.role is Role.ACTIVE:
            return "This host is the active already."
        if self._fresh(now) is None:
            return (
                "The other host is not heard: the rules decide; see `reason` in the status. --force takes over anyway."
            )
        self.wants_until = now + WANTS
        return ""

    def force(self, now: float) -> Order:
        """An operator takes the address here, whatever speaks against it: also what is down already."""
        self.left = self.reigned = False  # a new reign: an active that is not heard now has to yield to it
        self.senses.begin()
        return self._take(now, "An operator forced it.", by_silence=True, counts=False)

    def may_release(self, now: float) -> str:
        """ "" or why an operator should not."""
        peer = self._fresh(now)
        if self.role is not Role.ACTIVE:
            return "This host is not the active."
        if peer is None or not peer.ready:
            return "The other host is not heard or not ready: nobody would take over. --force releases anyway."
        return ""

    def release(self, now: float, reason: str) -> Order:
        self.rests_until = now + RESTS
        return self._drop(now, reason)

    def _take(self, now: float, reason: str, *, by_silence: bool, counts: bool) -> Order:
        self.epoch += 0 if self.reigned or self.left else 1  # what goes on is no new reign: it displaces nobody
        self.reigned = self.left = False
        self.by_silence = by_silence
        self.rests_until = self.wants_until = 0.0
        if counts:  # neither the first beginning nor what a person wanted can flap
            self._note(Move(now, by_silence))
        self._become(Role.ACTIVE, now, reason)
        return Order.TAKE

    def _drop(self, now: float, reason: str) -> Order:
        self._become(Role.STANDBY, now, reason)
        return Order.DROP

    def drop(self, now: float, reason: str) -> Order:
        """The address is elsewhere already, as a third party (the Lambda) saw to it."""
        return self._drop(now, reason)

    def adopt(self, now: float, reason: str) -> Order:
        """The address is here already, as a third party (the Lambda) saw to it; its move is in the record."""
        return self._take(now, reason, by_silence=True, counts=False)

    def _become(self, role: Role, now: float, reason: str, *, watch: bool = True) -> None:
        self.role, self.since, self.reason = role, now, reason
        if watch:
            self.watching = now

    def _stays(self, reason: str) -> Order:
        self.reason = reason
        return Order.NOTHING

    def _note(self, made: Move) -> None:
        self.moves = (*self.moves, made)
        self.to_note.append(made)

    def _fresh(self, now: float) -> Beat | None:
        """What the peer said, unless that is too long ago."""
        heard = self.peer_at is not None and now - self.peer_at < self.rules.heartbeat_lost
        return self.peer if heard else None
