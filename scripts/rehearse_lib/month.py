"""One month in the applied cloud, along every path that moto carries: from the calendar's message to SAP's answer."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests

from scripts.gateway_lib import door
from scripts.rehearse_lib import functions, gateway, office, witness
from scripts.rehearse_lib.errors import RehearsalError
from scripts.rehearse_lib.moto import Cloud
from scripts.rehearse_lib.office import Office
from scripts.rehearse_lib.report import Report
from scripts.rehearse_lib.workspace import Workspace

HELD_MS = 20_000
"""how long the customer's first page takes, so that the worker is killed in the middle of a collection"""


@dataclass(frozen=True, slots=True)
class Scene:
    """What the steps below share."""

    cloud: Cloud
    outputs: Mapping[str, Any]
    office: Office
    report: Report

    @contextmanager
    def step(self, name: str, note: str) -> Iterator[None]:
        begun = time.monotonic()
        yield
        self.report.step(name, time.monotonic() - begun, note)

    def tell(self, queue: str, body: str) -> None:
        self.cloud.client("sqs").send_message(QueueUrl=self.outputs["queues"][queue]["url"], MessageBody=body)


def play(cloud: Cloud, outputs: Mapping[str, Any], space: Workspace, report: Report) -> None:
    """Raises RehearsalError at the first thing that is not as it should be."""
    zips, place = space.place / "out/lambdas", space.place / "month"
    place.mkdir()
    heard, name = witness.listens(cloud), functions.name_of(cloud, "intake")
    with (
        functions.deployed(cloud, "intake", zips, place) as intake,
        functions.deployed(cloud, "vault", zips, place) as vault,
        door.serving(gateway.applied(cloud, name), intake) as api,
        office.opened(cloud, outputs, place / "state") as made,
    ):
        scene = Scene(cloud, outputs, made, report)
        _furnish(scene, name, f"{api}/inbox/acknowledgements/{office.CUSTOMER}")
        _begun_by_the_calendar(scene)
        _worker_killed(scene)
        _to_the_answer(scene)
        _dead_letters(scene)
        with scene.step("witness", "every document in the register; a forged one raises the alarm"):
            witness.sees(cloud, outputs, vault, heard)
    witness.forgets(cloud, heard)


def _furnish(scene: Scene, intake: str, inbox: str) -> None:
    """A customer, who is known to the API by address and password, and the contract."""
    door = scene.office.doors["acknowledgement"]
    sender = {"addresses": ["127.0.0.1/32"], "kinds": ["acknowledgements"], "method": "basic"}
    sender |= {"username": door["username"], "secrets": [door["password"]]}
    found = scene.cloud.client("lambda").get_function_configuration(FunctionName=intake)
    prefix = found["Environment"]["Variables"]["SENDERS_PREFIX"]
    scene.cloud.client("secretsmanager").create_secret(
        Name=f"{prefix}{office.CUSTOMER}", SecretString=json.dumps(sender)
    )
    url = scene.office.sandbox(inbox)
    for fault in (
        {"on": "servicenow", "count": 1, "latency_ms": HELD_MS},
        {"on": "acknowledgement", "duplicate": True},
    ):
        requests.post(f"{url}/sandbox/faults", json=fault, timeout=10).raise_for_status()
    scene.office.plan(url)
    scene.office.demo_month("contract")


def _begun_by_the_calendar(scene: Scene) -> None:
    """The message that the applied schedule would put on the queue that it names, twice."""
    made, scheduler = scene.office, scene.cloud.client("scheduler")
    (listed,) = scheduler.list_schedules()["Schedules"]
    target = scheduler.get_schedule(Name=listed["Name"], GroupName=listed["GroupName"])["Target"]
    if target["Arn"] != scene.outputs["queues"]["events"]["arn"]:
        raise RehearsalError(f"The schedule leads to {target['Arn']}, which is not the queue of events.")
    with scene.step("month due", "the schedule's message, twice; the month begins once"):
        made.consumer()
        for _ in range(2):
            scene.tell("events", target["Input"].replace("<aws.scheduler.scheduled-time>", office.scheduled_time()))
        made.until(lambda: made.ask("SELECT count(*) FROM proformas_monthrun"), "The month begins")
        made.until(lambda: waiting(scene, "events") == 0, "Both messages are taken")
        if (runs := made.ask("SELECT count(*) FROM proformas_monthrun")) != 1:
            raise RehearsalError(f"The month began {runs} times.")


def _worker_killed(scene: Scene) -> None:
    """SIGKILL in the middle of a collection. No beat runs: only the message that SQS gives again can wake the next."""
    made, queue = scene.office, scene.outputs["queues"]["celery"]["url"]
    hidden = {"VisibilityTimeout": str(office.VISIBILITY)}
    scene.cloud.client("sqs").set_queue_attributes(QueueUrl=queue, Attributes=hidden)
    state = "SELECT state FROM tickets_collection"
    with scene.step("worker killed", f"SQS gives its message again after {office.VISIBILITY} s instead of two minutes"):
        first = made.worker()
        made.until(lambda: made.ask(state) == "running", "A worker collects")
        made.family.kill(first)
        made.worker()
        made.until(lambda: made.ask("SELECT count(*) FROM proformas_proforma"), "The next worker makes the draft")
        if (drafts := made.ask("SELECT count(*) FROM proformas_proforma")) != 1:
            raise RehearsalError(f"The month has {drafts} drafts.")


def _to_the_answer(scene: Scene) -> None:
    """Approved by two people, delivered; SAP answers twice through API Gateway, intake, S3 and SQS."""
    made = scene.office
    with scene.step("month", "to SAP's answer, which came twice through the private API and counted once"):
        made.beat()
        made.demo_month("scheduled")
        made.until(lambda: waiting(scene, "events") == 0, "All events are taken")
        if (kept := made.ask("SELECT count(*) FROM delivery_acknowledgement")) != 1:
            raise RehearsalError(f"{kept} acknowledgements were kept of one that came twice.")


def _dead_letters(scene: Scene) -> None:
    """What can never be acted on ends where the alarm is, after as many receives as were applied, and stops nothing."""
    made, dead = scene.office, scene.cloud.client("sqs")
    url = dead.get_queue_url(QueueName=scene.outputs["queues"]["events"]["dead_letter_name"])["QueueUrl"]
    poison = "no event"
    with scene.step("dead letter", "a message that nobody can read ends there"):
        scene.tell("events", poison)
        found: list[dict[str, Any]] = []

        def arrived() -> bool:
            asked = {"MaxNumberOfMessages": 10, "AttributeNames": ["ApproximateReceiveCount"]}
            found.extend(dead.receive_message(QueueUrl=url, **asked).get("Messages", []))
            return bool(found)

        made.until(arrived, "The dead letter arrives")
        if [one["Body"] for one in found] != [poison]:
            raise RehearsalError(f"{len(found)} messages were given up, not the one that had to be.")
        handed = int(found[0]["Attributes"]["ApproximateReceiveCount"]) - 1  # our own was the last
        if handed != (most := _receives(scene, "events")):
            raise RehearsalError(f"The message was given up after {handed} receives, and not after {most}.")


def _receives(scene: Scene, queue: str) -> int:
    """After how many a message is given up, as it was applied."""
    asked = {"QueueUrl": scene.outputs["queues"][queue]["url"], "AttributeNames": ["RedrivePolicy"]}
    found = scene.cloud.client("sqs").get_queue_attributes(**asked)["Attributes"]["RedrivePolicy"]
    return int(json.loads(found)["maxReceiveCount"])


def waiting(scene: Scene, queue: str) -> int:
    """Messages that are there or being worked on."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    url = scene.outputs["queues"][queue]["url"]
    found = scene.cloud.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(found[name]) for name in names)
