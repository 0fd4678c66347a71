"""What a host sees of itself, and since when: whether it can serve, and whether it is the one who is cut off. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

CUT_OFF = 5.0
"""Seconds without the witness and without the peer. Longer than a burst of lost packets: leaving ends all tunnels."""
TOGETHER = 5.0
"""A witness that fell silent more than that before or after the peer has a fault of its own, and nobody is cut off."""
RESTARTS = 30.0
"""Seconds for which an active without charon still calls itself ready. A planned restart takes 0.5 to 1.5 s; at worst
10 to stop (strongswan.service), and after 20 more it hands over by itself (ANSWERS_WITHIN of restart.py). A takeover
in between would make customers wait for dead peer detection whom charon has just told of its restart."""


@dataclass(frozen=True, slots=True)
class Own:
    """One look. answers: charon, with all connections. witness: a third party answers. links: all have a carrier."""

    answers: bool
    installed: int
    witness: bool
    links: bool = True

    @property
    def ready(self) -> bool:
        """Could take over."""
        return self.answers and self.witness and self.links

    def whole(self, *, heard: bool) -> bool:
        """Links are up and somebody is heard, the peer or the witness: whoever is silent has a fault of his own."""
        return self.links and (self.witness or heard)


@dataclass(slots=True)
class Senses:
    """When each was well last (None: never in this reign); when this host was last cut off, or not whole."""

    started: float
    answered_at: float = field(init=False)
    linked_at: float | None = None
    witnessed_at: float | None = None
    cut_off_at: float | None = None
    lame_at: float = field(init=False)

    def __post_init__(self) -> None:
        self.answered_at = self.lame_at = self.started

    def look(self, now: float, own: Own, *, heard: bool) -> None:
        if own.answers:
            self.answered_at = now
        if own.links:
            self.linked_at = now
        if own.witness:
            self.witnessed_at = now
        if not (own.witness and own.links):
            self.cut_off_at = now
        if not own.whole(heard=heard):
            self.lame_at = now

    def serves(self, now: float, own: Own, *, witness_counts: bool) -> bool:
        """Whether an active can, or will in a moment."""
        answers = own.answers or now - self.answered_at < RESTARTS
        return answers and own.links and (own.witness or not witness_counts)

    def lost(self, now: float, peer_at: float | None, patience: float) -> str:
        """Why an active that hears its peer no more (since `peer_at`) is cut off itself; "" if it is not."""
        if self.linked_at is not None and now - self.linked_at >= patience:
            return "A link is down"
        if self.witnessed_at is None or peer_at is None or abs(self.witnessed_at - peer_at) > TOGETHER:
            return ""
        return "The witness is silent" if now - self.witnessed_at >= CUT_OFF else ""

    def begin(self) -> None:
        """What is down already is not lost in the reign that begins."""
        self.linked_at = self.witnessed_at = None
