"""A person's browser on the laptop: requests through its tunnel, the portal's real pages and forms, nothing else.

The connection is made in the laptop's network, to the address that the portal's name has for staff; TLS is checked
against the name and the provider's authority, as a real browser does.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import lxml.html
import requests
from requests.adapters import HTTPAdapter

from scripts.lab_lib.trials.machines import TrialError

Network = Callable[[], AbstractContextManager[None]]
TIMEOUT = (3.0, 20.0)
PATIENCE = 60.0
REDIAL = 8.0


@dataclass(frozen=True, slots=True)
class Portal:
    """Where it is, as the laptop sees it: `url` at `address`, signed by an authority of the file `ca`."""

    url: str
    address: str
    ca: Path
    network: Network = nullcontext
    dial: Callable[[], object] | None = None
    """connects the laptop's tunnel anew: what a person does when pages stop coming"""

    @property
    def name(self) -> str:
        return urlsplit(self.url).hostname or ""


class LaptopAdapter(HTTPAdapter):
    """Opens connections in the laptop's network, to the portal's address, and checks the portal's name."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal
        super().__init__(max_retries=0)

    def init_poolmanager(self, *given: Any, **more: Any) -> None:
        names = {"server_hostname": self.portal.name, "assert_hostname": self.portal.name}
        super().init_poolmanager(*given, **(more | names))

    def send(self, request: requests.PreparedRequest, **given: Any) -> requests.Response:  # type: ignore[override]
        wanted = request.copy()
        wanted.url = str(request.url).replace(self.portal.name, self.portal.address, 1)
        wanted.headers["Host"] = self.portal.name
        with self.portal.network():
            response = super().send(wanted, **given)
        response.url, response.request = str(request.url), request
        return response


class Page:
    """What came: status, address, and the document as a tree."""

    def __init__(self, response: requests.Response) -> None:
        self.status = response.status_code
        self.url = response.url
        self.path = urlsplit(response.url).path
        self.data = response.content
        kind = response.headers.get("Content-Type", "")
        self.tree: Any = lxml.html.document_fromstring(response.text or "<p>") if "html" in kind else None

    @property
    def text(self) -> str:
        """What a person reads, in one line."""
        if self.tree is None:
            return ""
        return re.sub(r"\s+", " ", str(self.tree.text_content())).strip()

    def of(self, selector: str) -> list[str]:
        """The text of every element that an XPath finds."""
        found = [] if self.tree is None else self.tree.xpath(selector)
        return [re.sub(r"\s+", " ", str(one.text_content())).strip() for one in found]

    def link(self, words: str) -> str:
        """The address of the first link whose text has the words. Raises TrialError."""
        links = [] if self.tree is None else self.tree.xpath("//a[@href]")
        for one in links:
            if words in str(one.text_content()):
                return str(urljoin(self.url, one.get("href")))
        raise TrialError(f"{self.path} has no link '{words}': {self.said()}")

    def form(self, button: str) -> Any:
        """The form with that button. Raises TrialError."""
        for one in [] if self.tree is None else self.tree.forms:
            if any(button in str(label.text_content()) for label in one.xpath(".//button")):
                return one
        raise TrialError(f"{self.path} has no button '{button}': {self.said()}")

    def has(self, button: str) -> bool:
        return any(button in text for text in self.of("//button"))

    def said(self) -> str:
        """What the portal answered, for a report: its messages and problems, or the beginning of the page."""
        told = self.of("//*[contains(@class,'message') or contains(@class,'problem') or contains(@class,'error')]")
        return f"{self.status} {' | '.join(told) or self.text[:300]}"


@dataclass
class Browser:
    """One person's session. `reload`s are what a person does when the page does not come."""

    portal: Portal
    session: requests.Session = field(default_factory=requests.Session)
    _dialled: float = 0.0

    def __post_init__(self) -> None:
        self.session.trust_env = False
        self.session.verify = str(self.portal.ca)
        if self.portal.address:
            self.session.mount(self.portal.url, LaptopAdapter(self.portal))

    def get(self, where: str, *, patience: float = PATIENCE) -> Page:
        """A page, reloaded while nothing or a 502, 503 or 504 comes. Raises TrialError when it never does."""
        until, seen = time.monotonic() + patience, "nothing was tried"
        while time.monotonic() < until:
            try:
                answer = self.session.get(urljoin(self.portal.url, where), timeout=TIMEOUT)
            except requests.RequestException as error:
                seen = type(error).__name__
                self._redial()
            else:
                if answer.status_code not in (502, 503, 504):
                    return Page(answer)
                seen = str(answer.status_code)
            time.sleep(0.25)
        raise TrialError(f"{where} did not come within {patience:.0f} s: {seen}")

    def _redial(self) -> None:
        """Not for each page that does not come: a tunnel needs its time."""
        if self.portal.dial and time.monotonic() - self._dialled > REDIAL:
            self.portal.dial()
            self._dialled = time.monotonic()

    def answers(self, where: str, seconds: float = 2.0) -> bool:
        """Whether the page comes, good, within that time. No reload."""
        try:
            return self.session.get(urljoin(self.portal.url, where), timeout=seconds).status_code == 200
        except requests.RequestException:
            return False

    def press(self, page: Page, button: str, values: Mapping[str, Any] | None = None) -> Page:
        """Fill in the form with that button and send it, once. Raises TrialError when the portal refuses it."""
        form = page.form(button)
        return self.send(page, form, values or {})

    def send(self, page: Page, form: Any, values: Mapping[str, Any]) -> Page:
        address = urljoin(page.url, form.get("action") or page.url)
        pairs = [(name, value) for name, value in form.form_values() if name not in values]
        for name, value in values.items():
            pairs += [(name, one) for one in (value if isinstance(value, list | tuple) else [value])]
        answer = Page(self.session.post(address, data=pairs, headers={"Referer": page.url}, timeout=TIMEOUT))
        if answer.status >= 400:
            raise TrialError(f"{urlsplit(address).path}: {answer.said()}")
        return answer

    def sign_in(self, name: str, password: str) -> Page:
        """The first page after it. Raises TrialError."""
        page = self.get("/sign-in")
        return self.press(page, "Sign in", {"username": name, "password": password})

    def wait(self, where: str, ready: Callable[[Page], bool], what: str, seconds: float = 120.0) -> Page:
        """Look at a page again and again until it is so. Raises TrialError."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            page = self.get(where, patience=max(1.0, until - time.monotonic()))
            if ready(page):
                return page
            time.sleep(0.3)
        raise TrialError(f"{where}: not within {seconds:.0f} s: {what}. Last: {page.text[-500:]}")


def option(form: Any, field_name: str, words: str) -> str:
    """The value of the choice whose text has the words. Raises TrialError."""
    for one in form.xpath(f".//select[@name='{field_name}']/option"):
        if words in str(one.text_content()):
            return str(one.get("value"))
    raise TrialError(f"the field {field_name} offers no '{words}'")
