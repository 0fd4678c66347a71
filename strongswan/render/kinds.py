"""The kinds of values that site and gateway files are made of, each with its check and its remedy."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

FQDN = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")


class Part(BaseModel):
    """Unknown keys are refused: a misspelt key would otherwise silently mean its default."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


def refuse(what: str, remedy: str) -> PydanticCustomError:
    # braces in a value of the file must not be taken for a place holder
    return PydanticCustomError("site", "{what}", {"what": what, "remedy": remedy})


def _text(value: Any, example: str) -> str:
    if not isinstance(value, str):
        raise refuse(f"`{value}` is no text.", f"Write it in quotes, for example {example}.")
    return value


def _network(value: Any) -> Any:
    if isinstance(value, ipaddress.IPv4Network):
        return value
    text = _text(value, '"10.20.30.0/24"')
    try:
        return ipaddress.IPv4Network(text)
    except ValueError:
        raise refuse(f"`{text}` is no IPv4 network.", _network_remedy(text)) from None


def _network_remedy(text: str) -> str:
    try:
        return (
            f"Its host bits are set: write {ipaddress.IPv4Network(text, strict=False)}, or name the one host with /32."
        )
    except ValueError:
        return "Write address and prefix length, for example 10.20.30.0/24."


def _address(value: Any) -> Any:
    if isinstance(value, ipaddress.IPv4Address):
        return value
    text = _text(value, '"198.51.100.10"')
    try:
        return ipaddress.IPv4Address(text)
    except ValueError:
        raise refuse(f"`{text}` is no IPv4 address.", "Write for example 198.51.100.10, without a prefix.") from None


def _matching(pattern: re.Pattern[str], what: str, remedy: str) -> BeforeValidator:
    def check(value: Any) -> str:
        text = _text(value, remedy)
        if not pattern.fullmatch(text):
            raise refuse(f"`{text}` is no {what}.", remedy)
        return text

    return BeforeValidator(check)


def _said(pattern: str, what: str, remedy: str) -> Any:
    return _matching(re.compile(pattern), what, remedy)


Network = Annotated[ipaddress.IPv4Network, BeforeValidator(_network)]
Address = Annotated[ipaddress.IPv4Address, BeforeValidator(_address)]
Fqdn = Annotated[
    str, _matching(FQDN, "host name in lower case", "Write a full name, for example vpn.customer.example.")
]
Port = Annotated[int, Field(ge=1, le=65535, strict=True)]
Short = Annotated[str, _said(r"[a-z][a-z0-9-]{0,23}", "short name", "Use 1 to 24 of a-z, 0-9 and -, a letter first.")]
Interface = Annotated[str, _said(r"[A-Za-z][\w.-]{0,14}", "interface name", "Write for example ens5.")]
PemFile = Annotated[
    str, _said(r"[A-Za-z0-9][\w.-]*\.pem", "name of a PEM file", "Write the name alone, for example example-a-ca.pem.")
]
# A line of text that is printed into comments, log prefixes and documents: no quotes, braces or control characters.
Line = Annotated[
    str,
    _said(
        r"[^\W_][^\x00-\x1f\"'`\\{}<>|$]{0,79}", "plain line", "Use up to 80 characters without quotes and brackets."
    ),
]
MAIL = r"[\w.+-]+@[\w-]+(\.[\w-]+)+"
Mail = Annotated[str, _said(MAIL, "mail address", "Write for example network@customer.example.")]
SecretName = Annotated[
    str,
    _said(
        r"vpn(/[a-z0-9][a-z0-9-]*){1,4}",
        "reference to a secret",
        "Put the secret into the secret store and its name here, for example vpn/example-a/psk; never the secret.",
    ),
]
