"""The policies that were applied, read back from AWS (or moto): of roles by their noun, and of buckets by ARN."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from scripts.rehearse_lib.iam import Document


def roles(iam: Any, name: str) -> tuple[dict[str, list[Document]], dict[str, Document]]:
    """(what each role may, who may take it), by the role's name without `<name>-`. Raises an error of AWS."""
    may: dict[str, list[Document]] = {}
    trust: dict[str, Document] = {}
    for page in iam.get_paginator("list_roles").paginate():
        for role in page["Roles"]:
            if role["RoleName"].startswith(f"{name}-"):
                noun = role["RoleName"].removeprefix(f"{name}-")
                may[noun] = list(_policies(iam, role["RoleName"]))
                trust[noun] = _document(role["AssumeRolePolicyDocument"])
    return may, trust


def buckets(s3: Any, name: str) -> dict[str, Document]:
    """Policies of the installation's buckets by the bucket's ARN; a bucket without one is left out."""
    found = {}
    for bucket in s3.list_buckets()["Buckets"]:
        if bucket["Name"].startswith(f"{name}-"):
            try:
                found[f"arn:aws:s3:::{bucket['Name']}"] = json.loads(
                    s3.get_bucket_policy(Bucket=bucket["Name"])["Policy"]
                )
            except s3.exceptions.ClientError as error:
                if error.response["Error"]["Code"] != "NoSuchBucketPolicy":
                    raise
    return found


def _policies(iam: Any, role: str) -> Iterator[Document]:
    for inline in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        yield _document(iam.get_role_policy(RoleName=role, PolicyName=inline)["PolicyDocument"])
    for attached in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        arn = attached["PolicyArn"]
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        yield _document(iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"])


def _document(value: Any) -> Document:
    """boto3 has decoded it already, moto not always."""
    found: Document = json.loads(unquote(value)) if isinstance(value, str) else value
    return found
