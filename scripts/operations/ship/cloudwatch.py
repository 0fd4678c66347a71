"""CloudWatch: what it takes, what passes by itself, and what it will never take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scripts.operations.ship.figures import Figure
from scripts.operations.ship.journal import Entry

PASSING = {
    "Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException", "ServiceUnavailable",
    "ServiceUnavailableException", "InternalFailure", "InternalServiceError", "ExpiredTokenException", "RequestTimeout",
}  # fmt: skip
NEVER = {"InvalidParameterException", "InvalidParameterValue", "ValidationException", "SerializationException"}


class PassingError(Exception):
    """CloudWatch cannot take it now; the same again later."""


class NeverError(Exception):
    """CloudWatch will never take this; less of it may be taken."""


class CloudWatch:
    """Both services of one region. Raises PassingError for all that a later try may mend, refusals of rights too."""

    def __init__(self, group: str, stream: str, namespace: str, region: str = "", endpoint: str = "") -> None:
        import boto3  # Debian's; a host without CloudWatch does not need it
        from botocore.config import Config

        self._group, self._stream, self._namespace = group, stream, namespace
        config = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "max_attempts": 3})
        named: Any = {"config": config, "region_name": region or None, "endpoint_url": endpoint or None}
        self._logs: Any = boto3.client("logs", **named)
        self._metrics: Any = boto3.client("cloudwatch", **named)

    def put(self, batch: Sequence[Entry]) -> int:
        """How many of them CloudWatch refused for their time, which it says and takes the others."""
        events = [{"timestamp": one.at, "message": one.text} for one in sorted(batch, key=lambda one: one.at)]
        named = {"logGroupName": self._group, "logStreamName": self._stream}
        answer = self._ask(self._logs.put_log_events, **named, logEvents=events)
        return _refused(answer.get("rejectedLogEventsInfo") or {}, len(events))

    def measure(self, figures: Sequence[Figure]) -> None:
        """One data point each, for this host."""
        where = [{"Name": "Host", "Value": self._stream}]
        data = [{"MetricName": n, "Value": v, "Unit": u, "Dimensions": where} for n, v, u in figures]
        self._ask(self._metrics.put_metric_data, Namespace=self._namespace, MetricData=data)

    def _ask(self, do: Any, **what: Any) -> dict[str, Any]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer: dict[str, Any] = do(**what)
            return answer
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            if code == "DataAlreadyAcceptedException":
                return {}
            if code == "ResourceNotFoundException":
                self._make_stream()
            if code in NEVER:
                raise NeverError(code) from None
            raise PassingError(code) from None
        except BotoCoreError as error:
            raise PassingError(type(error).__name__) from None

    def _make_stream(self) -> None:
        """The group is Terraform's, the stream ours. A failure shows at the next try."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            self._logs.create_log_stream(logGroupName=self._group, logStreamName=self._stream)
        except (BotoCoreError, ClientError) as error:
            raise PassingError(f"the log group {self._group}: {type(error).__name__}") from None


def _refused(told: dict[str, int], count: int) -> int:
    """Indices as AWS has them: events before the one and from the other on were refused."""
    old = max(told.get("tooOldLogEventEndIndex", 0), told.get("expiredLogEventEndIndex", 0))
    return old + (count - told["tooNewLogEventStartIndex"] if "tooNewLogEventStartIndex" in told else 0)
