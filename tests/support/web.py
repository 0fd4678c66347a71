"""What tests of the pages share: people's browsers, a month played up to a state, and pages read as text."""

from __future__ import annotations

import html
import re
from typing import Any

from django.test import Client

from portal.accounts.models import Role, User
from portal.accounts.services import user_create
from portal.delivery.services import due_work_run
from portal.proformas import selectors, services
from portal.proformas.models import MonthRun, Proforma
from tests.support.cast import person_make
from tests.support.office import Office

BACKEND = "django.contrib.auth.backends.ModelBackend"


def browser(name: str, **settings: Any) -> Client:
    """Somebody of the cast, signed in."""
    client = Client(**settings)
    client.force_login(person_make(name), backend=BACKEND)
    return client


def omnipotent_person() -> User:
    """Somebody with every role, to show that a page which refuses others does open."""
    return user_create(username="otto", password="all the roles at once", roles=list(Role.values), actor="tests")


def omnipotent() -> Client:
    client = Client()
    client.force_login(omnipotent_person(), backend=BACKEND)
    return client


def month_played(office: Office) -> tuple[MonthRun, Proforma]:
    """Started by Petra, composed to a draft."""
    run = services.month_start(contract=office.contract, period=office.period, actor="petra")
    services.month_advance(run.pk)
    proforma = selectors.proforma_of(office.contract, office.period)
    assert proforma is not None
    run.refresh_from_db()
    return run, proforma


def month_issued(office: Office) -> Proforma:
    """Submitted by Petra, approved and issued by Anton, rendered and sent."""
    _, proforma = month_played(office)
    services.proforma_submit(proforma=proforma, actor="petra")
    services.proforma_approve(proforma=proforma, actor="anton")
    services.proforma_issue(proforma=proforma, actor="anton")
    due_work_run()
    return selectors.proforma_get(proforma.pk)


def text(response: Any) -> str:
    """What a person reads of a page, without marks and doubled spaces."""
    plain = re.sub(r"<(script|style).*?</\1>|<[^>]*>", " ", response.content.decode(), flags=re.S)
    return re.sub(r"[\s\u00a0]+", " ", html.unescape(plain))


def once_of(response: Any) -> str:
    """The token of the first form on a page."""
    found = re.search(r'name="once" value="([^"]+)"', response.content.decode())
    assert found, "the page has no form with a token"
    return found[1]
