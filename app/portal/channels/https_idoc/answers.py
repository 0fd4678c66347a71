"""What an HTTP answer to a posted IDoc means. Pure.

200, 201 and 202 say that it was received; nothing here says that it was posted or parked: that is in the
acknowledgement. A status is "not sent" only where HTTP itself says that the request was not acted upon (RFC 9110, 15.5
and 15.6.4; RFC 6585, 4); whatever leaves a doubt is ambiguous and is looked up.
"""

from __future__ import annotations

import re

from portal.domain.channels import SendOutcome, Sent
from portal.lib.http import Answer, HttpError

ACCEPTED = {200, 201, 202}
REFUSED = {400, 409, 413, 415, 422}
LATER = {425, 429}
ELSEWHERE = {301, 307, 308}
"""a redirect that asks for the same request again; after 302 and 303 it may have been acted upon"""
NOTHING_TAKEN = {
    401: "The receiver refused the credential: check user and password and whether they have expired.",
    403: "The account may not post IDocs: have the customer complete its permissions.",
    404: "There is nothing at this address: check the path and whether the service is active (SICF).",
    405: "This address takes no posts: check the path.",
    407: "A proxy wants a sign-in of its own: check the way to the customer.",
    410: "The address is no longer served: ask the customer for the new one.",
    421: "The address leads to a server that does not serve it: check the host name.",
}
WORDS = 300
"""characters of the receiver's own words that are kept"""


def judge(answer: Answer, accepted_text: str) -> Sent:
    """How a send ended that was answered."""
    status = answer.status
    said = words(answer.body)
    if status in ACCEPTED:
        return _received(answer, said, accepted_text)
    if status in REFUSED:
        return Sent(SendOutcome.REFUSED, str(status), said or f"The receiver refused it (HTTP {status}).")
    if status in LATER:
        text = f"The receiver wants to be asked later (HTTP {status})."
        return Sent(SendOutcome.NOT_SENT, str(status), text, retry_after=answer.retry_after)
    if status in NOTHING_TAKEN or status in ELSEWHERE:
        text = NOTHING_TAKEN.get(status, "The address has moved: enter the one that answers itself.")
        return Sent(SendOutcome.NOT_SENT, str(status), f"{text} Nothing was taken (HTTP {status}).", permanent=True)
    return Sent(SendOutcome.AMBIGUOUS, str(status), f"The receiver failed (HTTP {status}). {said}".strip())


def _received(answer: Answer, said: str, accepted_text: str) -> Sent:
    """A page for people is believed only when it says what SAP's service says: gateways answer 200 with a sign-in."""
    page = "html" in answer.headers.get("Content-Type", "").lower() or b"<html" in answer.body[:500].lower()
    if page and accepted_text.lower() not in said.lower():
        text = f"A page for people came back instead of a confirmation (HTTP {answer.status}): {said}"
        return Sent(SendOutcome.AMBIGUOUS, str(answer.status), text[:WORDS])
    return Sent(SendOutcome.ACCEPTED, str(answer.status), said)


def judge_error(error: HttpError) -> Sent:
    """How a send ended without an answer to be believed."""
    status = str(error.status or "")
    if error.sent == "no":
        return Sent(SendOutcome.NOT_SENT, status, str(error.problem), error.retry_after, permanent=error.permanent)
    if error.status == 503 and error.retry_after is not None:
        text = "The receiver is not available and says when to come again (HTTP 503)."
        return Sent(SendOutcome.NOT_SENT, status, text, retry_after=error.retry_after)
    return Sent(SendOutcome.AMBIGUOUS, status, error.problem.what)


def words(body: bytes) -> str:
    """The receiver's words: without markup, on one line, cut."""
    text = re.sub(
        r"<(script|style)\b.*?</\1>|<[^>]*>", " ", body[:20_000].decode("utf-8", "replace"), flags=re.S | re.I
    )
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:WORDS]
