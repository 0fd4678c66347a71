"""The heartbeat on the wire: authenticated, fresh, in order. Pure: bytes in, values out.

A datagram is JSON followed by 32 octets of HMAC-SHA256 over it. Each side draws a nonce when it starts. A datagram
counts only if it echoes the receiver's nonce and its sequence is higher than any before, so that one from before a
restart of either side is worth nothing; no clock is needed. One that echoes another nonce only asks for an answer.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from dataclasses import asdict, dataclass, field
from typing import Any

SIGNATURE = 32
LONGEST = 1200
LEAST_KEY = 32


@dataclass(frozen=True, slots=True)
class Beat:
    """What one host says of itself.

    role: `listening`, `standby` or `active`. epoch: the number of its (or of the last known) reign.
    ready: its charon answers, its links are up, and nobody told it to rest. released: it has given up the address and
    asks the other to take it. wanted: an operator wants it to be the active. installed: CHILD_SAs of customers.
    active_for: seconds, when active. by_silence: why it became active. configuration: SHA-256 of what must be equal.
    """

    name: str
    role: str
    epoch: int
    ready: bool
    preferred: bool
    released: bool
    wanted: bool
    installed: int
    active_for: float
    by_silence: bool
    configuration: str


TYPES = {"name": str, "role": str, "configuration": str, "epoch": int, "installed": int, "active_for": float}


class RefusedError(Exception):
    """A datagram that is not the peer's, or not a new one. The text is for the log."""


@dataclass(slots=True)
class Line:
    """One side's end. `keys`: the first signs, each is accepted, so that a key is replaced on one host at a time."""

    keys: tuple[bytes, ...]
    name: str
    nonce: str = field(default_factory=lambda: secrets.token_hex(16))
    sequence: int = 0
    theirs: str = ""
    last: int = 0

    def __post_init__(self) -> None:
        if not self.keys or min(map(len, self.keys)) < LEAST_KEY:
            raise ValueError(f"the heartbeat's key needs at least {LEAST_KEY} octets")

    def pack(self, beat: Beat, echo: str | None = None) -> bytes:
        """The next datagram. `echo`: the nonce to answer to; the one of the peer's session unless given."""
        self.sequence += 1
        echoed = self.theirs if echo is None else echo
        said = {"v": 1, "nonce": self.nonce, "echo": echoed, "sequence": self.sequence, "beat": asdict(beat)}
        body = json.dumps(said, separators=(",", ":")).encode()
        return body + _sign(self.keys[0], body)

    def unpack(self, datagram: bytes) -> tuple[Beat | None, str | None]:
        """(what the peer says, a nonce to answer at once); None for what is absent. Raises RefusedError."""
        said = self._authentic(datagram)
        beat, nonce, sequence = _beat(said.get("beat")), said.get("nonce"), said.get("sequence")
        if not isinstance(nonce, str) or type(sequence) is not int or beat.name == self.name:
            raise RefusedError("it is our own, or not of this form")
        if said.get("echo") != self.nonce:
            return None, nonce  # the peer, or somebody who plays an old one, does not know us yet
        if nonce == self.theirs and sequence <= self.last:
            raise RefusedError("it was heard before")
        self.theirs, self.last = nonce, sequence
        return beat, None

    def _authentic(self, datagram: bytes) -> dict[str, Any]:
        body, signature = datagram[:-SIGNATURE], datagram[-SIGNATURE:]
        if len(datagram) > LONGEST or not any(hmac.compare_digest(signature, _sign(k, body)) for k in self.keys):
            raise RefusedError("its signature is wrong")
        said = json.loads(body)
        if not isinstance(said, dict) or said.get("v") != 1:
            raise RefusedError("it is of another version")
        return said


def _sign(key: bytes, body: bytes) -> bytes:
    return hmac.new(key, body, hashlib.sha256).digest()


def _beat(values: Any) -> Beat:
    if not isinstance(values, dict) or set(values) != set(Beat.__slots__):
        raise RefusedError("it is of another version")
    if not all(type(value) is TYPES.get(name, bool) for name, value in values.items()):
        raise RefusedError("its values are of other kinds")
    return Beat(**values)
