"""What the procedures tell an operator to type is what the command takes."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import pytest

from scripts.pki_lib.__main__ import COMMANDS
from scripts.pki_lib.options import parser

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("docs/pki.md", "scripts/pki_lib/README.md")
SPAN = re.compile(r"`pki ([^`]+)`")


def options_of(command: str) -> set[str]:
    (commands,) = (a for a in parser()._actions if isinstance(a, argparse._SubParsersAction))
    return set(commands.choices[command]._option_string_actions)


@pytest.mark.parametrize("page", PAGES)
def test_every_command_and_option_in_the_procedures_exists(page: str) -> None:
    spans = SPAN.findall((ROOT / page).read_text())
    assert spans
    for span in spans:
        command = span.split()[0]
        assert command in COMMANDS, span
        assert set(re.findall(r"--[a-z0-9-]+", span)) <= options_of(command), span


def test_the_procedures_and_the_messages_name_the_same_page() -> None:
    page = (ROOT / "docs/pki.md").read_text()
    named = set(re.findall(r"docs/pki\.md, '([^']+)'", "".join(p.read_text() for p in _sources())))
    assert named
    assert {title for title in named if f"## {title}" not in page} == set()


def test_every_command_is_documented() -> None:
    text = "".join((ROOT / page).read_text() for page in PAGES)
    assert {command for command in COMMANDS if f"pki {command}" not in text and f"`{command}`" not in text} == set()


def _sources() -> list[Path]:
    return sorted((ROOT / "scripts/pki_lib").glob("*.py"))
