"""The month as people play it, in a real Chromium, with a customer that answers and a worker that works."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from playwright.sync_api import Browser, Page, expect

from portal import celery
from portal.delivery.services import due_work_run
from tests.support.cast import PASSWORD
from tests.support.chromium import Visitor, chromium, visitor
from tests.support.office import Office, office_open, sandbox_running

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PATIENCE_MS = 30_000
NARROW = 400


@dataclass
class Worker:
    """Drives due work as a worker's sweep does, once it is let go."""

    go: threading.Event = field(default_factory=threading.Event)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        self.go.wait()
        while not self.stop.wait(0.2):
            due_work_run()
        connections.close_all()


@contextmanager
def working() -> Iterator[Worker]:
    worker = Worker()
    thread = threading.Thread(target=worker.run, daemon=True)
    thread.start()
    try:
        yield worker
    finally:
        worker.stop.set()
        worker.go.set()
        thread.join(timeout=30)


@dataclass
class Stage:
    """What the test plays on."""

    office: Office
    url: str
    worker: Worker
    browser: Browser


@pytest.fixture
def stage(live_server: Any, directories: Path, tmp_path: Path) -> Iterator[Stage]:
    """Chromium comes last and goes first: while it runs, this thread may not ask the database."""
    inbox = f"{live_server.url}/inbox/acknowledgements/acme"
    settings: dict[str, Any] = {"tickets_count": 120, "acknowledge_url": inbox, "acknowledge_after": 0.5}
    with sandbox_running(tmp_path / "sandbox", **settings) as sandbox, working() as worker:
        assert celery.app.conf.broker_url  # as in portal.wsgi: whoever wakes a worker has to know the broker
        office = office_open(sandbox, directories / "credentials")
        with chromium() as browser:
            yield Stage(office, live_server.url, worker, browser)


@contextmanager
def signed_in(stage: Stage, name: str, width: int = 1280) -> Iterator[Page]:
    """A person at the keyboard. Afterwards: their pages asked no other host, and the browser objected to nothing."""
    with visitor(stage.browser, stage.url, width) as window:
        page = window.page
        page.set_default_timeout(PATIENCE_MS)
        page.goto("/")
        page.get_by_label("User name").fill(name)
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name="Sign out")).to_be_visible(timeout=PATIENCE_MS)
        yield page
        _check(window, stage.url)


def _check(window: Visitor, url: str) -> None:
    assert window.hosts == {url.removeprefix("http://")}
    assert window.complaints == []


def test_the_month_from_the_start_to_saps_answer(stage: Stage) -> None:
    with signed_in(stage, "petra") as page:
        _start(page, stage)
        _review(page)
        address = page.url
    with signed_in(stage, "anton") as page:
        _approve_and_issue(page)
        _follow_the_delivery(page)
        _take_the_documents(page)
        assert page.url == address
    with signed_in(stage, "petra", NARROW) as page:
        _read_on_a_telephone(page, address)


def _start(page: Page, stage: Stage) -> None:
    """The worker is let go only when the page waits for it, so that the page has to notice by itself."""
    page.get_by_role("link", name="Start a month").click()
    page.get_by_label("Month").fill("2026-03")
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_text("Waits for a worker")).to_be_visible()
    expect(page.get_by_role("progressbar")).to_be_visible()
    stage.worker.go.set()
    page.get_by_role("link", name="To the proforma").click(timeout=PATIENCE_MS)


def _review(page: Page) -> None:
    """Petra adds a line, looks behind another, submits, and finds no way to approve."""
    expect(page.get_by_text("Both add up.")).to_be_visible()
    page.get_by_role("link", name="Add a line").click()
    for label, value in {"Description": "Travel", "Quantity": "2,5", "Unit price": "95", "Reason": "ordered"}.items():
        page.get_by_label(label).fill(value)
    page.get_by_role("button", name="Add line").click()
    expect(page.get_by_role("row", name=re.compile("Travel"))).to_contain_text("237.50")
    page.get_by_role("link", name=re.compile(r"^\d+ tickets$")).first.click()
    expect(
        page.get_by_role("cell", name=re.compile("INC|RITM")).or_(page.locator("th[scope=row]")).first
    ).to_be_visible()
    page.go_back()
    page.get_by_role("button", name="Submit for review").click()
    expect(page.get_by_role("status")).to_contain_text("an approver reviews it now")
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)
    assert _post(page, page.url + "/approve") == 403


def _post(page: Page, address: str) -> int:
    """A POST by hand with everything that the person's own browser has."""
    token = page.locator("input[name=csrfmiddlewaretoken]").first.input_value()
    answer = page.request.post(address, form={"csrfmiddlewaretoken": token}, headers={"Referer": page.url})
    return answer.status


def _approve_and_issue(page: Page) -> None:
    page.get_by_role("link", name="Review it, then approve it or send it back").click()
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("status")).to_contain_text("approved")
    page.get_by_role("link", name="Issue…").click()
    expect(page.get_by_text("nothing in it can be changed or taken back")).to_be_visible()
    page.get_by_role("button", name="Issue for good").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(re.compile(r"^PF-\d{4}-000001"))


def _follow_the_delivery(page: Page) -> None:
    """Documents and SAP's answer appear without a reload."""
    expect(page.get_by_role("link", name=re.compile(r"\.pdf$"))).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator("#dispatch")).to_contain_text(re.compile("parked"), timeout=2 * PATIENCE_MS)


def _take_the_documents(page: Page) -> None:
    links = page.locator(".documents a")
    names = links.all_inner_texts()
    kinds = {name.rsplit(".", 1)[1]: name for name in names}
    assert {"pdf", "html", "xml", "csv"} <= set(kinds)
    digests = set()
    for name in names:
        with page.expect_download() as waiting:
            page.get_by_role("link", name=name, exact=True).click()
        data = Path(waiting.value.path()).read_bytes()
        assert waiting.value.suggested_filename == name
        digests.add(hashlib.sha256(data).hexdigest())
        if name == kinds["pdf"]:
            assert data.startswith(b"%PDF-")
    assert len(digests) == len(names)


def _read_on_a_telephone(page: Page, address: str) -> None:
    for path in ("/", "/contracts", "/customers", address):
        page.goto(path)
        too_wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert too_wide == 0, path
