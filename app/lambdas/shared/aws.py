"""Clients of AWS, one a service and warm container, and what their errors mean."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

AWS_ERRORS = (BotoCoreError, ClientError)
THROTTLED = frozenset(
    {
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "RequestThrottled",
        "RequestLimitExceeded",
    }
)
# Short, so that an answer leaves before API Gateway gives up (29 s) and a batch ends before its visibility does.
_CONFIG = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})


@cache
def client(service: str) -> Any:
    """The client of a service; region and endpoint come from the environment, as Lambda and a rehearsal set it."""
    return boto3.client(service, config=_CONFIG)


def code(error: Exception) -> str:
    """AWS's own word, for example AccessDenied; of other errors their type. Their text may name accounts."""
    response = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code", "")) or type(error).__name__


def status(error: Exception) -> int:
    """The HTTP status of AWS's answer; 0 when there was none."""
    response = getattr(error, "response", None) or {}
    return int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def throttled(error: Exception) -> bool:
    return code(error) in THROTTLED


def variable(name: str) -> str:
    """A variable of the function's environment. Raises RuntimeError that names it when it is missing."""
    value = os.environ.get(name, "").strip()
    if not value:
        raise RuntimeError(f"the function's environment lacks {name}")
    return value


def number(name: str, default: int) -> int:
    """A whole number of the function's environment."""
    return int(os.environ.get(name, "").strip() or default)
