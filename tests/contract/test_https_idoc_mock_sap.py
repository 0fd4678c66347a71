"""The channel sends our IDoc to an SAP counterpart that nobody here wrote (mock-sap)."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.channels.https_idoc import CHANNEL
from portal.domain.channels import Parcel, SendOutcome, Target
from portal.domain.content import SapMapping
from portal.domain.sources import Credential
from portal.exporters.idoc import export
from tests.support.proforma_samples import content
from tests.support.tools import missing

MAPPING = SapMapping(company_code="1710", tax_code="V1", sum_gross="010", sum_net="011", sum_tax="205")
"""mock-sap reads 010 as gross, 011 as net, 205 as tax: receivers differ"""


@pytest.fixture(scope="module")
def sap() -> Iterator[str]:
    program = Path(sys.executable).with_name("mock-sap")
    if not program.exists():
        missing("mock-sap is not installed.", remedy="pip install -r app/requirements-dev.txt")
    command = [str(program), "--port", "0", "--no-csrf", "--quiet"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        yield next(found[0] for line in process.stdout if (found := re.search(r"http://[\d.]+:\d+", line)))
        process.terminate()


def target(sap: str, path: str) -> Target:
    credential = Credential({"username": "PROFORMA", "password": "secret"})
    return Target(f"{sap}{path}", credential, {"sap_client": "100"}, allow_loopback=True)


def parcel() -> Parcel:
    made = content(6, 40, sap=MAPPING, number="PF-2026-000077")
    exported = export(made)
    digest = hashlib.sha256(exported.data).hexdigest()
    return Parcel(made.number, exported.name, exported.media_type, digest, exported.data)


def test_it_is_accepted_and_the_receivers_words_are_kept(sap: str) -> None:
    sent = CHANNEL.send(target(sap, "/sap/bc/idoc/idoc_xml"), parcel())
    assert (sent.outcome, sent.status) == (SendOutcome.ACCEPTED, "201"), sent
    assert "53" in sent.text


def test_a_wrong_path_is_found_out_and_nothing_taken(sap: str) -> None:
    sent = CHANNEL.send(target(sap, "/sap/bc/idoc_html"), parcel())
    assert (sent.outcome, sent.permanent) == (SendOutcome.NOT_SENT, True), sent
