"""AWS's stand-in: moto's server on loopback, in a process of its own that ends with the rehearsal."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import requests

from scripts import processes
from scripts.rehearse_lib.errors import RehearsalError

REGION = "eu-central-1"
PATIENCE = 40.0
DEBIAN = {
    "ami_id": "ami-0debian13",
    "name": "debian-13-amd64-20260101-0001",
    "description": "Debian 13",
    "owner_id": "136693071363",
    "public": True,
    "virtualization_type": "hvm",
    "architecture": "x86_64",
    "state": "available",
    "image_type": "machine",
    "hypervisor": "xen",
    "root_device_name": "/dev/xvda",
    "root_device_type": "ebs",
    "sriov": "simple",
}
"""the one public image that there is: what Packer begins with"""


@dataclass(frozen=True, slots=True)
class Cloud:
    """Where moto answers."""

    endpoint: str

    def environment(self) -> dict[str, str]:
        """What terraform and boto3 need to take moto for AWS."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "rehearsal",
            "AWS_SECRET_ACCESS_KEY": "rehearsal",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id="rehearsal",
            aws_secret_access_key="rehearsal",  # noqa: S106  moto knows no secrets
        )

    def empty(self) -> None:
        """Forget everything, as a new account would be."""
        requests.post(f"{self.endpoint}/moto-api/reset", timeout=30).raise_for_status()
        requests.post(
            f"{self.endpoint}/moto-api/config", json={"lambda": {"use_docker": False}}, timeout=30
        ).raise_for_status()


@contextmanager
def running(log: Path) -> Iterator[Cloud]:
    """A server of our own on a free port of loopback."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    images = log.with_name("public-images.json")
    images.write_text(json.dumps([DEBIAN]))
    environment |= {"MOTO_AMIS_PATH": str(images)}
    environment |= {"MOTO_IAM_LOAD_MANAGED_POLICIES": "true", "MOTO_ACM_VALIDATION_WAIT": "0"}
    with log.open("wb") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
            env=environment,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=processes.dies_with_parent(signal.SIGTERM),
        )
    try:
        cloud = Cloud(f"http://127.0.0.1:{port}")
        _wait(cloud, server, log)
        yield cloud
    finally:
        processes.end(server)


def _wait(cloud: Cloud, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and server.poll() is None:
        try:
            cloud.empty()
            return
        except requests.RequestException:
            time.sleep(0.3)
    raise RehearsalError(f"moto does not answer. Its last words:\n{processes.tail(log)}")


@contextmanager
def without_bucket_policies(cloud: Cloud) -> Iterator[None]:
    """moto reads no condition of a bucket's policy, so that "deny unless TLS" would deny everything."""
    s3 = cloud.client("s3")
    kept = {}
    for name in (one["Name"] for one in s3.list_buckets()["Buckets"]):
        try:
            kept[name] = s3.get_bucket_policy(Bucket=name)["Policy"]
        except s3.exceptions.ClientError:
            continue
        s3.delete_bucket_policy(Bucket=name)
    try:
        yield
    finally:
        for name, policy in kept.items():
            s3.put_bucket_policy(Bucket=name, Policy=policy)
