"""What was applied, as the groups of assertions look at it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scripts.rehearse_lib.environments import NAME
from scripts.rehearse_lib.moto import Cloud


@dataclass(frozen=True, slots=True)
class Applied:
    """AWS's stand-in, Terraform's outputs, which environment it is, and the private API's body as it was sent."""

    cloud: Cloud
    outputs: Mapping[str, Any]
    environment: str
    api_body: str = ""

    @property
    def standard(self) -> bool:
        return self.environment == "standard"

    def key(self, label: str) -> str:
        """The ARN of one of the installation's keys: data, documents, logs, images."""
        found = self.cloud.client("kms").describe_key(KeyId=f"alias/{NAME}-{label}")["KeyMetadata"]["Arn"]
        return str(found)
