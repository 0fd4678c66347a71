"""The sandbox's SAP: it checks, keeps, refuses doubles, says what it has, and acknowledges later."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from lxml import etree

from portal.exporters.idoc import export
from sandbox.server import SandboxServer
from tests.support.proforma_samples import content
from tests.support.sandbox import Receiver, config, fault, invoic, look_up, post_idoc, until

pytestmark = pytest.mark.slow


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SandboxServer]:
    with SandboxServer(config(tmp_path)) as running:
        yield running


def text(body: bytes, path: str) -> str:
    return etree.fromstring(body).findtext(path) or ""


def test_an_idoc_is_taken_and_kept_byte_for_byte(server: SandboxServer) -> None:
    answer = post_idoc(server.url, invoic())
    docnum = text(answer.content, "DOCNUM")
    assert (answer.status_code, answer.headers["X-Proforma-Sandbox"], len(docnum)) == (200, "1", 16)
    assert (server.config.state / "received" / f"{docnum}.xml").read_bytes() == invoic()


def test_the_look_up_knows_what_came_and_what_did_not(server: SandboxServer) -> None:
    sent = post_idoc(server.url, invoic())
    found = look_up(server.url, "PF-2026-000001")
    assert (found["found"], found["sha256"]) == (True, text(sent.content, "SHA256"))
    assert look_up(server.url, "PF-2026-000002") == {
        "number": "PF-2026-000002",
        "found": False,
        "received_at": "",
        "sha256": "",
        "status": "",
        "text": "Nothing was received under this number.",
    }


@pytest.mark.parametrize("second", [invoic(), invoic(nets=("5.00",))])
def test_a_number_is_taken_once(server: SandboxServer, second: bytes) -> None:
    post_idoc(server.url, invoic())
    first = look_up(server.url, "PF-2026-000001")
    refused = post_idoc(server.url, second)
    assert (refused.status_code, text(refused.content, "CODE")) == (409, "double")
    assert text(refused.content, "RECEIVED_AT") == first["received_at"]
    assert first["received_at"] in text(refused.content, "TEXT")
    assert len(server.receipts.all()) == 1


def test_of_ten_posts_at_once_one_is_taken(server: SandboxServer) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: post_idoc(server.url, invoic()).status_code, range(10)))
    assert sorted(answers) == [200] + [409] * 9


@pytest.mark.parametrize(
    ("data", "client", "status", "said"),
    [
        (invoic(gross="1.00"), "100", 422, "SUMID 011"),
        (invoic(MANDT="200"), "100", 422, "sap-client"),
        (b"<INVOIC02>", "100", 400, "no XML"),
        (invoic(), "1", 400, "sap-client=NNN"),
        (invoic(), "", 400, "sap-client=NNN"),
    ],
)
def test_what_is_refused_says_why_and_is_not_kept(
    server: SandboxServer, data: bytes, client: str, status: int, said: str
) -> None:
    refused = post_idoc(server.url, data, client=client)
    assert refused.status_code == status
    assert said in text(refused.content, "TEXT")
    assert server.receipts.all() == []


def test_a_stranger_is_refused_at_both_doors(server: SandboxServer) -> None:
    assert post_idoc(server.url, invoic(), auth=("PROFORMA", "no")).status_code == 401
    assert requests.get(f"{server.url}/sap/bc/proforma_status?number=1", timeout=10).status_code == 401
    assert server.receipts.all() == []


def test_one_client_can_be_the_only_one(tmp_path: Path) -> None:
    with SandboxServer(config(tmp_path, sap_client="300")) as server:
        assert post_idoc(server.url, invoic()).status_code == 400
        assert post_idoc(server.url, invoic(MANDT="300"), client="300").status_code == 200


@pytest.mark.parametrize(
    ("control", "forced", "status", "outcome", "said"),
    [
        ({}, "", "53", "parked", "Document no. 5105600001 parked"),
        ({"MESCOD": "", "MESFCT": ""}, "", "53", "posted", "Document no. 5105600001 posted"),
        ({"MESFCT": "ZZZ"}, "", "53", "posted", "Document no. 5105600001 posted"),
        ({}, "posted", "53", "posted", "Document no. 5105600001 posted"),
        ({}, "rejected", "51", "rejected", "No purchase order item found for PF-2026-000001"),
    ],
)
def test_the_acknowledgement_says_what_became_of_it(
    tmp_path: Path, control: dict[str, Any], forced: str, status: str, outcome: str, said: str
) -> None:
    with Receiver() as portal, SandboxServer(config(tmp_path, acknowledge_url=portal.url, outcome=forced)) as server:
        post_idoc(server.url, invoic(**control))
        until(lambda: server.receipts.all()[0].acknowledgement == "sent")
        assert server.receipts.all()[0].outcome == outcome
        assert (look_up(server.url, "PF-2026-000001")["status"]) == status
    authorization, body = portal.seen[0]
    assert authorization.startswith("Basic ")
    state = "IDOC/E1ADHDR/E1STATE/"
    assert text(body, f"{state}STATUS") == status
    assert text(body, f"{state}STATXT") == said
    assert text(body, f"{state}STAPA1") == "PF-2026-000001"
    assert text(body, f"{state}DOCNUM") == "0000000000004711"
    assert bool(text(body, f"{state}E1PRTOB/OBJKEY")) == (status == "53")
    assert (text(body, "IDOC/EDI_DC40/MESTYP"), text(body, "IDOC/EDI_DC40/RCVPRN")) == ("ALEAUD", "PROFORMA")


def test_an_acknowledgement_is_sent_again_until_the_portal_takes_it(tmp_path: Path) -> None:
    with Receiver(refuse=2) as portal, SandboxServer(config(tmp_path, acknowledge_url=portal.url)) as server:
        post_idoc(server.url, invoic())
        until(lambda: server.receipts.all()[0].acknowledgement == "sent")
        receipt = server.receipts.all()[0]
    assert (receipt.attempts, receipt.last_error, len(portal.seen)) == (3, "", 3)
    assert len({text(body, "IDOC/E1ADHDR/E1STATE/STATXT") for _, body in portal.seen}) == 1


def test_a_restart_forgets_no_receipt_and_no_acknowledgement(tmp_path: Path) -> None:
    nobody = "http://127.0.0.1:9/inbox"
    with SandboxServer(config(tmp_path, acknowledge_url=nobody)) as first:
        post_idoc(first.url, invoic())
        until(lambda: first.receipts.all()[0].attempts)
    with Receiver() as portal, SandboxServer(config(tmp_path, acknowledge_url=portal.url)) as second:
        assert post_idoc(second.url, invoic()).status_code == 409
        until(lambda: portal.seen)
        assert look_up(second.url, "PF-2026-000001")["text"] == "Document no. 5105600001 parked"
        assert text(post_idoc(second.url, invoic("PF-2026-000002")).content, "DOCNUM").endswith("2")


def test_an_acknowledgement_waits_for_its_time(tmp_path: Path) -> None:
    with Receiver() as portal, SandboxServer(config(tmp_path, acknowledge_url=portal.url, acknowledge_after=60)) as s:
        post_idoc(s.url, invoic())
        time.sleep(0.4)
        assert portal.seen == []
        assert look_up(s.url, "PF-2026-000001")["status"] == "64"
        asked = {"number": "PF-2026-000001", "outcome": "rejected", "text": "Company code 1000 is locked"}
        now = requests.post(f"{s.url}/sandbox/acknowledge", json=asked, timeout=10)
        assert (now.status_code, now.json()["acknowledgement"]) == (200, "sent")
    assert text(portal.seen[0][1], "IDOC/E1ADHDR/E1STATE/STATXT") == "Company code 1000 is locked"


def test_what_was_acknowledged_once_is_acknowledged_alike_again(tmp_path: Path) -> None:
    with Receiver() as portal, SandboxServer(config(tmp_path, acknowledge_url=portal.url)) as server:
        fault(server.url, on="acknowledgement", outcome="rejected", text="Period 03 is closed", duplicate=True, count=1)
        post_idoc(server.url, invoic())
        until(lambda: len(portal.seen) == 2)
        requests.post(f"{server.url}/sandbox/acknowledge", json={"number": "PF-2026-000001"}, timeout=10)
    said = {text(body, "IDOC/E1ADHDR/E1STATE/STATXT") for _, body in portal.seen}
    assert (len(portal.seen), said) == (3, {"Period 03 is closed"})


def test_acknowledgements_can_be_held_back_and_name_a_stranger(tmp_path: Path) -> None:
    with Receiver() as portal, SandboxServer(config(tmp_path, acknowledge_url=portal.url)) as server:
        fault(server.url, on="acknowledgement", hold=True)
        post_idoc(server.url, invoic())
        time.sleep(0.3)
        assert portal.seen == []
        server.faults.clear()
        fault(server.url, on="acknowledgement", wrong_number=True)
        until(lambda: portal.seen)
    assert text(portal.seen[0][1], "IDOC/E1ADHDR/E1STATE/STAPA1") == "SANDBOX-UNKNOWN"


def test_a_time_out_after_the_upload_was_stored(server: SandboxServer) -> None:
    fault(server.url, on="sap", timeout_after_store=True, count=1)
    with pytest.raises(requests.exceptions.ReadTimeout):
        post_idoc(server.url, invoic(), timeout=1)
    until(lambda: look_up(server.url, "PF-2026-000001")["found"])
    assert post_idoc(server.url, invoic()).status_code == 409


@pytest.mark.parametrize(("after_store", "found"), [(False, False), (True, True)])
def test_a_500_before_or_after_the_upload_was_stored(server: SandboxServer, after_store: bool, found: bool) -> None:
    fault(server.url, on="sap", status=500, after_store=after_store, count=1)
    assert post_idoc(server.url, invoic()).status_code == 500
    assert look_up(server.url, "PF-2026-000001")["found"] is found


def test_an_answer_that_breaks_off_after_the_upload_was_stored(server: SandboxServer) -> None:
    fault(server.url, on="sap", truncate=True, count=1)
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        post_idoc(server.url, invoic())
    assert look_up(server.url, "PF-2026-000001")["found"] is True


def test_the_look_up_can_fail_alone(server: SandboxServer) -> None:
    fault(server.url, on="sap_status", status=503, count=1)
    assert post_idoc(server.url, invoic()).status_code == 200
    address = f"{server.url}/sap/bc/proforma_status?number=PF-2026-000001"
    assert requests.get(address, auth=("PROFORMA", "sap-pass"), timeout=10).status_code == 503


def test_the_page_shows_what_was_received_and_escapes_it(server: SandboxServer) -> None:
    post_idoc(server.url, invoic("PF-&lt;b&gt;-1"))
    page = requests.get(f"{server.url}/sandbox/", timeout=10)
    assert (page.status_code, page.headers["Content-Type"][:9]) == (200, "text/html")
    assert "PF-&lt;b&gt;-1" in page.text
    assert "<b>" not in page.text
    assert not [each for each in ("<script", "src=", "http://", "https://") if each in page.text]
    received = requests.get(f"{server.url}/sandbox/received", timeout=10).json()["received"]
    assert [(each["number"], each["gross"], each["lines"]) for each in received] == [("PF-<b>-1", "1469.06", 2)]


def test_a_button_of_the_page_acknowledges(tmp_path: Path) -> None:
    with Receiver() as portal, SandboxServer(config(tmp_path, acknowledge_url=portal.url, acknowledge_after=60)) as s:
        post_idoc(s.url, invoic())
        form = {"number": "PF-2026-000001", "outcome": "posted"}
        pressed = requests.post(f"{s.url}/sandbox/acknowledge", data=form, timeout=10)
    assert pressed.url == f"{s.url}/sandbox/"
    assert "53 posted" in pressed.text
    assert text(portal.seen[0][1], "IDOC/E1ADHDR/E1STATE/STATXT") == "Document no. 5105600001 posted"


def test_the_portals_own_idoc_is_taken(server: SandboxServer) -> None:
    proforma = content()
    taken = post_idoc(server.url, export(proforma).data)
    assert taken.status_code == 200, taken.text
    receipt = server.receipts.all()[0]
    assert (receipt.number, receipt.gross, receipt.lines) == (
        proforma.number,
        str(proforma.gross),
        len(proforma.lines),
    )


@pytest.fixture
def mock_sap(tmp_path: Path) -> Iterator[str]:
    """An SAP that nobody here wrote."""
    program = Path(sys.executable).with_name("mock-sap")
    from tests.support.tools import missing

    if not program.exists():
        missing("mock-sap is not installed.", remedy="pip install -r app/requirements-dev.txt")
    process = subprocess.Popen(
        [str(program), "--port", "0", "--no-csrf"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout is not None
    line = next(each for each in process.stdout if "http://" in each)
    yield "http://" + line.split("http://")[1].split()[0].rstrip("/")
    process.terminate()
    process.wait(timeout=10)


def test_an_invoic02_that_another_sap_wrote_is_taken(mock_sap: str, tmp_path: Path) -> None:
    """It sums up differently (010 gross, 011 net, 205 tax): receivers differ, the mapping says how."""
    orders = f"{mock_sap}/sap/opu/odata/sap/API_SALES_ORDER_SRV/A_SalesOrder?$format=json&$top=1"
    with urllib.request.urlopen(orders, timeout=10) as answer:  # noqa: S310 loopback
        order = json.load(answer)["d"]["results"][0]["SalesOrder"]
    made = requests.post(
        f"{mock_sap}/sap/bc/idoc/generate?format=xml", json={"MESTYP": "INVOIC", "SalesOrder": order}, timeout=10
    )
    assert made.status_code == 201, made.text
    with SandboxServer(config(tmp_path, sum_ids=("011", "205", "010"))) as server:
        taken = post_idoc(server.url, made.content)
        assert taken.status_code == 200, taken.text
        assert server.receipts.all()[0].lines > 0
