"""What a release says of itself, and what a host writes into its log."""

from __future__ import annotations

from email.message import Message
from pathlib import Path

import pytest

from scripts.proforma_install.log import redacted
from scripts.release_lib import checkout, sbom, wheels
from scripts.release_lib.checkout import Checkout
from scripts.release_lib.errors import CheckoutError
from tests.support import releases

SOURCE = Checkout(Path(), "c" * 40, releases.COMMITTED, "1.2.0")


def test_the_bill_of_materials_names_each_package_with_hash_and_licence(tmp_path: Path) -> None:
    releases.stand_in(tmp_path, "5.2")
    bill = sbom.bill(SOURCE, tmp_path)
    (package,) = bill["components"]
    assert (package["purl"], package["licenses"]) == ("pkg:pypi/django@5.2", [{"license": {"name": "BSD"}}])
    assert len(package["hashes"][0]["content"]) == 64
    assert bill["metadata"]["timestamp"] == "2026-09-21T14:13:20Z"
    assert bill == sbom.bill(SOURCE, tmp_path)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"License-Expression": "MIT OR Apache-2.0", "License": "old"}, [{"expression": "MIT OR Apache-2.0"}]),
        ({"Classifier": "License :: OSI Approved :: MIT License"}, [{"license": {"name": "MIT License"}}]),
        ({"Classifier": "License :: OSI Approved", "License": "ZPL 2.1"}, [{"license": {"name": "ZPL 2.1"}}]),
        ({"License": "Copyright\nthe whole text"}, []),
        ({}, []),
    ],
)
def test_a_licence_is_what_the_package_says_best(fields: dict[str, str], expected: list[object]) -> None:
    described = Message()
    for name, value in fields.items():
        described[name] = value
    assert sbom.licences(described) == expected


def test_a_package_that_is_compiled_for_each_python_is_one_component(tmp_path: Path) -> None:
    first = releases.stand_in(tmp_path, "5.2")
    (tmp_path / "django-5.2-cp313-none-any.whl").write_bytes(first.read_bytes())
    (package,) = sbom.bill(SOURCE, tmp_path)["components"]
    assert [part["name"] for part in package["components"]] == ["django-5.2-cp313-none-any.whl", first.name]


def test_pins_are_read_by_normalised_name() -> None:
    text = "Foo.Bar_baz[x]==1.2 \\\n    --hash=sha256:00\n    # via quux==9\nb==2; python_version < '4'\n"
    assert wheels.pins(text) == {"foo-bar-baz": "1.2", "b": "2"}


def test_other_packages_than_the_pinned_ones_do_not_collect_static_files() -> None:
    with pytest.raises(CheckoutError, match=r"pytest .* instead of 0\.1"):
        wheels.builder_has({"pytest": "0.1"})


@pytest.mark.parametrize(
    ("path", "shipped"),
    [
        ("app/portal/web/views/health.py", True),
        ("app/portal/web/management/commands/first_administrator.py", True),
        ("app/portal/web/demo/month.py", False),
        ("app/portal/web/management/commands/demo_month.py", False),
        ("app/portal/exporters/README.md", False),
    ],
)
def test_what_only_a_rehearsal_needs_is_left_out(path: str, shipped: bool) -> None:
    assert (not checkout.LEFT_OUT.match(path)) is shipped


def test_a_checkout_with_changes_is_not_built_from(tmp_path: Path) -> None:
    checkout.git(tmp_path, "init", "--quiet")
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1.4.0"\n')
    with pytest.raises(CheckoutError, match="not committed"):
        checkout.clean(tmp_path)
    checkout.git(tmp_path, "add", ".")
    checkout.git(tmp_path, "-c", "user.name=x", "-c", "user.email=x@example.com", "commit", "--quiet", "-m", "x")
    assert checkout.clean(tmp_path).version == "1.4.0.1"
    assert checkout.clean(tmp_path, "2.0.0").version == "2.0.0"
    with pytest.raises(CheckoutError, match="no version"):
        checkout.clean(tmp_path, "2.0.0/../x")


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("connect postgres://owner:hunter2@db/x failed", "connect postgres://owner:***@db/x failed"),
        ("PROFORMA_SECRET_KEY=hunter2 and more", "PROFORMA_SECRET_KEY=***"),
        ('{"password": "hunter2"}', '{"password": ***'),
        ("Authorization: Bearer hunter2", "Authorization: ***"),
        ("3 migrations applied", "3 migrations applied"),
    ],
)
def test_secrets_do_not_reach_the_log(line: str, kept: str) -> None:
    assert redacted(line) == kept
