"""What a sandbox is told when it starts. Secrets come from a file, never from the command line."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

OUTCOMES = ("parked", "posted", "rejected")


class ConfigError(Exception):
    """Something the sandbox was given cannot be used; the text says what and what to do."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """The passwords of the sandbox's three doors. They print as nothing."""

    servicenow_username: str
    servicenow_password: str = field(repr=False)
    sap_username: str
    sap_password: str = field(repr=False)
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    acknowledgement_username: str = ""
    acknowledgement_password: str = field(default="", repr=False)

    @classmethod
    def from_file(cls, path: Path) -> Secrets:
        """Read the JSON file that the README shows. Raises ConfigError naming what is missing."""
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise ConfigError(f"The secrets file {path} cannot be read: {error.strerror}.") from error
        except ValueError as error:
            raise ConfigError(f"The secrets file {path} is no JSON: {error}.") from error
        return cls.from_dict(data if isinstance(data, dict) else {}, str(path))

    @classmethod
    def from_dict(cls, data: dict[str, Any], where: str = "the secrets") -> Secrets:
        """From {"servicenow": {...}, "sap": {...}, "acknowledgement": {...}}; the last, client_id and client_secret
        may be left out. Raises ConfigError."""
        return cls(
            servicenow_username=_needed(data, "servicenow", "username", where),
            servicenow_password=_needed(data, "servicenow", "password", where),
            sap_username=_needed(data, "sap", "username", where),
            sap_password=_needed(data, "sap", "password", where),
            client_id=_optional(data, "servicenow", "client_id"),
            client_secret=_optional(data, "servicenow", "client_secret"),
            acknowledgement_username=_optional(data, "acknowledgement", "username"),
            acknowledgement_password=_optional(data, "acknowledgement", "password"),
        )


@dataclass(frozen=True, slots=True)
class SandboxConfig:
    """All settings of one sandbox. `period` is YYYY-MM ("" is the month that ended last in `timezone`)."""

    secrets: Secrets
    state: Path
    host: str = "127.0.0.1"
    port: int = 0
    tickets: Path | None = None
    mapping: Path | None = None
    seed: int = 1
    tickets_count: int = 580
    period: str = ""
    timezone: str = "Europe/Berlin"
    dirty_blocking: bool = False
    sap_client: str = ""
    """the only sap-client that is answered; "" answers every one"""
    acknowledge_url: str = ""
    acknowledge_after: float = 5.0
    """seconds between the receipt of an IDoc and its posting"""
    acknowledge_ca: Path | None = None
    """certificates to trust when posting acknowledgements over HTTPS"""
    outcome: str = ""
    """parked, posted or rejected; "" lets MESCOD and MESFCT decide"""
    parking: tuple[str, str] = ("PAR", "PRF")
    """MESCOD and MESFCT that ask for parking; anything else is posted, as in a SAP that routes by exactly these"""
    sum_ids: tuple[str, str, str] = ("010", "005", "011")
    """E1EDS01-SUMID of net, tax and gross"""
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    token_seconds: int = 1800
    client_credentials: bool = True
    """False refuses the client-credentials grant, as a ServiceNow fresh from the box does"""


def _needed(data: dict[str, Any], door: str, name: str, where: str) -> str:
    value = _optional(data, door, name)
    if not value:
        raise ConfigError(f'{where}: "{door}" needs a "{name}". app/sandbox/README.md shows the whole file.')
    return value


def _optional(data: dict[str, Any], door: str, name: str) -> str:
    section = data.get(door)
    return str(section.get(name, "")) if isinstance(section, dict) else ""
