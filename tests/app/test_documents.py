"""Documents of an issued proforma: rendered once, kept with proof, the same after every accident."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from portal import adapters
from portal.accounts.access import AccessError
from portal.audit.selectors import entries_of
from portal.documents import services
from portal.documents.models import Document, Rendering
from portal.documents.selectors import documents_of, idocs_rendered, rendering_of, renderings_due
from portal.domain.content import Content, Exported
from portal.domain.errors import InputError
from portal.lib import work
from portal.lib.storage import StorageError, store
from portal.proformas.content import content_build
from portal.proformas.models import Proforma
from sandbox.server import SandboxServer
from tests.support.issuing import proforma_issue
from tests.support.office import Office, office_open, sandbox_running

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxServer]:
    with sandbox_running(tmp_path_factory.mktemp("sandbox"), tickets_count=30) as server:
        yield server


@pytest.fixture
def office(sandbox: SandboxServer, directories: Path) -> Office:
    return office_open(sandbox, directories / "credentials")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two formats that take no time."""
    chosen = {name: adapters.EXPORTERS[name] for name in ("idoc", "csv")}
    monkeypatch.setattr(adapters, "EXPORTERS", chosen)


def render(proforma: Proforma) -> Rendering:
    services.renderings_ensure()
    for unit in renderings_due():
        assert services.rendering_run(unit.pk)
    rendering = rendering_of(proforma)
    assert rendering is not None
    return rendering


def broken(content: Content) -> Exported:
    raise InputError("This format cannot hold it.", code="fax.too_long")


def kept(directories: Path) -> list[Path]:
    return [path for path in (directories / "documents").rglob("*") if path.is_file()]


def test_every_format_is_kept_with_its_checksum_and_progress_is_shown(office: Office, directories: Path) -> None:
    proforma = proforma_issue(office)
    rendering = render(proforma)
    assert (rendering.state, rendering.problem, rendering.percent) == (work.DONE, None, 100)
    assert rendering.peak_mb
    documents = list(documents_of(proforma))
    assert [d.format for d in documents] == list(adapters.EXPORTERS)
    assert len(kept(directories)) == len(documents)
    for document in documents:
        data = services.document_read(document)
        assert (len(data), hashlib.sha256(data).hexdigest()) == (document.size, document.sha256)
        assert document.name.startswith(str(proforma.number))
    assert services.document_read(documents[0])[:5] == b"%PDF-"
    assert list(idocs_rendered()) == [d for d in documents if d.format == "idoc"]


def test_drafts_are_not_rendered_and_issued_ones_once(office: Office, quick: None) -> None:
    assert services.renderings_ensure() == 0
    proforma_issue(office)
    assert [services.renderings_ensure() for _ in range(2)] == [1, 0]


def test_a_second_run_verifies_and_rewrites_nothing(office: Office, quick: None, directories: Path) -> None:
    proforma = proforma_issue(office)
    rendering = render(proforma)
    before = {p: (p.stat().st_mtime_ns, p.stat().st_ino) for p in kept(directories)}
    rows = list(documents_of(proforma).values())
    Rendering.objects.update(state=work.RUNNING, lease_until=None)  # as a killed worker leaves it
    assert services.rendering_run(rendering.pk)
    assert {p: (p.stat().st_mtime_ns, p.stat().st_ino) for p in kept(directories)} == before
    assert list(documents_of(proforma).values()) == rows


def test_bytes_that_a_killed_worker_left_without_a_row_are_taken_up(
    office: Office, quick: None, directories: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proforma = proforma_issue(office)
    with monkeypatch.context() as patch:  # the worker ends between the store and the row
        patch.setattr(Document.objects, "bulk_create", lambda *_a, **_k: (_ for _ in ()).throw(SystemExit))
        with pytest.raises(SystemExit):
            render(proforma)
    (left,) = kept(directories)
    assert not Document.objects.exists()
    Rendering.objects.update(lease_until=None)
    assert render(proforma).state == work.DONE
    assert left in kept(directories)
    assert len(kept(directories)) == 2


def test_a_format_that_cannot_be_made_keeps_the_others_and_waits_for_a_person(
    office: Office, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    proforma = proforma_issue(office)
    monkeypatch.setitem(adapters.EXPORTERS, "idoc", f"{__name__}.broken")
    rendering = render(proforma)
    assert (rendering.state, rendering.problem["code"]) == (work.FAILED, "fax.too_long")
    assert [d.format for d in documents_of(proforma)] == ["csv"]
    assert not idocs_rendered().exists()
    monkeypatch.setitem(adapters.EXPORTERS, "idoc", "portal.exporters.idoc.export")
    with pytest.raises(AccessError):
        services.rendering_retry(rendering=rendering, reason="Mapping corrected", actor="mallory")
    services.rendering_retry(rendering=rendering, reason="Mapping corrected", actor="petra")
    assert services.rendering_run(rendering.pk)
    assert idocs_rendered().count() == 1


def test_rows_that_no_longer_say_what_was_issued_are_not_rendered(
    office: Office, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    proforma = proforma_issue(office)

    def altered(row: Proforma) -> Content:
        return replace(content_build(row), contract_title="Something else")

    monkeypatch.setattr("portal.documents.services.content_build", altered)
    rendering = render(proforma)
    assert (rendering.state, rendering.problem["code"]) == (work.FAILED, "document.content_changed")
    assert not Document.objects.exists()


@pytest.mark.parametrize("damage", [b"", b"shorter", None])
def test_a_damaged_document_is_an_error_and_not_handed_out(
    office: Office, quick: None, directories: Path, damage: bytes | None
) -> None:
    document = documents_of(_rendered(office))[0]
    path = directories / "documents" / document.storage_key
    path.write_bytes(bytes(document.size) if damage is None else damage)
    with pytest.raises(services.DocumentError, match="Do not use it"):
        services.document_read(document)
    path.unlink()
    with pytest.raises(StorageError, match="gone"):
        services.document_read(document)


def test_documents_can_be_neither_changed_nor_removed(office: Office, quick: None) -> None:
    document = documents_of(_rendered(office))[0]
    for change in (document.delete, lambda: Document.objects.update(sha256="0" * 64)):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change()
    assert store().get(document.storage_key)


def test_rendering_is_recorded_with_the_proforma(office: Office, quick: None) -> None:
    proforma = _rendered(office)
    recorded = {(e.subject, e.actor) for e in entries_of("proformas_proforma", proforma.pk)}
    assert ("documents_document", "worker") in recorded


def _rendered(office: Office) -> Any:
    proforma = proforma_issue(office)
    assert render(proforma).state == work.DONE
    return proforma
