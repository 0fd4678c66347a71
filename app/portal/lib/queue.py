"""Messages of an SQS queue, each at least once: one that nobody calls done comes again, until the queue's redrive
policy puts it aside."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portal.domain.errors import PortalError

MOST = 10
"""messages at a time, SQS's own limit"""
LONGEST_PAUSE = 900.0


class QueueError(PortalError):
    """The queue could not be reached or refused."""

    code = "queue.error"


@dataclass(frozen=True, slots=True)
class Message:
    """`receives`: how often it was handed out, this time included."""

    id: str
    body: str
    receipt: str
    receives: int

    def content(self) -> Mapping[str, Any]:
        """The body as a JSON object. Raises QueueError, permanent."""
        try:
            data = json.loads(self.body)
        except ValueError:
            data = None
        if isinstance(data, dict):
            return data
        raise QueueError("The message is no JSON object.", where=f"message {self.id}", kept="It stays in the queue.")


class Queue:
    """One queue. Region and endpoint come from the environment, as boto3 reads it."""

    def __init__(self, url: str, *, wait_seconds: int = 10) -> None:
        import boto3  # takes a third of a second, and only one command needs it here
        from botocore.config import Config

        self._url, self._wait_seconds = url, wait_seconds
        config = Config(connect_timeout=5, read_timeout=wait_seconds + 10, retries={"mode": "standard"})
        self._sqs: Any = boto3.client("sqs", config=config)

    def receive(self) -> list[Message]:
        """Up to `MOST`; waits up to `wait_seconds` for the first. Raises QueueError."""
        answer = self._call(
            "receive_message",
            MaxNumberOfMessages=MOST,
            WaitTimeSeconds=self._wait_seconds,
            AttributeNames=["ApproximateReceiveCount"],
        )
        return [_message(one) for one in answer.get("Messages", [])]

    def done(self, message: Message) -> None:
        """It never comes again (SQS: hardly ever). Raises QueueError."""
        self._call("delete_message", ReceiptHandle=message.receipt)

    def later(self, message: Message, seconds: float) -> None:
        """Hand it out again after this pause instead of the queue's own. Raises QueueError."""
        pause = int(max(0.0, min(seconds, LONGEST_PAUSE)))
        self._call("change_message_visibility", ReceiptHandle=message.receipt, VisibilityTimeout=pause)

    def _call(self, name: str, **given: Any) -> Mapping[str, Any]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer: Mapping[str, Any] = getattr(self._sqs, name)(QueueUrl=self._url, **given)
        except (BotoCoreError, ClientError) as error:
            response = getattr(error, "response", {})
            code = response.get("Error", {}).get("Code", "") or type(error).__name__
            remedy = "It is tried again by itself; check the network, the queue's name and the host's role."
            raise QueueError(
                f"The queue cannot be reached or refuses ({code}).", where=self._url, remedy=remedy, permanent=False
            ) from None
        return answer


def _message(one: Mapping[str, Any]) -> Message:
    receives = int(one.get("Attributes", {}).get("ApproximateReceiveCount", 1))
    return Message(str(one["MessageId"]), str(one["Body"]), str(one["ReceiptHandle"]), receives)
