"""Profiles of algorithms: strongswan/profiles.yml is the list of what is allowed; all else is refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field

from strongswan.render.kinds import Part, Short

HOME = Path(__file__).resolve().parent.parent
PROFILES = HOME / "profiles.yml"
Vendor = Literal["cisco", "juniper", "fortinet", "plain"]
Exchange = Literal["ike", "esp"]


class Words(Part):
    """One algorithm in the words of each vendor."""

    plain: str
    cisco: str
    juniper: str
    fortinet: str
    cisco_esp: str = ""
    juniper_esp: str = ""
    apple: str = ""
    windows: str = ""
    authenticated: bool = False

    def of(self, vendor: Vendor, exchange: Exchange) -> str:
        """The vendor's word in that exchange."""
        return getattr(self, f"{vendor}_{exchange}", "") or str(getattr(self, vendor))


class Allowed(Part):
    """Algorithms by what they do, keyed by strongSwan's keyword."""

    encryption: dict[str, Words]
    integrity: dict[str, Words]
    prf: dict[str, Words]
    group: dict[str, Words]

    def kind(self, word: str) -> str | None:
        """`encryption`, `integrity`, `prf`, `group`, or None for a word that is not allowed."""
        return next((kind for kind in Allowed.model_fields if word in getattr(self, kind)), None)

    def words(self, word: str) -> Words:
        found: Words = getattr(self, str(self.kind(word)))[word]
        return found


def fits_staff(proposal: str, allowed: Allowed) -> bool:
    """Whether macOS, iOS and Windows have words for all of it."""
    return all((words := allowed.words(word)).apple and words.windows for word in proposal.split("-"))


class Profile(Part):
    """Proposals, the preferred first."""

    reason: str
    ike: list[str] = Field(min_length=1)
    esp: list[str] = Field(min_length=1)


class Lifetimes(Part):
    """Seconds, and the two numbers of strongSwan's retransmission."""

    ike_rekey: int
    child_rekey: int
    child_life: int
    dpd_delay: int
    retransmit_timeout: float
    retransmit_base: float
    retransmit_tries: int

    @property
    def given_up_after(self) -> float:
        """Seconds from the last packet of a dead peer until its tunnel is taken down."""
        waits = [self.retransmit_base**n for n in range(self.retransmit_tries + 1)]
        return self.dpd_delay + self.retransmit_timeout * sum(waits)


class Profiles(Part):
    """The whole of profiles.yml."""

    profiles: dict[Short, Profile]
    lifetimes: Lifetimes
    algorithms: Allowed
    weak: dict[str, str]


def faults(proposal: str, exchange: Exchange, known: Profiles) -> Iterator[str]:
    """What is wrong with a proposal such as `aes256-sha384-ecp384`, one sentence each; nothing when it may be used."""
    words = proposal.split("-")
    for word in words:
        if word in known.weak:
            yield f"`{word}` in `{proposal}` is too weak ({known.weak[word]})."
        elif known.algorithms.kind(word) is None:
            yield f"`{word}` in `{proposal}` is not in the list of algorithms."
    if all(known.algorithms.kind(word) for word in words):
        yield from _shape(proposal, words, exchange, known.algorithms)


def _shape(proposal: str, words: Sequence[str], exchange: Exchange, allowed: Allowed) -> Iterator[str]:
    kinds = sorted(str(allowed.kind(word)) for word in words)
    sealed = any(allowed.words(word).authenticated for word in words)
    if kinds != _wanted(exchange, sealed, explicit_prf="prf" in kinds):
        yield f"`{proposal}` is incomplete or ambiguous: {_shape_in_words(exchange, sealed)} is needed, each once."


def _wanted(exchange: Exchange, sealed: bool, *, explicit_prf: bool) -> list[str]:
    kinds = ["encryption", "group"] + ([] if sealed else ["integrity"])
    if exchange == "ike" and (sealed or explicit_prf):
        kinds.append("prf")
    return sorted(kinds)


def _shape_in_words(exchange: Exchange, sealed: bool) -> str:
    middle = ("a PRF, " if sealed else "integrity, ") if exchange == "ike" or not sealed else ""
    return f"encryption, {middle}and a group"
