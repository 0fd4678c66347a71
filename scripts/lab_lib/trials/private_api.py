"""The private API: SAP's answers through the tunnel, API Gateway's event shape, intake, S3 and SQS, into the portal."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import boto3

from scripts.lab_lib import inventory, settings
from scripts.lab_lib.topology import INTAKE_ADDRESS, INTAKE_NAME, INTAKE_STAGE, SEEN_BY_CUSTOMER
from scripts.lab_lib.trials import cloud
from scripts.lab_lib.trials.lab import Lab
from scripts.lab_lib.trials.machines import eventually

PREFIX = "acknowledgements/example-a/"
RECORDED = "SELECT DISTINCT sha256 FROM delivery_acknowledgement"


def played(lab: Lab) -> Iterator[str]:
    """After a month: its answer came that way; a replay counts once, and a stranger not at all."""
    kept, recorded = _kept(lab), set(lab.sql(RECORDED).split())
    if not recorded:
        yield "no month had an answer yet"
        return
    if other := recorded - kept:
        yield f"{len(other)} answers reached the portal by another way"
    some = min(recorded & kept)
    with tempfile.TemporaryDirectory() as scratch:
        body = Path(scratch) / "body.xml"
        body.write_bytes(_body(lab, some))
        yield from _replayed(lab, body)
        yield from _refused(lab, body)
    if _kept(lab) != kept or set(lab.sql(RECORDED).split()) != recorded:
        yield "a replay or a stranger's message was kept"


def _replayed(lab: Lab, body: Path) -> Iterator[str]:
    for _ in range(2):
        if (status := _sent(lab, body, _password(lab))) != "202":
            yield f"the same answer once more: {status}, and not 202"
    eventually(lambda: _waiting(lab, "events") == 0, 30, "the event queue is empty")
    if dead := _waiting(lab, "dead"):
        yield f"{dead} dead letters"


def _refused(lab: Lab, body: Path) -> Iterator[str]:
    body.write_bytes(body.read_bytes() + b"\n")  # another SHA-256: what is kept would be seen
    if (status := _sent(lab, body, "a password that nobody has")) != "401":
        yield f"a wrong password: {status}, and not 401"
    if (status := _sent(lab, body, _password(lab), "database", INTAKE_ADDRESS)) != "403":
        yield f"from an address that is not the customer's: {status}, and not 403"


def _sent(
    lab: Lab, body: Path, password: str, host: str = "a-systems", address: str = SEEN_BY_CUSTOMER["example-a"]
) -> str:
    """The status of the answer."""
    login = body.with_name("login")
    login.touch(mode=0o600)
    login.write_text(f'user = "{_login(lab)["username"]}:{password}"\n')
    wanted = ("--silent", "--output", "/dev/null", "--write-out", "%{http_code}", "--max-time", "20")
    to = ("--resolve", f"{INTAKE_NAME}:443:{address}", "--cacert", str(lab.files.certificates / "provider-ca.pem"))
    what = ("--header", "Content-Type: text/xml", "--data-binary", f"@{body}", "--config", str(login))
    url = f"https://{INTAKE_NAME}/{INTAKE_STAGE}/inbox/acknowledgements/example-a"
    return lab.machines.here(host, "curl", *wanted, *to, *what, url).text.strip()


def _login(lab: Lab) -> dict[str, str]:
    return settings.inbound(settings.secrets_of(lab.files))["customers/example-a/inbound"]


def _password(lab: Lab) -> str:
    return _login(lab)["password"]


def _kept(lab: Lab) -> set[str]:
    """SHA-256 of every body in the inbox bucket."""
    with cloud.reached(lab):
        pages = boto3.client("s3").get_paginator("list_objects_v2").paginate(Bucket=inventory.INBOX, Prefix=PREFIX)
        return {one["Key"].removeprefix(PREFIX) for page in pages for one in page.get("Contents", ())}


def _body(lab: Lab, sha256: str) -> bytes:
    with cloud.reached(lab):
        found: bytes = boto3.client("s3").get_object(Bucket=inventory.INBOX, Key=f"{PREFIX}{sha256}")["Body"].read()
        return found


def _waiting(lab: Lab, queue: str) -> int:
    """Messages that wait or are being worked on."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    with cloud.reached(lab):
        said = boto3.client("sqs").get_queue_attributes(QueueUrl=inventory.queue(queue), AttributeNames=names)
    return sum(map(int, said["Attributes"].values()))
