"""Errors that people read: what happened, where, what was kept, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding. `what` and `remedy` are sentences; `where` names a ticket, line, field or address."""

    code: str
    what: str
    where: str = ""
    remedy: str = ""
    kept: str = ""

    def __str__(self) -> str:
        place = f" ({self.where})" if self.where else ""
        parts = [f"{self.what}{place}", self.kept, self.remedy]
        return " ".join(part for part in parts if part)


class PortalError(Exception):
    """The base of every error the portal raises on purpose.

    `permanent`: True when trying again without a change cannot help.
    """

    code = "portal.error"

    def __init__(
        self,
        what: str,
        *,
        where: str = "",
        remedy: str = "",
        kept: str = "",
        permanent: bool = True,
        code: str = "",
    ) -> None:
        self.problem = Problem(code or self.code, what, where, remedy, kept)
        self.permanent = permanent
        super().__init__(str(self.problem))


class SourceError(PortalError):
    """The service-management platform could not be read, or what it said cannot be trusted."""

    code = "source.error"


class ChannelError(PortalError):
    """A document could not be handed to the receiver, and it is certain that nothing was sent."""

    code = "channel.error"


class StateError(PortalError):
    """A move that the table of states does not allow, or that this person may not make."""

    code = "state.refused"


class InputError(PortalError):
    """Something a person entered cannot be accepted."""

    code = "input.refused"


class BlockedError(PortalError):
    """Composing cannot go on until rates, mappings or people decide. `problems` lists every finding."""

    code = "compose.blocked"

    def __init__(self, what: str, problems: tuple[Problem, ...], *, remedy: str = "", kept: str = "") -> None:
        self.problems = problems
        super().__init__(what, remedy=remedy, kept=kept)
