"""What a customer's endpoint row says of this channel. README.md has the table for people."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

from portal.domain.channels import Target
from portal.domain.errors import ChannelError

CLIENT = re.compile(r"\d{3}")


@dataclass(frozen=True, slots=True)
class Settings:
    """Defaults are those of SAP's own service."""

    sap_client: str = ""
    """three digits; without it none is put into the address"""
    status_url: str = ""
    """where the receiver answers ?number=...; an address, or a path on the same host; "" when it cannot be asked"""
    accepted_text: str = "idoc-xml-inbound ok"
    """what an HTML answer says when it is no sign-in page; case does not count"""
    ca_file: str = ""
    client_certificate: str = ""
    client_key: str = ""
    timeout: float = 60.0
    """seconds to wait for the answer"""
    settle_seconds: float | None = None
    """how long after an ambiguous end a "not there" is not believed yet; None: the portal's first pause"""
    acknowledgement: Mapping[str, Any] = field(default_factory=dict)
    """see aleaud.py"""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Settings:
        """Raises ChannelError (permanent) for what is unknown or cannot be."""
        if unknown := sorted(set(data) - set(cls.__slots__)):
            raise refused(f"There is no setting '{unknown[0]}'", unknown[0])
        settings = cls(**data)
        settings._check()
        return settings

    def _check(self) -> None:
        for name in ("sap_client", "status_url", "accepted_text", "ca_file", "client_certificate", "client_key"):
            if not isinstance(getattr(self, name), str):
                raise refused("This must be text", name)
        if self.sap_client and not CLIENT.fullmatch(self.sap_client):
            raise refused(f"'{self.sap_client}' is no SAP client of three digits", "sap_client")
        for name, most in (("timeout", 600), ("settle_seconds", 86400)):
            value = getattr(self, name)
            if value is not None and not (isinstance(value, int | float) and 0 <= value <= most):
                raise refused(f"'{value}' is not a number of seconds from 0 to {most}", name)
        if not isinstance(self.acknowledgement, Mapping):
            raise refused("This must be an object", "acknowledgement")

    @property
    def files(self) -> tuple[str, ...]:
        """Those that have to be there."""
        return tuple(filter(None, (self.ca_file, self.client_certificate, self.client_key)))

    @property
    def client_cert(self) -> str | tuple[str, str] | None:
        if self.client_certificate and self.client_key:
            return self.client_certificate, self.client_key
        return self.client_certificate or None


@dataclass(frozen=True, slots=True)
class Address:
    """A URL in the parts that portal.lib.http wants."""

    base: str
    path: str
    query: Mapping[str, str]


def upload_address(target: Target, settings: Settings) -> Address:
    """Where the IDoc goes, with its sap-client."""
    client = {"sap-client": settings.sap_client} if settings.sap_client else {}
    return _address(target.url, client)


def status_address(target: Target, settings: Settings, number: str) -> Address:
    """Where the receiver is asked for our number."""
    return _address(urljoin(target.url, settings.status_url), {"number": number})


def _address(url: str, query: Mapping[str, str]) -> Address:
    try:
        parts = urlsplit(url)
    except ValueError:
        raise refused("The address cannot be read", "url") from None
    base = parts._replace(path="", query="", fragment="").geturl()
    return Address(base, parts.path, {**dict(parse_qsl(parts.query)), **query})


def refused(what: str, name: str) -> ChannelError:
    return ChannelError(
        f"{what}.",
        where=f"setting {name}",
        kept="Nothing was sent.",
        remedy="Correct the settings of this customer's SAP endpoint.",
        code="channel.settings",
    )
