"""docs/deploy.md: each block is rehearsed or says why not. The long run compares the former with what ran."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scripts.rehearse_lib import commands, environments
from scripts.rehearse_lib.errors import RehearsalError


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


def test_the_rehearsal_sets_what_the_page_tells_to_set_and_nothing_else() -> None:
    part = commands.PAGE.read_text().partition("yours to set:")[2].partition("\n## ")[0]
    told = [name for row in re.findall(r"^\| (`.+?) \|", part, re.MULTILINE) for name in re.findall(r"`([^`]+)`", row)]
    told += re.findall(r"^`(\w+)` is set only", part, re.MULTILINE)
    assert sorted(told) == sorted(environments.READERS)


def test_a_value_that_the_page_does_not_mention_is_refused() -> None:
    with pytest.raises(RehearsalError, match="tells nobody to set nat"):
        environments.written("nat = false\n", "nat", True)


@pytest.mark.parametrize("name", environments.NAMES)
def test_values_are_written_where_a_reader_finds_the_example(name: str) -> None:
    text = (commands.PAGE.parents[1] / f"terraform/envs/{name}.tfvars").read_text()
    for key in ("images.portal", "images.vpn", *(["portal.certificate_arn"] if name == "standard" else [])):
        changed = environments.written(text, key, "ours")
        (line,) = set(changed.splitlines()) - set(text.splitlines())
        assert line == f'  {key.partition(".")[2]} = "ours"'
    for key in ("release_principals", "alarm_emails"):
        assert f"\n{key} " in text


def test_a_value_without_an_example_is_told_unless_it_may_be_new() -> None:
    assert environments.written("name = 1\n", "deletion_protection", False).endswith("deletion_protection = false\n")
    with pytest.raises(RehearsalError, match="0 times"):
        environments.written("name = 1\n", "images.portal", "ours")
