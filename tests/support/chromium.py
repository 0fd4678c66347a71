"""A real Chromium, driven as a person would: what it asked for and complained about is kept for the test to judge."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

from tests.support.tools import tool

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""without them Chromium asks its maker's hosts on its own; --no-sandbox because tests may run as root"""


@dataclass
class Visitor:
    """One person's window. `hosts` and `complaints` are all that the pages asked for and the browser objected to."""

    page: Page
    hosts: set[str] = field(default_factory=set)
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("request", self._requested)
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _requested(self, request: Request) -> None:
        self.hosts.add(urlsplit(request.url).netloc)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Skips the test, or fails it where CI=true, when there is no Chromium."""
    path = tool("chromium", "chromium-browser", package="chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def visitor(browser: Browser, base_url: str, width: int = 1280) -> Iterator[Visitor]:
    """A window of its own, without anybody else's cookies."""
    context = browser.new_context(base_url=base_url, viewport={"width": width, "height": 900}, accept_downloads=True)
    try:
        yield Visitor(context.new_page())
    finally:
        context.close()
