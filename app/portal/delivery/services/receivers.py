"""From a row of the outbox to a channel, its target and the parcel: everything that can fail before a byte leaves."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

from portal import adapters
from portal.contracts.models import SapEndpoint
from portal.delivery.models import Delivery
from portal.documents.services import document_read
from portal.domain.channels import Channel, Parcel, Target
from portal.domain.content import SapMapping
from portal.domain.errors import ChannelError
from portal.lib.credentials import credential_read
from portal.lib.production import unfit


@dataclass(frozen=True, slots=True)
class Receiver:
    """Whom a delivery goes to, and what goes there."""

    channel: Channel
    target: Target
    delivery: Delivery

    @property
    def number(self) -> str:
        return str(self.delivery.proforma.number)

    @property
    def sha256(self) -> str:
        return self.delivery.document.sha256

    def parcel(self) -> Parcel:
        """The document with its bytes, verified. Raises DocumentError or StorageError."""
        document = self.delivery.document
        data = document_read(document)
        return Parcel(self.number, document.name, document.media_type, document.sha256, data)


def receiver_of(delivery: Delivery) -> Receiver:
    """Raises ChannelError or CredentialError; both mean that nothing was sent."""
    endpoint = delivery.endpoint
    _check_production(delivery)
    dotted = adapters.CHANNELS.get(endpoint.channel)
    if dotted is None:
        raise _refused(f"There is no channel '{endpoint.channel}'", endpoint, "Choose one on the endpoint.")
    target = Target(
        url=endpoint.url,
        credential=credential_read(endpoint.credential_ref, settings.CREDENTIALS_DIR),
        settings={"sap_client": client_of(delivery), **endpoint.settings},
        allow_loopback=settings.TEST_MODE,
    )
    return Receiver(adapters.load(dotted), target, delivery)


def client_of(delivery: Delivery) -> str:
    """The SAP client that the IDoc itself names, so that address and control record agree."""
    header = delivery.proforma.header or {}
    return str(header.get("sap", {}).get("client") or SapMapping().client)


def settle_seconds(target: Target) -> float:
    """How long a receiver's "not there" is not believed after an ambiguous end."""
    given = target.settings.get("settle_seconds")
    return float(settings.RETRY_SECONDS if given is None else given)


def _check_production(delivery: Delivery) -> None:
    """A rehearsal's document never goes to a customer, and a customer's never to a sandbox."""
    if settings.TEST_MODE:
        return
    if (delivery.proforma.header or {}).get("test_mode"):
        what = f"{delivery.proforma.number} was issued in a rehearsal and says so on every page"
        raise _refused(what, delivery.endpoint, "Issue the month anew in production.")
    if reason := unfit(delivery.endpoint.url):
        what = f"The address of this endpoint {reason}, which only a rehearsal may use"
        raise _refused(what, delivery.endpoint, "Enter the customer's own address.")


def _refused(what: str, endpoint: SapEndpoint, remedy: str) -> ChannelError:
    where = f"endpoint {endpoint.name} of {endpoint.customer.name}"
    return ChannelError(f"{what}.", where=where, kept="Nothing was sent.", remedy=remedy)
