"""Post an IDoc once, and ask what became of it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from portal.channels.https_idoc import answers
from portal.channels.https_idoc.settings import Address, Settings, refused, status_address, upload_address
from portal.domain.channels import LookUp, Parcel, SendOutcome, Sent, Target
from portal.domain.errors import ChannelError
from portal.lib.http import Http, HttpError

MEDIA_TYPE = "application/xml; charset=utf-8"
LOOK_UP_ATTEMPTS = 3
DOUBLE = 409


class HttpsIdoc:
    """The channel "https_idoc" (portal.domain.channels.Channel). It holds nothing between calls."""

    def send(self, target: Target, parcel: Parcel) -> Sent:
        """One POST, never repeated. Whatever the receiver does is in the outcome."""
        try:
            settings = Settings.from_json(target.settings)
            sent = _post(target, settings, parcel)
        except ChannelError as error:
            return Sent(SendOutcome.NOT_SENT, text=str(error.problem), permanent=error.permanent)
        except HttpError as error:
            sent = answers.judge_error(error)
        return replace(sent, text=_without_secrets(sent.text, target))

    def look_up(self, target: Target, number: str) -> LookUp:
        """What the receiver says of our number; None where it cannot be asked or its answer cannot be believed."""
        try:
            settings = Settings.from_json(target.settings)
            if not settings.status_url:
                return LookUp(None, "This receiver cannot be asked what became of a document.")
            return _asked(target, settings, number)
        except HttpError as error:
            return LookUp(None, error.problem.what, again=not error.permanent)
        except ChannelError as error:
            return LookUp(None, str(error.problem))


def _post(target: Target, settings: Settings, parcel: Parcel) -> Sent:
    address = upload_address(target, settings)
    http = _open(target, settings, address)
    answer = http.post(address.path, parcel.data, {"Content-Type": MEDIA_TYPE}, params=address.query)
    if answer.status == DOUBLE:
        return _double(target, settings, parcel, answers.words(answer.body), answer.body)
    return answers.judge(answer, settings.accepted_text)


def _double(target: Target, settings: Settings, parcel: Parcel, said: str, body: bytes) -> Sent:
    """The receiver has this number. It is ours when the SHA-256 is; that is in the answer or in the look-up."""
    ours = parcel.sha256.encode() in body.lower()
    if not ours and settings.status_url:
        ours = HttpsIdoc().look_up(target, parcel.number).sha256 == parcel.sha256
    if ours:
        return Sent(SendOutcome.ACCEPTED, str(DOUBLE), "The receiver has had this very document since an earlier send.")
    text = f"The receiver has another document under this number. {said}".strip()
    return Sent(SendOutcome.REFUSED, str(DOUBLE), text)


def _asked(target: Target, settings: Settings, number: str) -> LookUp:
    address = status_address(target, settings, number)
    http = _open(target, settings, address, attempts=LOOK_UP_ATTEMPTS)
    try:
        data = http.get_json(address.path, address.query).data
    finally:
        http.close()
    return read_status(data, number)


def read_status(data: Any, number: str) -> LookUp:
    """The look-up's JSON: {"number", "found", "received_at", "sha256", "status", "text"}."""
    if not isinstance(data, Mapping) or data.get("number") != number or not isinstance(data.get("found"), bool):
        return LookUp(None, "The receiver's answer does not say what became of this number.", again=True)
    if not data["found"]:
        return LookUp(False, "The receiver has nothing under this number.")
    parts = (f"received {data['received_at']}" if data.get("received_at") else "", data.get("status"), data.get("text"))
    text = ", ".join(str(part) for part in parts if part)
    return LookUp(True, text[: answers.WORDS], sha256=str(data.get("sha256") or "").lower())


def _open(target: Target, settings: Settings, address: Address, attempts: int = 1) -> Http:
    for file in settings.files:
        if not Path(file).is_file():
            raise refused(f"There is no file {file}", "ca_file, client_certificate, client_key")
    return Http(
        address.base,
        headers={"Authorization": _basic(target)},
        allow_loopback=target.allow_loopback,
        timeout=(10.0, settings.timeout),
        attempts=attempts,
        max_bytes=1024 * 1024,
        ca_file=settings.ca_file or None,
        client_cert=settings.client_cert,
    )


def _basic(target: Target) -> str:
    """RFC 7617 with UTF-8, which SAP's ICF reads; requests would refuse what is not Latin-1."""
    user, password = (target.credential.get(name) for name in ("username", "password"))
    if not user or not password or ":" in user:
        raise ChannelError(
            "The credential of this endpoint has no user name and password that can be used.",
            kept="Nothing was sent.",
            remedy='Write it as {"username": "...", "password": "..."}.',
        )
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


def _without_secrets(text: str, target: Target) -> str:
    """A receiver may echo what it was sent."""
    for name, value in target.credential.fields.items():
        if name != "username" and value:
            text = text.replace(value, "***")
    return text
