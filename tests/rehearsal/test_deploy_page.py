"""docs/deploy.md: each block is rehearsed or says why not. The long run compares the former with what ran."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.rehearse_lib import commands


def test_what_is_not_rehearsed_stands_in_the_list_with_its_reason() -> None:
    listed = commands.PAGE.read_text().partition("## What is not rehearsed")[2]
    by_hand = [line for kind, lines in commands.blocks() if kind == "by hand" for line in lines]
    assert len(by_hand) > 5
    for line in by_hand:
        words = line.split()
        assert any(f"`{' '.join(words[:n])}`" in listed for n in range(1, 5)), f"no reason is given for: {line}"


def test_a_block_that_says_neither_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Page\n\n```sh\nterraform apply\n```\n")
    with pytest.raises(ValueError, match="a block begins with"):
        commands.blocks(page)


def test_a_command_that_never_ran_is_told(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "```sh rehearsed\nterraform -chdir=terraform plan > here\nterraform output -json\nterraform fly\n```\n"
    )
    assert commands.unkept(page, ["terraform -chdir=terraform plan", "terraform output"]) == ["terraform fly"]


def test_what_only_machines_say_is_left_out_of_the_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "ran", [])
    for _ in range(2):
        commands.note("terraform", "apply", "-parallelism=20", "-input=false", "-json", "first.plan")
    assert commands.ran == ["terraform apply first.plan"]
