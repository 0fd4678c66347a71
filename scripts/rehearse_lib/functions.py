"""A function as it was deployed: its zip and its variables, under Amazon's runtime client. moto itself runs no code."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.gateway_lib.runtime_api import Function, function_running
from scripts.rehearse_lib.errors import RehearsalError
from scripts.rehearse_lib.moto import Cloud


def name_of(cloud: Cloud, kind: str) -> str:
    """The deployed function that runs lambdas/<kind>; "" where this environment has none."""
    listed = cloud.client("lambda").list_functions()["Functions"]
    return next((one["FunctionName"] for one in listed if one["Handler"] == f"lambdas.{kind}.handler.handler"), "")


@contextmanager
def deployed(cloud: Cloud, kind: str, zips: Path, place: Path) -> Iterator[Function]:
    """`zips`: where Terraform took them from. Raises RehearsalError when another zip was deployed."""
    found = cloud.client("lambda").get_function_configuration(FunctionName=name_of(cloud, kind))
    packed = zips / f"{kind}.zip"
    if base64.b64encode(hashlib.sha256(packed.read_bytes()).digest()).decode() != found["CodeSha256"]:
        raise RehearsalError(f"The function {found['FunctionName']} does not run {packed.name}.")
    root = place / kind
    with zipfile.ZipFile(packed) as archive:
        archive.extractall(root)
    variables = found["Environment"]["Variables"] | cloud.environment()
    with function_running(root, found["Handler"], variables, place / f"{kind}.log") as function:
        yield function
