"""The seam to receivers: what every package below portal.channels provides.

A channel package has `send(target, parcel) -> Sent` and `look_up(target, number) -> LookUp`, named in
portal.adapters.CHANNELS.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from portal.domain.sources import Credential


class SendOutcome(StrEnum):
    ACCEPTED = "accepted"
    """the receiver said that it has it"""
    REFUSED = "refused"
    """the receiver looked at it and said no; sending the same again cannot help"""
    NOT_SENT = "not_sent"
    """it is certain that the receiver has nothing; sending again is safe"""
    AMBIGUOUS = "ambiguous"
    """it may or may not have arrived; never send again without looking it up"""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a parcel goes."""

    url: str
    credential: Credential
    settings: Mapping[str, Any]
    allow_loopback: bool = False


@dataclass(frozen=True, slots=True)
class Parcel:
    """One document to send. `number` is our proforma number, by which the receiver can be asked."""

    number: str
    name: str
    media_type: str
    sha256: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Sent:
    """How a send ended. `text` never holds a credential or the document."""

    outcome: SendOutcome
    status: str = ""
    """the protocol's own code, for example "200" """
    text: str = ""
    retry_after: float | None = None
    """seconds, where the receiver said so"""
    permanent: bool = False
    """of NOT_SENT: sending again cannot help until a person has changed something"""


@dataclass(frozen=True, slots=True)
class LookUp:
    """What the receiver says of our number: True it has it, False it has not, None it cannot say."""

    found: bool | None
    text: str = ""
    sha256: str = ""
    """of what the receiver has, where it says so"""
    again: bool = False
    """of None: asking again later may help"""


class Channel(Protocol):
    def send(self, target: Target, parcel: Parcel) -> Sent:
        """Never raises for what the receiver did: that is in the outcome."""

    def look_up(self, target: Target, number: str) -> LookUp: ...
